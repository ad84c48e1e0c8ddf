//! Finds the tokens that a request presents and leaves the request unchanged.
//!
//! Every declared location is read, because the route, which may accept only some of them, is not known yet. A body is
//! read if it is JSON or a URL-encoded form, or a multipart form that may hold the double submit. What the handler can
//! decode is decoded here too. The handler receives the bytes of the body unchanged.

pub(crate) mod body;
mod decode;
mod form;
mod header;
mod json;
mod kind;
pub(crate) mod query;
pub(crate) mod strict;

use actix_web::dev::ServiceRequest;

use super::find::body::{BodyLimits, BodyTimeout, Seen};
use super::find::decode::Encoding;
use super::find::form::Form;
use super::grammar::{BodyKind, JsonPlace};
use super::presented::{Absence, BodyFinding, ByType, Found, Presented};
use super::raw_cookies;
use super::search::Search;
use super::token_cookies::TokenCookies;
use super::unread;
use crate::bridge::error::BodyFault;
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
        find_in_cookies(req, names, &mut presented);
    }
    search_body(req, search, limits, &mut presented).await?;
    Ok(presented)
}

/// Searches the body, if it is JSON or a form. The futures that read it are boxed, because most requests have no body.
async fn search_body(
    req: &mut ServiceRequest,
    search: &Search,
    limits: BodyLimits,
    presented: &mut Presented,
) -> Result<(), BodyTimeout> {
    let strict = search.grammar.is_strict();
    // Beside a token in a header, the body is searched only where it could hold another one.
    let by_header = !matches!(presented.header, Found::Nothing(_));
    let has_body = body::has_body(req);
    let kind = if strict && !has_body { None } else { search.grammar.body_kind(req) };
    let names = search.cookies.as_ref();
    let form = names.and_then(|names| Some((form::form_to_search(req, names, &presented.cookie)?, names)));
    if search.json.is_some() && kind != Some(BodyKind::Json) {
        let not_json = || Found::Nothing(Absence::NotJson);
        presented.json = ByType { access: not_json(), refresh: not_json() };
    }
    let unexpected = strict && kind::is_unexpected(req.method());
    let encoding = if strict { Encoding::of(req.headers()) } else { Encoding::Plain };
    let limit = limits.max_bytes;
    match (kind, form) {
        (Some(BodyKind::Ambiguous), _) => {
            presented.body = Some(Box::new(BodyFinding::Fault(BodyFault::ContentTypes)));
            body::limit_time(req, limits.time).await;
        }
        (Some(BodyKind::Json), _) if (search.json.is_some() && !unexpected) || (strict && !by_header) => {
            let place = search.json.as_ref().filter(|_| !unexpected);
            let look = |seen: Seen<'_>| look_in_json(&decode::whole(seen, encoding, limit)?, search, place, by_header);
            match Box::pin(body::peek(req, limits, false, look)).await? {
                Ok((tokens, unread)) => {
                    presented.json = tokens;
                    presented.body = unread_finding(unread);
                }
                Err(fault) => presented.body = Some(Box::new(BodyFinding::Fault(fault))),
            }
        }
        (_, Some((Form::Multipart { boundary }, names))) => {
            let form = Form::Multipart { boundary };
            let look = |seen: Seen<'_>| form::csrf_fields(&form, seen, names);
            let fields = Box::pin(body::peek(req, limits, true, look)).await?;
            presented.form = Some(Box::new(fields));
        }
        (Some(BodyKind::UrlEncodedForm), form) if form.is_some() || (strict && !by_header) => {
            let look = |seen: Seen<'_>| {
                let body = decode::whole(seen, encoding, limit)?;
                if strict && !form::is_utf8(&body) {
                    return Err(BodyFault::NotUtf8);
                }
                let fields = form.map(|(form, names)| form::csrf_fields(&form, Seen::Whole(&body), names));
                let unread = if strict && !by_header { unread::in_form(&body) } else { Vec::new() };
                Ok((fields, unread))
            };
            match Box::pin(body::peek(req, limits, false, look)).await? {
                Ok((fields, unread)) => {
                    presented.form = fields.map(Box::new);
                    presented.body = unread_finding(unread);
                }
                Err(fault) => presented.body = Some(Box::new(BodyFinding::Fault(fault))),
            }
        }
        (_, Some((form, names))) => {
            let look = |seen: Seen<'_>| form::csrf_fields(&form, seen, names);
            let fields = Box::pin(body::peek(req, limits, false, look)).await?;
            presented.form = Some(Box::new(fields));
        }
        _ => {
            if has_body {
                body::limit_time(req, limits.time).await;
            }
            return Ok(());
        }
    }
    if matches!(encoding, Encoding::Coded(_)) {
        decode::hand_on_in_pieces(req);
    }
    Ok(())
}

fn unread_finding(texts: Vec<String>) -> Option<Box<BodyFinding>> {
    (!texts.is_empty()).then(|| Box::new(BodyFinding::Unread(texts)))
}

/// The tokens in a JSON body, and the tokens that it holds elsewhere than in the declared members. The latter are searched
/// for only if nothing else authenticates.
fn look_in_json(
    body: &[u8],
    search: &Search,
    place: Option<&JsonPlace>,
    by_header: bool,
) -> Result<(ByType, Vec<String>), BodyFault> {
    let tokens = search.grammar.json(body, place)?;
    let is_nothing = |found: &Found| matches!(found, Found::Nothing(_));
    let unread = search.grammar.is_strict() && !by_header && is_nothing(&tokens.access) && is_nothing(&tokens.refresh);
    Ok((tokens, if unread { unread::in_json(body) } else { Vec::new() }))
}

/// The number of different values of one cookie that are verified.
const MAX_VALUES: usize = 32;

/// Finds the tokens in cookies. If a cookie has several values, the first stands for them until one is chosen.
fn find_in_cookies(req: &ServiceRequest, names: &TokenCookies, presented: &mut Presented) {
    let mut find = |token_type| {
        let values = raw_cookies::values_of(req.headers(), names.cookie_name(token_type));
        let mut values = values.filter(|value| !value.is_empty());
        let Some(first) = values.next() else { return Found::Nothing(Absence::Missing) };
        let mut all = Vec::new();
        for value in values.filter(|value| *value != first) {
            if all.is_empty() {
                all.push(first.to_owned());
            }
            if all.len() < MAX_VALUES && !all.iter().any(|other| other == value) {
                all.push(value.to_owned());
            }
        }
        if !all.is_empty() {
            presented.repeated_cookies.push((token_type, all));
        }
        Found::Token(first.to_owned())
    };
    let (access, refresh) = (find(TokenType::Access), find(TokenType::Refresh));
    presented.cookie = ByType { access, refresh };
}
