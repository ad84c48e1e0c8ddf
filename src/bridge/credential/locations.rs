//! The settings for the locations of tokens: their order, their names, and the rule for several tokens.

use actix_web::http::header::HeaderName;

use super::find::strict::Strict;
use super::grammar::{HeaderPlace, JsonPlace, QueryPlace, TokenGrammar};
use super::search::{Search, SeveralTokens};
use super::token_cookies::TokenCookies;
use crate::bridge::error::BuildError;
use crate::bridge::model::CredentialLocation;

/// The locations that are searched for tokens (`JWT_TOKEN_LOCATION`), with their order and names. The default is the
/// `Authorization` header, then a JSON body.
///
/// ```
/// use tollbridge::{CredentialLocation, TokenCookies, TokenLocations};
///
/// let locations = TokenLocations::new(&[CredentialLocation::Header, CredentialLocation::Cookie])
///     .cookies(TokenCookies::default().access_cookie("token", "/api"))
///     .also(&[CredentialLocation::Query]) // for routes with `Require::token().locations(&[…])`
///     .query("ticket");
/// ```
///
/// A request with two different tokens is refused with a 400 `invalid_request`, unless
/// [`first_found`](Self::first_found) is set. A request that presents a token in any of these locations is handled
/// without a session.
#[derive(Clone, Debug)]
pub struct TokenLocations {
    order: Vec<CredentialLocation>,
    also: Vec<CredentialLocation>,
    rule: SeveralTokens,
    grammar: &'static dyn TokenGrammar,
    header: String,
    scheme: String,
    query: String,
    query_prefix: String,
    json_access: String,
    json_refresh: String,
    cookies: TokenCookies,
}

impl Default for TokenLocations {
    fn default() -> Self {
        Self::new(&[CredentialLocation::Header, CredentialLocation::Json])
    }
}

impl TokenLocations {
    /// Searches these locations in this order.
    pub fn new(order: &[CredentialLocation]) -> Self {
        Self {
            order: order.to_vec(),
            also: Vec::new(),
            rule: SeveralTokens::Refused,
            grammar: &Strict,
            header: "Authorization".to_owned(),
            scheme: "Bearer".to_owned(),
            query: "access_token".to_owned(),
            query_prefix: String::new(),
            json_access: "access_token".to_owned(),
            json_refresh: "refresh_token".to_owned(),
            cookies: TokenCookies::default(),
        }
    }

    /// Adds locations that are used only by the routes that name them with
    /// [`Require::locations`](crate::Require::locations). A request that presents a token in such a location is handled
    /// without a session on every route, because tokens are searched before the route is known.
    pub fn also(mut self, locations: &[CredentialLocation]) -> Self {
        self.also = locations.to_vec();
        self
    }

    /// Uses the token of the first location that holds one, valid or not, and ignores the later locations: the rule of
    /// Flask-JWT-Extended.
    pub fn first_found(mut self) -> Self {
        self.rule = SeveralTokens::FirstDecides;
        self
    }

    /// Sets the header, and the scheme before the token (`JWT_HEADER_NAME`, `JWT_HEADER_TYPE`). With an empty scheme
    /// the header holds only the token. Default: `Authorization` and `Bearer`.
    pub fn header(mut self, name: impl Into<String>, scheme: impl Into<String>) -> Self {
        (self.header, self.scheme) = (name.into(), scheme.into());
        self
    }

    /// Sets the query parameter (`JWT_QUERY_STRING_NAME`). Default: `access_token`.
    pub fn query(mut self, name: impl Into<String>) -> Self {
        self.query = name.into();
        self
    }

    /// Sets the prefix before the token in the parameter's value (`JWT_QUERY_STRING_VALUE_PREFIX`). Default: empty.
    pub fn query_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.query_prefix = prefix.into();
        self
    }

    /// Sets the names of access and refresh tokens in a JSON body (`JWT_JSON_KEY`, `JWT_REFRESH_JSON_KEY`). Default:
    /// `access_token` and `refresh_token`.
    pub fn json_keys(mut self, access: impl Into<String>, refresh: impl Into<String>) -> Self {
        (self.json_access, self.json_refresh) = (access.into(), refresh.into());
        self
    }

    /// Sets the cookies that carry tokens.
    pub fn cookies(mut self, cookies: TokenCookies) -> Self {
        self.cookies = cookies;
        self
    }

    /// Sets the grammar that reads the locations.
    pub(crate) fn grammar(mut self, grammar: &'static dyn TokenGrammar) -> Self {
        self.grammar = grammar;
        self
    }

    /// Validates the settings and makes them a [`Search`]. `tls`: whether browsers use TLS.
    pub(crate) fn search(self, tls: bool) -> Result<Search, BuildError> {
        let invalid = |text: String| Err(BuildError::TokenLocations(text));
        let declared = |location| self.order.contains(&location) || self.also.contains(&location);
        let Ok(header) = HeaderName::try_from(self.header.as_str()) else {
            return invalid(format!("`{}` is not a header name", self.header));
        };
        if declared(CredentialLocation::Query) && self.query.is_empty() {
            return invalid("the query parameter for the token needs a name".to_owned());
        }
        if declared(CredentialLocation::Json) && (self.json_access.is_empty() || self.json_refresh.is_empty()) {
            return invalid("the members for tokens in JSON bodies need names".to_owned());
        }
        let cookies = declared(CredentialLocation::Cookie).then(|| self.cookies.validate(tls)).transpose()?;
        Ok(Search {
            header: declared(CredentialLocation::Header).then_some(HeaderPlace {
                name: header,
                configured_name: self.header,
                scheme: self.scheme,
            }),
            query: declared(CredentialLocation::Query)
                .then_some(QueryPlace { name: self.query, prefix: self.query_prefix }),
            json: declared(CredentialLocation::Json)
                .then_some(JsonPlace { access: self.json_access, refresh: self.json_refresh }),
            cookies,
            order: self.order,
            rule: self.rule,
            grammar: self.grammar,
        })
    }
}
