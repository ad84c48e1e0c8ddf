//! The request loader: finds the tokens that a request presents, if any, and leaves the request as it was.
//!
//! Every declared place is looked at, whatever the others hold: the route, which may look at some of them only, is not
//! known yet. A body is touched only if it says that it is JSON, is not compressed and belongs to a method that has
//! one (or if it is a form that has to prove where it came from); its bytes are handed on unchanged whatever is found
//! in them.

mod body;
mod form;
mod header;
mod json;
mod query;

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::dev::ServiceRequest;

use crate::bridge::credential::find::body::Seen;
use crate::bridge::credential::find::form::Form;
use crate::bridge::credential::locations::Search;
use crate::bridge::credential::presented::{Absence, ByType, Found, Presented};
use crate::bridge::credential::token_cookies::TokenCookies;
use crate::bridge::session::cookies;
use crate::bridge::token::TokenType;

/// What the loader may read.
#[derive(Clone, Debug)]
pub(crate) struct LoaderConfig {
    pub(crate) search: Search,
    pub(crate) json_body_limit: usize,
    pub(crate) body_timeout: Duration,
}

/// The body did not arrive in time.
#[derive(Debug)]
pub(crate) struct BodyTimeout;

/// Whether this request was refused because its body did not arrive in time while the handler read it.
pub(crate) fn body_paused(req: &HttpRequest) -> bool {
    body::has_paused(req)
}

/// Finds the tokens of a request.
pub(crate) async fn find(req: &mut ServiceRequest, config: &LoaderConfig) -> Result<Presented, BodyTimeout> {
    let search = &config.search;
    let mut presented = Presented::default();
    if let Some(place) = &search.header {
        presented.header = header::find(req.headers(), place, search.grammar);
    }
    if let Some(place) = &search.query {
        presented.query = query::find(req.query_string(), place, search.grammar);
    }
    if let Some(names) = &search.cookies {
        presented.cookie = in_cookies(req, names);
    }
    let json = search.json.as_ref().filter(|_| json::may_carry_token(req, search.grammar));
    let form = search.cookies.as_ref().and_then(|names| {
        let form = form::to_be_searched(req, names, &presented.cookie)?;
        Some((form, names))
    });
    if let Some(place) = json {
        let look = |seen: Seen<'_>| json::find(seen, place, search.grammar);
        presented.json = body::peek(req, config.json_body_limit, config.body_timeout, false, look).await?;
    } else if let Some((form, names)) = form {
        let look = |seen: Seen<'_>| form::csrf_fields(&form, seen, names);
        let prefix = matches!(form, Form::Multipart { .. });
        let fields = body::peek(req, config.json_body_limit, config.body_timeout, prefix, look).await?;
        presented.form = Some(Box::new(fields));
    } else {
        if search.json.is_some() {
            let not_json = || Found::Nothing(Absence::NotJson);
            presented.json = ByType { access: not_json(), refresh: not_json() };
        }
        if body::is_there(req) {
            body::limit_pauses(req, config.body_timeout);
        }
    }
    Ok(presented)
}

fn in_cookies(req: &ServiceRequest, names: &TokenCookies) -> ByType {
    let find = |token_type| match cookies::sole_value_of(req.headers(), names.cookie_name(token_type)) {
        None | Some("") => Found::Nothing(Absence::Missing),
        Some(token) => Found::Token(token.to_owned()),
    };
    ByType { access: find(TokenType::Access), refresh: find(TokenType::Refresh) }
}
