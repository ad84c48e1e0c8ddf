//! The errors of a Flask configuration.

use crate::{Algorithm, KeyError};

/// The configuration of a Flask application cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlaskConfigError {
    /// The configuration is not a JSON object. Contains its type.
    #[error("the configuration is {0}: write an object that has the keys of `app.config`")]
    NotAnObject(&'static str),
    /// The value has the wrong type, or is not allowed for this key.
    #[error("`{key}` is {found}: write {wanted}")]
    Value {
        /// The key.
        key: &'static str,
        /// The type of the value. Contains the value itself only where it cannot be a secret.
        found: String,
        /// The allowed values.
        wanted: &'static str,
    },
    /// Flask-JWT-Extended has no such key.
    #[error("`{0}` is no key of Flask-JWT-Extended 4.7: correct its spelling, or leave it out")]
    UnknownKey(String),
    /// The key for the algorithm is missing.
    #[error(
        "`{key}` is missing, and `JWT_ALGORITHM` {algorithm} needs it: give it, or an encode and a decode key loader"
    )]
    MissingKey {
        /// The missing key.
        key: &'static str,
        /// The algorithm.
        algorithm: Algorithm,
    },
    /// The text is not a key for the algorithm.
    #[error("`{key}` cannot be used: {source}")]
    Key {
        /// The key.
        key: &'static str,
        /// The reason.
        source: KeyError,
    },
    /// The secret is shorter than 32 bytes, so an attacker can guess it and sign tokens.
    #[error(
        "`{key}` has {length} bytes, and an HMAC secret needs 32 or more to be one: make a new one, or accept this one \
         with `from_json_with_weak_secret` until its tokens have run out"
    )]
    WeakSecret {
        /// The key.
        key: &'static str,
        /// Its length in bytes.
        length: usize,
    },
}
