//! User ids as identities.

/// The user id that an identity stands for. The spelling is canonical: neither `01` nor `+1` is the identity of user 1.
pub(super) fn user_id(identity: &str) -> Option<i64> {
    identity.parse().ok().filter(|id: &i64| id.to_string() == identity)
}
