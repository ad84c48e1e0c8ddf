//! What a request with two kinds of credentials is answered with.

/// The policy for a request that brings a token and also a session or remember cookie. A custom credential
/// ([`RequestLoader`](crate::RequestLoader)) counts as a token.
///
/// It is set for an application by [`BridgeBuilder::conflict_policy`](crate::BridgeBuilder::conflict_policy) and for a route
/// by [`Require::conflict`](crate::Require::conflict). Reading, refreshing, confirming and signing out follow it. In every
/// policy the cookie authenticates nobody beside a token, and the response sets no cookie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConflictPolicy {
    /// The token decides, and the cookies are not looked at.
    #[default]
    PreferToken,
    /// The request is refused with a 400 `credential_conflict`, whether the token and the cookies are valid or not.
    RejectBoth,
    /// The token decides, and the request is refused with a 400 `credential_conflict` if a cookie belongs to a live login
    /// of another user. A cookie that is invalid or whose login has ended belongs to nobody. The stores are read for it,
    /// and nothing is written. An unavailable store is a 503.
    RequireSameUser,
}
