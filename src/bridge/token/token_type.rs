//! The type of a token.

/// The type of a token. A token of one type is never accepted as the other (RFC 8725 section 3.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenType {
    /// An access token. It authenticates requests.
    Access,
    /// A refresh token. It can only be used to refresh.
    Refresh,
}

impl TokenType {
    /// The value of the header member `typ`.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::Refresh => "rt+jwt",
        }
    }

    /// The value of the `type` claim, as in Flask-JWT-Extended.
    pub(crate) fn claim(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }
}
