//! What a request presents, and where it was found.

use std::fmt;

use super::error::AuthError;

/// Where a credential was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Location {
    /// The `Authorization` header, scheme `Bearer` (RFC 6750 section 2.1).
    Header,
    /// `access_token` or `refresh_token` of a JSON object in the body.
    Json,
    /// The session cookie or the remember cookie.
    Cookie,
}

impl Location {
    /// The word for it: `header`, `json` or `cookie`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Json => "json",
            Self::Cookie => "cookie",
        }
    }
}

/// A token as it was presented: not yet verified.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct PresentedToken {
    pub(crate) text: String,
    pub(crate) location: Location,
}

impl fmt::Debug for PresentedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresentedToken").field("location", &self.location).finish_non_exhaustive()
    }
}

/// What the loader found.
#[derive(Clone, Debug)]
pub(crate) enum Presented {
    /// No token. The cookies decide.
    Nothing,
    /// Exactly one token.
    Token(PresentedToken),
    /// Something that was meant as a token but is none, or more than one.
    Unusable(AuthError),
}

impl Presented {
    /// Whether a token was presented, valid or not: this, and nothing else, keeps sessions out of the request.
    pub(crate) fn is_token(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// What two places of one request present together. The same token twice is one token; two different ones are
    /// refused (RFC 6750 section 2: one method a request).
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Nothing, found) | (found, Self::Nothing) => found,
            (Self::Token(one), Self::Token(two)) if one.text == two.text => Self::Token(one),
            (Self::Unusable(error), _) | (_, Self::Unusable(error)) => Self::Unusable(error),
            _ => Self::Unusable(AuthError::InvalidRequest("Send one token only, in one place.".into())),
        }
    }
}
