//! The part of a request in which a credential is.

/// The part of a request in which a credential was found, or in which tokens are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialLocation {
    /// A header, by default `Authorization` with the scheme `Bearer` (RFC 6750 section 2.1).
    Header,
    /// A cookie: the session cookie, the remember cookie, or a cookie that contains a token.
    Cookie,
    /// A query parameter (RFC 6750 section 2.3, which advises against it because URLs are kept in logs and browser
    /// histories).
    Query,
    /// The member `access_token` or `refresh_token` of a JSON object in the body.
    Json,
}

impl CredentialLocation {
    /// The name of the location: `header`, `cookie`, `query` or `json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Query => "query",
            Self::Json => "json",
        }
    }
}
