//! Signatures over the bytes of a token (RFC 7515 section 5), by aws-lc-rs. Keys are parsed once, when they come in.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{PublicKey, PublicKeyComponents};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED, ECDSA_P384_SHA384_FIXED_SIGNING,
    ECDSA_P521_SHA512_FIXED, ECDSA_P521_SHA512_FIXED_SIGNING, ED25519, EcdsaKeyPair, EcdsaSigningAlgorithm,
    EcdsaVerificationAlgorithm, Ed25519KeyPair, KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256,
    RSA_PKCS1_2048_8192_SHA384, RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384,
    RSA_PSS_SHA512, RsaKeyPair, RsaParameters, RsaSignatureEncoding,
};

use super::algorithm::Algorithm;
use super::roca;

/// What signs.
pub(super) enum SigningKey {
    Hmac(Box<hmac::Key>),
    Rsa(RsaKeyPair, &'static RsaSignatureEncoding),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

/// What verifies.
pub(super) enum VerifyingKey {
    Hmac(Box<hmac::Key>),
    Public(ParsedPublicKey),
}

/// The numbers that a public key is made of, big-endian (RFC 7518 section 6, RFC 8037 section 2).
pub(super) enum PublicNumbers {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ec { crv: &'static str, x: Vec<u8>, y: Vec<u8> },
    Ed { x: Vec<u8> },
}

/// The length of an RSA modulus in bytes: at least 2048 bits (RFC 7518 section 3.3), at most 8192.
const RSA_LENGTHS: std::ops::RangeInclusive<usize> = 256..=1024;

impl SigningKey {
    pub(super) fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Option<Self> {
        hmac_key(algorithm, secret).map(|key| Self::Hmac(Box::new(key)))
    }

    /// A private key in DER: PKCS#8, PKCS#1 (RSA) or SEC1 (elliptic curves).
    pub(super) fn from_private(algorithm: Algorithm, der: &[u8]) -> Option<Self> {
        match scheme(algorithm) {
            Scheme::Hmac(_) => None,
            Scheme::Rsa(encoding, _) => {
                let key = RsaKeyPair::from_pkcs8(der).or_else(|_| RsaKeyPair::from_der(der)).ok()?;
                Some(Self::Rsa(key, encoding))
            }
            Scheme::Ec { signing, .. } => EcdsaKeyPair::from_private_key_der(signing, der).ok().map(Self::Ec),
            Scheme::Ed => Ed25519KeyPair::from_pkcs8(der).ok().map(Self::Ed),
        }
    }

    /// The public half; `None` for a secret.
    pub(super) fn public(&self) -> Option<&[u8]> {
        match self {
            Self::Hmac(_) => None,
            Self::Rsa(key, _) => Some(key.public_key().as_ref()),
            Self::Ec(key) => Some(key.public_key().as_ref()),
            Self::Ed(key) => Some(key.public_key().as_ref()),
        }
    }

    /// The signature over `message`.
    pub(super) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Hmac(key) => Some(hmac::sign(key, message).as_ref().to_vec()),
            Self::Rsa(key, encoding) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(*encoding, &SystemRandom::new(), message, &mut signature).ok()?;
                Some(signature)
            }
            Self::Ec(key) => Some(key.sign(&SystemRandom::new(), message).ok()?.as_ref().to_vec()),
            Self::Ed(key) => Some(key.try_sign(message).ok()?.as_ref().to_vec()),
        }
    }
}

impl VerifyingKey {
    pub(super) fn from_secret(algorithm: Algorithm, secret: &[u8]) -> Option<Self> {
        hmac_key(algorithm, secret).map(|key| Self::Hmac(Box::new(key)))
    }

    /// A public key, as SPKI or as what is in one: PKCS#1 for RSA, an uncompressed point, the 32 bytes of Ed25519.
    pub(super) fn from_public(algorithm: Algorithm, bytes: &[u8]) -> Option<(Self, PublicNumbers)> {
        let key = match scheme(algorithm) {
            Scheme::Hmac(_) => return None,
            Scheme::Rsa(_, verifying) => ParsedPublicKey::new(verifying, bytes),
            Scheme::Ec { verifying, .. } => ParsedPublicKey::new(verifying, bytes),
            Scheme::Ed => ParsedPublicKey::new(&ED25519, bytes),
        };
        let key = key.ok()?;
        let spki: PublicKeyX509Der<'_> = key.as_der().ok()?;
        let numbers = PublicNumbers::of(algorithm, spki.as_ref())?;
        Some((Self::Public(key), numbers))
    }

