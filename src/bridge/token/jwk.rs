//! JSON Web Keys (RFC 7517): those that come in verify and do not sign, those that go out are public.

use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::algorithm::Algorithm;
use super::compact;
use super::keys::{Key, KeyError, TokenKey};
use super::signature::{PublicNumbers, VerifyingKey};

/// A JSON Web Key (RFC 7517 section 4). Members that are not listed are ignored; a listed one twice is an error.
#[derive(Deserialize)]
struct ImportedKey {
    kty: String,
    alg: String,
    kid: String,
    #[serde(rename = "use")]
    usage: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    k: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    d: Option<Value>,
}

impl ImportedKey {
    /// For signatures, named, and without a private half.
    fn is_for_verifying(&self) -> bool {
        !self.kid.is_empty()
            && self.usage.as_deref().is_none_or(|usage| usage == "sig")
            && self.key_ops.as_ref().is_none_or(|operations| operations.iter().any(|one| one == "verify"))
            && self.d.is_none()
    }

    /// The numbers of a public key.
    fn numbers(&self) -> Option<PublicNumbers> {
        match (&*self.kty, self.crv.as_deref()) {
            ("RSA", None) => Some(PublicNumbers::Rsa { n: decode(&self.n)?, e: decode(&self.e)? }),
            ("EC", Some(crv)) => {
                let crv = ["P-256", "P-384", "P-521"].into_iter().find(|known| *known == crv)?;
                Some(PublicNumbers::Ec { crv, x: decode(&self.x)?, y: decode(&self.y)? })
            }
            ("OKP", Some("Ed25519")) => Some(PublicNumbers::Ed { x: decode(&self.x)? }),
            _ => None,
        }
    }
}

fn decode(member: &Option<String>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(member.as_deref()?).ok()
}

impl TokenKey {
    /// A key that somebody publishes as a JSON Web Key (RFC 7517), or a secret in that form. It verifies and does not
    /// sign, so it is one for [`retired_token_key`](crate::BridgeBuilder::retired_token_key): this is how the tokens of
    /// an issuer that is being replaced stay good without its private key.
    ///
    /// The key must say its algorithm itself, because a token must not choose it (RFC 8725 section 3.1).
    ///
    /// # Errors
    ///
    /// When it is no key of an [`Algorithm`], is not for signatures, is not on its curve, or is too short.
    pub fn from_jwk(json: &str) -> Result<Self, KeyError> {
        let error = || KeyError::NotAPublicKey;
        let jwk: ImportedKey = serde_json::from_str(json).map_err(|_| error())?;
        let algorithm: Algorithm = jwk.alg.parse().map_err(|_| error())?;
        if !jwk.is_for_verifying() {
            return Err(error());
        }
        if algorithm.is_symmetric() {
            let secret = decode(&jwk.k).filter(|_| jwk.kty == "oct" && jwk.crv.is_none()).ok_or_else(error)?;
            if secret.len() < algorithm.shortest_secret() {
                return Err(KeyError::TooShort { algorithm, has: secret.len() });
            }
            let verifying = VerifyingKey::from_secret(algorithm, &secret).ok_or_else(error)?;
            return Ok(Self::new(Key { algorithm, kid: jwk.kid, signing: None, verifying, public: None }));
        }
        let written = jwk.numbers().ok_or_else(error)?;
        let (verifying, numbers) = VerifyingKey::from_numbers(algorithm, &written).ok_or_else(error)?;
        // A number has one way to be written, and a key of another curve or type none.
        if required(&written) != required(&numbers) {
            return Err(error());
        }
        let (kid, public) = publish(algorithm, &numbers, Some(jwk.kid));
        Ok(Self::new(Key { algorithm, kid, signing: None, verifying, public: Some(public) }))
    }

    /// Whether `compact` is a JWS (RFC 7515 section 3.1) that this key signed: its header names this key and this
    /// algorithm, nothing in it is malformed, and the signature is right. It says nothing about the payload, so it
    /// authenticates nobody; it is for looking into a token that the bridge refuses.
    pub fn verifies(&self, compact: &str) -> bool {
        compact::is_signed_by(compact, self)
    }
}

/// The id of a public key, which is its thumbprint unless it has one already, and the key to publish.
pub(super) fn publish(algorithm: Algorithm, numbers: &PublicNumbers, kid: Option<String>) -> (String, Value) {
    let mut public = required(numbers);
    let kid = kid.unwrap_or_else(|| {
        let hash = digest::digest(&digest::SHA256, public.to_string().as_bytes());
        URL_SAFE_NO_PAD.encode(hash)
    });
    public["kid"] = kid.clone().into();
    public["use"] = "sig".into();
    public["alg"] = algorithm.name().into();
    (kid, public)
}

/// The members that make the key, in the order that its thumbprint hashes (RFC 7638 section 3).
fn required(numbers: &PublicNumbers) -> Value {
    let base64url = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    match numbers {
        PublicNumbers::Rsa { n, e } => json!({ "e": base64url(e), "kty": "RSA", "n": base64url(n) }),
        PublicNumbers::Ec { crv, x, y } => json!({ "crv": crv, "kty": "EC", "x": base64url(x), "y": base64url(y) }),
        PublicNumbers::Ed { x } => json!({ "crv": "Ed25519", "kty": "OKP", "x": base64url(x) }),
    }
}
