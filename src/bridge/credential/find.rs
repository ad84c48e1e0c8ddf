//! Finds the tokens that a request presents and leaves the request unchanged.
//!
//! Every declared location is read, because the route, which may accept only some of them, is not known yet. A body is
//! read only in two cases: it is uncompressed JSON of a method that has a body, or it is a form that may hold the
//! double submit. The handler receives the bytes of the body unchanged.

pub(crate) mod body;
mod form;
mod header;
mod json;
pub(crate) mod query;
pub(crate) mod strict;

use actix_web::dev::ServiceRequest;

use super::find::body::{BodyLimits, BodyTimeout, Seen};
use super::find::form::Form;
use super::presented::{Absence, ByType, Found, Presented};
use super::raw_cookies;
use super::search::Search;
use super::token_cookies::TokenCookies;
use crate::bridge::token::TokenType;

/// Finds the tokens of a request.
pub(crate) async fn find(
    req: &mut ServiceRequest,
    search: &Search,
    limits: BodyLimits,
) -> Result<Presented, BodyTimeout> {
    let mut presented = Presented::default();
    if let Some(place) = &search.header {
        presented.header = search.grammar.header(req.headers(), place);
    }
    if let Some(place) = &search.query {
        presented.query = search.grammar.query(req.query_string(), place);
    }
    if let Some(names) = &search.cookies {
        presented.cookie = find_in_cookies(req, names);
    }
    let json = search.json.as_ref().filter(|_| search.grammar.may_carry_json(req));
    let form = search.cookies.as_ref().and_then(|names| {
        let form = form::form_to_search(req, names, &presented.cookie)?;
        Some((form, names))
    });
    if let Some(place) = json {
        let look = |seen: Seen<'_>| match seen {
            Seen::Whole(body) => search.grammar.json(body, place),
            Seen::Beginning(_) => ByType::default(),
        };
        presented.json = body::peek(req, limits, false, look).await?;
    } else if let Some((form, names)) = form {
        let look = |seen: Seen<'_>| form::csrf_fields(&form, seen, names);
        let prefix = matches!(form, Form::Multipart { .. });
        let fields = body::peek(req, limits, prefix, look).await?;
        presented.form = Some(Box::new(fields));
    } else {
        if search.json.is_some() {
            let not_json = || Found::Nothing(Absence::NotJson);
            presented.json = ByType { access: not_json(), refresh: not_json() };
        }
        if body::has_body(req) {
            body::limit_time(req, limits.time);
        }
    }
    Ok(presented)
}

fn find_in_cookies(req: &ServiceRequest, names: &TokenCookies) -> ByType {
    let find = |token_type| match raw_cookies::sole_value_of(req.headers(), names.cookie_name(token_type)) {
        None | Some("") => Found::Nothing(Absence::Missing),
        Some(token) => Found::Token(token.to_owned()),
    };
    ByType { access: find(TokenType::Access), refresh: find(TokenType::Refresh) }
}
