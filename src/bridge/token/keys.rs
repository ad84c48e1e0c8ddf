//! The keys of tokens. A key has one algorithm and one `kid`.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{DecodingKey, EncodingKey};

use super::algorithm::Algorithm;
use super::thumbprint::thumbprint;
use super::{signature, soundness};
use crate::bridge::model::sha256;

/// A key that signs or verifies tokens, made of a secret, a PEM file or a JSON Web Key. Cloning it is cheap.
///
/// ```
/// use tollbridge::TokenKey;
///
/// assert!(TokenKey::hs256(b"short").is_err());
/// let key = TokenKey::hs256(&[7; 32])?;
/// assert_eq!(key.algorithm_name(), "HS256");
/// # Ok::<(), tollbridge::KeyError>(())
/// ```
#[derive(Clone)]
pub struct TokenKey(Arc<Key>);

struct Key {
    algorithm: Algorithm,
    kid: String,
    /// `None` for a key that only verifies.
    signing: Option<EncodingKey>,
    verifying: DecodingKey,
    /// The public half as a JSON Web Key; `None` for a secret.
    public: Option<Jwk>,
}

/// The reason why a key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The HMAC secret is shorter than the hash of the algorithm (RFC 7518 section 3.2).
    #[error(
        "an {algorithm} secret needs at least {needed} bytes, and this one has {has}; make one with `openssl rand {needed}`",
        needed = .algorithm.shortest_secret()
    )]
    TooShort {
        /// The algorithm that the secret is for.
        algorithm: Algorithm,
        /// The length of the secret in bytes.
        has: usize,
    },
    /// A secret was given for an algorithm that needs a key pair, or a key pair for one that needs a secret.
    #[error(
        "{0} is not an algorithm for this kind of key: use secrets for HS256, HS384 and HS512, and PEM files for all \
         others"
    )]
    WrongAlgorithm(Algorithm),
    /// The text is not a private key for the algorithm, or the key is weak.
    #[error(
        "this is not an unencrypted private key for {0} in PEM form (`-----BEGIN PRIVATE KEY-----`); \
         an RSA key needs 2048 to 8192 bits and must not be one that CVE-2017-15361 makes weak, an elliptic one needs \
         the curve of the algorithm"
    )]
    NotAPrivateKey(Algorithm),
    /// The text is not a public key for the algorithm, or the key is weak.
    #[error(
        "this is not a public key for {0} in PEM form (`-----BEGIN PUBLIC KEY-----`); \
         an RSA key needs 2048 to 8192 bits and must not be one that CVE-2017-15361 makes weak, an elliptic one needs \
         the curve of the algorithm"
    )]
    NotAPublicPem(Algorithm),
    /// The JSON Web Key is not one that can verify tokens.
    #[error(
        "this is not a JSON Web Key for verifying tokens: it needs `kty`, `alg`, `kid` and the public members, no \
         private ones, and `use` or `key_ops`, if there, must be for signatures"
    )]
    NotAPublicKey,
}

impl TokenKey {
    /// A shared secret of at least 32 random bytes for HMAC-SHA-256. The default of Flask-JWT-Extended.
    ///
    /// # Errors
    ///
    /// When the secret is shorter.
    pub fn hs256(secret: &[u8]) -> Result<Self, KeyError> {
        Self::from_secret(Algorithm::HS256, secret)
    }

