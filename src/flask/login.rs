//! Flask-Login's `LoginManager`: its attributes and configuration keys, with their names and defaults.

use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::cookie::SameSite;
use actix_web::http::StatusCode;

use crate::bridge::builder::BridgeBuilder;
use crate::bridge::response::{Localize, RedirectPolicy};
use crate::bridge::session::{RememberCookie, SessionProtection};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The redirect policy of Flask-Login: a 302 for every client, and `next` also for submitted forms.
const FLASK_LOGIN_POLICY: RedirectPolicy =
    RedirectPolicy { status: StatusCode::FOUND, every_client: true, next_for_forms: true };

/// The settings of Flask-Login for a bridge: its defaults, its messages and its redirects.
///
/// It is for an application that migrates from Flask step by step. Each setting has a counterpart on the
/// [`BridgeBuilder`].
///
/// ```
/// use tollbridge::BridgeBuilder;
/// use tollbridge::flask::LoginManager;
///
/// fn configure(bridge: BridgeBuilder) -> BridgeBuilder {
///     LoginManager::new().login_view("/login").refresh_view("/reauth").init_app(bridge)
/// }
/// ```
pub struct LoginManager {
    login_view: Option<String>,
    blueprint_login_views: Vec<(String, Option<String>)>,
    login_message: Option<String>,
    login_message_category: String,
    refresh_view: Option<String>,
    needs_refresh_message: Option<String>,
    needs_refresh_message_category: String,
    session_protection: SessionProtection,
    localize_callback: Option<Box<Localize>>,
    use_session_for_next: bool,
    force_host_for_redirects: Option<String>,
    remember_cookie: RememberCookie,
    remember_cookie_duration: Duration,
}

impl Default for LoginManager {
    fn default() -> Self {
        let mut remember_cookie = RememberCookie::new().name("remember_token");
        remember_cookie.same_site = None;
        Self {
            login_view: None,
            blueprint_login_views: Vec::new(),
            login_message: Some("Please log in to access this page.".to_owned()),
            login_message_category: "message".to_owned(),
            refresh_view: None,
            needs_refresh_message: Some("Please reauthenticate to access this page.".to_owned()),
            needs_refresh_message_category: "message".to_owned(),
            session_protection: SessionProtection::Basic,
            localize_callback: None,
            use_session_for_next: false,
            force_host_for_redirects: None,
            remember_cookie,
            remember_cookie_duration: 365 * DAY,
        }
    }
}

impl LoginManager {
    /// Flask-Login's defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// `login_view`: a path or a whole URL. Flask's endpoint names do not exist here.
    pub fn login_view(mut self, view: impl Into<String>) -> Self {
        self.login_view = Some(view.into());
        self
    }

    /// An entry of `blueprint_login_views`, with a path prefix instead of the blueprint's name. With `None` these paths have
    /// no login view, and answer 401.
    pub fn blueprint_login_view(mut self, prefix: impl Into<String>, view: Option<&str>) -> Self {
        self.blueprint_login_views.push((prefix.into(), view.map(str::to_owned)));
        self
    }

    /// `login_message`. `None` for no message.
    pub fn login_message(mut self, message: Option<&str>) -> Self {
        self.login_message = message.map(str::to_owned);
        self
    }

    /// `login_message_category`.
    pub fn login_message_category(mut self, category: impl Into<String>) -> Self {
        self.login_message_category = category.into();
        self
    }

    /// `refresh_view`: a path or a whole URL.
    pub fn refresh_view(mut self, view: impl Into<String>) -> Self {
        self.refresh_view = Some(view.into());
        self
    }

    /// `needs_refresh_message`. `None` for no message.
    pub fn needs_refresh_message(mut self, message: Option<&str>) -> Self {
        self.needs_refresh_message = message.map(str::to_owned);
        self
    }

    /// `needs_refresh_message_category`.
    pub fn needs_refresh_message_category(mut self, category: impl Into<String>) -> Self {
        self.needs_refresh_message_category = category.into();
        self
    }

    /// `session_protection`, and the configuration key `SESSION_PROTECTION`. Default: `basic`, as in Flask-Login.
    pub fn session_protection(mut self, protection: SessionProtection) -> Self {
        self.session_protection = protection;
        self
    }

