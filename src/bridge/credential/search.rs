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
    /// Without them the declared order is used. A body that could not be searched is refused unless a token in a header or
    /// a custom credential decides, or `unsearched_body` allows it.
    pub(crate) fn choose<'p>(
        &self,
        presented: &'p Presented,
        locations: Option<&[CredentialLocation]>,
        wanted: WantedType,
        unsearched_body: bool,
    ) -> Choice<'p> {
        if locations.is_some_and(|named| named.iter().any(|location| !self.is_declared(*location))) {
            return Choice::Refused(AuthError::Misconfigured(
                "a guard names a token location that is not declared: declare it with `TokenLocations::also`",
            ));
        }
        let order = locations.unwrap_or(&self.order);
        let choice = match self.rule {
            SeveralTokens::Refused => choice::only_token(presented, order, wanted),
            SeveralTokens::FirstDecides => choice::first_token(presented, order, wanted),
        };
        match (presented.body_fault(), &choice) {
            (None, _) | (_, Choice::Refused(_)) => choice,
            (_, Choice::Token(token)) if token.location == CredentialLocation::Header => choice,
            _ if unsearched_body || presented.custom.is_some() => choice,
            (Some(fault), _) => Choice::Refused(AuthError::BodyNotSearched(fault)),
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

    /// How the application reads tokens, as the end of a sentence.
    pub(crate) fn describe_places(&self) -> String {
        let describe = |location: &CredentialLocation| match location {
            CredentialLocation::Header => self.header.as_ref().map(|place| match place.scheme.as_str() {
                "" => format!("alone in the header `{}`", place.configured_name),
                scheme => format!("as `{}: {scheme} <token>`", place.configured_name),
            }),
            CredentialLocation::Query => self.query.as_ref().map(|place| format!("in the query as `{}`", place.name)),
            CredentialLocation::Json => {
                self.json.as_ref().map(|place| format!("in a JSON body as `{}` or `{}`", place.access, place.refresh))
            }
            CredentialLocation::Cookie => self.cookies.as_ref().map(|_| "in its cookie".to_owned()),
        };
        let places: Vec<_> = self.order.iter().filter_map(describe).collect();
        if places.is_empty() { "nowhere: this application reads none".to_owned() } else { places.join(", or ") }
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
