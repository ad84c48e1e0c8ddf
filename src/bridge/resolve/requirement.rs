//! The requirement of a guard or an extractor: which credential it accepts.

use std::borrow::Cow;

use super::principal::{Principal, Via};
use super::resolution::Verdict;
use crate::bridge::credential::WantedType;
use crate::bridge::error::AuthError;
use crate::bridge::model::{CredentialLocation, is_ability};

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
    /// What the credential must be able to do. `None`: nothing in particular.
    pub(crate) abilities: Option<Vec<Cow<'static, str>>>,
    /// Whether the resolver itself rejects a credential that lacks an ability. It does so where no guard checks the verdict.
    pub(crate) reject_unable: bool,
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
        abilities: None,
        reject_unable: false,
        unsearched_body: false,
        skip_blocklist: false,
    };

    /// Whether the verdict under the requirement `other` is also the verdict under this one. `fresh` and
    /// `abilities` may differ, because the verdict contains both. `face` may differ where `other` accepts both faces, because the
    /// verdict contains the credential.
    pub(crate) fn is_answered_by(&self, other: &Self, verdict: &Verdict) -> bool {
        let face = match verdict {
            Verdict::Accepted(principal) if other.face == RequiredFace::Any => match principal.via {
                Via::Token | Via::ApiToken => self.face != RequiredFace::Browser,
                Via::Session | Via::Remember => self.face != RequiredFace::Token,
                Via::Request => self.face == RequiredFace::Any,
            },
            _ => self.face == other.face,
        };
        let abilities = other.abilities.clone();
        face && Self { face: other.face, fresh: other.fresh, abilities, ..self.clone() } == *other
    }

    /// Refuses a credential that lacks an ability.
    pub(crate) fn check_abilities(&self, principal: &Principal) -> Result<(), AuthError> {
        for ability in self.abilities.iter().flatten() {
            // No credential could have it, and the challenge could not name it.
            if !is_ability(ability) {
                return Err(AuthError::Misconfigured("a guard names an ability that is none: see `Abilities`"));
            }
            if !principal.can(ability) {
                return Err(AuthError::InsufficientScope { scope: ability.clone() });
            }
        }
        Ok(())
    }
}
