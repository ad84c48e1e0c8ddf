//! The keys of the configuration: a secret, or PEM texts.

use super::config::config_error::FlaskConfigError;
use super::config::config_reader::ConfigReader;
use crate::bridge::token::{Algorithm, TokenKey};

/// The key that signs, and those that verify: one key for each algorithm that is allowed and that the key is for.
///
/// A secret has algorithms for secrets alone, a key pair those of its kind: a public key is never the secret of an HMAC,
/// whatever is allowed.
#[derive(Clone)]
pub(super) struct FlaskKeys {
    pub(super) algorithm: Algorithm,
    allowed: Vec<Algorithm>,
    pub(super) signing: Option<TokenKey>,
    verifying: Vec<TokenKey>,
}

impl FlaskKeys {
    /// `allowed` begins with what `JWT_DECODE_ALGORITHMS` says and has `algorithm` in it.
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
            keys.add(|algorithm| TokenKey::from_any_secret(algorithm, secret.as_bytes()).ok());
        } else {
            if let Some((name, pem)) = private {
                let read = |algorithm| TokenKey::from_private_pem(algorithm, pem.as_bytes());
                keys.signing = Some(read(algorithm).map_err(|source| FlaskConfigError::Key { key: name, source })?);
                keys.add(|algorithm| read(algorithm).ok());
            }
            if let Some((name, pem)) = public {
                let read = |algorithm| TokenKey::from_public_pem(algorithm, pem.as_bytes());
                read(algorithm).map_err(|source| FlaskConfigError::Key { key: name, source })?;
                keys.add(|algorithm| read(algorithm).ok());
            }
        }
        Ok(keys)
    }

    /// The verifying keys anew.
    fn add(&mut self, key: impl Fn(Algorithm) -> Option<TokenKey>) {
        self.verifying = self.allowed.iter().filter_map(|algorithm| key(*algorithm)).collect();
    }

    /// Whether a token with this `alg` is looked at.
    pub(super) fn allows(&self, algorithm: &str) -> bool {
        self.allowed.iter().any(|allowed| allowed.name() == algorithm)
    }

    /// The keys for this `alg`: one, or those of our own bridge. PyJWT tries to use the one key there is, whatever it is
    /// for, and breaks off with a 500.
    pub(super) fn verifying(&self, algorithm: &str) -> Vec<&TokenKey> {
        self.verifying.iter().filter(|key| key.algorithm_name() == algorithm).collect()
    }

    /// These keys, each for its own algorithm. None of them signs.
    pub(super) fn of(keys: Vec<TokenKey>) -> Self {
        let allowed: Vec<_> = keys.iter().map(TokenKey::algorithm).collect();
        let algorithm = allowed.first().copied().unwrap_or(Algorithm::HS256);
        Self { algorithm, allowed, signing: None, verifying: keys }
    }

    /// What is missing, for an application that has no loader for it.
    pub(super) fn missing(&self) -> Option<&'static str> {
        match (self.algorithm.is_symmetric(), self.verifying.is_empty()) {
            (_, false) => None,
            (true, true) => Some("JWT_SECRET_KEY"),
            (false, true) => Some("JWT_PUBLIC_KEY"),
        }
    }
}
