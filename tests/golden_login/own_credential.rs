//! What the recorded applications' request loaders read.

use actix_web::HttpRequest;
use tollbridge::{FoundCredential, RequestLoader, StoreError};

use crate::fixture::is_known;
use crate::recording::{Case, Request, text};

/// Whether the recorded application had a `request_loader` (or 0.6.3's `header_loader`): only the name says so.
pub(crate) fn has_request_loader(case: &Case) -> bool {
    case.name.contains("request_loader") || case.name.contains("header_loader")
}

/// What the recorded applications' loaders read: whatever a request brings that is neither the client's business nor a
/// route's.
pub(crate) struct OwnCredential;

impl OwnCredential {
    fn of<'a>(
        headers: impl Iterator<Item = (&'a str, &'a str)>,
        query: impl Iterator<Item = (String, String)>,
    ) -> Option<String> {
        let ordinary = ["host", "user-agent", "cookie", "accept", "content-type", "content-length", "x-forwarded-for"];
        let arguments = ["user_id", "user", "uid", "id", "api_key", "key", "token"];
        let header = headers.filter(|(name, _)| !ordinary.contains(&&*name.to_lowercase())).map(|(_, value)| value);
        let argument = query.filter(|(name, _)| arguments.contains(&&**name)).map(|(_, value)| value).next();
        header.map(str::to_owned).next().or(argument)
    }

    /// The credential of a recorded request.
    fn in_recording(request: &Request) -> Option<String> {
        let headers: Vec<_> =
            request.headers.iter().map(|(name, value)| (name.as_str(), text(value).unwrap_or_default())).collect();
        let query = request.path.split_once('?').map_or("", |(_, query)| query);
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned();
        Self::of(headers.iter().map(|(name, value)| (*name, value.as_str())), query)
    }

    /// Whose it is: the id at its end.
    fn owner(credential: &str) -> Option<String> {
        let id = credential.rsplit([' ', '-', '_', ':', '=']).next().unwrap_or_default();
        is_known(id).then(|| id.to_owned()).filter(|id| !id.is_empty() && !matches!(id.as_str(), "bad" | "wrong"))
    }
}

/// Whose credential of the application's own a recorded request brings, if it brings one; and if that holds.
pub(crate) fn own_credential(case: &Case, request: &Request) -> Option<Option<String>> {
    OwnCredential::in_recording(request).filter(|_| has_request_loader(case)).map(|it| OwnCredential::owner(&it))
}

impl RequestLoader for OwnCredential {
    fn credential(&self, req: &HttpRequest) -> Option<String> {
        let headers = req.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        Self::of(headers, url::form_urlencoded::parse(req.query_string().as_bytes()).into_owned())
    }

    async fn find(&self, credential: &str) -> Result<Option<FoundCredential>, StoreError> {
        Ok(Self::owner(credential).map(FoundCredential::of_user))
    }
}
