//! Settings of where browsers are sent that are refused, and of what they are told there.

use actix_web::HttpRequest;

use super::BridgeBuilder;
use crate::bridge::response::{FlashMessage, RedirectPolicy};

impl BridgeBuilder {
    /// The login page (Flask-Login's `login_view`): a path, or a whole URL. Browsers that need a login are sent there
    /// with a 303, and with the page that they wanted in the query, as `next`: pass it through
    /// [`safe_next`](crate::safe_next) before you follow it. To a login page on another host the page is told as a whole
    /// URL; that host has to know which ones it may follow. Who sent a token is not sent there. A browser is who
    /// [prefers HTML](crate::prefers_html).
    pub fn login_view(mut self, view: impl Into<String>) -> Self {
        self.views.login = Some(view.into());
        self
    }

    /// Another login page for what is below a path (Flask-Login's `blueprint_login_views`); the longest prefix counts,
    /// in whole segments. With `None` there is none there, and browsers get the 401.
    pub fn scope_login_view(mut self, prefix: impl Into<String>, view: Option<&str>) -> Self {
        self.views.scopes.push((prefix.into(), view.map(str::to_owned)));
        self
    }

    /// The page on which users prove again who they are (Flask-Login's `refresh_view`): where browsers are sent with
    /// whom [`Fresh`](crate::Fresh) is not content, as to [`login_view`](Self::login_view).
    pub fn refresh_view(mut self, view: impl Into<String>) -> Self {
        self.views.refresh = Some(view.into());
        self
    }

    /// Keeps the page that was wanted in the session, for [`Auth::take_next`](crate::Auth::take_next), and not in the
    /// query (`USE_SESSION_FOR_NEXT`). Default `false`. With `true` each refused visit of a browser writes a session.
    pub fn next_in_session(mut self, in_session: bool) -> Self {
        self.views.next_in_session = in_session;
        self
    }

    /// The host that browsers are sent to for the views, whatever host they came to (`FORCE_HOST_FOR_REDIRECTS`), with
    /// a port or without.
    pub fn redirect_host(mut self, host: impl Into<String>) -> Self {
        self.views.host = Some(host.into());
        self
    }

    /// What a browser is told that is sent to the login page (`login_message`), for [`Messages`](crate::Messages).
    /// Default nothing, for a message costs a session: each refused visit of a browser then writes one.
    pub fn login_message(mut self, text: impl Into<String>, category: impl Into<String>) -> Self {
        self.views.login_message = Some(FlashMessage { text: text.into(), category: category.into() });
        self
    }

    /// What a browser is told that is sent to the [`refresh_view`](Self::refresh_view) (`needs_refresh_message`).
    /// Default nothing.
    pub fn refresh_message(mut self, text: impl Into<String>, category: impl Into<String>) -> Self {
        self.views.refresh_message = Some(FlashMessage { text: text.into(), category: category.into() });
        self
    }

    /// Says these messages in the language of the request (`localize_callback`).
    pub fn localize(mut self, say: impl Fn(&HttpRequest, &str) -> String + Send + Sync + 'static) -> Self {
        self.views.localize = Some(Box::new(say));
        self
    }

    /// How browsers are redirected.
    pub(crate) fn redirect_policy(mut self, policy: RedirectPolicy) -> Self {
        self.views.policy = policy;
        self
    }
}
