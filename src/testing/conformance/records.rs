//! The records of the checks.

use crate::{Act, Login, LoginId, LoginStore, RememberRecord, SessionHash, SessionRecord, SessionStore, UnixTime};

use super::fixture::Fixture;
use super::report::{Outcome, Violation};

/// The time of every check.
pub(super) const NOW: UnixTime = 1_800_000_000;

/// The act of the changes whose records are not looked at.
pub(super) fn act() -> Act {
    Act::of_application()
}

/// A login of `identity` from `NOW` to 1000 seconds later.
pub(super) fn login(identity: &str) -> Login {
    Login {
        id: LoginId::random(),
        identity: identity.to_owned(),
        credential_epoch: 0,
        created_at: NOW,
        auth_time: NOW,
        amr: "pwd".to_owned(),
        expires_at: NOW + 1000,
        last_seen_at: NOW,
        ended: None,
        user_agent: Some("Mozilla/5.0 (\u{1f409})".to_owned()),
        ip: None,
        refresh_generation: 0,
        refresh_rotated_at: NOW,
        refresh_confirmed: true,
        remember: None,
    }
}

/// Such a login with a remember cookie.
pub(super) fn remembered(identity: &str) -> Login {
    let remember = RememberRecord {
        selector: LoginId::random().to_string(),
        validator_hash: [1; 32],
        generation: 0,
        rotated_at: NOW,
        confirmed: true,
        expires_at: NOW + 500,
    };
    Login { remember: Some(remember), ..login(identity) }
}

/// The next record of a remember cookie.
pub(super) fn successor(remember: &RememberRecord) -> RememberRecord {
    RememberRecord {
        selector: remember.selector.clone(),
        validator_hash: remember.validator_hash.map(|byte| byte.wrapping_add(1)),
        generation: remember.generation + 1,
        rotated_at: remember.rotated_at + 1,
        confirmed: false,
        expires_at: remember.expires_at + 1,
    }
}

/// A session of a login, or anonymous, that expires after 100 seconds.
pub(super) fn session(login: Option<&Login>) -> SessionRecord {
    SessionRecord {
        // The values are JSON texts within a JSON text, with arbitrary characters.
        state: r#"{"\ud83d\udc09":"\"it's \\u0000 %s\"","theme":"\"dark\""}"#.to_owned(),
        login: login.map(|login| login.id.clone()),
        expires_at: NOW + 100,
    }
}

/// An unused key of a session.
pub(super) fn random_key() -> SessionHash {
    SessionHash(random_hash())
}

/// An unused hash.
pub(super) fn random_hash() -> [u8; 32] {
    let mut hash = [0; 32];
    for (byte, random) in hash.iter_mut().zip(LoginId::random().as_str().bytes()) {
        *byte = random;
    }
    hash
}

/// Whether two sessions are equal, apart from the formatting of their JSON.
pub(super) fn same(one: &SessionRecord, other: &SessionRecord) -> bool {
    let values = |record: &SessionRecord| serde_json::from_str::<serde_json::Value>(&record.state).ok();
    values(one) == values(other) && (&one.login, one.expires_at) == (&other.login, other.expires_at)
}

/// Inserts a login, and finds it by the other handle: if that one caches it, later writes must reach the cache.
pub(super) async fn inserted<S: LoginStore>(at: &Fixture<S>, login: Login) -> Outcome<Login> {
    if !at.here.insert(&login, usize::MAX, &act()).await? {
        return Err(Violation::new("`insert` answers `false` for a user's login of the epoch 0"));
    }
    at.there.find(&login.id).await?;
    Ok(login)
}

/// Finds an inserted login.
pub(super) async fn found<S: LoginStore>(store: &S, id: &LoginId) -> Outcome<Login> {
    store.find(id).await?.ok_or_else(|| Violation::new("the login is not there any more"))
}

/// Inserts a session under a new key, and loads it by the other handle, as [`inserted`] does.
pub(super) async fn open<S: SessionStore>(at: &Fixture<S>, record: &SessionRecord) -> Outcome<SessionHash> {
    let key = random_key();
    at.here.insert_session(&key, record).await?;
    at.there.load_session(&key, NOW).await?;
    Ok(key)
}

/// Whether a session is open.
pub(super) async fn is_open<S: SessionStore>(store: &S, key: &SessionHash) -> Outcome<bool> {
    Ok(store.load_session(key, NOW).await?.is_some())
}
