//! Where a request is searched for tokens, and which of those that are found decides.

use super::choice;
use super::choice::{Choice, WantedType};
use super::grammar::{HeaderPlace, JsonPlace, QueryPlace, TokenGrammar};
use super::presented::{Found, Presented};
use super::token_cookies::TokenCookies;
use crate::bridge::error::AuthError;
use crate::bridge::model::CredentialLocation;

/// What happens when several places hold a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeveralTokens {
    Refused,
    FirstDecides,
}

/// [`TokenLocations`](crate::TokenLocations) as requests are searched: what is not declared is not there.
#[derive(Clone, Debug)]
pub(crate) struct Search {
    pub(crate) order: Vec<CredentialLocation>,
    pub(crate) header: Option<HeaderPlace>,
    pub(crate) query: Option<QueryPlace>,
    pub(crate) json: Option<JsonPlace>,
    pub(crate) cookies: Option<TokenCookies>,
    pub(crate) grammar: &'static dyn TokenGrammar,
    pub(super) rule: SeveralTokens,
}

impl Search {
    /// The token that decides for a request of this type of token: in `locations` if a guard names them, else in all
    /// places.
    pub(crate) fn choose<'p>(
        &self,
        presented: &'p Presented,
        locations: Option<&[CredentialLocation]>,
        wanted: WantedType,
    ) -> Choice<'p> {
        if locations.is_some_and(|named| named.iter().any(|location| !self.is_declared(*location))) {
            return Choice::Refused(AuthError::Misconfigured(
                "a guard looks for tokens where the bridge does not: declare the place with `TokenLocations::also`",
            ));
        }
        let order = locations.unwrap_or(&self.order);
        match self.rule {
            SeveralTokens::Refused => choice::only_one(presented, order, wanted),
            SeveralTokens::FirstDecides => choice::first(presented, order, wanted),
        }
    }

    /// The places that are searched, in order, and what each holds.
    pub(crate) fn searched<'p>(
        &self,
        presented: &'p Presented,
        locations: Option<&[CredentialLocation]>,
        wanted: WantedType,
    ) -> Vec<(CredentialLocation, &'p Found)> {
        let order = locations.unwrap_or(&self.order);
        order.iter().map(|location| (*location, presented.at(*location, wanted.name()))).collect()
    }

    /// Why each place that is searched holds no token, for the log.
    pub(crate) fn absences(
        &self,
        presented: &Presented,
        locations: Option<&[CredentialLocation]>,
        wanted: WantedType,
    ) -> String {
        let why = |(location, found): &(CredentialLocation, &Found)| match found {
            Found::Nothing(why) => format!("{} {}", location.as_str(), why.as_str()),
            _ => location.as_str().to_owned(),
        };
        self.searched(presented, locations, wanted).iter().map(why).collect::<Vec<_>>().join(", ")
    }

    /// Whether a place was declared, and so known before the request had a route.
    pub(crate) fn is_declared(&self, location: CredentialLocation) -> bool {
        match location {
            CredentialLocation::Header => self.header.is_some(),
            CredentialLocation::Query => self.query.is_some(),
            CredentialLocation::Json => self.json.is_some(),
            CredentialLocation::Cookie => self.cookies.is_some(),
        }
    }
}
