//! The refusal of requests with a token of ours in a place that is not read.
//!
//! Such a token does not authenticate. But "nothing was sent" would be wrong: a logout must not succeed while the token
//! stays valid, and a cookie must not decide beside a body that names another user.

use actix_web::HttpRequest;
use actix_web::http::Method;

use super::engine::Engine;
use crate::bridge::credential::{Csrf, Presented, Search, unread};
use crate::bridge::error::AuthError;

/// Whether a text is a token of this bridge, an API token, or an external one that is accepted.
fn is_ours(engine: &Engine, text: &str) -> bool {
    let external = || {
        let external = engine.external.as_ref()?;
        external.verify(text, engine.clock.now(), Csrf::NotNeeded).ok()
    };
    engine.api_tokens_for(text).is_some() || engine.tokens.verifier.has_own_type(text) || external().is_some()
}

/// Where the body has a token that is not read, as a sentence.
pub(super) fn in_body(engine: &Engine, presented: &Presented, method: &Method) -> Option<String> {
    let texts = presented.unread().iter().map(String::as_str);
    let found = unread::any_is_ours(texts, |text| is_ours(engine, text));
    found.then(|| sentence(&engine.reader.search, &format!("the body of this {method} request")))
}

/// Where the request has a token that is not read, as a sentence. It must be called only for a request without a token,
/// because it searches everywhere.
pub(crate) fn anywhere(engine: &Engine, presented: &Presented, req: &HttpRequest) -> Option<String> {
    let search = &engine.reader.search;
    if !search.grammar.is_strict() {
        return None;
    }
    let is_ours = |text: &str| is_ours(engine, text);
    if let Some(name) = unread::in_headers(req.headers(), &is_ours) {
        return Some(sentence(search, &format!("the header `{name}`")));
    }
    if unread::is_in_query(req.query_string(), &is_ours) {
        return Some(sentence(search, "the query"));
    }
    in_body(engine, presented, req.method())
}

/// The refusal of a handler that needs a login: it names the token that was not read.
pub(crate) fn explain(error: AuthError, engine: &Engine, presented: &Presented, req: &HttpRequest) -> AuthError {
    match error {
        AuthError::LoginRequired => match anywhere(engine, presented, req) {
            Some(detail) => AuthError::TokenNotRead(detail.into()),
            None => AuthError::LoginRequired,
        },
        other => other,
    }
}

fn sentence(search: &Search, place: &str) -> String {
    format!("There is a token in {place}, where it is not read as such. Send it {}.", search.describe_places())
}
