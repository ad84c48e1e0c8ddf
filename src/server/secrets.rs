//! The secrets: read from configured files, or generated at the first start.
//!
//! There are three: the key that signs tokens, the key that signs cookies, and, with a ring of keys in the database, the key
//! that seals these. Without configuration they are `token.key` (32 bytes), `session.key` (64 bytes) and `sealing.key` (32 bytes)
//! in the data directory, as base64url, readable only by their owner. A generated file is written completely and synchronously before it gets its name, and never replaces another:
//! two processes that start at once use the same key.
//!
//! A file that other users can read is refused (`private_file` says who others are), and so is a key that can be guessed. No
//! error contains a key or a part of one.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};

use super::config::{Config, TokenKeyConfig};
use super::key_text::{KeyWeakness, decode};
use super::private_file::exposed_mode;
use crate::bridge::model::sha256;
use crate::{Algorithm, KeyError, TokenKey};

/// The shortest key, in bytes (RFC 7518 section 3.2).
const MIN_BYTES: usize = 32;
/// The longest file that is read.
const MAX_FILE: u64 = 64 << 10;

/// The name of the token key's fingerprint in the database.
pub(super) const TOKEN_KEY: &str = "token_key";

/// The secrets of one server.
#[derive(Debug)]
pub struct Secrets {
    /// The key that signs tokens. `None`: the database has a ring of keys, and the configuration names none.
    pub token_key: Option<TokenSecret>,
    /// The secret from which the keys of cookies are derived.
    pub session_secret: SecretSlice<u8>,
    /// Those of cookies that are still read.
    pub retired_session_secrets: Vec<SecretSlice<u8>>,
}

/// The fingerprint of a key, and what an operator knows the key by.
pub(super) struct KeyFingerprint {
    pub(super) name: &'static str,
    /// The name of the fingerprint in the database.
    pub(super) setting: &'static str,
    /// The file of a generated key.
    pub(super) file: &'static str,
    /// The configuration key that names another file.
    pub(super) option: &'static str,
    pub(super) fingerprint: String,
    /// The fingerprints of the keys that this one may follow.
    pub(super) retired: Vec<String>,
}

impl KeyFingerprint {
    fn new(
        name: &'static str,
        setting: &'static str,
        file: &'static str,
        option: &'static str,
        key: &SecretSlice<u8>,
    ) -> Self {
        // The lines of a PEM file may end in several ways.
        let lines = key.expose_secret().iter().copied().filter(|byte| *byte != b'\r');
        let named: Vec<u8> = b"tollbridge fingerprint\0".iter().copied().chain(lines).collect();
        let hash = sha256(SecretSlice::from(named).expose_secret());
        Self { name, setting, file, option, fingerprint: URL_SAFE_NO_PAD.encode(&hash[..12]), retired: Vec::new() }
    }
}

/// The key that signs tokens, with its algorithm.
#[derive(Debug)]
pub enum TokenSecret {
    /// The key itself, for HMAC.
    Secret(Algorithm, SecretSlice<u8>),
    /// A private key in PEM.
    PrivateKey(Algorithm, SecretSlice<u8>),
}

