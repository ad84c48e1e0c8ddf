//! Explains a resolution. It looks again at what the request presents, so that requests that are not explained pay nothing.

use actix_web::{HttpMessage as _, HttpRequest};

use super::engine::Engine;
use super::explanation::{ExplainedPlace, Explanation};
use super::principal::Principal;
use super::requirement::Requirement;
use super::resolution::Verdict;
use super::two_tokens;
use crate::bridge::credential::{Choice, Found, Presented, raw_cookies};
use crate::bridge::error::AuthError;
use crate::bridge::model::{CredentialLocation, UnixTime, Via, seconds};
use crate::bridge::session::SeveralSessions;
use crate::bridge::token::{ApiTokenText, TokenType, VerifiedToken, VerifiedTokenCache, unverified_header};

const EVERYWHERE: [CredentialLocation; 4] =
    [CredentialLocation::Header, CredentialLocation::Query, CredentialLocation::Json, CredentialLocation::Cookie];
const CUSTOM: &str = "custom";
const SESSION_COOKIE: &str = "session_cookie";
const REMEMBER_COOKIE: &str = "remember_cookie";

/// Explains the verdict on a request under a requirement. `token`: the last token of the request whose signature is valid.
pub(crate) fn explain(
    engine: &Engine,
    cache: &VerifiedTokenCache,
    presented: &Presented,
    requirement: &Requirement,
    req: &HttpRequest,
    verdict: &Verdict,
    token: Option<&VerifiedToken>,
) -> Explanation {
    let chosen = match two_tokens::choose(engine, cache, presented, requirement, req) {
        Choice::Token(token) => Some((token.location, token.presented_as)),
        Choice::Nothing | Choice::Two(_) | Choice::Refused(_) => None,
    };
    let mut places = Vec::new();
    let mut decided_by = None;
    for (location, token_type, found) in declared(engine, presented) {
        let decides = chosen == Some((location, token_type));
        if decides {
            decided_by = Some(location.as_str());
        }
        let is_read = requirement.locations.as_ref().unwrap_or(&engine.reader.search.order).contains(&location);
        places.push(place_of_token(location, found, decides, is_read));
    }
    if engine.reader.custom.is_some() {
        let decides = presented.custom.is_some() && chosen.is_none();
        decided_by = decided_by.or(decides.then_some(CUSTOM));
        places.push(place(CUSTOM, "credential", presented.custom.is_some(), (!decides).then_some("token_decides")));
    }
    let principal = match verdict {
        Verdict::Accepted(principal) => Some(&**principal),
        Verdict::Absent(_) | Verdict::Rejected(_) => None,
    };
    for (name, is_sent, decides) in cookies(engine, presented, req, principal) {
        let why_not = if presented.has_token() {
            "token_decides"
        } else if principal.is_some() {
            "session_decides"
        } else {
            // Invalid, or its login is over: the code says more.
            "names_no_live_login"
        };
        decided_by = decided_by.or(decides.then_some(name));
        places.push(place(name, "cookie", is_sent, (!decides).then_some(why_not)));
    }
    let error = match verdict {
        Verdict::Absent(error) | Verdict::Rejected(error) => Some(error),
        Verdict::Accepted(_) => None,
    };
    let refused_token = token.filter(|_| principal.is_none());
    Explanation {
        outcome: match verdict {
            Verdict::Accepted(_) => "accepted",
            Verdict::Absent(_) => "anonymous",
            Verdict::Rejected(_) => "refused",
        },
        decided_by,
        places,
        identity: principal.map(|found| &found.identity).or(refused_token.map(|token| &token.sub)).cloned(),
        login_id: match principal {
            Some(principal) => principal.login_id.as_ref().map(|id| id.as_str().to_owned()),
            None => refused_token.and_then(|token| token.sid.clone()),
        },
        api_token_id: principal.and_then(|principal| principal.api_token().map(|token| token.id.to_string())),
        fresh_until: principal.and_then(|principal| fresh_until(engine, principal)),
        code: error.map(AuthError::code),
        reason: error.map(ToString::to_string),
    }
}

/// The locations of tokens that are declared, first those of all routes in their order, with what is there. A location with
/// one name for each type of token is listed once if it holds nothing.
fn declared<'p>(engine: &Engine, presented: &'p Presented) -> Vec<(CredentialLocation, TokenType, &'p Found)> {
    let mut all = Vec::new();
    let search = &engine.reader.search;
    let of_single_routes =
        EVERYWHERE.iter().filter(|location| search.is_declared(**location) && !search.order.contains(location));
    for &location in search.order.iter().chain(of_single_routes) {
        let access = presented.at(location, TokenType::Access);
        let has_two_names = matches!(location, CredentialLocation::Json | CredentialLocation::Cookie);
        let refresh = presented.at(location, TokenType::Refresh);
        let finds_refresh = has_two_names && !matches!(refresh, Found::Nothing(_));
        if !finds_refresh || !matches!(access, Found::Nothing(_)) {
            all.push((location, TokenType::Access, access));
        }
        if finds_refresh {
            all.push((location, TokenType::Refresh, refresh));
        }
    }
    all
}

fn place_of_token(location: CredentialLocation, found: &Found, decides: bool, is_read: bool) -> ExplainedPlace {
    let (found, token_type, why_not) = match found {
        Found::Nothing(absence) => ("nothing", None, absence.as_str()),
        Found::Malformed(how) => ("malformed", None, how.as_str()),
        Found::Token(text) => {
            ("token", Some(stated_type(text)), if is_read { "other_decides" } else { "not_read_here" })
        }
    };
    ExplainedPlace { place: location.as_str(), found, token_type, why_not: (!decides).then_some(why_not) }
}

/// The type that the header of a token states, or that it is an API token.
fn stated_type(text: &str) -> &'static str {
    if ApiTokenText::is_meant_by(text) {
        return "api_token";
    }
    let header = unverified_header(text).ok();
    match header.as_ref().and_then(|header| header.get("typ")?.as_str()) {
        Some("at+jwt") => "access",
        Some("rt+jwt") => "refresh",
        _ => "other",
    }
}

/// The cookies of browsers: the name, whether it was sent, and whether it decided.
fn cookies(
    engine: &Engine,
    presented: &Presented,
    req: &HttpRequest,
    principal: Option<&Principal>,
) -> [(&'static str, bool, bool); 2] {
    let names = &engine.browser.cookies;
    let is_sent = |name: &str| raw_cookies::value_of(req.headers(), name).is_some();
    let via = principal.map(|principal| principal.via).filter(|_| !presented.has_token());
    let session = is_sent(&names.session) || req.extensions().contains::<SeveralSessions>();
    [
        (SESSION_COOKIE, session, session && via == Some(Via::Session)),
        (REMEMBER_COOKIE, is_sent(names.remember_name()), via == Some(Via::Remember)),
    ]
}

fn place(name: &'static str, found: &'static str, is_sent: bool, why_not: Option<&'static str>) -> ExplainedPlace {
    let (found, why_not) = if is_sent { (found, why_not) } else { ("nothing", Some("missing")) };
    ExplainedPlace { place: name, found, token_type: None, why_not }
}

/// Until when the principal is or was fresh. Without a login its token says for itself whether it is fresh.
fn fresh_until(engine: &Engine, principal: &Principal) -> Option<UnixTime> {
    principal.login_id.as_ref()?;
    Some(principal.proof.authenticated_at()?.saturating_add(seconds(engine.fresh_window)))
}
