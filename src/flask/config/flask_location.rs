//! The token locations of Flask-JWT-Extended.

use crate::CredentialLocation;

/// A value of `JWT_TOKEN_LOCATION`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FlaskLocation {
    Headers,
    Cookies,
    QueryString,
    Json,
}

impl FlaskLocation {
    pub(super) const ALL: [Self; 4] = [Self::Headers, Self::Cookies, Self::QueryString, Self::Json];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Headers => "headers",
            Self::Cookies => "cookies",
            Self::QueryString => "query_string",
            Self::Json => "json",
        }
    }
}

impl From<FlaskLocation> for CredentialLocation {
    fn from(location: FlaskLocation) -> Self {
        match location {
            FlaskLocation::Headers => Self::Header,
            FlaskLocation::Cookies => Self::Cookie,
            FlaskLocation::QueryString => Self::Query,
            FlaskLocation::Json => Self::Json,
        }
    }
}

impl From<CredentialLocation> for FlaskLocation {
    fn from(location: CredentialLocation) -> Self {
        match location {
            CredentialLocation::Header => Self::Headers,
            CredentialLocation::Cookie => Self::Cookies,
            CredentialLocation::Query => Self::QueryString,
            CredentialLocation::Json => Self::Json,
        }
    }
}