/// A secret is unavailable.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The file cannot be read.
    #[error("the secret file {path} cannot be read ({cause}); check that it is there and belongs to this user", path = .0.display(), cause = .1)]
    Unreadable(PathBuf, #[source] io::Error),
    /// The file or its directory cannot be created.
    #[error("the secret file {path} cannot be made ({cause}); let this user write to its directory, or configure token.secret_file and session.secret_file", path = .0.display(), cause = .1)]
    Unwritable(PathBuf, #[source] io::Error),
    /// Other users can read the file.
    #[error("the secret file {path} can be read by other users (mode {mode:03o}); run `chmod 600 {path}`, and replace the secret if others have seen it", path = .0.display(), mode = .1)]
    Exposed(PathBuf, u32),
    /// The content of the file is not an acceptable key.
    #[error("the secret file {path}: {weakness}", path = .0.display(), weakness = .1)]
    Weak(PathBuf, #[source] KeyWeakness),
}

impl Secrets {
    /// Reads the secrets, and generates those that are not configured and do not exist. With a ring of keys in the database no
    /// token key is generated.
    ///
    /// # Errors
    ///
    /// A file cannot be read or created, other users can read it, or its content is not an acceptable key.
    pub fn load(config: &Config, has_ring: bool) -> Result<Self, SecretError> {
        let token_key = match &config.token.key {
            TokenKeyConfig::Ring(_) => None,
            TokenKeyConfig::Generated if has_ring => None,
            _ => Some(Self::token_key(config)?),
        };
        let session_secret = match &config.session.secret_file {
            Some(path) => read_key(path, MIN_BYTES)?,
            None => generated_key(&config.data_directory().join("session.key"), 64)?,
        };
        let retired = config.session.retired_secret_files.iter().map(|path| read_key(path, MIN_BYTES));
        Ok(Self { token_key, session_secret, retired_session_secrets: retired.collect::<Result<_, _>>()? })
    }

    /// The key that signs tokens while there is no ring: the configured one, or one that is generated.
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load).
    pub(super) fn token_key(config: &Config) -> Result<TokenSecret, SecretError> {
        match configured_token_key(config)? {
            Some(key) => Ok(key),
            None => {
                let key = generated_key(&config.data_directory().join("token.key"), 32)?;
                Ok(TokenSecret::Secret(Algorithm::HS256, key))
            }
        }
    }

    /// The key in this file that seals others. With `create` it is generated if it is not there.
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load).
    pub(super) fn sealing_key(path: &Path, create: bool) -> Result<SecretSlice<u8>, SecretError> {
        if create { generated_key(path, 32) } else { read_key(path, MIN_BYTES) }
    }

    /// The key that signs tokens, without generating one. `None`: it would be generated at the first start.
    ///
    /// # Errors
    ///
    /// Those of [`load`](Self::load).
    pub fn existing_token_key(config: &Config) -> Result<Option<TokenSecret>, SecretError> {
        if let TokenKeyConfig::Ring(_) = &config.token.key {
            return Ok(None);
        }
        if let Some(key) = configured_token_key(config)? {
            return Ok(Some(key));
        }
        let generated = Some(config.data_directory().join("token.key")).filter(|path| path.exists());
        let generated = generated.map(|path| read_key(&path, MIN_BYTES)).transpose()?;
        Ok(generated.map(|key| TokenSecret::Secret(Algorithm::HS256, key)))
    }

    /// What tells whether another server has the same keys, without telling the keys.
    pub(super) fn fingerprints(&self) -> Vec<KeyFingerprint> {
        let of_token = |secret: &TokenSecret| {
            let (key, option) = match secret {
                TokenSecret::Secret(_, key) => (key, "token.secret_file"),
                TokenSecret::PrivateKey(_, pem) => (pem, "token.private_key_file"),
            };
            KeyFingerprint::new("token key", TOKEN_KEY, "token.key", option, key)
        };
        let of_session =
            |secret| KeyFingerprint::new("session key", "session_key", "session.key", "session.secret_file", secret);
        let mut session = of_session(&self.session_secret);
        session.retired = self.retired_session_secrets.iter().map(|secret| of_session(secret).fingerprint).collect();
        self.token_key.as_ref().map(of_token).into_iter().chain([session]).collect()
    }

    /// The errors of [`load`](Self::load), without generating secrets.
    pub fn check(config: &Config) -> Vec<SecretError> {
        let own = |name| Some(config.data_directory().join(name)).filter(|path| path.exists());
        let token_key = match &config.token.key {
            TokenKeyConfig::Generated => own("token.key").map(|path| read_key(&path, MIN_BYTES)),
            TokenKeyConfig::Secret(..) | TokenKeyConfig::Ring(_) => None,
            TokenKeyConfig::SecretFile(algorithm, path) => Some(read_key(path, algorithm.shortest_secret())),
            TokenKeyConfig::PrivateKeyFile(_, path) => Some(read_private(path)),
        };
        let session_secret = config.session.secret_file.clone().or_else(|| own("session.key"));
        let session_secret = session_secret.map(|path| read_key(&path, MIN_BYTES));
        let database = config.database.password_file.as_deref().map(|path| read_password(path).map(drop));
        let token_key = token_key.map(|key| key.map(drop));
        let session_secret = session_secret.map(|key| key.map(drop));
        let sealing_key = config.token.sealing_key_file.clone().or_else(|| own("sealing.key"));
        let sealing_key = sealing_key.map(|path| read_key(&path, MIN_BYTES).map(drop));
        let retired = config.session.retired_secret_files.iter().map(|path| Some(read_key(path, MIN_BYTES).map(drop)));
        [token_key, session_secret, sealing_key, database]
            .into_iter()
            .chain(retired)
            .flatten()
            .filter_map(Result::err)
            .collect()
    }
}

