//! The two types of tokens.

/// What a token is for. The two are never interchangeable (RFC 8725 section 3.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenType {
    /// Authenticates requests.
    Access,
    /// Good for refreshing, and for nothing else.
    Refresh,
}

impl TokenType {
    /// The `typ` of the header.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Access => "at+jwt",
            Self::Refresh => "rt+jwt",
        }
    }

    /// The `type` claim, which is Flask-JWT-Extended's.
    pub(crate) fn claim(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Refresh => "refresh",
        }
    }
}
