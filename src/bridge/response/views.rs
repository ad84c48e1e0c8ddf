//! Where a browser is sent that has to sign in, or to prove again who it is: the views.

use std::fmt;

use actix_session::SessionExt as _;
use actix_web::http::header::{HOST, HeaderValue, LOCATION};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpRequest, HttpResponse};
use url::{Origin, Url};

use super::accept::prefers_html;
use super::messages::FlashMessage;
use super::redirect::{safe_next, view_url};
use super::{messages, next_page};
use crate::bridge::error::AuthError;

/// Says a message in the language of a request.
pub(crate) type Localize = dyn Fn(&HttpRequest, &str) -> String + Send + Sync;

/// The views and how browsers get there.
#[derive(Default)]
pub(crate) struct Views {
    login: Option<View>,
    /// The longest prefix first.
    scopes: Vec<(String, Option<View>)>,
    refresh: Option<View>,
    next_in_session: bool,
    host: Option<String>,
    login_message: Option<FlashMessage>,
    refresh_message: Option<FlashMessage>,
    localize: Option<Box<Localize>>,
    policy: RedirectPolicy,
}

/// A page to be sent to: a path of this site, or a whole URL.
struct View {
    text: String,
    path: String,
    /// Of a whole URL.
    origin: Option<Origin>,
}

/// How browsers are redirected: as this bridge does, or as a product does whose clients are to be kept.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RedirectPolicy {
    pub(crate) status: StatusCode,
    /// Whether those are redirected too who would rather not have a page.
    pub(crate) everybody: bool,
    /// Whether the page to come back to is also that of a form that was sent.
    pub(crate) after_forms: bool,
}

impl Default for RedirectPolicy {
    fn default() -> Self {
        Self { status: StatusCode::SEE_OTHER, everybody: false, after_forms: false }
    }
}

/// The settings, as they come from the builder: not yet read.
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
    /// The settings, if each of them names what it should; else the one that does not.
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
    /// Whether there is any.
    pub(crate) fn any(&self) -> bool {
        self.login.is_some() || self.refresh.is_some() || self.scopes.iter().any(|(_, view)| view.is_some())
    }

    /// Whether this client is sent to views: one that shows pages, or anybody.
    pub(crate) fn are_for(&self, req: &HttpRequest) -> bool {
        self.any() && (self.policy.everybody || prefers_html(req))
    }

    /// The redirect for a browser that is refused, if this is a refusal that a view can help.
    pub(crate) fn redirect(&self, req: &HttpRequest, error: &AuthError, own: Option<&str>) -> Option<HttpResponse> {
        let (view, message) = match error {
            AuthError::LoginRequired | AuthError::LoginEnded | AuthError::UserNotFound | AuthError::UserDisabled => {
                (self.login_for(req.path())?, &self.login_message)
            }
            AuthError::ReauthRequired { .. } => (self.refresh.as_ref()?, &self.refresh_message),
            _ => return None,
        };
        let own = own.map(str::to_owned).or_else(|| origin_of(req));
        let elsewhere = view.origin.as_ref().is_some_and(|origin| !is_same(origin, own.as_deref()));
        // From the view itself there is nowhere to go.
        if !elsewhere && view.path == req.path() {
            return None;
        }
        if let Some(message) = message {
            messages::push(&req.get_session(), self.localized(req, message));
        }
        let wanted = self.wanted(req);
        let location = if self.next_in_session {
            if let Some(page) = &wanted {
                next_page::keep(&req.get_session(), page);
            }
            view_url(&view.text, None, self.host.as_deref())
        } else {
            let next = match (elsewhere, own) {
                (false, _) => wanted,
                (true, Some(own)) => wanted.map(|page| format!("{own}{page}")),
                (true, None) => None,
            };
            view_url(&view.text, next.as_deref(), self.host.as_deref())
        };
        let location = HeaderValue::try_from(location).ok()?;
        Some(HttpResponse::build(self.policy.status).insert_header((LOCATION, location)).finish())
    }

    /// The login view of a path: that of the longest prefix of whole segments, else the general one.
    fn login_for(&self, path: &str) -> Option<&View> {
        let below =
            |prefix: &str| path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        match self.scopes.iter().find(|(prefix, _)| below(prefix)) {
            Some((_, view)) => view.as_ref(),
            None => self.login.as_ref(),
        }
    }

    /// The page to come back to. A form that was sent cannot be.
    fn wanted(&self, req: &HttpRequest) -> Option<String> {
        let is_page = matches!(*req.method(), Method::GET | Method::HEAD) || self.policy.after_forms;
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
        // Nothing that `Url` had to repair.
        let is_written_so = text.get(..url.scheme().len() + 3).is_some_and(|start| start.ends_with("://"))
            && !text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\');
        (is_web && is_written_so).then(|| Self {
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

/// A host, with a port or without.
fn is_host(host: &str) -> bool {
    let parsed = Url::parse(&format!("http://{host}/")).ok();
    let authority = |url: &Url| match url.port() {
        Some(port) => format!("{}:{port}", url.host_str().unwrap_or_default()),
        None => url.host_str().unwrap_or_default().to_owned(),
    };
    parsed.is_some_and(|url| authority(&url) == host && url.path() == "/" && url.query().is_none())
}

/// The origin that a request was sent to, as its `Host` has it.
fn origin_of(req: &HttpRequest) -> Option<String> {
    let host = req.headers().get(HOST)?.to_str().ok().filter(|host| is_host(host))?;
    let scheme = if req.app_config().secure() { "https" } else { "http" };
    Some(format!("{scheme}://{host}"))
}

fn is_same(origin: &Origin, own: Option<&str>) -> bool {
    own.and_then(|own| Url::parse(own).ok()).is_some_and(|own| own.origin() == *origin)
}
