//! The adapter of the session store for actix-session. It generates and hashes session keys, and applies the idle
//! timeout.

use std::collections::HashMap;
use std::sync::Arc;

use actix_session::storage::{LoadError, SaveError, SessionKey, UpdateError};
use actix_web::cookie::time::Duration;

use crate::bridge::model::{
    BackgroundNotes, Clock, LoginId, SessionHash, SessionRecord, SessionStore, UnixTime, random, sha256,
};

/// The key of the session value that names the login.
pub(crate) const LOGIN_KEY: &str = "tollbridge.login";

/// The idle timeout is extended when this much of it has passed, in seconds, or a tenth of it if that is shorter. It is
/// not extended by every request, because each extension is a write to the store. No request waits for it.
const TOUCH_AFTER: UnixTime = 60;

type State = HashMap<String, String>;

/// An actix-session store that uses a [`SessionStore`].
#[derive(Clone)]
pub(crate) struct ActixStore {
    pub(crate) store: Arc<dyn SessionStore>,
    pub(crate) touches: BackgroundNotes<SessionHash>,
    pub(crate) clock: Clock,
    pub(crate) idle_ttl: UnixTime,
}

impl ActixStore {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        let (hash, now) = (hash(key), self.clock.now());
        let record = self.store.load_session(&hash, now).await.map_err(|error| LoadError::Other(error.into()))?;
        let Some(record) = record else { return Ok(None) };
        if record.expires_at - now <= self.idle_ttl - TOUCH_AFTER.min(self.idle_ttl / 10) {
            let (store, expires_at) = (Arc::clone(&self.store), now + self.idle_ttl);
            self.touches.record(&hash, |hash| async move { store.touch_session(&hash, expires_at).await });
        }
        let state = serde_json::from_str(&record.state).map_err(|error| LoadError::Deserialization(error.into()))?;
        Ok(Some(state))
    }

    fn record(&self, state: &State) -> Result<SessionRecord, serde_json::Error> {
        let login = state.get(LOGIN_KEY).map(|json| serde_json::from_str::<String>(json)).transpose()?;
        Ok(SessionRecord {
            state: serde_json::to_string(state)?,
            login: login.map(LoginId::from),
            expires_at: self.clock.now() + self.idle_ttl,
        })
    }

    async fn save(&self, state: &State) -> Result<SessionKey, SaveError> {
        let record = self.record(state).map_err(|error| SaveError::Serialization(error.into()))?;
        let key = SessionKey::try_from(random::base64url::<32>()).map_err(|error| SaveError::Other(error.into()))?;
        self.store.insert_session(&hash(&key), &record).await.map_err(|error| SaveError::Other(error.into()))?;
        Ok(key)
    }

    async fn update(&self, key: SessionKey, state: &State) -> Result<SessionKey, UpdateError> {
        let record = self.record(state).map_err(|error| UpdateError::Serialization(error.into()))?;
        // A session that ended in the meantime stays ended, and the new values are lost.
        self.store.update_session(&hash(&key), &record).await.map_err(|error| UpdateError::Other(error.into()))?;
        Ok(key)
    }
}

impl actix_session::storage::SessionStore for ActixStore {
    async fn load(&self, session_key: &SessionKey) -> Result<Option<State>, LoadError> {
        ActixStore::load(self, session_key).await
    }

    async fn save(&self, session_state: State, _ttl: &Duration) -> Result<SessionKey, SaveError> {
        ActixStore::save(self, &session_state).await
    }

    async fn update(
        &self,
        session_key: SessionKey,
        session_state: State,
        _ttl: &Duration,
    ) -> Result<SessionKey, UpdateError> {
        ActixStore::update(self, session_key, &session_state).await
    }

    async fn update_ttl(&self, session_key: &SessionKey, _ttl: &Duration) -> Result<(), anyhow::Error> {
        Ok(self.store.touch_session(&hash(session_key), self.clock.now() + self.idle_ttl).await?)
    }

    async fn delete(&self, session_key: &SessionKey) -> Result<(), anyhow::Error> {
        Ok(self.store.delete_session(&hash(session_key)).await?)
    }
}

fn hash(key: &SessionKey) -> SessionHash {
    hash_of_key(key.as_ref())
}

/// The hash under which the store keeps the session of a key.
pub(super) fn hash_of_key(key: &str) -> SessionHash {
    SessionHash(sha256(key.as_bytes()))
}
