//! Settings for browsers: cookies, sessions and error pages.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse};

use super::BridgeBuilder;
use crate::bridge::credential::TrustedProxies;
use crate::bridge::error::AuthError;
use crate::bridge::resolve::ConflictPolicy;
use crate::bridge::session::{MAX_REMEMBER_TTL, RememberCookie, SessionProtection};

impl BridgeBuilder {
    /// The secret from which the keys of the cookies are derived: at least 32 random bytes.
    ///
    /// Default: random keys. Then no session and no remember cookie is accepted after a restart.
    pub fn session_secret(mut self, secret: &[u8]) -> Self {
        self.session_secret = Some(secret.to_vec());
        self
    }

    /// A session secret from before. Session and remember cookies of it are still read; new ones are of the current secret. Give
    /// every node the new secret as a retired one first, then exchange the two, and drop the old one once its cookies have
    /// expired.
    pub fn retired_session_secret(mut self, secret: &[u8]) -> Self {
        self.retired_session_secrets.push(secret.to_vec());
        self
    }

    /// The origin of this application as browsers see it, such as `https://example.org`.
    ///
    /// With `https` the cookies are `Secure` and have the `__Host-` prefix. The CSRF check compares the origin of a request
    /// with it; without this setting, with the `Host` header of the request.
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// Renders refusals as pages for browsers. It gets every [`AuthError`]: of the bridge, an extractor or a handler.
    ///
    /// The response should have the [`status`](AuthError::status) of the error. A refusal for a missing login is redirected
    /// instead if there is a [`login_view`](Self::login_view). Default: browsers get the problem document (RFC 9457), as
    /// API clients do.
    pub fn error_page(
        mut self,
        page: impl Fn(&HttpRequest, &AuthError) -> HttpResponse + Send + Sync + 'static,
    ) -> Self {
        self.error_page = Some(Box::new(page));
        self
    }

    /// The lifetime of a session after its last use. Default: 1 day.
    pub fn idle_ttl(mut self, ttl: Duration) -> Self {
        self.idle_ttl = ttl;
        self
    }

    /// The maximal lifetime of a browser's login, regardless of use. Default: 30 days.
    pub fn absolute_ttl(mut self, ttl: Duration) -> Self {
        self.absolute_ttl = ttl;
        self
    }

    /// The lifetime of the remember cookie (`REMEMBER_COOKIE_DURATION`). Default: 30 days. More than 400 days count as 400.
    pub fn remember_ttl(mut self, ttl: Duration) -> Self {
        self.remember_ttl = ttl.min(MAX_REMEMBER_TTL);
        self
    }

    /// The name and the attributes of the remember cookie.
    pub fn remember_cookie(mut self, cookie: RememberCookie) -> Self {
        self.remember_cookie = cookie;
        self
    }

    /// The networks of the proxies in front of the application. Default: none, and the peer of a connection is the client.
    /// What these proxies say of their client counts for the address of logins, the session protection, and, without a
    /// [`public_url`](Self::public_url), the scheme of our origin.
    pub fn trusted_proxies(mut self, proxies: TrustedProxies) -> Self {
        self.proxies = proxies;
        self
    }

    /// The reaction to a session that another client presents than the one that opened it (`SESSION_PROTECTION`).
    /// Default: [`None`](SessionProtection::None); its documentation says why.
    pub fn session_protection(mut self, protection: SessionProtection) -> Self {
        self.protection = protection;
        self
    }

    /// What a request with a token and with a session or remember cookie is answered with. Default:
    /// [`PreferToken`](ConflictPolicy::PreferToken). A guard sets another one for its routes
    /// ([`Require::conflict`](crate::Require::conflict)).
    pub fn conflict_policy(mut self, policy: ConflictPolicy) -> Self {
        self.conflict = policy;
        self
    }

    /// How many live logins a user has at most. Default: 1000. A sign-in that makes one more ends the oldest, which is the
    /// one that began first, with [`EndReason::TooMany`](crate::EndReason::TooMany). 0 counts as 1.
    pub fn max_logins(mut self, most: usize) -> Self {
        self.max_logins = most;
        self
    }

    /// How long a login is fresh after the user has authenticated. Default: 15 minutes.
    pub fn fresh_window(mut self, window: Duration) -> Self {
        self.fresh_window = window;
        self
    }
}
