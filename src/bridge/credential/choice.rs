//! Of the tokens that a request presents, the one that decides.

use std::fmt;

use super::presented::{Found, Presented};
use crate::bridge::error::AuthError;
use crate::bridge::model::CredentialLocation;
use crate::bridge::token::TokenType;

/// Which type of token is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WantedType {
    Access,
    Refresh,
    Either,
}

impl WantedType {
    /// The name under which places that have a name for each type of token are read first.
    pub(crate) fn name(self) -> TokenType {
        match self {
            Self::Refresh => TokenType::Refresh,
            Self::Access | Self::Either => TokenType::Access,
        }
    }

    /// Refuses a token of the other type.
    pub(crate) fn check(self, token_type: TokenType) -> Result<(), AuthError> {
        let wanted = match self {
            Self::Either => return Ok(()),
            Self::Access => TokenType::Access,
            Self::Refresh => TokenType::Refresh,
        };
        if token_type == wanted { Ok(()) } else { Err(AuthError::TokenWrongType { wanted }) }
    }
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
    pub(crate) location: CredentialLocation,
    /// What it was presented as, where places have a name for each type.
    pub(crate) presented_as: TokenType,
}

impl fmt::Debug for Chosen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chosen").field("location", &self.location).finish_non_exhaustive()
    }
}

/// The refusal of a request that presents several tokens.
pub(crate) const TWO_TOKENS: &str = "Send one token only, in one place.";

/// The token in these places. Two different ones are refused (RFC 6750 section 2: one method a request); the same one
/// twice is one token. Which of its two names the body uses is not asked: the token's own type will tell.
pub(super) fn only_one<'p>(presented: &'p Presented, order: &[CredentialLocation], wanted: WantedType) -> Choice<'p> {
    let mut chosen: Option<Chosen<'_>> = None;
    for &location in order {
        for presented_as in names_to_read(presented, location, wanted) {
            match presented.at(location, *presented_as) {
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

fn names_to_read(presented: &Presented, location: CredentialLocation, wanted: WantedType) -> &'static [TokenType] {
    match (location, wanted) {
        (CredentialLocation::Header | CredentialLocation::Query, _) => &[TokenType::Access],
        (CredentialLocation::Json, _) => &[TokenType::Access, TokenType::Refresh],
        (CredentialLocation::Cookie, WantedType::Access) => &[TokenType::Access],
        (CredentialLocation::Cookie, WantedType::Refresh) => &[TokenType::Refresh],
        // A browser sends both.
        (CredentialLocation::Cookie, WantedType::Either) => match presented.cookie.access {
            Found::Nothing(_) => &[TokenType::Refresh],
            _ => &[TokenType::Access],
        },
    }
}

/// The token in the first of these places that holds one, valid or not: Flask-JWT-Extended's rule.
pub(super) fn first<'p>(presented: &'p Presented, order: &[CredentialLocation], wanted: WantedType) -> Choice<'p> {
    let presented_as = wanted.name();
    for &location in order {
        match presented.at(location, presented_as) {
            Found::Nothing(_) => {}
            Found::Malformed(how) => return Choice::Refused((*how).into()),
            Found::Token(text) => return Choice::Token(Chosen { text, location, presented_as }),
        }
    }
    Choice::Nothing
}
