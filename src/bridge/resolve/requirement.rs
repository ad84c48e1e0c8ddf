//! The requirement of a guard or an extractor: which credential it accepts.

use super::principal::Via;
use super::resolution::Verdict;
use crate::bridge::credential::WantedType;
use crate::bridge::model::CredentialLocation;

/// Which credential is accepted. [`DEFAULT`](Self::DEFAULT) is the requirement of the extractors without a guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Requirement {
    pub(crate) face: RequiredFace,
    pub(crate) wanted: WantedType,
    /// Where a token is searched for. `None`: in all locations that the application configured.
    pub(crate) locations: Option<Vec<CredentialLocation>>,
    /// Whether the login must be fresh.
    pub(crate) fresh: bool,
    /// Whether the resolver itself rejects a login that is not fresh. It does so where no guard checks the verdict.
    pub(crate) reject_stale: bool,
    /// Whether a body that could not be searched for a token is accepted.
    pub(crate) unsearched_body: bool,
    /// Whether a revoked token is accepted: the blocklist is not asked.
    pub(crate) skip_blocklist: bool,
}

/// Which face of a login is accepted: its tokens, its browser session, or both.
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
        reject_stale: false,
        unsearched_body: false,
        skip_blocklist: false,
    };

    /// Whether the verdict under the requirement `other` is also the verdict under this one. `fresh` may differ,
    /// because the verdict contains the freshness. `face` may differ where `other` accepts both faces, because the
    /// verdict contains the credential.
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
