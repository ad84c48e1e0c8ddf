//! The credential of a signed-in user, for requests.

use std::fmt;

use actix_web::cookie::Cookie;
use actix_web::cookie::time::{Duration, OffsetDateTime};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{COOKIE, HeaderName};
use actix_web::test::TestRequest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::{Bridge, CredentialLocation, LoginId, TokenPair, TokenType};

/// A signed-in user, from [`as_user`](super::as_user()). Adds the credential to requests.
pub struct SignedIn {
    login_id: LoginId,
    tokens: TokenPair,
    /// The location of the token; `None` for a browser with cookies only.
    location: Option<CredentialLocation>,
    cookies: Vec<Cookie<'static>>,
    /// The name and the value of the header with the token.
    header: Option<(HeaderName, String)>,
    double_submit: Option<DoubleSubmit>,
    json_key: String,
}

/// The names for the double submit of a token in a cookie.
struct DoubleSubmit {
    header: HeaderName,
    cookie: String,
}

impl SignedIn {
    pub(super) fn new(
        bridge: &Bridge,
        login_id: LoginId,
        tokens: TokenPair,
        cookies: Vec<Cookie<'static>>,
        location: Option<CredentialLocation>,
    ) -> Self {
        let search = bridge.search();
        let header = search.header.as_ref().filter(|_| location == Some(CredentialLocation::Header)).map(|place| {
            let value = format!("{} {}", place.scheme, tokens.access_token);
            (place.name.clone(), value.trim_start().to_owned())
        });
        let in_cookie = search.cookies.as_ref().filter(|names| location.is_some() && names.uses_double_submit());
        let double_submit = in_cookie.and_then(|names| {
            Some(DoubleSubmit {
                header: HeaderName::try_from(names.csrf_header_name(TokenType::Access)).ok()?,
                cookie: names.cookie_name(TokenType::Access).to_owned(),
            })
        });
        let json_key = search.json.as_ref().map_or("access_token", |place| &place.access).to_owned();
        Self { login_id, tokens, location, cookies, header, double_submit, json_key }
    }

    /// This request with the user's credential. Where the bridge searches JSON bodies first, or the
    /// [test asks for it](super::AsUser::via_token_in), the body is replaced by [`json`](Self::json).
    ///
    /// ```
    /// # use tollbridge::testing::SignedIn;
    /// # fn ask(signed_in: &SignedIn) {
    /// use actix_web::test::TestRequest;
    ///
    /// let request = signed_in.on(TestRequest::post().uri("/logout")).to_request();
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// When the token belongs in the query, which is part of the URI.
    pub fn on(&self, req: TestRequest) -> TestRequest {
        assert!(
            self.location != Some(CredentialLocation::Query),
            "a token in the query is part of the address: write it there, with `tokens().access_token`"
        );
        let req = if self.location == Some(CredentialLocation::Json) { req.set_json(self.json()) } else { req };
        let req = self.own_headers().into_iter().fold(req, TestRequest::insert_header);
        self.cookies.iter().cloned().fold(req, TestRequest::cookie)
    }

    /// The headers that authenticate a request, by name and value, for other clients. None when the token is in the
    /// body or in the query.
    pub fn headers(&self) -> Vec<(HeaderName, String)> {
        let mut headers = self.own_headers();
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|cookie| cookie.stripped().encoded().to_string()).collect();
            headers.push((COOKIE, pairs.join("; ")));
        }
        headers
    }

    /// The headers without the cookies.
    fn own_headers(&self) -> Vec<(HeaderName, String)> {
        let csrf = self.double_submit.as_ref().and_then(|names| {
            let cookie = self.cookies.iter().find(|cookie| cookie.name() == names.cookie)?;
            Some((names.header.clone(), csrf_claim(cookie.value())?))
        });
        self.header.clone().into_iter().chain(csrf).collect()
    }

    /// The JSON body that authenticates a request, where the bridge searches JSON bodies: `{"access_token": "…"}`. Add
    /// the other fields of the handler.
    pub fn json(&self) -> Value {
        Map::from_iter([(self.json_key.clone(), Value::from(self.tokens.access_token.as_str()))]).into()
    }

    /// The tokens of the login as issued. A browser's login has them too.
    pub fn tokens(&self) -> &TokenPair {
        &self.tokens
    }

    /// The browser's cookies.
    pub fn cookies(&self) -> &[Cookie<'static>] {
        &self.cookies
    }

    /// The id of the login.
    pub fn login_id(&self) -> &LoginId {
        &self.login_id
    }

    /// Stores the cookies of a response as a browser does: replaces those of the same name, and deletes expired ones.
    /// Needed for a second request after one that changes the cookies, as the first with a
    /// [remember cookie](super::AsUser::remembered) does. A client with a token outside of cookies is no browser and
    /// stores none.
    #[expect(clippy::disallowed_methods, reason = "a browser has a clock of its own")]
    pub fn keep_cookies<B>(&mut self, res: &ServiceResponse<B>) {
        if !matches!(self.location, None | Some(CredentialLocation::Cookie)) {
            return;
        }
        for set in res.response().cookies() {
            self.cookies.retain(|cookie| cookie.name() != set.name());
            let expired = set.expires_datetime().is_some_and(|expires| expires <= OffsetDateTime::now_utc());
            let removed = set.max_age().map_or(expired, |age| age <= Duration::ZERO);
            if !removed {
                self.cookies.push(set.into_owned());
            }
        }
    }
}

/// The CSRF value of a token, which a page repeats in a header.
fn csrf_claim(token: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: Value = serde_json::from_slice(&payload).ok()?;
    claims.get("csrf")?.as_str().map(str::to_owned)
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.cookies.iter().map(Cookie::name).collect();
        f.debug_struct("SignedIn")
            .field("login_id", &self.login_id)
            .field("token_in", &self.location)
            .field("cookies", &names)
            .finish_non_exhaustive()
    }
}
