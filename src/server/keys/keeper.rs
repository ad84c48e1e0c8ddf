//! Keeps the keys of a node those of the database.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};

use secrecy::SecretSlice;
use tokio::sync::Mutex;

use super::generate::generate;
use super::sealing::{SealingError, SealingKey};
use crate::server::config::{Config, TokenKeyConfig};
use crate::server::secrets::{SecretError, Secrets, TokenSecret};
use crate::store::db::{Database, KeyRingWatch, SealedKey};
use crate::{
    Act, Algorithm, Clock, KeyError, KeyRing, KeyRingError, KeySource, RingKey, StoreError, StoreFuture, TokenKey,
    UnixTime,
};

/// The name of the fingerprint in the database.
const SEALING_KEY: &str = "sealing_key";

/// The version of a ring that nobody has read.
const UNKNOWN: i64 = -1;

/// The keys cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// A secret cannot be read or generated.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// A key does not fit its algorithm.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The keys are no ring.
    #[error(transparent)]
    Ring(#[from] KeyRingError),
    /// A key cannot be sealed or opened.
    #[error(transparent)]
    Sealing(#[from] SealingError),
    /// Another node has another sealing key.
    #[error(
        "the sealing key is not that of the servers at this database, whose keys it cannot open: copy {0} from one of them, or \
         set token.sealing_key_file to the same file everywhere"
    )]
    OtherSealingKey(String),
    /// The configuration names a key that is not in the ring.
    #[error(
        "the database has a ring of keys, and the one that the configuration names ({0}) is not in it: run `tollbridge key \
         import` to let it sign, or remove token.secret, secret_file or private_key_file"
    )]
    NotInRing(String),
    /// The database is unavailable.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The keys of this node, and how they are learned.
pub(crate) struct KeyKeeper {
    database: Database,
    sealing: SealingSource,
    /// The key that signs while there is no ring.
    file_key: Option<TokenKey>,
    known: Arc<AtomicI64>,
    /// The rows that the ring was made of. Of many requests that notice a change one learns it, and the others wait.
    rows: Mutex<Vec<SealedKey>>,
    /// Learns the access tokens that were revoked: they have the version of the ring.
    learn_revoked: OnceLock<Learn>,
    /// Who adds keys.
    act: Act,
    clock: Clock,
}

/// Reads something anew.
pub(crate) type Learn = Box<dyn Fn() -> StoreFuture<'static, ()> + Send + Sync>;

/// Where the sealing key is.
struct SealingSource {
    secret: Option<SecretSlice<u8>>,
    file: PathBuf,
}

impl KeyKeeper {
    /// The keeper of a node at this database.
    pub(crate) fn new(config: &Config, database: &Database, clock: &Clock) -> Self {
        Self {
            database: database.clone(),
            sealing: SealingSource::of(config),
            file_key: None,
            known: Arc::new(AtomicI64::new(UNKNOWN)),
            rows: Mutex::default(),
            learn_revoked: OnceLock::new(),
            act: Act::of_application(),
            clock: clock.clone(),
        }
    }

    /// The same keeper, which adds keys for somebody else than the application.
    pub(crate) fn acting_as(mut self, act: Act) -> Self {
        self.act = act;
        self
    }

    /// Makes the first key of an algorithm that has none, or takes that of the file, which signs while there is no ring.
    ///
    /// # Errors
    ///
    /// [`KeysError`].
    pub(crate) async fn start_with(mut self, config: &Config, named: Option<&TokenSecret>) -> Result<Self, KeysError> {
        let rows = self.database.signing_keys().await?.1;
        if let (TokenKeyConfig::Ring(algorithm), true) = (&config.token.key, rows.is_empty()) {
            let secret = new_secret(*algorithm)?;
            let row = self.seal(&secret, secret.token_key()?.id(), Some(self.clock.now())).await?;
            // Of two nodes that start at once one makes it.
            self.database.add_first_signing_key(row, &self.act).await?;
        }
        if let Some(secret) = named {
            let key = secret.token_key()?;
            if !rows.is_empty() && rows.iter().all(|row| row.kid != key.id()) {
                return Err(KeysError::NotInRing(key.id().to_owned()));
            }
            self.file_key = Some(key);
        }
        Ok(self)
    }

    /// The ring of the bridge.
    ///
    /// # Errors
    ///
    /// [`KeysError`].
    pub(crate) async fn ring(self: &Arc<Self>) -> Result<KeyRing, KeysError> {
        let (version, rows) = self.database.signing_keys().await?;
        let keys = self.ring_keys(&rows).await?;
        *self.rows.lock().await = rows;
        self.known.store(version, Ordering::Release);
        Ok(KeyRing::from_source(keys, Source(Arc::clone(self)))?)
    }

    /// From now on a request that reads a login learns first what others have changed: keys with `learn`, and revoked tokens
    /// with `learn_revoked`, which read nothing of the ring. Neither may keep the bridge, which keeps this.
    pub(crate) fn watch(&self, learn: Learn, learn_revoked: Learn) {
        let _ = self.learn_revoked.set(learn_revoked);
        self.database.watch_key_ring(KeyRingWatch { known: Arc::clone(&self.known), learn });
    }

