//! Signing keys: one key, one algorithm, one `kid`.

use std::fmt;
use std::sync::Once;

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::crypto;
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use serde_json::Value;

use super::TokenType;

/// A key that signs tokens or verifies them.
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
pub struct TokenKey {
    pub(super) algorithm: Algorithm,
    pub(super) kid: String,
    pub(super) signing: Option<EncodingKey>,
    pub(super) verifying: DecodingKey,
    pub(super) public: Option<Value>,
}

/// A key that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// An HMAC secret shorter than the hash that it keys (RFC 7518 section 3.2).
    #[error("an HS256 secret needs at least 32 bytes, and this one has {0}; make one with `openssl rand 32`")]
    TooShort(usize),
    /// The text is no private key of the algorithm.
    #[error("this is not a private key for {0} in PKCS#8 PEM form (`-----BEGIN PRIVATE KEY-----`)")]
    NotAPrivateKey(&'static str),
    /// The JSON Web Key is not a public key that can verify tokens.
    #[error(
        "this is not a JSON Web Key for verifying HS256, EdDSA or ES256: it needs `kty`, `alg`, `kid` and the public \
         members, no private ones, and `use` or `key_ops`, if there, must be for signatures"
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
        if secret.len() < 32 {
            return Err(KeyError::TooShort(secret.len()));
        }
        install_provider();
        // The id says which secret it is and nothing about the secret.
        let mut labelled = b"tollbridge kid\0".to_vec();
        labelled.extend_from_slice(secret);
        let hash = digest::digest(&digest::SHA256, &labelled);
        Ok(Self {
            algorithm: Algorithm::HS256,
            kid: URL_SAFE_NO_PAD.encode(&hash.as_ref()[..12]),
            signing: Some(EncodingKey::from_secret(secret)),
            verifying: DecodingKey::from_secret(secret),
            public: None,
        })
    }

    /// An Ed25519 private key in PKCS#8 PEM form, as `openssl genpkey -algorithm ed25519` makes it.
    ///
    /// # Errors
    ///
    /// When the text is something else.
    pub fn eddsa_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let error = || KeyError::NotAPrivateKey("EdDSA");
        let key = EncodingKey::from_ed_pem(pem).map_err(|_| error())?;
        Self::from_private(key, Algorithm::EdDSA, error)
    }

    /// A P-256 private key in PKCS#8 PEM form, as `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`
    /// makes it.
    ///
    /// # Errors
    ///
    /// When the text is something else.
    pub fn es256_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let error = || KeyError::NotAPrivateKey("ES256");
        let key = EncodingKey::from_ec_pem(pem).map_err(|_| error())?;
        Self::from_private(key, Algorithm::ES256, error)
    }

    fn from_private(key: EncodingKey, algorithm: Algorithm, error: impl Fn() -> KeyError) -> Result<Self, KeyError> {
        install_provider();
        let jwk = Jwk::from_encoding_key(&key, algorithm).map_err(|_| error())?;
        let verifying = DecodingKey::from_jwk(&jwk).map_err(|_| error())?;
        let kid = jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| error())?;
        let mut public = serde_json::to_value(&jwk).map_err(|_| error())?;
        public["kid"] = kid.clone().into();
        public["use"] = "sig".into();
        public["alg"] = algorithm_name(algorithm).into();
        Ok(Self { algorithm, kid, signing: Some(key), verifying, public: Some(public) })
    }

    /// The algorithm's name in a token's `alg` (RFC 7518 section 3.1, RFC 8037 section 3.1).
    pub fn algorithm_name(&self) -> &'static str {
        algorithm_name(self.algorithm)
    }

    /// The key's id in a token's `kid`.
    pub fn id(&self) -> &str {
        &self.kid
    }

    /// Whether the key that signs is the key that verifies.
    pub(crate) fn is_symmetric(&self) -> bool {
        self.algorithm == Algorithm::HS256
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(crate) fn can_sign(&self) -> bool {
        self.signing.is_some()
    }

    /// The signature over `message`, as base64url; `None` for a key that only verifies.
    pub(super) fn sign(&self, message: &[u8]) -> Option<String> {
        crypto::sign(message, self.signing.as_ref()?, self.algorithm).ok()
    }

    /// Whether `signature`, as base64url, is this key's over `message`.
    pub(super) fn verify(&self, message: &[u8], signature: &str) -> bool {
        crypto::verify(signature, message, &self.verifying, self.algorithm).unwrap_or(false)
    }
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey").field("algorithm", &self.algorithm).field("kid", &self.kid).finish_non_exhaustive()
    }
}

fn algorithm_name(algorithm: Algorithm) -> &'static str {
    match algorithm {
        Algorithm::HS256 => "HS256",
        Algorithm::EdDSA => "EdDSA",
        _ => "ES256",
    }
}

/// jsonwebtoken panics at first use if a dependency elsewhere has switched on both of its backends, so the choice is
/// made here. Who installed one before keeps it.
pub(super) fn install_provider() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = crypto::aws_lc::DEFAULT_PROVIDER.install_default();
    });
}

/// The keys of one issuer: the first signs, all verify.
#[derive(Clone, Debug)]
pub(crate) struct KeySet {
    keys: Vec<(TokenKey, UsualHeaders)>,
}

/// The headers that we write ourselves, encoded. Nearly every token has one of these, and comparing beats parsing.
#[derive(Clone, Debug)]
struct UsualHeaders {
    access: String,
    refresh: String,
}

impl KeySet {
    /// `signing` and those that signed before it.
    pub(crate) fn new(signing: TokenKey, retired: Vec<TokenKey>) -> Self {
        let with_headers = |key: TokenKey| {
            let header = |token_type: TokenType| {
                let json = format!(
                    r#"{{"alg":"{}","kid":{},"typ":"{}"}}"#,
                    key.algorithm_name(),
                    Value::from(&*key.kid),
                    token_type.header()
                );
                URL_SAFE_NO_PAD.encode(json)
            };
            let headers = UsualHeaders { access: header(TokenType::Access), refresh: header(TokenType::Refresh) };
            (key, headers)
        };
        Self { keys: std::iter::once(signing).chain(retired).map(with_headers).collect() }
    }

    /// The key that signs, and the encoded header for this type of token.
    pub(super) fn signing(&self, token_type: TokenType) -> (&TokenKey, &str) {
        let (key, headers) = &self.keys[0];
        (key, headers.of(token_type))
    }

    /// The key and type of a token with one of the headers that we write.
    pub(super) fn by_usual_header(&self, header: &str) -> Option<(&TokenKey, TokenType)> {
        self.keys.iter().find_map(|(key, headers)| {
            [TokenType::Access, TokenType::Refresh]
                .into_iter()
                .find(|token_type| headers.of(*token_type) == header)
                .map(|token_type| (key, token_type))
        })
    }

    /// The key with exactly this id. An unknown id is no key at all, never "try them all".
    pub(super) fn by_id(&self, kid: &str) -> Option<&TokenKey> {
        self.keys.iter().map(|(key, _)| key).find(|key| key.kid == kid)
    }

    /// The public keys as a JWK set (RFC 7517 section 5). HMAC secrets are never in it.
    pub(crate) fn jwks(&self) -> Value {
        let keys: Vec<_> = self.keys.iter().filter_map(|(key, _)| key.public.clone()).collect();
        serde_json::json!({ "keys": keys })
    }
}

impl UsualHeaders {
    fn of(&self, token_type: TokenType) -> &str {
        match token_type {
            TokenType::Access => &self.access,
            TokenType::Refresh => &self.refresh,
        }
    }
}
