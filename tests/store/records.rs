//! Records that tests begin with. Their times are small numbers around `NOW`.

use tollbridge::store::db::{Database, NewUser, User};
use tollbridge::{Abilities, Act, ApiToken, ApiTokenId, Login, LoginId, SessionHash, SessionRecord, UnixTime};

pub(crate) const NOW: UnixTime = 1_800_000_000;

/// A login of `identity` that began at `NOW` and lives for 1000 seconds.
pub(crate) fn login(identity: &str) -> Login {
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

/// A live API token of `identity` that was made at `NOW`.
pub(crate) fn api_token(identity: &str, created_by: Option<LoginId>) -> ApiToken {
    ApiToken {
        id: ApiTokenId::from(LoginId::random().to_string()),
        identity: identity.to_owned(),
        credential_epoch: 0,
        secret_hash: [7; 32],
        name: "backup".to_owned(),
        abilities: Abilities::all(),
        created_at: NOW,
        created_by,
        expires_at: None,
        last_used_at: None,
        revoked_at: None,
    }
}

/// A session of `login` that is good for 100 seconds.
pub(crate) fn session(login: Option<&Login>) -> SessionRecord {
    SessionRecord {
        state: r#"{"theme":"dark"}"#.to_owned(),
        login: login.map(|login| login.id.clone()),
        expires_at: NOW + 100,
    }
}

pub(crate) fn key(byte: u8) -> SessionHash {
    SessionHash([byte; 32])
}

pub(crate) fn new_user(username: &str) -> NewUser {
    NewUser {
        id: None,
        username: username.to_owned(),
        full_name: format!("Full name of {username}"),
        password_hash: "$argon2id$old".to_owned(),
        created_at: NOW,
    }
}

pub(crate) async fn create_user(database: &Database, username: &str) -> User {
    database.create_user(new_user(username), &Act::of_application()).await.expect("the user is created")
}
