//! Keys in PEM files (RFC 7468). This file selects the block and converts it to a form that jsonwebtoken reads.

use ::pem::Pem;
use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::signature::{ED25519, EcdsaKeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, VerificationAlgorithm};
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
use jsonwebtoken::jwk::EllipticCurve;
use jsonwebtoken::{AlgorithmFamily, DecodingKey, EncodingKey};

use super::algorithm::Algorithm;
use super::keys::{KeyError, TokenKey};

impl TokenKey {
    /// An unencrypted private key in PEM form: PKCS#8 (`BEGIN PRIVATE KEY`), for RSA also PKCS#1 (`BEGIN RSA PRIVATE
    /// KEY`), for elliptic curves also SEC1 (`BEGIN EC PRIVATE KEY`). `JWT_PRIVATE_KEY` of Flask-JWT-Extended.
    ///
    /// ```
    /// use tollbridge::{Algorithm, TokenKey};
    ///
    /// // openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072
    /// # let pem = include_bytes!("../../../tests/fixtures/rsa2048.pem");
    /// let key = TokenKey::from_private_pem(Algorithm::RS256, pem)?;
    /// # Ok::<(), tollbridge::KeyError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When the text is not such a key, the key is on another curve, or it is an RSA key of less than 2048 or more than
    /// 8192 bits or one that CVE-2017-15361 makes weak.
    pub fn from_private_pem(algorithm: Algorithm, pem: &[u8]) -> Result<Self, KeyError> {
        if algorithm.is_symmetric() {
            return Err(KeyError::WrongAlgorithm(algorithm));
        }
        let error = || KeyError::NotAPrivateKey(algorithm);
        let signing = private_key(algorithm, pem).ok_or_else(error)?;
        let verifying = public_half(algorithm, &signing).ok_or_else(error)?;
        Self::from_pair(algorithm, Some(signing), verifying, None).ok_or_else(error)
    }

    /// A public key in PEM form: SPKI (`BEGIN PUBLIC KEY`), for RSA also PKCS#1 (`BEGIN RSA PUBLIC KEY`). It verifies
    /// and does not sign. `JWT_PUBLIC_KEY` of Flask-JWT-Extended.
    ///
    /// Its [`id`](Self::id) is the same as that of the private key: the thumbprint of RFC 7638.
    ///
    /// # Errors
    ///
    /// When the text is not such a key (a private key is refused, too), the key is on another curve, or it is an RSA
    /// key of less than 2048 or more than 8192 bits or one that CVE-2017-15361 makes weak.
    pub fn from_public_pem(algorithm: Algorithm, pem: &[u8]) -> Result<Self, KeyError> {
        if algorithm.is_symmetric() {
            return Err(KeyError::WrongAlgorithm(algorithm));
        }
        let error = || KeyError::NotAPublicPem(algorithm);
        let verifying = public_key(algorithm, pem).ok_or_else(error)?;
        Self::from_pair(algorithm, None, verifying, None).ok_or_else(error)
    }
}

fn private_key(algorithm: Algorithm, pem: &[u8]) -> Option<EncodingKey> {
    let block = single_block(pem, &["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"])?;
    match algorithm.family() {
        AlgorithmFamily::Hmac => None,
        AlgorithmFamily::Rsa => EncodingKey::from_rsa_pem(::pem::encode(&block).as_bytes()).ok(),
        AlgorithmFamily::Ed => EncodingKey::from_ed_pem(::pem::encode(&block).as_bytes()).ok(),
        // jsonwebtoken does not read SEC1. aws-lc-rs reads all forms and writes PKCS#8.
        AlgorithmFamily::Ec => {
            let pair = EcdsaKeyPair::from_private_key_der(algorithm.curve()?, block.contents()).ok()?;
            Some(EncodingKey::from_ec_der(pair.to_pkcs8v1().ok()?.as_ref()))
        }
    }
}

fn public_key(algorithm: Algorithm, pem: &[u8]) -> Option<DecodingKey> {
    let block = single_block(pem, &["PUBLIC KEY", "RSA PUBLIC KEY"])?;
    match algorithm.family() {
        AlgorithmFamily::Hmac => None,
        AlgorithmFamily::Ec => DecodingKey::from_ec_pem(&normalized(&**algorithm.curve()?, &block)?).ok(),
        AlgorithmFamily::Ed => DecodingKey::from_ed_pem(&normalized(&ED25519, &block)?).ok(),
        AlgorithmFamily::Rsa => {
            let key = DecodingKey::from_rsa_pem(&normalized(&RSA_PKCS1_2048_8192_SHA256, &block)?).ok()?;
            let components = DEFAULT_PROVIDER.key_utils.rsa_pub_components_from_public_key;
            let (n, e) = components(key.try_get_as_bytes().ok()?).ok()?;
            Some(DecodingKey::from_rsa_raw_components(&n, &e))
        }
    }
}

/// A public key that aws-lc-rs has parsed and written again as SPKI in PEM form.
///
/// jsonwebtoken does not read compressed points, and its recursion into nested DER can overflow the stack. Public keys
/// can come from untrusted sources.
fn normalized(kind: &'static dyn VerificationAlgorithm, block: &Pem) -> Option<Vec<u8>> {
    let key = ParsedPublicKey::new(kind, block.contents()).ok()?;
    let spki: PublicKeyX509Der<'_> = key.as_der().ok()?;
    Some(::pem::encode(&Pem::new("PUBLIC KEY", spki.as_ref())).into_bytes())
}

/// The public half of a private key.
///
/// `Jwk::from_encoding_key` is not used: it calls the default provider of the process, which can panic.
fn public_half(algorithm: Algorithm, key: &EncodingKey) -> Option<DecodingKey> {
    let (components, private) = (&DEFAULT_PROVIDER.key_utils, key.as_bytes());
    match key.family() {
        AlgorithmFamily::Hmac => None,
        AlgorithmFamily::Rsa => {
            let (n, e) = (components.rsa_pub_components_from_private_key)(private).ok()?;
            Some(DecodingKey::from_rsa_raw_components(&n, &e))
        }
        AlgorithmFamily::Ec => {
            let algorithm = algorithm.to_jsonwebtoken();
            let (_, x, y) = (components.ec_pub_components_from_private_key)(private, algorithm).ok()?;
            Some(DecodingKey::from_ec_der(&[&[4], &x[..], &y].concat()))
        }
        AlgorithmFamily::Ed => {
            let x = (components.ed_pub_components_from_private_key)(private, &EllipticCurve::Ed25519).ok()?;
            Some(DecodingKey::from_ed_der(&x))
        }
    }
}

/// The block of a PEM file, if it is the only one and has one of these labels. `EC PARAMETERS` are ignored, because
/// `openssl ecparam` writes them before the key.
fn single_block(pem: &[u8], labels: &[&str]) -> Option<Pem> {
    let blocks: Vec<_> =
        ::pem::parse_many(pem).ok()?.into_iter().filter(|block| block.tag() != "EC PARAMETERS").collect();
    match <[_; 1]>::try_from(blocks) {
        Ok([block]) if labels.contains(&block.tag()) => Some(block),
        _ => None,
    }
}
