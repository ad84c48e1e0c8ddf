//! The search of a request for tokens, and the choice among the tokens that are found.

use super::choice;
use super::choice::{Choice, WantedType};
use super::grammar::{HeaderPlace, JsonPlace, QueryPlace, TokenGrammar};
use super::presented::{Found, Presented};
use super::token_cookies::TokenCookies;
use crate::bridge::error::AuthError;
use crate::bridge::model::CredentialLocation;

/// The rule for a request that presents several tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SeveralTokens {
    Refused,
    FirstDecides,
}

/// [`TokenLocations`](crate::TokenLocations) after validation. A location that is not declared is `None`.
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
    /// The token of the wanted type that authenticates the request. `locations`: the locations that a guard names.
    /// Without them the declared order is used.
    pub(crate) fn choose<'p>(
        &self,
        presented: &'p Presented,
        locations: Option<&[CredentialLocation]>,
        wanted: WantedType,
    ) -> Choice<'p> {
        if locations.is_some_and(|named| named.iter().any(|location| !self.is_declared(*location))) {
            return Choice::Refused(AuthError::Misconfigured(
                "a guard names a token location that is not declared: declare it with `TokenLocations::also`",
            ));
        }
        let order = locations.unwrap_or(&self.order);
        match self.rule {
            SeveralTokens::Refused => choice::only_token(presented, order, wanted),
            SeveralTokens::FirstDecides => choice::first_token(presented, order, wanted),
        }
    }

    /// The locations that were searched, in order, with their results.
    pub(crate) fn searched<'p>(
        &self,
        presented: &'p Presented,
        locations: Option<&[CredentialLocation]>,
        wanted: WantedType,
    ) -> Vec<(CredentialLocation, &'p Found)> {
        let order = locations.unwrap_or(&self.order);
        order.iter().map(|location| (*location, presented.at(*location, wanted.first_type()))).collect()
    }

    /// The locations that were searched and why each holds no token, for the log.
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

    /// Whether a location is declared. Only declared locations are searched, because the route is not known at that
    /// time.
    pub(crate) fn is_declared(&self, location: CredentialLocation) -> bool {
        match location {
            CredentialLocation::Header => self.header.is_some(),
            CredentialLocation::Query => self.query.is_some(),
            CredentialLocation::Json => self.json.is_some(),
            CredentialLocation::Cookie => self.cookies.is_some(),
        }
    }
}
