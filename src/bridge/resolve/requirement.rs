//! What a handler demands of the credential that it is called with.

use crate::bridge::credential::presented::Location;
use crate::bridge::error::auth_error::AuthError;
use crate::bridge::resolve::principal::{Verdict, Via};
use crate::bridge::token::TokenType;

/// Under what conditions a request's credential is resolved. The default is what the extractors ask for by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Requirement {
    pub(crate) face: Face,
    pub(crate) wanted: Wanted,
    /// Where to look for a token; `None`: where the application does.
    pub(crate) locations: Option<Vec<Location>>,
    pub(crate) fresh: bool,
    /// Whether the verdict refuses whoever is not fresh, for no guard looks at it afterwards.
    pub(crate) fresh_at_once: bool,
    /// Whether a token counts that the blocklist names.
    pub(crate) skip_blocklist: bool,
}

/// Which face of a login is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Face {
    Any,
    Token,
    Browser,
}

/// Which type of token is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Access,
    Refresh,
    Either,
}

impl Requirement {
    pub(crate) const DEFAULT: Self = Self {
        face: Face::Any,
        wanted: Wanted::Access,
        locations: None,
        fresh: false,
        fresh_at_once: false,
        skip_blocklist: false,
    };

    /// Whether the verdict under `other` answers this too. Freshness is in the answer, whoever asked for it; and somebody
    /// who was let in by either face came by the one or by the other.
    pub(crate) fn is_answered_by(&self, other: &Self, verdict: &Verdict) -> bool {
        let face = match verdict {
            Verdict::Accepted(principal) if other.face == Face::Any => match principal.via {
                Via::Token => self.face != Face::Browser,
                Via::Session | Via::Remember => self.face != Face::Token,
                Via::Request => self.face == Face::Any,
            },
            _ => self.face == other.face,
        };
        face && Self { face: other.face, fresh: other.fresh, ..self.clone() } == *other
    }
}

impl Wanted {
    pub(crate) fn check(self, token_type: TokenType) -> Result<(), AuthError> {
        let wanted = match self {
            Self::Either => return Ok(()),
            Self::Access => TokenType::Access,
            Self::Refresh => TokenType::Refresh,
        };
        if token_type == wanted { Ok(()) } else { Err(AuthError::TokenWrongType { wanted }) }
    }
}
