//! Where a credential was found.

/// Where a credential was found, or where tokens are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialLocation {
    /// A header, by default `Authorization` with the scheme `Bearer` (RFC 6750 section 2.1).
    Header,
    /// A cookie: that of a session, a remember cookie, or one that carries a token.
    Cookie,
    /// A parameter of the query (RFC 6750 section 2.3, which advises against it: addresses end up in logs and
    /// histories).
    Query,
    /// `access_token` or `refresh_token` of a JSON object in the body.
    Json,
}

impl CredentialLocation {
    /// The word for it: `header`, `cookie`, `query` or `json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Header => "header",
            Self::Cookie => "cookie",
            Self::Query => "query",
            Self::Json => "json",
        }
    }
}
