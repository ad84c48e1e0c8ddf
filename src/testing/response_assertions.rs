//! Assertions about responses.

use actix_web::dev::ServiceResponse;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderName, SET_COOKIE, VARY};

/// Asserts that a response sets no cookie, of the bridge or otherwise.
///
/// # Panics
///
/// When it does. The message names the cookie without its value.
#[track_caller]
pub fn assert_no_cookies<B>(res: &ServiceResponse<B>) {
    let names: Vec<_> = res.headers().get_all(SET_COOKIE).map(|set| name_of(set.as_bytes())).collect();
    assert!(names.is_empty(), "{} sets the cookie {}, and should set none", described(res), names.join(" and "));
}

/// Asserts that a response is silent, as the response to every token must be: it
/// [sets no cookie](assert_no_cookies), must not be cached (`Cache-Control: no-store`), and varies by credential
/// (`Vary: Authorization, Cookie`).
///
/// # Panics
///
/// When it is not.
#[track_caller]
pub fn assert_silent<B>(res: &ServiceResponse<B>) {
    assert_no_cookies(res);
    let names = |header| listed(res.headers(), &header);
    assert!(
        names(CACHE_CONTROL).iter().any(|directive| directive == "no-store"),
        "{} may be kept by caches: its Cache-Control should be no-store",
        described(res)
    );
    let vary = names(VARY);
    for name in ["authorization", "cookie"] {
        assert!(
            vary.iter().any(|varies| varies == name || varies == "*"),
            "{} does not say that it depends on who asked: its Vary should name {name}",
            described(res)
        );
    }
}

fn described<B>(res: &ServiceResponse<B>) -> String {
    let req = res.request();
    format!("the response {} to {} {}", res.status().as_u16(), req.method(), req.path())
}

fn name_of(set: &[u8]) -> String {
    String::from_utf8_lossy(set.split(|byte| *byte == b'=').next().unwrap_or_default()).into_owned()
}

/// The elements of a list header in lower case (RFC 9110 section 5.6.1).
fn listed(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let lines = headers.get_all(name).filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(|element| element.trim().to_ascii_lowercase()).collect()
}
