//! What a request presents, and where it was found.

use std::fmt;

use crate::bridge::error::auth_error::AuthError;
use crate::bridge::resolve::requirement::Wanted;
use crate::bridge::token::{TokenFault, TokenType};

/// Where a credential was found, or where tokens are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Location {
    /// A header, by default `Authorization` with the scheme `Bearer` (RFC 6750 section 2.1).
    Header,
    /// A cookie: that of a session, a remember cookie, or one that carries a token.
    Cookie,
    /// A parameter of the query (RFC 6750 section 2.3, which advises against it: addresses end up in logs and
    /// histories).
    Query,
    /// `access_token` or `refresh_token` of a JSON object in the body.
    Json,
}

impl Location {
    /// The word for it: `header`, `cookie`, `query` or `json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Query => "query",
            Self::Json => "json",
        }
    }
}

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
    /// What a [`RequestLoader`](crate::RequestLoader) found.
    pub(crate) of_its_own: Option<String>,
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

/// The token that decides, if there is one.
#[derive(Debug)]
pub(crate) enum Choice<'a> {
    /// No token. The cookies of the browser decide.
    Nothing,
    Token(Chosen<'a>),
    Refused(AuthError),
}

/// A token as it was presented: not yet verified.
#[derive(Clone, Copy)]
pub(crate) struct Chosen<'a> {
    pub(crate) text: &'a str,
    pub(crate) location: Location,
    /// What it was presented as, where places have a name for each type.
    pub(crate) presented_as: TokenType,
}

impl Presented {
    /// Whether a token, or a credential of the application's own, was presented anywhere, valid or not: this, and nothing
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
        self.of_its_own.is_some() || places.into_iter().any(is_there)
    }

    /// What a place holds for this type of token.
    pub(crate) fn at(&self, location: Location, token_type: TokenType) -> &Found {
        match location {
            Location::Header => &self.header,
            Location::Query => &self.query,
            Location::Json => self.json.of(token_type),
            Location::Cookie => self.cookie.of(token_type),
        }
    }

    /// The token in these places. Two different ones are refused (RFC 6750 section 2: one method a request); the same
    /// one twice is one token. Which of its two names the body uses is not asked: the token's own type will tell.
    pub(crate) fn only_one(&self, order: &[Location], wanted: Wanted) -> Choice<'_> {
        let mut chosen: Option<Chosen<'_>> = None;
        for &location in order {
            for presented_as in self.names_to_read(location, wanted) {
                match self.at(location, *presented_as) {
                    Found::Nothing(_) => {}
                    Found::Malformed(how) => return Choice::Refused((*how).into()),
                    Found::Token(text) => match chosen {
                        None => chosen = Some(Chosen { text, location, presented_as: *presented_as }),
                        Some(one) if one.text == text => {}
                        Some(_) => return Choice::Refused(AuthError::InvalidRequest(TWO_TOKENS.into())),
                    },
                }
            }
        }
        chosen.map_or(Choice::Nothing, Choice::Token)
    }

    fn names_to_read(&self, location: Location, wanted: Wanted) -> &'static [TokenType] {
        match (location, wanted) {
            (Location::Header | Location::Query, _) => &[TokenType::Access],
            (Location::Json, _) => &[TokenType::Access, TokenType::Refresh],
            (Location::Cookie, Wanted::Access) => &[TokenType::Access],
            (Location::Cookie, Wanted::Refresh) => &[TokenType::Refresh],
            // A browser sends both.
            (Location::Cookie, Wanted::Either) => match self.cookie.access {
                Found::Nothing(_) => &[TokenType::Refresh],
                _ => &[TokenType::Access],
            },
        }
    }

    /// The token in the first of these places that holds one, good or bad: Flask-JWT-Extended's rule.
    pub(crate) fn first(&self, order: &[Location], wanted: Wanted) -> Choice<'_> {
        let presented_as = if wanted == Wanted::Refresh { TokenType::Refresh } else { TokenType::Access };
        for &location in order {
            match self.at(location, presented_as) {
                Found::Nothing(_) => {}
                Found::Malformed(how) => return Choice::Refused((*how).into()),
                Found::Token(text) => return Choice::Token(Chosen { text, location, presented_as }),
            }
        }
        Choice::Nothing
    }
}

/// What a request is told that presents several.
pub(crate) const TWO_TOKENS: &str = "Send one token only, in one place.";

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
            Malformed::Header => return Self::TokenInvalid(TokenFault::NotAToken(Location::Header)),
            Malformed::Prefix => return Self::TokenInvalid(TokenFault::NotAToken(Location::Query)),
            Malformed::NotText => return Self::TokenInvalid(TokenFault::NotAToken(Location::Json)),
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

impl fmt::Debug for Chosen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chosen").field("location", &self.location).finish_non_exhaustive()
    }
}