impl TokenSecret {
    /// The key in this file: base64url for HMAC, PEM for a pair.
    ///
    /// # Errors
    ///
    /// The file cannot be read, other users can read it, or its content is not an acceptable key.
    pub(super) fn read(algorithm: Algorithm, path: &Path) -> Result<Self, SecretError> {
        Ok(if algorithm.is_symmetric() {
            Self::Secret(algorithm, read_key(path, algorithm.shortest_secret())?)
        } else {
            Self::PrivateKey(algorithm, read_private(path)?)
        })
    }

    /// The key for the bridge.
    ///
    /// # Errors
    ///
    /// The key does not fit its algorithm.
    pub fn token_key(&self) -> Result<TokenKey, KeyError> {
        match self {
            Self::Secret(algorithm, key) => TokenKey::from_secret(*algorithm, key.expose_secret()),
            Self::PrivateKey(algorithm, pem) => TokenKey::from_private_pem(*algorithm, pem.expose_secret()),
        }
    }
}

/// The key that signs tokens, if it is not a generated one.
fn configured_token_key(config: &Config) -> Result<Option<TokenSecret>, SecretError> {
    Ok(match &config.token.key {
        TokenKeyConfig::Generated | TokenKeyConfig::Ring(_) => None,
        TokenKeyConfig::Secret(algorithm, key) => Some(TokenSecret::Secret(*algorithm, key.clone())),
        TokenKeyConfig::SecretFile(algorithm, path) => {
            Some(TokenSecret::Secret(*algorithm, read_key(path, algorithm.shortest_secret())?))
        }
        TokenKeyConfig::PrivateKeyFile(algorithm, path) => {
            Some(TokenSecret::PrivateKey(*algorithm, read_private(path)?))
        }
    })
}

/// The password of the database in this file. A line break at its end does not belong to it.
pub(super) fn read_password(path: &Path) -> Result<SecretString, SecretError> {
    let bytes = read_private(path)?;
    let text = std::str::from_utf8(bytes.expose_secret())
        .map_err(|error| SecretError::Unreadable(path.to_owned(), io::Error::new(io::ErrorKind::InvalidData, error)))?;
    let text = text.strip_suffix('\n').unwrap_or(text);
    Ok(text.strip_suffix('\r').unwrap_or(text).into())
}

/// Creates the data directory with access only for its owner, unless it exists.
fn create_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn read_key(path: &Path, needed: usize) -> Result<SecretSlice<u8>, SecretError> {
    let weak = |weakness| SecretError::Weak(path.to_owned(), weakness);
    let bytes = read_private(path)?;
    let text = std::str::from_utf8(bytes.expose_secret()).or(Err(weak(KeyWeakness::NotBase64Url)))?;
    decode(&SecretString::from(text.trim()), needed).map_err(weak)
}

fn read_private(path: &Path) -> Result<SecretSlice<u8>, SecretError> {
    let unreadable = |cause| SecretError::Unreadable(path.to_owned(), cause);
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if let Some(mode) = exposed_mode(&metadata) {
        return Err(SecretError::Exposed(path.to_owned(), mode));
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE).read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes.into())
}

/// The key in this file, which is made if it is not there.
fn generated_key(path: &Path, length: usize) -> Result<SecretSlice<u8>, SecretError> {
    create_key(path, length)?;
    read_key(path, MIN_BYTES)
}

/// Creates a file with a random key, unless it exists.
fn create_key(path: &Path, length: usize) -> Result<(), SecretError> {
    if path.exists() {
        return Ok(());
    }
    let mut key = vec![0; length];
    let made =
        aws_lc_rs::rand::fill(&mut key).or(Err(io::Error::other("the system has no randomness"))).and_then(|()| {
            write_new(path, &SecretString::from(URL_SAFE_NO_PAD.encode(SecretSlice::from(key).expose_secret())))
        });
    made.map_err(|cause| SecretError::Unwritable(path.to_owned(), cause))
}

/// Writes a temporary file and links it to its name when it is complete. Unlike a rename, a link never replaces the
/// file of another process.
fn write_new(path: &Path, text: &SecretString) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    create_directory(directory)?;
    let mut suffix = [0; 8];
    aws_lc_rs::rand::fill(&mut suffix).or(Err(io::Error::other("the system has no randomness")))?;
    let draft = directory.join(format!(".draft-{}", URL_SAFE_NO_PAD.encode(suffix)));
    let written = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft).and_then(|mut file| {
        file.write_all(text.expose_secret().as_bytes())?;
        file.sync_all()?;
        match fs::hard_link(&draft, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            linked => linked,
        }
    });
    let removed = fs::remove_file(&draft);
    written.and(removed)?;
    File::open(directory)?.sync_all()
}
