//! Reads what a request presents, and whether it may be authenticated by its cookies.

use actix_web::HttpRequest;
use actix_web::dev::ServiceRequest;

use super::custom_credential::DynRequestLoader;
use super::find::body::{BodyLimits, BodyTimeout};
use super::presented::Presented;
use super::search::Search;
use super::token_cookies::TokenCookies;
use super::{find, same_origin};
use crate::bridge::error::AuthError;

/// What reads the credentials of requests.
pub(crate) struct CredentialReader {
    pub(crate) search: Search,
    pub(crate) limits: BodyLimits,
    pub(crate) custom: Option<Box<dyn DynRequestLoader>>,
    /// The origin of the public URL, if one is configured.
    pub(crate) own_origin: Option<String>,
}

impl CredentialReader {
    /// Finds all that a request presents, and leaves the request as it was.
    pub(crate) async fn read(&self, req: &mut ServiceRequest) -> Result<Presented, BodyTimeout> {
        let mut presented = find::find(req, &self.search, self.limits).await?;
        if let Some(custom) = &self.custom {
            presented.custom = custom.credential(req.request());
        }
        Ok(presented)
    }

    /// Refuses a request that a browser would authenticate by itself and that does not come from our own pages.
    pub(crate) fn check_origin(&self, req: &HttpRequest) -> Result<(), AuthError> {
        same_origin::check(req.method(), req.headers(), self.own_origin.as_deref())
    }

    /// The cookies that carry tokens, if they are read.
    pub(crate) fn token_cookies(&self) -> Option<&TokenCookies> {
        self.search.cookies.as_ref()
    }
}
