//! What a request presents in every place that is read.

use std::fmt;

use crate::bridge::error::AuthError;
use crate::bridge::model::CredentialLocation;
use crate::bridge::token::{TokenFault, TokenType};

/// What one place of a request holds.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// No token.
    Nothing(Absence),
    /// Exactly one token, not yet verified.
    Token(String),
    /// Something that was meant as a token but is none, or more than one.
    Malformed(Malformed),
}

/// Why a place holds no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absence {
    /// The place is not there, or is empty.
    Missing,
    /// The header is there, with another scheme.
    OtherScheme,
    /// The header is there, with what may be tokens of ours and is not taken for one: several, or a scheme in other
    /// letters.
    Overlooked,
    /// The body is not JSON.
    NotJson,
}

/// How what was meant as a token fails to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// The header names the scheme, and no single token follows.
    Header,
    /// The header is there more than once.
    Headers,
    /// The query's parameter does not begin with the prefix.
    Prefix,
    /// The query has the parameter more than once.
    Parameters,
    /// The JSON member is no text.
    NotText,
    /// The JSON member is there more than once.
    Members,
}

/// What a request holds in every place that the bridge looks at.
#[derive(Default)]
pub(crate) struct Presented {
    pub(crate) header: Found,
    pub(crate) query: Found,
    pub(crate) json: ByType,
    pub(crate) cookie: ByType,
    /// The custom credential that a [`RequestLoader`](crate::RequestLoader) found.
    pub(crate) custom: Option<String>,
    /// What a form says for the double submit, if it was searched.
    pub(crate) form: Option<Box<FormCsrf>>,
}

/// One place that has a name for each type of token.
#[derive(Clone, Default)]
pub(crate) struct ByType {
    pub(crate) access: Found,
    pub(crate) refresh: Found,
}

/// The fields of a form that repeat the `csrf` claim.
#[derive(Default)]
pub(crate) struct FormCsrf {
    pub(crate) access: Option<String>,
    pub(crate) refresh: Option<String>,
}

impl Presented {
    /// Whether a token, or a custom credential, was presented anywhere, valid or not: this, and nothing
    /// else, keeps sessions out of the request.
    pub(crate) fn is_token(&self) -> bool {
        let places = [
            &self.header,
            &self.query,
            &self.json.access,
            &self.json.refresh,
            &self.cookie.access,
            &self.cookie.refresh,
        ];
        let is_there = |found: &Found| !matches!(found, Found::Nothing(why) if *why != Absence::Overlooked);
        self.custom.is_some() || places.into_iter().any(is_there)
    }

    /// What a place holds for this type of token.
    pub(crate) fn at(&self, location: CredentialLocation, token_type: TokenType) -> &Found {
        match location {
            CredentialLocation::Header => &self.header,
            CredentialLocation::Query => &self.query,
            CredentialLocation::Json => self.json.of(token_type),
            CredentialLocation::Cookie => self.cookie.of(token_type),
        }
    }
}

impl ByType {
    pub(crate) fn of(&self, token_type: TokenType) -> &Found {
        match token_type {
            TokenType::Access => &self.access,
            TokenType::Refresh => &self.refresh,
        }
    }
}

impl Default for Found {
    fn default() -> Self {
        Self::Nothing(Absence::Missing)
    }
}

impl Absence {
    /// A word for the log.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::OtherScheme => "other_scheme",
            Self::Overlooked => "overlooked",
            Self::NotJson => "not_json",
        }
    }
}

impl From<Malformed> for AuthError {
    fn from(how: Malformed) -> Self {
        let twice = match how {
            Malformed::Header => return Self::TokenInvalid(TokenFault::NotAToken(CredentialLocation::Header)),
            Malformed::Prefix => return Self::TokenInvalid(TokenFault::NotAToken(CredentialLocation::Query)),
            Malformed::NotText => return Self::TokenInvalid(TokenFault::NotAToken(CredentialLocation::Json)),
            Malformed::Headers => "Send one header with a token only.",
            Malformed::Parameters => "Send one token only: the query names it twice.",
            Malformed::Members => "The body names the same token member twice.",
        };
        Self::InvalidRequest(twice.into())
    }
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing(why) => f.debug_tuple("Nothing").field(why).finish(),
            Self::Token(_) => f.write_str("Token(…)"),
            Self::Malformed(how) => f.debug_tuple("Malformed").field(how).finish(),
        }
    }
}
