//! The choice between two tokens of one login, such as an access token in the header and a refresh token in the body.

use actix_web::HttpRequest;

use super::by_token;
use super::engine::Engine;
use super::requirement::Requirement;
use crate::bridge::credential::{Choice, Chosen, Presented, TWO_TOKENS, WantedType};
use crate::bridge::error::AuthError;
use crate::bridge::token::{TokenType, VerifiedTokenCache};

/// The token that decides under a requirement. Of two tokens of one login it is the one of the wanted type. Two tokens of
/// different logins are refused, also if one of them is invalid.
pub(crate) fn choose<'p>(
    engine: &Engine,
    cache: &VerifiedTokenCache,
    presented: &'p Presented,
    requirement: &Requirement,
    req: &HttpRequest,
) -> Choice<'p> {
    let locations = requirement.locations.as_deref();
    let choice = engine.reader.search.choose(presented, locations, requirement.wanted, requirement.unsearched_body);
    let Choice::Two(two) = choice else { return choice };
    let wanted = match requirement.wanted {
        WantedType::Access => Some(TokenType::Access),
        WantedType::Refresh => Some(TokenType::Refresh),
        WantedType::Either => None,
    };
    let verify = |token: &Chosen<'_>| {
        let verified = by_token::verify(engine, cache, presented, req, token, engine.clock.now());
        verified.ok().map(|verified| verified.token)
    };
    let verified = [verify(&two[0]), verify(&two[1])];
    if let ([Some(one), Some(other)], Some(wanted)) = (&verified, wanted)
        && one.sid.is_some()
        && one.sid == other.sid
        && one.sub == other.sub
        && one.token_type != other.token_type
    {
        return Choice::Token(if one.token_type == wanted { two[0] } else { two[1] });
    }
    Choice::Refused(AuthError::InvalidRequest(TWO_TOKENS.into()))
}