    /// A public key by its numbers.
    pub(super) fn from_numbers(algorithm: Algorithm, numbers: &PublicNumbers) -> Option<(Self, PublicNumbers)> {
        match numbers {
            PublicNumbers::Rsa { n, e } => {
                let spki: PublicKeyX509Der<'_> = PublicKeyComponents { n, e }.as_der().ok()?;
                Self::from_public(algorithm, spki.as_ref())
            }
            PublicNumbers::Ec { x, y, .. } => Self::from_public(algorithm, &[&[4], &x[..], y].concat()),
            PublicNumbers::Ed { x } => Self::from_public(algorithm, x),
        }
    }

    /// Whether `signature` is one over `message`. Secrets compare in constant time.
    pub(super) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Hmac(key) => hmac::verify(key, message, signature).is_ok(),
            Self::Public(key) => key.verify_sig(message, signature).is_ok(),
        }
    }
}

impl PublicNumbers {
    /// The numbers of a key that has been parsed and written again, in DER. Those of curves are of fixed length, at the
    /// end.
    fn of(algorithm: Algorithm, spki: &[u8]) -> Option<Self> {
        match scheme(algorithm) {
            Scheme::Hmac(_) => None,
            Scheme::Rsa(..) => {
                let PublicKeyComponents { n, e } = (&PublicKey::from_der(spki).ok()?).into();
                let sound = RSA_LENGTHS.contains(&n.len()) && !roca::is_marked(&n);
                sound.then_some(Self::Rsa { n, e })
            }
            Scheme::Ec { crv, length, .. } => {
                let (_, point) = spki.split_at_checked(spki.len().checked_sub(1 + 2 * length)?)?;
                let (x, y) = point.strip_prefix(&[4])?.split_at_checked(length)?;
                Some(Self::Ec { crv, x: x.to_vec(), y: y.to_vec() })
            }
            Scheme::Ed => Some(Self::Ed { x: spki.last_chunk::<32>()?.to_vec() }),
        }
    }
}

enum Scheme {
    Hmac(hmac::Algorithm),
    Rsa(&'static RsaSignatureEncoding, &'static RsaParameters),
    Ec {
        crv: &'static str,
        /// Of a coordinate, in bytes.
        length: usize,
        signing: &'static EcdsaSigningAlgorithm,
        verifying: &'static EcdsaVerificationAlgorithm,
    },
    Ed,
}

fn scheme(algorithm: Algorithm) -> Scheme {
    let curve = |crv, length, signing, verifying| Scheme::Ec { crv, length, signing, verifying };
    match algorithm {
        Algorithm::HS256 => Scheme::Hmac(hmac::HMAC_SHA256),
        Algorithm::HS384 => Scheme::Hmac(hmac::HMAC_SHA384),
        Algorithm::HS512 => Scheme::Hmac(hmac::HMAC_SHA512),
        Algorithm::RS256 => Scheme::Rsa(&RSA_PKCS1_SHA256, &RSA_PKCS1_2048_8192_SHA256),
        Algorithm::RS384 => Scheme::Rsa(&RSA_PKCS1_SHA384, &RSA_PKCS1_2048_8192_SHA384),
        Algorithm::RS512 => Scheme::Rsa(&RSA_PKCS1_SHA512, &RSA_PKCS1_2048_8192_SHA512),
        Algorithm::PS256 => Scheme::Rsa(&RSA_PSS_SHA256, &RSA_PSS_2048_8192_SHA256),
        Algorithm::PS384 => Scheme::Rsa(&RSA_PSS_SHA384, &RSA_PSS_2048_8192_SHA384),
        Algorithm::PS512 => Scheme::Rsa(&RSA_PSS_SHA512, &RSA_PSS_2048_8192_SHA512),
        Algorithm::ES256 => curve("P-256", 32, &ECDSA_P256_SHA256_FIXED_SIGNING, &ECDSA_P256_SHA256_FIXED),
        Algorithm::ES384 => curve("P-384", 48, &ECDSA_P384_SHA384_FIXED_SIGNING, &ECDSA_P384_SHA384_FIXED),
        Algorithm::ES512 => curve("P-521", 66, &ECDSA_P521_SHA512_FIXED_SIGNING, &ECDSA_P521_SHA512_FIXED),
        Algorithm::EdDSA => Scheme::Ed,
    }
}

fn hmac_key(algorithm: Algorithm, secret: &[u8]) -> Option<hmac::Key> {
    match scheme(algorithm) {
        Scheme::Hmac(hash) => Some(hmac::Key::new(hash, secret)),
        _ => None,
    }
}
