//! Reads the credentials of a request, and checks its origin.

use std::borrow::Cow;

use actix_web::HttpRequest;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::HOST;

use super::client::TrustedProxies;
use super::custom_credential::DynRequestLoader;
use super::find::body::{BodyLimits, BodyTimeout};
use super::presented::Presented;
use super::search::Search;
use super::token_cookies::TokenCookies;
use super::{find, same_origin};
use crate::bridge::error::AuthError;

/// The reader of credentials, with its settings.
pub(crate) struct CredentialReader {
    pub(crate) search: Search,
    pub(crate) limits: BodyLimits,
    pub(crate) custom: Option<Box<dyn DynRequestLoader>>,
    /// The origin of the public URL, if one is configured.
    pub(crate) own_origin: Option<String>,
    pub(crate) proxies: TrustedProxies,
}

impl CredentialReader {
    /// Finds the credentials of a request and leaves the request unchanged.
    pub(crate) async fn read(&self, req: &mut ServiceRequest) -> Result<Presented, BodyTimeout> {
        let mut presented = find::find(req, &self.search, self.limits).await?;
        if let Some(custom) = &self.custom {
            presented.custom = custom.credential(req.request());
        }
        Ok(presented)
    }

    /// Refuses a cross-site request. It must be called for each request that a cookie authenticates.
    pub(crate) fn check_origin(&self, req: &HttpRequest) -> Result<(), AuthError> {
        same_origin::check(req.method(), req.headers(), self.own_origin(req).as_deref())
    }

    /// Refuses a cross-site request, also one that follows a link to us.
    pub(crate) fn check_origin_of_any_method(&self, req: &HttpRequest) -> Result<(), AuthError> {
        same_origin::check_any_method(req.headers(), self.own_origin(req).as_deref())
    }

    /// Whether the browser withholds our cookies from a request like this one. If it has sent none, it may have some all
    /// the same, and the response must not replace them.
    pub(crate) fn withholds_cookies(&self, req: &HttpRequest) -> bool {
        same_origin::withholds_cookies(req.method(), req.headers(), self.own_origin(req).as_deref())
    }

    /// Our origin: the configured one, or the host of the request where a trusted proxy says the scheme. `None` if the scheme
    /// is unknown.
    fn own_origin(&self, req: &HttpRequest) -> Option<Cow<'_, str>> {
        if let Some(origin) = &self.own_origin {
            return Some(Cow::Borrowed(origin));
        }
        let scheme = if self.proxies.client(req).is_https? { "https" } else { "http" };
        let host = req.headers().get(HOST)?.to_str().ok()?;
        Some(Cow::Owned(format!("{scheme}://{host}")))
    }

    /// The settings of the cookies that carry tokens, if this location is declared.
    pub(crate) fn token_cookies(&self) -> Option<&TokenCookies> {
        self.search.cookies.as_ref()
    }
}
