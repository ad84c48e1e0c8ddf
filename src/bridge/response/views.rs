//! The views: the pages to which a browser is redirected to sign in or to authenticate again.

use std::fmt;

use actix_session::SessionExt as _;
use actix_web::http::header::{HOST, HeaderValue, LOCATION};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use url::{Origin, Url};

use super::accept::is_navigation;
use super::kept_request::CameOverTls;
use super::messages::FlashMessage;
use super::redirect::{safe_next, view_url};
use super::{messages, next_page};
use crate::bridge::error::AuthError;

/// A function that translates a message into the language of a request.
pub(crate) type Localize = dyn Fn(&HttpRequest, &str) -> String + Send + Sync;

/// The views, and how browsers are redirected to them.
#[derive(Default)]
pub(crate) struct Views {
    login: Option<View>,
    /// The login views of path prefixes, the longest prefix first.
    scopes: Vec<(String, Option<View>)>,
    refresh: Option<View>,
    next_in_session: bool,
    host: Option<String>,
    login_message: Option<FlashMessage>,
    refresh_message: Option<FlashMessage>,
    localize: Option<Box<Localize>>,
    policy: RedirectPolicy,
}

/// The target of a redirect: a path of this site, or a whole URL.
struct View {
    text: String,
    path: String,
    /// The origin of a whole URL; `None` for a path.
    origin: Option<Origin>,
}

/// The redirect policy. The default is that of the bridge; Flask compatibility sets another one.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RedirectPolicy {
    pub(crate) status: StatusCode,
    /// Whether requests that are no navigations are redirected too.
    pub(crate) every_client: bool,
    /// Whether the page to return to is also set for requests that are not `GET`, such as a submitted form.
    pub(crate) next_for_forms: bool,
}

impl Default for RedirectPolicy {
    fn default() -> Self {
        Self { status: StatusCode::SEE_OTHER, every_client: false, next_for_forms: false }
    }
}

/// The settings from the builder, not yet validated.
#[derive(Default)]
pub(crate) struct ViewConfig {
    pub(crate) login: Option<String>,
    pub(crate) scopes: Vec<(String, Option<String>)>,
    pub(crate) refresh: Option<String>,
    pub(crate) next_in_session: bool,
    pub(crate) host: Option<String>,
    pub(crate) login_message: Option<FlashMessage>,
    pub(crate) refresh_message: Option<FlashMessage>,
    pub(crate) localize: Option<Box<Localize>>,
    pub(crate) policy: RedirectPolicy,
}

impl ViewConfig {
    /// Parses all settings. The error is the first text that is not a valid view, prefix or host.
    pub(crate) fn validate(self) -> Result<Views, String> {
        let read = |view: String| View::parse(&view).ok_or(view);
        let mut scopes = Vec::new();
        for (prefix, view) in self.scopes {
            if safe_next(&prefix).is_none_or(|prefix| prefix.contains(['?', '#'])) {
                return Err(prefix);
            }
            scopes.push((prefix.trim_end_matches('/').to_owned(), view.map(read).transpose()?));
        }
        scopes.sort_by_key(|(prefix, _)| std::cmp::Reverse(prefix.len()));
        if let Some(host) = self.host.as_deref().filter(|host| !is_host(host)) {
            return Err(host.to_owned());
        }
        Ok(Views {
            login: self.login.map(read).transpose()?,
            scopes,
            refresh: self.refresh.map(read).transpose()?,
            next_in_session: self.next_in_session,
            host: self.host,
            login_message: self.login_message,
            refresh_message: self.refresh_message,
            localize: self.localize,
            policy: self.policy,
        })
    }
}

impl Views {
    /// Whether any view is configured.
    pub(crate) fn has_views(&self) -> bool {
        self.login.is_some() || self.refresh.is_some() || self.scopes.iter().any(|(_, view)| view.is_some())
    }

    /// Whether this client is redirected to views.
    pub(crate) fn apply_to(&self, req: &HttpRequest) -> bool {
        self.has_views() && (self.policy.every_client || is_navigation(req))
    }

