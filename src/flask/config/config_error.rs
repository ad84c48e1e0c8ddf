//! Why a Flask configuration cannot be used.

use crate::{Algorithm, KeyError};

/// A key of the configuration that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlaskConfigError {
    /// The configuration is not an object, but this.
    #[error("the configuration is {0}: write an object that has the keys of `app.config`")]
    NotAnObject(&'static str),
    /// The value is of another type than the key takes, or one that it does not take.
    #[error("`{key}` is {found}: write {wanted}")]
    Value {
        /// The key.
        key: &'static str,
        /// What its value is; the value itself only where it cannot be a secret.
        found: String,
        /// What belongs there.
        wanted: &'static str,
    },
    /// Flask-JWT-Extended has no such key.
    #[error("`{0}` is no key of Flask-JWT-Extended 4.7: correct its spelling, or leave it out")]
    UnknownKey(String),
    /// The algorithm needs a key that is not there.
    #[error(
        "`{key}` is missing, and `JWT_ALGORITHM` {algorithm} needs it: give it, or an encode and a decode key loader"
    )]
    MissingKey {
        /// The key.
        key: &'static str,
        /// The algorithm.
        algorithm: Algorithm,
    },
    /// The text is not a key of the algorithm.
    #[error("`{key}` cannot be used: {source}")]
    Key {
        /// The key.
        key: &'static str,
        /// Why.
        source: KeyError,
    },
    /// A secret that can be guessed lets everybody sign tokens.
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
