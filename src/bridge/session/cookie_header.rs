//! The rewriting of the `Cookie` header, so that all readers inside the bridge see the same cookies of ours.
//!
//! There are two readers. The bridge compares raw names. actix-session uses the list that actix-web parses: it decodes
//! `%xx` in names, it takes the first cookie of a name, and it has no cookies at all if one of them is not UTF-8. So a
//! cookie of another host can hide ours from one of them:
//!
//! - an alias: a name that equals one of ours after decoding, such as `__%48ost-…`;
//! - a second cookie with one of our names, that a sibling host or an earlier deployment has set;
//! - bytes that are not UTF-8, anywhere in the header.
//!
//! A session cookie from before the session secret was replaced is signed anew.
//!
//! A header with none of these is left as it is. Otherwise the aliases and the unreadable cookies are dropped, and of
//! several session cookies the genuine ones are kept, which are those with our signature.

use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, CookieJar, Key};
use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};

use super::actix_store::hash_of_key;
use super::browser_settings::BrowserSettings;
use crate::bridge::credential::{name_of, pairs};
use crate::bridge::model::SessionHash;

/// The result of rewriting the cookies of a request.
#[derive(Default)]
pub(crate) struct RewrittenCookies {
    /// Whether the headers were changed.
    pub(crate) changed: bool,
    /// Several session cookies with our signature. They have been taken out of the headers, and the one that counts
    /// must be [restored](restore_session).
    pub(crate) sessions: Vec<SignedSession>,
}

/// An extension of a request with a token and with several session cookies of ours, which have been taken out of the headers.
/// A policy for conflicts reads them.
pub(crate) struct SeveralSessions(pub(crate) Vec<SessionHash>);

/// A session cookie with our signature.
pub(crate) struct SignedSession {
    pair: Vec<u8>,
    pub(crate) hash: SessionHash,
}

impl BrowserSettings {
    /// Rewrites the `Cookie` headers, if the readers could see different cookies of ours.
    pub(crate) fn rewrite_cookies(&self, headers: &mut HeaderMap) -> RewrittenCookies {
        if !headers.contains_key(COOKIE)
            || (self.cookies.is_unambiguous(headers) && !self.has_session_of_before(headers))
        {
            return RewrittenCookies::default();
        }
        let mut kept: Vec<&[u8]> = Vec::new();
        let mut sessions: Vec<SignedSession> = Vec::new();
        let mut unsigned_session = None;
        for pair in pairs(headers).filter(|pair| std::str::from_utf8(pair).is_ok()) {
            let name = name_of(pair);
            if name == self.cookies.session.as_bytes() {
                match self.signed_session(pair) {
                    Some(signed) if sessions.iter().all(|other| other.hash != signed.hash) => sessions.push(signed),
                    Some(_) => {}
                    None => unsigned_session = unsigned_session.or(Some(pair)),
                }
            } else if name == self.cookies.remember_name().as_bytes() {
                if !kept.contains(&pair) {
                    kept.push(pair);
                }
            } else if !pair.is_empty() && !self.cookies.matches_when_decoded(name) {
                kept.push(pair);
            }
        }
        // Without a genuine one the other is kept: it opens no session, but a logout removes it.
        match (&*sessions, unsigned_session) {
            ([only], _) => kept.push(&only.pair),
            ([], Some(unsigned)) => kept.push(unsigned),
            _ => {}
        }
        let kept = kept.join(&b"; "[..]);
        if sessions.len() == 1 {
            sessions.clear();
        }
        set(headers, kept);
        RewrittenCookies { changed: true, sessions }
    }

    /// Whether actix-web would read the session cookie that the headers hold. It parses the headers at the first call of
    /// `cookies` and caches the list, so a middleware outside the bridge can have caused it to read others.
    #[expect(clippy::disallowed_methods, reason = "this is about that list")]
    pub(crate) fn is_parsed_as_rewritten(&self, req: &HttpRequest) -> bool {
        let name = &*self.cookies.session;
        let sent = pairs(req.headers()).filter(|pair| name_of(pair) == name.as_bytes());
        let sent = sent.filter_map(parse).next();
        let Ok(parsed) = req.cookies() else { return true };
        parsed.iter().find(|cookie| cookie.name() == name).map(Cookie::value) == sent.as_ref().map(Cookie::value)
    }

    /// The hashes of the session cookies with our signature.
    pub(crate) fn session_hashes(&self, headers: &HeaderMap) -> Vec<SessionHash> {
        let named = pairs(headers).filter(|pair| name_of(pair) == self.cookies.session.as_bytes());
        named.filter_map(|pair| self.signed_session(pair)).map(|signed| signed.hash).collect()
    }

    /// The hash of the session whose cookie these headers have, if it has our signature.
    pub(crate) fn session_in(&self, headers: &HeaderMap) -> Option<SessionHash> {
        let mut of_session = pairs(headers).filter(|pair| name_of(pair) == self.cookies.session.as_bytes());
        Some(self.signed_session(of_session.next()?)?.hash)
    }

    /// Verifies a pair as actix-session does. A pair with a signature of a retired key gets one of the current key, the only
    /// one that actix-session knows.
    fn signed_session(&self, pair: &[u8]) -> Option<SignedSession> {
        let presented = parse(pair)?;
        let verify = |key: &Key| CookieJar::new().signed(key).verify(presented.clone());
        if let Some(cookie) = verify(&self.signing_key) {
            return Some(SignedSession { pair: pair.to_vec(), hash: hash_of_key(cookie.value()) });
        }
        let cookie = self.retired_signing_keys.iter().find_map(verify)?;
        let (mut jar, hash) = (CookieJar::new(), hash_of_key(cookie.value()));
        jar.signed_mut(&self.signing_key).add(cookie);
        let signed = jar.get(&self.cookies.session)?.stripped().encoded().to_string();
        Some(SignedSession { pair: signed.into_bytes(), hash })
    }

    /// Whether there is a session cookie with a signature of a retired key.
    fn has_session_of_before(&self, headers: &HeaderMap) -> bool {
        let is_of = |pair: &[u8], keys: &[Key]| {
            parse(pair).is_some_and(|cookie| {
                keys.iter().any(|key| CookieJar::new().signed(key).verify(cookie.clone()).is_some())
            })
        };
        !self.retired_signing_keys.is_empty()
            && pairs(headers)
                .filter(|pair| name_of(pair) == self.cookies.session.as_bytes())
                .any(|pair| is_of(pair, &self.retired_signing_keys))
    }
}

/// Puts the session cookie that counts back into the headers.
pub(crate) fn restore_session(headers: &mut HeaderMap, session: &SignedSession) {
    let others = pairs(headers).filter(|pair| !pair.is_empty());
    let pairs: Vec<&[u8]> = others.chain([&*session.pair]).collect();
    let pairs = pairs.join(&b"; "[..]);
    set(headers, pairs);
}

fn set(headers: &mut HeaderMap, pairs: Vec<u8>) {
    headers.remove(COOKIE);
    if let Ok(pairs) = HeaderValue::try_from(pairs)
        && !pairs.is_empty()
    {
        headers.insert(COOKIE, pairs);
    }
}

/// Parses a pair as actix-web does.
fn parse(pair: &[u8]) -> Option<Cookie<'static>> {
    Cookie::parse_encoded(std::str::from_utf8(pair).ok()?).ok().map(Cookie::into_owned)
}