    /// `localize_callback`.
    pub fn localize_callback(
        mut self,
        localize: impl Fn(&HttpRequest, &str) -> String + Send + Sync + 'static,
    ) -> Self {
        self.localize_callback = Some(Box::new(localize));
        self
    }

    /// `USE_SESSION_FOR_NEXT`.
    pub fn use_session_for_next(mut self, in_session: bool) -> Self {
        self.use_session_for_next = in_session;
        self
    }

    /// `FORCE_HOST_FOR_REDIRECTS`.
    pub fn force_host_for_redirects(mut self, host: impl Into<String>) -> Self {
        self.force_host_for_redirects = Some(host.into());
        self
    }

    /// `REMEMBER_COOKIE_NAME`. Default: `remember_token`.
    pub fn remember_cookie_name(mut self, name: impl Into<String>) -> Self {
        self.remember_cookie = self.remember_cookie.name(name);
        self
    }

    /// `REMEMBER_COOKIE_DURATION`. Default: 365 days.
    pub fn remember_cookie_duration(mut self, duration: Duration) -> Self {
        self.remember_cookie_duration = duration;
        self
    }

    /// `REMEMBER_COOKIE_DOMAIN`.
    pub fn remember_cookie_domain(mut self, domain: impl Into<String>) -> Self {
        self.remember_cookie = self.remember_cookie.domain(domain);
        self
    }

    /// `REMEMBER_COOKIE_PATH`.
    pub fn remember_cookie_path(mut self, path: impl Into<String>) -> Self {
        self.remember_cookie = self.remember_cookie.path(path);
        self
    }

    /// `REMEMBER_COOKIE_SECURE`. Default: `true` if the public URL is `https`. In Flask-Login it is `False`.
    pub fn remember_cookie_secure(mut self, secure: bool) -> Self {
        self.remember_cookie = self.remember_cookie.secure(secure);
        self
    }

    /// `REMEMBER_COOKIE_HTTPONLY`.
    pub fn remember_cookie_httponly(mut self, http_only: bool) -> Self {
        self.remember_cookie = self.remember_cookie.http_only(http_only);
        self
    }

    /// `REMEMBER_COOKIE_SAMESITE`. `None` omits the attribute; that is the default, as in Flask-Login.
    pub fn remember_cookie_samesite(mut self, same_site: Option<SameSite>) -> Self {
        self.remember_cookie.same_site = same_site;
        self
    }

    /// `REMEMBER_COOKIE_REFRESH_EACH_REQUEST`.
    pub fn remember_cookie_refresh_each_request(mut self, refresh: bool) -> Self {
        self.remember_cookie = self.remember_cookie.refresh_each_request(refresh);
        self
    }

    /// Applies the settings to a bridge.
    ///
    /// It also sets three lifetimes as in Flask, which may be set again afterwards: a fresh login stays fresh, a session
    /// lives for 31 days after its last use (`PERMANENT_SESSION_LIFETIME`), and a login lives for ten years.
    pub fn init_app(self, bridge: BridgeBuilder) -> BridgeBuilder {
        let mut bridge = bridge
            .session_protection(self.session_protection)
            .remember_cookie(self.remember_cookie)
            .remember_ttl(self.remember_cookie_duration)
            .idle_ttl(31 * DAY)
            .absolute_ttl(10 * 365 * DAY)
            .fresh_window(Duration::MAX)
            .next_in_session(self.use_session_for_next)
            .redirect_policy(FLASK_LOGIN_POLICY);
        for (prefix, view) in self.blueprint_login_views {
            bridge = bridge.scope_login_view(prefix, view.as_deref());
        }
        if let Some(view) = self.login_view {
            bridge = bridge.login_view(view);
        }
        if let Some(view) = self.refresh_view {
            bridge = bridge.refresh_view(view);
        }
        // An empty message means no message, as in Flask-Login.
        if let Some(text) = self.login_message.filter(|text| !text.is_empty()) {
            bridge = bridge.login_message(text, self.login_message_category);
        }
        if let Some(text) = self.needs_refresh_message.filter(|text| !text.is_empty()) {
            bridge = bridge.refresh_message(text, self.needs_refresh_message_category);
        }
        if let Some(localize) = self.localize_callback {
            bridge = bridge.localize(localize);
        }
        match self.force_host_for_redirects {
            Some(host) => bridge.redirect_host(host),
            None => bridge,
        }
    }
}
