//! The choice of the token that authenticates a request, among the tokens that the request presents.

use std::fmt;

use super::presented::{Found, Presented};
use crate::bridge::error::AuthError;
use crate::bridge::model::CredentialLocation;
use crate::bridge::token::TokenType;

/// The type of token that a route accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WantedType {
    Access,
    Refresh,
    Either,
}

impl WantedType {
    /// The type that is read first in a location that has one name for each type of token.
    pub(crate) fn first_type(self) -> TokenType {
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

/// The token that authenticates the request, if there is one.
#[derive(Debug)]
pub(crate) enum Choice<'a> {
    /// No token. A custom credential, the session or the remember cookie may authenticate the request.
    Nothing,
    Token(Chosen<'a>),
    /// Two different tokens. If they belong to one login, the one of the wanted type decides.
    Two([Chosen<'a>; 2]),
    Refused(AuthError),
}

/// A token that was presented and is not yet verified.
#[derive(Clone, Copy)]
pub(crate) struct Chosen<'a> {
    pub(crate) text: &'a str,
    pub(crate) location: CredentialLocation,
    /// The type of token whose name the token was found under. A location without such names counts as access.
    pub(crate) presented_as: TokenType,
}

impl fmt::Debug for Chosen<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chosen").field("location", &self.location).finish_non_exhaustive()
    }
}

/// The error detail for a request that presents several tokens.
pub(crate) const TWO_TOKENS: &str = "Send one token only, in one place.";

/// The only token in these locations. The same token in two locations counts as one token. Two different tokens are
/// verified later, and more are refused (RFC 6750 section 2: one method per request). In a JSON body both names are
/// read, because the verified token states its own type.
pub(super) fn only_token<'p>(presented: &'p Presented, order: &[CredentialLocation], wanted: WantedType) -> Choice<'p> {
    let mut chosen: Option<Chosen<'_>> = None;
    let mut other: Option<Chosen<'_>> = None;
    for &location in order {
        for presented_as in types_to_read(presented, location, wanted) {
            match presented.at(location, *presented_as) {
                Found::Nothing(_) => {}
                Found::Malformed(how) => return Choice::Refused((*how).into()),
                Found::Token(text) => {
                    let found = Chosen { text, location, presented_as: *presented_as };
                    match (chosen, other) {
                        (None, _) => chosen = Some(found),
                        (Some(one), _) if one.text == text => {}
                        (_, Some(two)) if two.text == text => {}
                        (Some(_), None) => other = Some(found),
                        (Some(_), Some(_)) => return Choice::Refused(AuthError::InvalidRequest(TWO_TOKENS.into())),
                    }
                }
            }
        }
    }
    match (chosen, other) {
        (None, _) => Choice::Nothing,
        (Some(token), None) => Choice::Token(token),
        (Some(one), Some(two)) => Choice::Two([one, two]),
    }
}

fn types_to_read(presented: &Presented, location: CredentialLocation, wanted: WantedType) -> &'static [TokenType] {
    match (location, wanted) {
        (CredentialLocation::Header | CredentialLocation::Query, _) => &[TokenType::Access],
        (CredentialLocation::Json, _) => &[TokenType::Access, TokenType::Refresh],
        (CredentialLocation::Cookie, WantedType::Access) => &[TokenType::Access],
        (CredentialLocation::Cookie, WantedType::Refresh) => &[TokenType::Refresh],
        // A browser sends both cookies. The refresh token counts only if there is no access token.
        (CredentialLocation::Cookie, WantedType::Either) => match presented.cookie.access {
            Found::Nothing(_) => &[TokenType::Refresh],
            _ => &[TokenType::Access],
        },
    }
}

/// The token in the first of these locations that holds one, valid or not: the rule of Flask-JWT-Extended.
pub(super) fn first_token<'p>(
    presented: &'p Presented,
    order: &[CredentialLocation],
    wanted: WantedType,
) -> Choice<'p> {
    let presented_as = wanted.first_type();
    for &location in order {
        match presented.at(location, presented_as) {
            Found::Nothing(_) => {}
            Found::Malformed(how) => return Choice::Refused((*how).into()),
            Found::Token(text) => return Choice::Token(Chosen { text, location, presented_as }),
        }
    }
    Choice::Nothing
}
