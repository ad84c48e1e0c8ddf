//! What is looked for in bodies, and that they reach the handler as they came.

use std::time::Duration;

use actix_web::HttpMessage as _;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, COOKIE, HeaderValue};
use actix_web::rt::Runtime;
use actix_web::test::TestRequest;
use actix_web::web::Bytes;
use futures_util::{StreamExt as _, stream};
use serde::Deserialize;

use super::first_line;
use crate::bridge::credential::{BodyLimits, CredentialReader, Found, Presented};
use crate::{CredentialLocation, TokenCookies, TokenLocations, TrustedProxies};

/// No larger body is searched.
const LIMIT: usize = 1024;

thread_local! {
    static RUNTIME: Runtime = Runtime::new().expect("a runtime");
    static JSON: CredentialReader = reader(CredentialLocation::Json);
    static COOKIES: CredentialReader = reader(CredentialLocation::Cookie);
}

fn reader(location: CredentialLocation) -> CredentialReader {
    let cookies = TokenCookies::default().access_cookie("token", "/").check_form(true);
    let search = TokenLocations::new(&[location]).cookies(cookies).search(false).expect("names that are right");
    let limits = BodyLimits { max_bytes: LIMIT, time: Duration::from_secs(3600) };
    CredentialReader { search, limits, custom: None, own_origin: None, proxies: TrustedProxies::default() }
}

/// A request with a body that comes in two chunks.
fn request(content_type: HeaderValue, body: &[u8], cut: usize, announced: bool) -> ServiceRequest {
    let mut req = TestRequest::post().insert_header((CONTENT_TYPE, content_type)).insert_header((COOKIE, "token=t"));
    if announced {
        req = req.insert_header((CONTENT_LENGTH, body.len()));
    } else {
        req = req.insert_header(("transfer-encoding", "chunked"));
    }
    let (one, two) = body.split_at(cut.min(body.len()));
    let chunks = [one, two].into_iter().filter(|chunk| !chunk.is_empty()).map(Bytes::copy_from_slice);
    let chunks: Vec<Result<Bytes, PayloadError>> = chunks.map(Ok).collect();
    let mut req = req.to_srv_request();
    req.set_payload(Payload::Stream { payload: Box::pin(stream::iter(chunks)) });
    req
}

/// What a request presents, however its body is cut; and all of its body is there afterwards.
fn presented(reader: &CredentialReader, content_type: &HeaderValue, cut: usize, body: &[u8]) -> Presented {
    RUNTIME.with(|runtime| {
        runtime.block_on(async {
            let mut req = request(content_type.clone(), body, cut, cut.is_multiple_of(2));
            let presented = reader.read(&mut req).await.expect("a body that is in time");
            let chunks: Vec<_> = req.take_payload().collect().await;
            let left: Vec<u8> = chunks.into_iter().flat_map(|chunk| chunk.expect("a chunk")).collect();
            assert_eq!(left, body, "the handler gets another body");
            presented
        })
    })
}

/// A JSON body after a byte that says where it is cut: what it presents is what a handler would read.
pub fn json_body(input: &[u8]) {
    let [cut, body @ ..] = input else { return };
    let content_type = HeaderValue::from_static("application/json");
    let presented = JSON.with(|reader| presented(reader, &content_type, usize::from(*cut), body));
    if body.len() > LIMIT {
        assert!(!presented.has_token(), "a body is searched that is too large");
        return;
    }
    #[derive(Deserialize)]
    struct Access {
        access_token: Option<String>,
    }
    #[derive(Deserialize)]
    struct Refresh {
        refresh_token: Option<String>,
    }
    // Such structs can be read from arrays too. That is not a body that presents anything.
    let is_object = body.trim_ascii_start().starts_with(b"{");
    let access = serde_json::from_slice(body).map(|Access { access_token }| access_token).ok();
    let refresh = serde_json::from_slice(body).map(|Refresh { refresh_token }| refresh_token).ok();
    // If one member is no text, neither is looked for.
    let both = access.is_some() && refresh.is_some();
    for (found, read) in [(&presented.json.access, access), (&presented.json.refresh, refresh)] {
        match (found, read.filter(|_| is_object)) {
            (Found::Token(token), Some(Some(read))) => assert_eq!(*token, read),
            (Found::Token(_), _) => panic!("a token that no handler reads"),
            (Found::Nothing(_), Some(Some(_))) => panic!("a token that a handler reads is overlooked"),
            (Found::Malformed(_), Some(_)) if both => panic!("handlers read what we call malformed"),
            _ => {}
        }
    }
}

/// An URL-encoded form after a byte that says where it is cut: its field is what a handler would read.
pub fn form(input: &[u8]) {
    let [cut, body @ ..] = input else { return };
    let content_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    let presented = COOKIES.with(|reader| presented(reader, &content_type, usize::from(*cut), body));
    if presented.body_fault().is_some() {
        return;
    }
    let field = presented.form.and_then(|form| form.access);
    let pairs = url::form_urlencoded::parse(body);
    let values: Vec<_> = pairs.filter(|(name, _)| name == "csrf_token").map(|(_, value)| value).collect();
    match field {
        Some(field) => assert!(values == [&*field] && !field.is_empty() && body.len() <= LIMIT),
        None => assert!(values.len() != 1 || values[0].is_empty() || body.is_empty() || body.len() > LIMIT),
    }
}

/// A `Content-Type`, and in the next line a byte that says where the body is cut, and the body: its field is one that it
/// names, and holds no delimiter.
pub fn multipart(input: &[u8]) {
    let (content_type, rest) = first_line(input);
    let (Ok(content_type), [cut, body @ ..]) = (HeaderValue::from_bytes(content_type), rest) else { return };
    let found = |cut| {
        let presented = COOKIES.with(|reader| presented(reader, &content_type, cut, body));
        presented.form.and_then(|form| form.access)
    };
    let field = found(usize::from(*cut));
    // One byte less and the length is announced, one more and it is not.
    assert_eq!(field, found(usize::from(*cut) + 1), "the field depends on how the body is cut");
    let Some(field) = field else { return };
    let content_type = content_type.to_str().expect("text").to_ascii_lowercase();
    if content_type.trim_start().starts_with("multipart/") {
        let holds = |part: &[u8]| body[..body.len().min(LIMIT)].windows(part.len()).any(|window| window == part);
        assert!(holds(b"csrf_token") && holds(field.as_bytes()) && !field.is_empty());
        assert!(holds(format!("\r\n\r\n{field}\r\n--").as_bytes()), "the field goes on or begins before");
    }
}
