//! Keys that come as PEM files (RFC 7468).

use super::algorithm::Algorithm;
use super::jwk;
use super::keys::{Key, KeyError, TokenKey};
use super::signature::{SigningKey, VerifyingKey};

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
    /// When the text is something else, or the key is on another curve or an RSA key of less than 2048 bits.
    pub fn from_private_pem(algorithm: Algorithm, pem: &[u8]) -> Result<Self, KeyError> {
        if algorithm.is_symmetric() {
            return Err(KeyError::WrongAlgorithm(algorithm));
        }
        let error = || KeyError::NotAPrivateKey(algorithm);
        let der = der(pem, &["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"]).ok_or_else(error)?;
        let signing = SigningKey::from_private(algorithm, &der).ok_or_else(error)?;
        let public = signing.public().ok_or_else(error)?;
        let (verifying, numbers) = VerifyingKey::from_public(algorithm, public).ok_or_else(error)?;
        let (kid, public) = jwk::publish(algorithm, &numbers, None);
        Ok(Self::new(Key { algorithm, kid, signing: Some(signing), verifying, public: Some(public) }))
    }

    /// A public key in PEM form: SPKI (`BEGIN PUBLIC KEY`), for RSA also PKCS#1 (`BEGIN RSA PUBLIC KEY`). It verifies
    /// and does not sign. `JWT_PUBLIC_KEY` of Flask-JWT-Extended.
    ///
    /// Its [`id`](Self::id) is the one that the private key has: the thumbprint of RFC 7638.
    ///
    /// # Errors
    ///
    /// When the text is something else, a private key included, or the key is on another curve or an RSA key of less
    /// than 2048 bits.
    pub fn from_public_pem(algorithm: Algorithm, pem: &[u8]) -> Result<Self, KeyError> {
        if algorithm.is_symmetric() {
            return Err(KeyError::WrongAlgorithm(algorithm));
        }
        let error = || KeyError::NotAPublicPem(algorithm);
        let der = der(pem, &["PUBLIC KEY", "RSA PUBLIC KEY"]).ok_or_else(error)?;
        let (verifying, numbers) = VerifyingKey::from_public(algorithm, &der).ok_or_else(error)?;
        let (kid, public) = jwk::publish(algorithm, &numbers, None);
        Ok(Self::new(Key { algorithm, kid, signing: None, verifying, public: Some(public) }))
    }
}

/// What is in the one block of a PEM file, if it has one of these labels. `openssl ecparam` writes the curve before the
/// key.
fn der(pem: &[u8], labels: &[&str]) -> Option<Vec<u8>> {
    let blocks: Vec<_> =
        pem::parse_many(pem).ok()?.into_iter().filter(|block| block.tag() != "EC PARAMETERS").collect();
    match <[_; 1]>::try_from(blocks) {
        Ok([block]) if labels.contains(&block.tag()) => Some(block.into_contents()),
        _ => None,
    }
}