    /// A shared secret of at least 32, 48 or 64 random bytes for HS256, HS384 or HS512.
    ///
    /// # Errors
    ///
    /// When the secret is shorter, or the algorithm is for key pairs.
    pub fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        let key = Self::from_any_secret(algorithm, secret)?;
        check_length(algorithm, secret)?;
        Ok(key)
    }

    /// A secret of any length, for compatibility with applications that accept short secrets. With a guessed secret an
    /// attacker can impersonate every user, so only the compatibility layer for such applications may call this.
    pub(crate) fn from_any_secret(algorithm: Algorithm, secret: &[u8]) -> Result<Self, KeyError> {
        if !algorithm.is_symmetric() {
            return Err(KeyError::WrongAlgorithm(algorithm));
        }
        // The id is a hash with a label for this use: it identifies the secret without revealing it.
        let mut labelled = match algorithm {
            Algorithm::HS256 => b"tollbridge kid\0".to_vec(),
            _ => format!("tollbridge kid {algorithm}\0").into_bytes(),
        };
        labelled.extend_from_slice(secret);
        let hash = sha256(&labelled);
        let kid = URL_SAFE_NO_PAD.encode(&hash[..12]);
        let (signing, verifying) = (EncodingKey::from_secret(secret), DecodingKey::from_secret(secret));
        Ok(Self(Arc::new(Key { algorithm, kid, signing: Some(signing), verifying, public: None })))
    }

    /// A secret with a given id. It verifies and does not sign.
    pub(super) fn from_named_secret(algorithm: Algorithm, secret: DecodingKey, kid: String) -> Result<Self, KeyError> {
        match secret.try_get_as_bytes() {
            Ok(bytes) if secret.family() == algorithm.family() => check_length(algorithm, bytes)?,
            _ => return Err(KeyError::NotAPublicKey),
        }
        Ok(Self(Arc::new(Key { algorithm, kid, signing: None, verifying: secret, public: None })))
    }

    /// A key pair, or the public half of one. Without a `kid` the id is the thumbprint. `None` for a key that is weak
    /// or not for this algorithm.
    pub(super) fn from_pair(
        algorithm: Algorithm,
        signing: Option<EncodingKey>,
        verifying: DecodingKey,
        kid: Option<String>,
    ) -> Option<Self> {
        if !soundness::is_sound(algorithm, &verifying) {
            return None;
        }
        let mut public = Jwk::from_decoding_key(&verifying, Some(algorithm.to_jsonwebtoken())).ok()?;
        let kid = kid.or_else(|| thumbprint(&public))?;
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        public.common.key_id = Some(kid.clone());
        Some(Self(Arc::new(Key { algorithm, kid, signing, verifying, public: Some(public) })))
    }

    /// The signature algorithm.
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// The name of the algorithm in a token's `alg` (RFC 7518 section 3.1, RFC 8037 section 3.1).
    pub fn algorithm_name(&self) -> &'static str {
        self.0.algorithm.name()
    }

    /// The length of an RSA key in bits; `None` for a key of another kind. Keys from 2048 bits on are accepted, because
    /// many are in use. For a new one choose 3072 or more.
    pub fn rsa_bits(&self) -> Option<usize> {
        soundness::rsa_bits(&self.0.verifying)
    }

    /// The id of the key in a token's `kid`.
    pub fn id(&self) -> &str {
        &self.0.kid
    }

    /// The public half as a JSON Web Key (RFC 7517); `None` for a secret.
    pub(super) fn public(&self) -> Option<&Jwk> {
        self.0.public.as_ref()
    }

    pub(crate) fn can_sign(&self) -> bool {
        self.0.signing.is_some()
    }

    /// The signature of `message` as base64url; `None` for a key that only verifies.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<String> {
        let signature = signature::sign(self.algorithm(), self.0.signing.as_ref()?, message)?;
        Some(URL_SAFE_NO_PAD.encode(signature))
    }

    /// Whether `signature` is a signature of `message` by this key.
    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        signature::verify(self.algorithm(), &self.0.verifying, message, signature)
    }
}

fn check_length(algorithm: Algorithm, secret: &[u8]) -> Result<(), KeyError> {
    if secret.len() < algorithm.shortest_secret() {
        return Err(KeyError::TooShort { algorithm, has: secret.len() });
    }
    Ok(())
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey")
            .field("algorithm", &self.algorithm())
            .field("kid", &self.id())
            .finish_non_exhaustive()
    }
}
