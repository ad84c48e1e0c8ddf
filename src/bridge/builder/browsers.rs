//! Settings of what browsers get: cookies, sessions and pages.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse};

use super::BridgeBuilder;
use crate::bridge::error::AuthError;
use crate::bridge::session::{MAX_REMEMBER_TTL, RememberCookie, SessionProtection};

impl BridgeBuilder {
    /// At least 32 random bytes, from which the keys of the cookies are derived. Without it they are random: after a
    /// restart no session and no remember cookie is recognized.
    pub fn session_secret(mut self, secret: &[u8]) -> Self {
        self.session_secret = Some(secret.to_vec());
        self
    }

    /// Where browsers find this application, such as `https://example.org`. With `https` the cookies are `Secure` and
    /// carry the `__Host-` prefix. Requests that a browser authenticates by itself must come from here; without it,
    /// from the host that they are sent to.
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// Renders refusals for browsers, wherever an [`AuthError`] comes from: the bridge, an extractor or your handler.
    /// Those that need a login are redirected instead if there is a [`login_view`](Self::login_view). Give the response
    /// the error's [`status`](AuthError::status). Without it browsers get the JSON problem like everybody else.
    pub fn error_page(
        mut self,
        page: impl Fn(&HttpRequest, &AuthError) -> HttpResponse + Send + Sync + 'static,
    ) -> Self {
        self.error_page = Some(Box::new(page));
        self
    }

    /// How long a session lives that is not used. Default one day.
    pub fn idle_ttl(mut self, ttl: Duration) -> Self {
        self.idle_ttl = ttl;
        self
    }

    /// How long a browser's login lives at the most, however much it is used. Default 30 days.
    pub fn absolute_ttl(mut self, ttl: Duration) -> Self {
        self.absolute_ttl = ttl;
        self
    }

    /// How long a browser is remembered (`REMEMBER_COOKIE_DURATION`). Default 30 days, at most 400.
    pub fn remember_ttl(mut self, ttl: Duration) -> Self {
        self.remember_ttl = ttl.min(MAX_REMEMBER_TTL);
        self
    }

    /// How the remember cookie is written.
    pub fn remember_cookie(mut self, cookie: RememberCookie) -> Self {
        self.remember_cookie = cookie;
        self
    }

    /// What becomes of a session that comes from another client than the one it was opened for
    /// (`SESSION_PROTECTION`). Default [`None`](SessionProtection::None); there it says why.
    pub fn session_protection(mut self, protection: SessionProtection) -> Self {
        self.protection = protection;
        self
    }

    /// How long after proving who they are a user counts as fresh. Default 15 minutes.
    pub fn fresh_window(mut self, window: Duration) -> Self {
        self.fresh_window = window;
        self
    }
}
