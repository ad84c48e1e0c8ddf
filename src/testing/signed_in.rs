//! A signed-in user's credential, and how it gets on requests.

use std::fmt;

use actix_web::cookie::Cookie;
use actix_web::cookie::time::{Duration, OffsetDateTime};
use actix_web::dev::ServiceResponse;
use actix_web::http::header::{AUTHORIZATION, COOKIE, HeaderName};
use actix_web::test::TestRequest;
use serde_json::{Value, json};

use crate::{LoginId, TokenPair};

/// What authenticates the requests.
pub(super) enum Credential {
    Token,
    Cookies(Vec<Cookie<'static>>),
}

/// A signed-in user, from [`as_user`](super::as_user): puts the credential on requests.
pub struct SignedIn {
    login_id: LoginId,
    tokens: TokenPair,
    credential: Credential,
}

impl SignedIn {
    pub(super) fn new(login_id: LoginId, tokens: TokenPair, credential: Credential) -> Self {
        Self { login_id, tokens, credential }
    }

    /// This request, made by the user.
    ///
    /// ```
    /// # use tollbridge::testing::SignedIn;
    /// # fn ask(signed_in: &SignedIn) {
    /// use actix_web::test::TestRequest;
    ///
    /// let request = signed_in.on(TestRequest::post().uri("/logout")).to_request();
    /// # }
    /// ```
    pub fn on(&self, req: TestRequest) -> TestRequest {
        match &self.credential {
            Credential::Token => req.insert_header(self.header()),
            Credential::Cookies(cookies) => cookies.iter().cloned().fold(req, TestRequest::cookie),
        }
    }

    /// The header that authenticates a request, by its name and value, for other clients: `Authorization`, or `Cookie`.
    pub fn header(&self) -> (HeaderName, String) {
        match &self.credential {
            Credential::Token => (AUTHORIZATION, format!("Bearer {}", self.tokens.access_token)),
            Credential::Cookies(cookies) => {
                let pairs: Vec<_> = cookies.iter().map(|cookie| cookie.stripped().encoded().to_string()).collect();
                (COOKIE, pairs.join("; "))
            }
        }
    }

    /// The JSON body that authenticates a request, where the bridge looks for tokens in bodies:
    /// `{"access_token": "…"}`. Add what else the handler wants.
    pub fn json(&self) -> Value {
        json!({ "access_token": self.tokens.access_token })
    }

    /// The tokens of the login: a browser's login has them too, whether anybody asks for them or not.
    pub fn tokens(&self) -> &TokenPair {
        &self.tokens
    }

    /// The browser's cookies; none [via token](super::AsUser::via_token).
    pub fn cookies(&self) -> &[Cookie<'static>] {
        match &self.credential {
            Credential::Token => &[],
            Credential::Cookies(cookies) => cookies,
        }
    }

    /// Which login it is.
    pub fn login_id(&self) -> &LoginId {
        &self.login_id
    }

    /// Does with the cookies that a response sets what a browser does: keeps them, in the place of those of the same
    /// name, and forgets those that it is told to. Needed where a test makes several requests and the first changes the
    /// cookies, as the first with a [remember cookie](super::AsUser::remembered) does. An API client keeps no cookies.
    pub fn keep_cookies<B>(&mut self, res: &ServiceResponse<B>) {
        let Credential::Cookies(kept) = &mut self.credential else { return };
        for set in res.response().cookies() {
            kept.retain(|cookie| cookie.name() != set.name());
            let expired = set.expires_datetime().is_some_and(|expires| expires <= OffsetDateTime::now_utc());
            let removed = set.max_age().map_or(expired, |age| age <= Duration::ZERO);
            if !removed {
                kept.push(set.into_owned());
            }
        }
    }
}

impl fmt::Debug for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let via = match self.credential {
            Credential::Token => "token",
            Credential::Cookies(_) => "cookies",
        };
        f.debug_struct("SignedIn").field("login_id", &self.login_id).field("via", &via).finish_non_exhaustive()
    }
}
