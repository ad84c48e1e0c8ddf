//! Cookies: once they are cleaned, every reader sees the same.

use std::sync::LazyLock;

use actix_web::http::header::COOKIE;
use actix_web::test::TestRequest;
use aws_lc_rs::hmac;

use super::NOW;
use super::headers_and_query::headers;
use crate::bridge::credential::{name_of, pairs, value_of};
use crate::bridge::session::{BrowserCookies, Match, PresentedCookie, RememberKey};
use crate::{RememberCookie, RememberRecord};

static NAMES: LazyLock<[BrowserCookies; 2]> = LazyLock::new(|| {
    [false, true].map(|tls| BrowserCookies::new(tls, RememberCookie::new()).expect("names that browsers keep"))
});

/// `Cookie`, a line for each header.
pub fn cookies(input: &[u8]) {
    for names in &*NAMES {
        let mut headers = headers(COOKIE, input);
        let before = headers.clone();
        let cleaned = names.remove_ambiguous(&mut headers);
        assert!(!names.remove_ambiguous(&mut headers.clone()), "cleaning it twice is cleaning it more");
        let mut req = TestRequest::default().to_srv_request();
        *req.headers_mut() = headers.clone();
        let req = req.request();
        for name in [&*names.session, names.remember_name()] {
            let sent = pairs(&headers).filter(|pair| name_of(pair) == name.as_bytes()).count();
            assert!(sent <= 1 && !(cleaned && sent > 0), "a cookie of ours is there that may be another's");
            let ours = value_of(&headers, name);
            let Ok(listed) = req.cookies() else { continue };
            let listed: Vec<_> = listed.iter().filter(|cookie| cookie.name() == name).collect();
            assert!(listed.len() <= sent, "an alias is left");
            if let [listed] = listed[..] {
                let ours = ours.expect("a cookie that actix-web lists");
                let decoded = percent_encoding::percent_decode_str(ours).decode_utf8_lossy();
                assert!(listed.value() == ours || listed.value() == decoded, "two readers see two values");
            }
        }
        assert!(names.any_in_headers(&headers) || !names.any_in_parsed_list(req), "only actix-web sees our cookie");
        let decoded = |pair: &[u8]| percent_encoding::percent_decode(name_of(pair)).decode_utf8_lossy().into_owned();
        let others = |pair: &&[u8]| ![&*names.session, names.remember_name()].contains(&decoded(pair).trim());
        let (kept, sent): (Vec<_>, Vec<_>) = (pairs(&headers).collect(), pairs(&before).filter(others).collect());
        assert!(sent.iter().all(|pair| pair.is_empty() || kept.contains(pair)), "a cookie of others is lost");
    }
}

static REMEMBER: LazyLock<(RememberKey, RememberRecord, Vec<String>)> = LazyLock::new(|| {
    let key = RememberKey::new(hmac::Key::new(hmac::HMAC_SHA256, &[7; 32]));
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
