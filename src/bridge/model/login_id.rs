//! The id of a login.

use std::fmt;

use super::random;

/// The opaque id of a [`Login`](crate::Login); the `sid` claim of its tokens. It is not a secret, because it is not a credential.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize)]
pub struct LoginId(String);

impl LoginId {
    /// A new id of 128 random bits.
    pub fn random() -> Self {
        Self(random::base64url::<16>())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for LoginId {
    fn from(id: String) -> Self {
        Self(id)
    }
}

impl fmt::Display for LoginId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
