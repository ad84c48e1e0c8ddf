//! Settings of the views: where refused browsers are redirected, and the messages for these pages.

use actix_web::HttpRequest;

use super::BridgeBuilder;
use crate::bridge::response::{FlashMessage, RedirectPolicy};

impl BridgeBuilder {
    /// The login page (Flask-Login's `login_view`): a path or a whole URL.
    ///
    /// A browser without a login is redirected there with a 303. The query parameter `next` holds the requested page: check
    /// it with [`safe_next`](crate::safe_next) before you redirect to it. If the login page is on another host, `next` is a
    /// whole URL, and that host must check it.
    ///
    /// Only navigations are redirected: requests whose `Sec-Fetch-Mode` says so, and without that header those that
    /// [prefer HTML](crate::prefers_html) and are not by a script (jQuery, Turbo, PJAX, htmx). A request with a token is
    /// never redirected.
    pub fn login_view(mut self, view: impl Into<String>) -> Self {
        self.views.login = Some(view.into());
        self
    }

    /// The login page for all paths with this prefix (Flask-Login's `blueprint_login_views`). The longest prefix counts, in
    /// whole segments. With `None` these paths have no login page, and browsers get the 401.
    pub fn scope_login_view(mut self, prefix: impl Into<String>, view: Option<&str>) -> Self {
        self.views.scopes.push((prefix.into(), view.map(str::to_owned)));
        self
    }

    /// The page on which users authenticate again (Flask-Login's `refresh_view`). Browsers are redirected there when
    /// [`Fresh`](crate::Fresh) refuses them, in the same way as to the [`login_view`](Self::login_view).
    pub fn refresh_view(mut self, view: impl Into<String>) -> Self {
        self.views.refresh = Some(view.into());
        self
    }

    /// Whether the requested page is kept in the session, for [`Auth::take_next`](crate::Auth::take_next), instead of the
    /// query (`USE_SESSION_FOR_NEXT`). Default: `false`. With `true` each refused request of a browser writes a session.
    pub fn next_in_session(mut self, in_session: bool) -> Self {
        self.views.next_in_session = in_session;
        self
    }

    /// The host of redirects to the views, with or without a port (`FORCE_HOST_FOR_REDIRECTS`). Default: the host of the
    /// request.
    pub fn redirect_host(mut self, host: impl Into<String>) -> Self {
        self.views.host = Some(host.into());
        self
    }

    /// The message for a browser that is redirected to the login page (`login_message`). The page reads it with
    /// [`Messages`](crate::Messages).
    ///
    /// Default: no message, because with one each refused request of a browser writes a session.
    pub fn login_message(mut self, text: impl Into<String>, category: impl Into<String>) -> Self {
        self.views.login_message = Some(FlashMessage { text: text.into(), category: category.into() });
        self
    }

    /// The message for a browser that is redirected to the [`refresh_view`](Self::refresh_view) (`needs_refresh_message`).
    /// Default: no message.
    pub fn refresh_message(mut self, text: impl Into<String>, category: impl Into<String>) -> Self {
        self.views.refresh_message = Some(FlashMessage { text: text.into(), category: category.into() });
        self
    }

    /// Translates these messages into the language of the request (`localize_callback`).
    pub fn localize(mut self, localize: impl Fn(&HttpRequest, &str) -> String + Send + Sync + 'static) -> Self {
        self.views.localize = Some(Box::new(localize));
        self
    }

    /// The redirect policy.
    pub(crate) fn redirect_policy(mut self, policy: RedirectPolicy) -> Self {
        self.views.policy = policy;
        self
    }
}
