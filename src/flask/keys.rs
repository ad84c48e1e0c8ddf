//! The keys of the configuration: a secret or PEM texts.

use super::config::config_error::FlaskConfigError;
use super::config::config_reader::ConfigReader;
use crate::bridge::token::{Algorithm, TokenKey};

/// The signing key and the verifying keys: one verifying key for each allowed algorithm that fits the key.
///
/// A secret is used only with HMAC, a key pair only with the algorithms of its type. So a public key can never be used as
/// an HMAC secret, whatever algorithms are allowed.
#[derive(Clone)]
pub(super) struct FlaskKeys {
    pub(super) algorithm: Algorithm,
    allowed: Vec<Algorithm>,
    pub(super) signing: Option<TokenKey>,
    verifying: Vec<TokenKey>,
}

impl FlaskKeys {
    /// Reads the keys. `allowed` is `JWT_DECODE_ALGORITHMS`, with `algorithm` added.
    pub(super) fn read(
        from: &ConfigReader<'_>,
        algorithm: Algorithm,
        allowed: Vec<Algorithm>,
        shortest_secret: usize,
    ) -> Result<Self, FlaskConfigError> {
        let mut keys = Self { algorithm, allowed, signing: None, verifying: Vec::new() };
        let secret = from.first_key(&["JWT_SECRET_KEY", "SECRET_KEY"])?;
        let (private, public) = (from.first_key(&["JWT_PRIVATE_KEY"])?, from.first_key(&["JWT_PUBLIC_KEY"])?);
        if algorithm.is_symmetric() {
            let Some((name, secret)) = secret else { return Ok(keys) };
            if secret.len() < shortest_secret {
                return Err(FlaskConfigError::WeakSecret { key: name, length: secret.len() });
            }
            keys.signing = TokenKey::from_any_secret(algorithm, secret.as_bytes()).ok();
            keys.set_verifying(|algorithm| TokenKey::from_any_secret(algorithm, secret.as_bytes()).ok());
        } else {
            if let Some((name, pem)) = private {
                let read = |algorithm| TokenKey::from_private_pem(algorithm, pem.as_bytes());
                keys.signing = Some(read(algorithm).map_err(|source| FlaskConfigError::Key { key: name, source })?);
                keys.set_verifying(|algorithm| read(algorithm).ok());
            }
            if let Some((name, pem)) = public {
                let read = |algorithm| TokenKey::from_public_pem(algorithm, pem.as_bytes());
                read(algorithm).map_err(|source| FlaskConfigError::Key { key: name, source })?;
                keys.set_verifying(|algorithm| read(algorithm).ok());
            }
        }
        Ok(keys)
    }

    /// Replaces the verifying keys.
    fn set_verifying(&mut self, key: impl Fn(Algorithm) -> Option<TokenKey>) {
        self.verifying = self.allowed.iter().filter_map(|algorithm| key(*algorithm)).collect();
    }

    /// Whether tokens with this `alg` are allowed.
    pub(super) fn allows(&self, algorithm: &str) -> bool {
        self.allowed.iter().any(|allowed| allowed.name() == algorithm)
    }

    /// The keys for this `alg`. There may be several if they are those of the bridge. PyJWT uses its only key for every
    /// algorithm, which ends in a 500 if they do not fit.
    pub(super) fn verifying(&self, algorithm: &str) -> Vec<&TokenKey> {
        self.verifying.iter().filter(|key| key.algorithm_name() == algorithm).collect()
    }

    /// Verifying keys, each for its own algorithm, without a signing key.
    pub(super) fn from_keys(keys: Vec<TokenKey>) -> Self {
        let allowed: Vec<_> = keys.iter().map(TokenKey::algorithm).collect();
        let algorithm = allowed.first().copied().unwrap_or(Algorithm::HS256);
        Self { algorithm, allowed, signing: None, verifying: keys }
    }

    /// The configuration key that is missing. An application with a key loader does not need it.
    pub(super) fn missing(&self) -> Option<&'static str> {
        match (self.algorithm.is_symmetric(), self.verifying.is_empty()) {
            (_, false) => None,
            (true, true) => Some("JWT_SECRET_KEY"),
            (false, true) => Some("JWT_PUBLIC_KEY"),
        }
    }
}