    /// The redirect for a refused request. `None` if no view is configured for this error and path.
    pub(crate) fn redirect(&self, req: &HttpRequest, error: &AuthError, own: Option<&str>) -> Option<HttpResponse> {
        let (view, message) = match error {
            AuthError::LoginRequired
            | AuthError::TokenNotRead(_)
            | AuthError::LoginEnded
            | AuthError::UserNotFound
            | AuthError::UserDisabled => (self.login_for(req.path())?, &self.login_message),
            AuthError::ReauthRequired { .. } => (self.refresh.as_ref()?, &self.refresh_message),
            _ => return None,
        };
        let own = own.map(str::to_owned).or_else(|| request_origin(req));
        let is_other_site = view.origin.as_ref().is_some_and(|origin| !is_same_origin(origin, own.as_deref()));
        // The view itself is refused: a redirect would loop.
        if !is_other_site && view.path == req.path() {
            return None;
        }
        if let Some(message) = message {
            messages::push(&req.get_session(), self.localized(req, message));
        }
        let page = self.requested_page(req);
        let location = if self.next_in_session {
            if let Some(page) = &page {
                next_page::store(&req.get_session(), page);
            }
            view_url(&view.text, None, self.host.as_deref())
        } else {
            let next = match (is_other_site, own) {
                (false, _) => page,
                (true, Some(own)) => page.map(|page| format!("{own}{page}")),
                (true, None) => None,
            };
            view_url(&view.text, next.as_deref(), self.host.as_deref())
        };
        let location = HeaderValue::try_from(location).ok()?;
        Some(HttpResponse::build(self.policy.status).insert_header((LOCATION, location)).finish())
    }

    /// The login view for a path: that of the longest matching prefix, in whole segments, else the general one.
    fn login_for(&self, path: &str) -> Option<&View> {
        let is_below =
            |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        match self.scopes.iter().find(|(prefix, _)| is_below(prefix)) {
            Some((_, view)) => view.as_ref(),
            None => self.login.as_ref(),
        }
    }

    /// The page to return to after the login. `None` for a submitted form, unless the policy says otherwise: a redirect
    /// cannot repeat it.
    fn requested_page(&self, req: &HttpRequest) -> Option<String> {
        let is_page = *req.method() == Method::GET || self.policy.next_for_forms;
        let target = req.uri().path_and_query().map(|target| target.as_str()).filter(|_| is_page)?;
        safe_next(target).map(str::to_owned)
    }

    fn localized(&self, req: &HttpRequest, message: &FlashMessage) -> FlashMessage {
        match &self.localize {
            Some(localize) => FlashMessage { text: localize(req, &message.text), category: message.category.clone() },
            None => message.clone(),
        }
    }
}

impl View {
    fn parse(text: &str) -> Option<Self> {
        if safe_next(text).is_some() {
            let path = text.split(['?', '#']).next().unwrap_or_default().to_owned();
            return Some(Self { text: text.to_owned(), path, origin: None });
        }
        let url = Url::parse(text).ok()?;
        let is_web = matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none();
        // `Url` repairs some invalid texts; those are refused.
        let is_well_formed = text.get(..url.scheme().len() + 3).is_some_and(|start| start.ends_with("://"))
            && !text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\');
        (is_web && is_well_formed).then(|| Self {
            text: text.to_owned(),
            path: url.path().to_owned(),
            origin: Some(url.origin()),
        })
    }
}

impl fmt::Debug for Views {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Views")
    }
}

/// Whether a text is a host, with or without a port.
fn is_host(host: &str) -> bool {
    let parsed = Url::parse(&format!("http://{host}/")).ok();
    let authority = |url: &Url| match url.port() {
        Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
        None => url.host_str().unwrap_or_default().to_owned(),
    };
    parsed.is_some_and(|url| authority(&url) == host && url.path() == "/" && url.query().is_none())
}

/// The origin of this site according to the `Host` header of a request.
fn request_origin(req: &HttpRequest) -> Option<String> {
    let host = req.headers().get(HOST)?.to_str().ok().filter(|host| is_host(host))?;
    let is_secure = req.app_config().secure() || req.extensions().contains::<CameOverTls>();
    let scheme = if is_secure { "https" } else { "http" };
    Some(format!("{scheme}://{host}"))
}

fn is_same_origin(origin: &Origin, own: Option<&str>) -> bool {
    own.and_then(|own| Url::parse(own).ok()).is_some_and(|own| own.origin() == *origin)
}
