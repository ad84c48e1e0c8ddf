//! A signed-in user's credential, and how it gets on requests.

use std::fmt;

use actix_web::cookie::Cookie;
use actix_web::cookie::time::{Duration, OffsetDateTime};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{COOKIE, HeaderName};
use actix_web::test::TestRequest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use crate::{Bridge, Location, LoginId, TokenPair, TokenType};

/// A signed-in user, from [`as_user`](super::as_user): puts the credential on requests.
pub struct SignedIn {
    login_id: LoginId,
    tokens: TokenPair,
    /// Where the token goes; a browser without one has cookies alone.
    location: Option<Location>,
    cookies: Vec<Cookie<'static>>,
    /// The header that carries the token, and what it says.
    header: Option<(HeaderName, String)>,
    double_submit: Option<DoubleSubmit>,
    json_key: String,
}

/// What a request with a token in a cookie has to repeat.
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
        location: Option<Location>,
    ) -> Self {
        let search = bridge.search();
        let header = search.header.as_ref().filter(|_| location == Some(Location::Header)).map(|place| {
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

    /// This request, made by the user. Where the bridge looks for tokens in JSON bodies first, or a
    /// [test asks for it](super::AsUser::via_token_in), the body is the token's: [`json`](Self::json).
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
    /// When the token belongs into the query: that is part of the address.
    pub fn on(&self, req: TestRequest) -> TestRequest {
        assert!(
            self.location != Some(Location::Query),
            "a token in the query is part of the address: write it there, with `tokens().access_token`"
        );
        let req = if self.location == Some(Location::Json) { req.set_json(self.json()) } else { req };
        let req = self.own_headers().into_iter().fold(req, TestRequest::insert_header);
        self.cookies.iter().cloned().fold(req, TestRequest::cookie)
    }

    /// The headers that authenticate a request, by name and value, for other clients; none when the token is in the
    /// body or in the query.
    pub fn headers(&self) -> Vec<(HeaderName, String)> {
        let mut headers = self.own_headers();
        if !self.cookies.is_empty() {
            let pairs: Vec<_> = self.cookies.iter().map(|cookie| cookie.stripped().encoded().to_string()).collect();
            headers.push((COOKIE, pairs.join("; ")));
        }
        headers
    }

    /// All but the cookies.
    fn own_headers(&self) -> Vec<(HeaderName, String)> {
        let csrf = self.double_submit.as_ref().and_then(|names| {
            let cookie = self.cookies.iter().find(|cookie| cookie.name() == names.cookie)?;
            Some((names.header.clone(), csrf_claim(cookie.value())?))
        });
        self.header.clone().into_iter().chain(csrf).collect()
    }

    /// The JSON body that authenticates a request, where the bridge looks for tokens in bodies:
    /// `{"access_token": "…"}`. Add what else the handler wants.
    pub fn json(&self) -> Value {
        Map::from_iter([(self.json_key.clone(), Value::from(self.tokens.access_token.as_str()))]).into()
    }

    /// The tokens of the login, as they were issued: a browser's login has them too, whether anybody asks for them or
    /// not.
    pub fn tokens(&self) -> &TokenPair {
        &self.tokens
    }

    /// The browser's cookies.
    pub fn cookies(&self) -> &[Cookie<'static>] {
        &self.cookies
    }

    /// Which login it is.
    pub fn login_id(&self) -> &LoginId {
        &self.login_id
    }

    /// Does with the cookies that a response sets what a browser does: keeps them, in the place of those of the same
    /// name, and forgets those that it is told to. Needed where a test makes several requests and the first changes the
    /// cookies, as the first with a [remember cookie](super::AsUser::remembered) does. Who has a token elsewhere than in
    /// a cookie is no browser, and keeps none.
    pub fn keep_cookies<B>(&mut self, res: &ServiceResponse<B>) {
        if !matches!(self.location, None | Some(Location::Cookie)) {
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

/// What a page of the application knows of a token in a cookie.
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
