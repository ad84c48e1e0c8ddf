//! The credentials that a request presents.

use std::fmt;

use crate::bridge::error::{AuthError, BodyFault};
use crate::bridge::model::CredentialLocation;
use crate::bridge::token::{TokenFault, TokenType};

/// The result of searching one location of a request.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Found {
    /// No token.
    Nothing(Absence),
    /// One token, not yet verified.
    Token(String),
    /// A malformed token, or several tokens.
    Malformed(Malformed),
}

/// Why a location holds no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absence {
    /// The location is missing or empty.
    Missing,
    /// The header has another scheme.
    OtherScheme,
    /// The header may hold our tokens, but the grammar ignores them: there are several, or the scheme has another
    /// letter case.
    Ignored,
    /// The body is not JSON.
    NotJson,
}

/// Why a location does not hold exactly one well-formed token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// The header has the scheme, but not exactly one token after it.
    Header,
    /// The header is repeated.
    Headers,
    /// The value of the query parameter does not begin with the prefix.
    Prefix,
    /// The query parameter is repeated.
    Parameters,
    /// The JSON member is not a string.
    NotText,
    /// The JSON member is repeated.
    Members,
}

/// The search results of all locations of a request.
#[derive(Default)]
pub(crate) struct Presented {
    pub(crate) header: Found,
    pub(crate) query: Found,
    pub(crate) json: ByType,
    pub(crate) cookie: ByType,
    /// The cookies that came with several values. One of each must be [chosen](Self::set_cookie).
    pub(crate) repeated_cookies: Vec<(TokenType, Vec<String>)>,
    /// The custom credential that a [`RequestLoader`](crate::RequestLoader) found.
    pub(crate) custom: Option<String>,
    /// What the search of the body found besides tokens. Few requests have it, so it is boxed.
    pub(crate) body: Option<Box<BodyFinding>>,
    /// The CSRF fields of the form, if the form was searched.
    pub(crate) form: Option<Box<FormCsrf>>,
}

/// What the search of a body found besides tokens in declared places.
pub(crate) enum BodyFinding {
    /// The body is JSON or a form and could not be searched.
    Fault(BodyFault),
    /// These texts look like tokens.
    Unread(Vec<String>),
}

/// The search results of a location that has one name for each type of token.
#[derive(Clone, Default)]
pub(crate) struct ByType {
    pub(crate) access: Found,
    pub(crate) refresh: Found,
}

/// The form fields that repeat the `csrf` claim, by the type of token.
#[derive(Default)]
pub(crate) struct FormCsrf {
    pub(crate) access: Option<String>,
    pub(crate) refresh: Option<String>,
}

impl Presented {
    /// Whether the request presents a token, valid or not. A custom credential counts as a token. Such a request is
    /// handled without a session.
    pub(crate) fn has_token(&self) -> bool {
        let places = [
            &self.header,
            &self.query,
            &self.json.access,
            &self.json.refresh,
            &self.cookie.access,
            &self.cookie.refresh,
        ];
        let is_presented = |found: &Found| !matches!(found, Found::Nothing(why) if *why != Absence::Ignored);
        self.custom.is_some() || places.into_iter().any(is_presented)
    }

    /// Sets the token in a cookie.
    pub(crate) fn set_cookie(&mut self, token_type: TokenType, token: String) {
        let cookie = match token_type {
            TokenType::Access => &mut self.cookie.access,
            TokenType::Refresh => &mut self.cookie.refresh,
        };
        *cookie = Found::Token(token);
    }

    /// Why the body could not be searched, if it is JSON or a form.
    pub(crate) fn body_fault(&self) -> Option<BodyFault> {
        match self.body.as_deref() {
            Some(BodyFinding::Fault(fault)) => Some(*fault),
            _ => None,
        }
    }

    /// The texts in the body that look like tokens and are in no declared place.
    pub(crate) fn unread(&self) -> &[String] {
        match self.body.as_deref() {
            Some(BodyFinding::Unread(texts)) => texts,
            _ => &[],
        }
    }

    /// The search result of a location for this type of token.
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
    /// The name in log records.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::OtherScheme => "other_scheme",
            Self::Ignored => "ignored",
            Self::NotJson => "not_json",
        }
    }
}

impl Malformed {
    /// The name in explanations.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Header | Self::Prefix => "no_token_after_the_scheme",
            Self::NotText => "not_text",
            Self::Headers | Self::Parameters | Self::Members => "repeated",
        }
    }
}

impl From<Malformed> for AuthError {
    fn from(how: Malformed) -> Self {
        let detail = match how {
            Malformed::Header => return Self::TokenInvalid(TokenFault::NotAToken(CredentialLocation::Header)),
            Malformed::Prefix => return Self::TokenInvalid(TokenFault::NotAToken(CredentialLocation::Query)),
            Malformed::NotText => return Self::TokenInvalid(TokenFault::NotAToken(CredentialLocation::Json)),
            Malformed::Headers => "Send one header with a token only.",
            Malformed::Parameters => "Send one token only: the query names it twice.",
            Malformed::Members => "The body names the same token member twice.",
        };
        Self::InvalidRequest(detail.into())
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
