//! The requirement of a guard or an extractor: which credential it accepts.

use std::borrow::Cow;

use super::conflict_policy::ConflictPolicy;
use super::engine::Engine;
use super::freshness::RequiredFreshness;
use super::principal::Principal;
use super::resolution::Verdict;
use super::rule::UserCheck;
use crate::bridge::credential::WantedType;
use crate::bridge::error::AuthError;
use crate::bridge::model::{CredentialLocation, Via, is_ability};

/// Which credential is accepted. [`DEFAULT`](Self::DEFAULT) is the requirement of the extractors without a guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Requirement {
    pub(crate) face: RequiredFace,
    pub(crate) wanted: WantedType,
    /// Where a token is searched for. `None`: in all locations that the application configured.
    pub(crate) locations: Option<Vec<CredentialLocation>>,
    /// How recently the user must have authenticated.
    pub(crate) freshness: RequiredFreshness,
    /// What the credential must be able to do. `None`: nothing in particular.
    pub(crate) abilities: Option<Vec<Cow<'static, str>>>,
    /// The rules about the user. `None`: no rule.
    pub(crate) rules: Option<Vec<UserCheck>>,
    /// Whether the resolver itself [checks](Self::check) the principal. It does so where no guard checks the verdict.
    pub(crate) enforced: bool,
    /// What a request with a token and our cookies is answered with. `None`: the policy of an outer guard, or of the
    /// bridge.
    pub(crate) conflict: Option<ConflictPolicy>,
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
        freshness: RequiredFreshness::NONE,
        abilities: None,
        rules: None,
        enforced: false,
        conflict: None,
        unsearched_body: false,
        skip_blocklist: false,
    };

    /// Checks what a verdict does not depend on: that the principal is fresh enough, that its credential may do what is
    /// asked, and that the rules allow its user.
    pub(crate) fn check(&self, engine: &Engine, principal: &Principal) -> Result<(), AuthError> {
        self.freshness.check(engine, principal.fresh, principal.proof)?;
        self.check_abilities(principal)?;
        self.rules.iter().flatten().try_for_each(|rule| rule.check(&*principal.user))
    }

    /// Whether the verdict under the requirement `other` is also the verdict under this one. What [`check`](Self::check)
    /// looks at may differ, because the verdict contains the user, the freshness and the abilities: each guard checks its
    /// own. `face` may differ where `other` accepts both faces, because the verdict contains the credential. A requirement
    /// without a policy for conflicts takes that of `other`.
    pub(crate) fn is_answered_by(&self, other: &Self, verdict: &Verdict) -> bool {
        let Self {
            face,
            wanted,
            locations,
            freshness: _,
            abilities: _,
            rules: _,
            enforced,
            conflict,
            unsearched_body,
            skip_blocklist,
        } = self;
        let is_same_face = match verdict {
            Verdict::Accepted(principal) if other.face == RequiredFace::Any => match principal.via {
                Via::Token | Via::ApiToken => *face != RequiredFace::Browser,
                Via::Session | Via::Remember => *face != RequiredFace::Token,
                Via::Request => *face == RequiredFace::Any,
            },
            _ => *face == other.face,
        };
        is_same_face
            && *wanted == other.wanted
            && *locations == other.locations
            && *enforced == other.enforced
            && (conflict.is_none() || *conflict == other.conflict)
            && *unsearched_body == other.unsearched_body
            && *skip_blocklist == other.skip_blocklist
    }

    /// Both requirements, where the outer one was not [checked](Self::check).
    pub(crate) fn together_with(&self, outer: &Self) -> Self {
        let abilities: Vec<_> = outer.abilities.iter().chain(&self.abilities).flatten().cloned().collect();
        let rules: Vec<_> = outer.rules.iter().chain(&self.rules).flatten().cloned().collect();
        Self {
            freshness: self.freshness.and(outer.freshness),
            abilities: Some(abilities),
            rules: Some(rules),
            conflict: self.conflict.or(outer.conflict),
            ..self.clone()
        }
    }

    /// This requirement inside a guard with the requirement `outer`: with its policy for conflicts, if it has none of its
    /// own. `None`: it is as it is.
    pub(crate) fn inside(&self, outer: &Self) -> Option<Self> {
        (self.conflict.is_none() && outer.conflict.is_some()).then(|| Self { conflict: outer.conflict, ..self.clone() })
    }

    /// Refuses a credential that lacks an ability.
    fn check_abilities(&self, principal: &Principal) -> Result<(), AuthError> {
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