    /// Makes a key that signs from this time on; the others verify until `others_until`.
    ///
    /// # Errors
    ///
    /// [`KeysError`].
    pub(crate) async fn add(
        &self,
        algorithm: Algorithm,
        signs_from: UnixTime,
        others_until: UnixTime,
    ) -> Result<TokenKey, KeysError> {
        let secret = new_secret(algorithm)?;
        self.import(&secret, Some(signs_from), others_until).await.map(|(key, _is_new)| key)
    }

    /// Puts a key into the ring; without `signs_from` it only verifies. `false`: it is there already.
    ///
    /// # Errors
    ///
    /// [`KeysError`].
    pub(crate) async fn import(
        &self,
        secret: &TokenSecret,
        signs_from: Option<UnixTime>,
        others_until: UnixTime,
    ) -> Result<(TokenKey, bool), KeysError> {
        let key = secret.token_key()?;
        let row = self.seal(secret, key.id(), signs_from).await?;
        let is_new = match signs_from {
            Some(_) => self.database.add_signing_key(row, others_until, &self.act).await?,
            None => self.database.add_verifying_key(row, &self.act).await?,
        };
        Ok((key, is_new))
    }

    async fn seal(
        &self,
        secret: &TokenSecret,
        kid: &str,
        signs_from: Option<UnixTime>,
    ) -> Result<SealedKey, KeysError> {
        let sealing = self.sealing.key(&self.database, true).await?;
        Ok(sealing.seal(secret, kid, self.clock.now(), signs_from)?)
    }

    /// The keys of these rows; the key of the file while there are none.
    async fn ring_keys(&self, rows: &[SealedKey]) -> Result<Vec<RingKey>, KeysError> {
        if rows.is_empty() {
            let key = self.file_key.clone().ok_or(KeyRingError::NoneSigns)?;
            return Ok(vec![RingKey::from(key)]);
        }
        let sealing = self.sealing.key(&self.database, false).await?;
        let now = self.clock.now();
        let good = rows.iter().filter(|row| row.verifies_until.is_none_or(|until| now < until));
        good.map(|row| ring_key(&sealing, row)).collect()
    }

    async fn refresh(&self, ring: &KeyRing) -> Result<(), StoreError> {
        let mut known_rows = self.rows.lock().await;
        // The version first: what is read after it is at least as new.
        let (version, rows) = self.database.signing_keys().await?;
        if version == self.known.load(Ordering::Acquire) {
            return Ok(());
        }
        if rows != *known_rows {
            let unusable = |error: KeysError| {
                tracing::error!(%error, "the keys of the database cannot be used");
                StoreError::new(error)
            };
            let keys = self.ring_keys(&rows).await.map_err(unusable)?;
            tracing::info!(version, keys = keys.len(), "learned the keys of the database");
            ring.replace(keys).map_err(|error| unusable(error.into()))?;
            *known_rows = rows;
        }
        if let Some(learn_revoked) = self.learn_revoked.get() {
            learn_revoked().await?;
        }
        self.known.store(version, Ordering::Release);
        Ok(())
    }
}

/// The keeper as the source of its ring.
struct Source(Arc<KeyKeeper>);

/// A new key whose id is no option of a command line.
fn new_secret(algorithm: Algorithm) -> Result<TokenSecret, KeysError> {
    loop {
        let secret = generate(algorithm).ok_or_else(|| SealingError::Seal("that is new".to_owned()))?;
        if !secret.token_key()?.id().starts_with('-') {
            return Ok(secret);
        }
    }
}

fn ring_key(sealing: &SealingKey, row: &SealedKey) -> Result<RingKey, KeysError> {
    let key = sealing.open(row)?.token_key()?;
    if key.id() != row.kid {
        return Err(SealingError::Open(row.kid.clone()).into());
    }
    Ok(row.signs_from.map_or_else(|| RingKey::verifies(key.clone()), |from| RingKey::signs_from(key.clone(), from)))
}

impl KeySource for Source {
    fn refresh<'a>(&'a self, ring: &'a KeyRing) -> StoreFuture<'a, ()> {
        let keeper = &self.0;
        Box::pin(async move {
            if keeper.database.key_ring_version().await? == keeper.known.load(Ordering::Acquire) {
                return Ok(());
            }
            keeper.refresh(ring).await
        })
    }
}

impl SealingSource {
    fn of(config: &Config) -> Self {
        let file = config.token.sealing_key_file.clone();
        let file = file.unwrap_or_else(|| config.data_directory().join("sealing.key"));
        Self { secret: config.token.sealing_key.clone(), file }
    }

    /// The sealing key. With `create` a missing file is made. The first node that needs it leaves its fingerprint.
    async fn key(&self, database: &Database, create: bool) -> Result<SealingKey, KeysError> {
        let Self { secret, file } = self;
        let secret = match secret {
            Some(secret) => secret.clone(),
            None => Secrets::sealing_key(file, create)?,
        };
        let key = SealingKey::new(&secret).ok_or_else(|| SealingError::Seal("of sealing".to_owned()))?;
        if database.agree(SEALING_KEY, key.fingerprint()).await? != key.fingerprint() {
            return Err(KeysError::OtherSealingKey(file.display().to_string()));
        }
        Ok(key)
    }
}
