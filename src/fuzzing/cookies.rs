//! Cookies: once they are cleaned, every reader sees the same.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use actix_web::cookie::Key;
use actix_web::http::header::COOKIE;
use actix_web::test::TestRequest;
use aws_lc_rs::hmac;

use super::NOW;
use super::headers_and_query::headers;
use crate::bridge::credential::{name_of, pairs};
use crate::bridge::model::BackgroundNotes;
use crate::bridge::session::{BrowserCookies, BrowserSettings, Match, PresentedCookie, RememberKey};
use crate::store::memory::MemoryStore;
use crate::{RememberCookie, RememberRecord, SessionProtection, TrustedProxies};

static BROWSERS: LazyLock<[BrowserSettings; 2]> = LazyLock::new(|| {
    [false, true].map(|tls| BrowserSettings {
        sessions: Arc::new(MemoryStore::default()),
        session_touches: BackgroundNotes::default(),
        cookies: BrowserCookies::new(tls, RememberCookie::new()).expect("names that browsers keep"),
        remember_key: RememberKey::new(hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]), Vec::new()),
        protection: SessionProtection::None,
        proxies: TrustedProxies::default(),
        signing_key: Key::from(&[7; 64]),
        retired_signing_keys: Vec::new(),
        idle_ttl: Duration::from_secs(900),
        absolute_ttl: Duration::from_secs(900),
        remember_ttl: Duration::from_secs(900),
    })
});

/// `Cookie`, a line for each header.
pub fn cookies(input: &[u8]) {
    for browser in &*BROWSERS {
        let names = &browser.cookies;
        let mut headers = headers(COOKIE, input);
        let before = headers.clone();
        let rewritten = browser.rewrite_cookies(&mut headers);
        assert!(rewritten.sessions.is_empty(), "nobody has signed a session cookie");
        let again = browser.rewrite_cookies(&mut headers.clone());
        assert!(!again.changed || pairs(&headers).filter(|pair| is_named(pair, names.remember_name())).count() > 1);
        let mut req = TestRequest::default().to_srv_request();
        *req.headers_mut() = headers.clone();
        let req = req.request();
        let sent = pairs(&headers).filter(|pair| is_named(pair, &names.session)).count();
        assert!(sent <= 1, "two session cookies are left");
        assert!(browser.is_parsed_as_rewritten(req), "two readers see two values");
        let others = |pair: &&[u8]| std::str::from_utf8(pair).is_ok() && !names.matches_when_decoded(name_of(pair));
        let (kept, sent): (Vec<_>, Vec<_>) = (pairs(&headers).collect(), pairs(&before).filter(others).collect());
        assert!(sent.iter().all(|pair| pair.is_empty() || kept.contains(pair)), "a cookie of others is lost");
    }
}

fn is_named(pair: &[u8], name: &str) -> bool {
    name_of(pair) == name.as_bytes()
}

static REMEMBER: LazyLock<(RememberKey, RememberRecord, Vec<String>)> = LazyLock::new(|| {
    let key = RememberKey::new(hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]), Vec::new());
    let mut record = RememberRecord {
        selector: "A".repeat(22),
        validator_hash: [0; 32],
        generation: -1,
        rotated_at: NOW,
        expires_at: NOW + 900,
        confirmed: true,
    };
    let mut issued = Vec::new();
    for _ in 0..4 {
        record = key.successor(&record, NOW);
        issued.push(key.value(&record));
    }
    (key, RememberRecord { confirmed: true, ..record }, issued)
});

/// A remember cookie: means something only if its validator is one that was given out for its generation.
pub fn remember_cookie(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (key, record, issued) = &*REMEMBER;
    let Some(cookie) = PresentedCookie::parse(text) else {
        assert!(!issued.iter().any(|value| value == text), "a cookie of ours cannot be read");
        return;
    };
    assert!(text.is_ascii() && text.split('.').count() == 3 && text.starts_with(cookie.selector));
    if cookie.selector != record.selector {
        return;
    }
    let validator = |value: &str| value.rsplit('.').next().unwrap_or_default().to_owned();
    let generation = |value: &str| value.split('.').nth(1).and_then(|generation| generation.parse::<i64>().ok());
    let same = |value: &&String| validator(value) == validator(text) && generation(value) == generation(text);
    let current = validator(&issued[3]) == validator(text);
    let expected = match issued.iter().position(|value| same(&value)) {
        _ if current => Match::Current,
        Some(2) => Match::Previous,
        Some(_) => Match::Reused,
        None => Match::Forged,
    };
    assert_eq!(key.compare(&cookie, record, NOW + 10, 10), expected);
}
