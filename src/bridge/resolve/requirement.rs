//! What a handler demands of the credential that it is called with.

use super::principal::Via;
use super::resolution::Verdict;
use crate::bridge::credential::WantedType;
use crate::bridge::model::CredentialLocation;

/// Under what conditions a request's credential is resolved. The default is what the extractors ask for by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Requirement {
    pub(crate) face: RequiredFace,
    pub(crate) wanted: WantedType,
    /// Where to look for a token; `None`: where the application does.
    pub(crate) locations: Option<Vec<CredentialLocation>>,
    pub(crate) fresh: bool,
    /// Whether the verdict refuses whoever is not fresh, for no guard looks at it afterwards.
    pub(crate) fresh_at_once: bool,
    /// Whether a token counts that the blocklist names.
    pub(crate) skip_blocklist: bool,
}

/// Which face of a login is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequiredFace {
    Any,
    Token,
    Browser,
}

impl Requirement {
    pub(crate) const DEFAULT: Self = Self {
        face: RequiredFace::Any,
        wanted: WantedType::Access,
        locations: None,
        fresh: false,
        fresh_at_once: false,
        skip_blocklist: false,
    };

    /// Whether the verdict under `other` answers this too. Freshness is in the answer, whoever asked for it; and somebody
    /// who was let in by either face came by the one or by the other.
    pub(crate) fn is_answered_by(&self, other: &Self, verdict: &Verdict) -> bool {
        let face = match verdict {
            Verdict::Accepted(principal) if other.face == RequiredFace::Any => match principal.via {
                Via::Token => self.face != RequiredFace::Browser,
                Via::Session | Via::Remember => self.face != RequiredFace::Token,
                Via::Request => self.face == RequiredFace::Any,
            },
            _ => self.face == other.face,
        };
        face && Self { face: other.face, fresh: other.fresh, ..self.clone() } == *other
    }
}
