//! Keys that come as JSON Web Keys: they verify, and do not sign.

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::{Value, json};

use super::compact;
use super::keys::{KeyError, TokenKey, install_provider};

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
    /// When it is no key of HS256, EdDSA or ES256, is not for signatures, is not on its curve, or is too short.
    pub fn from_jwk(json: &str) -> Result<Self, KeyError> {
        let error = || KeyError::NotAPublicKey;
        let jwk: ImportedKey = serde_json::from_str(json).map_err(|_| error())?;
        if !jwk.is_for_verifying() {
            return Err(error());
        }
        install_provider();
        let decode =
            |member: &Option<String>| URL_SAFE_NO_PAD.decode(member.as_deref().ok_or_else(error)?).map_err(|_| error());
        let (algorithm, verifying, mut public) = match (&*jwk.kty, &*jwk.alg, jwk.crv.as_deref()) {
            ("oct", "HS256", None) => {
                let secret = decode(&jwk.k)?;
                if secret.len() < 32 {
                    return Err(KeyError::TooShort(secret.len()));
                }
                (Algorithm::HS256, DecodingKey::from_secret(&secret), None)
            }
            ("OKP", "EdDSA", Some("Ed25519")) => {
                let x = decode(&jwk.x)?;
                ParsedPublicKey::new(&ED25519, &x).map_err(|_| error())?;
                (Algorithm::EdDSA, DecodingKey::from_ed_der(&x), Some(json!({ "x": jwk.x })))
            }
            ("EC", "ES256", Some("P-256")) => {
                let point = [&[4], &decode(&jwk.x)?[..], &decode(&jwk.y)?[..]].concat();
                ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point).map_err(|_| error())?;
                (Algorithm::ES256, DecodingKey::from_ec_der(&point), Some(json!({ "x": jwk.x, "y": jwk.y })))
            }
            _ => return Err(error()),
        };
        if let Some(public) = &mut public {
            for (name, value) in [("kty", &jwk.kty), ("alg", &jwk.alg), ("kid", &jwk.kid)] {
                public[name] = value.as_str().into();
            }
            public["crv"] = jwk.crv.into();
            public["use"] = "sig".into();
        }
        Ok(Self { algorithm, kid: jwk.kid, signing: None, verifying, public })
    }

    /// Whether `compact` is a JWS (RFC 7515 section 3.1) that this key signed: its header names this key and this
    /// algorithm, nothing in it is malformed, and the signature is right. It says nothing about the payload, so it
    /// authenticates nobody; it is for looking into a token that the bridge refuses.
    pub fn verifies(&self, compact: &str) -> bool {
        compact::is_signed_by(compact, self)
    }
}
