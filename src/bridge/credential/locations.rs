//! Where tokens are looked for, how they are named there, and what happens when there are several.

use actix_web::http::header::HeaderName;

use super::find::strict::Strict;
use super::grammar::{HeaderPlace, JsonPlace, QueryPlace, TokenGrammar};
use super::search::{Search, SeveralTokens};
use super::token_cookies::TokenCookies;
use crate::bridge::error::BuildError;
use crate::bridge::model::CredentialLocation;

/// Where tokens are looked for (`JWT_TOKEN_LOCATION`), in which order, and under which names. The default is the
/// `Authorization` header, then a JSON body.
///
/// ```
/// use tollbridge::{CredentialLocation, TokenCookies, TokenLocations};
///
/// let locations = TokenLocations::new(&[CredentialLocation::Header, CredentialLocation::Cookie])
///     .cookies(TokenCookies::default().access_cookie("token", "/api"))
///     .also(&[CredentialLocation::Query]) // for the routes that ask for it: `Require::token().locations(&[CredentialLocation::Query])`
///     .query("ticket");
/// ```
///
/// Two different tokens in one request are refused with a 400 `invalid_request`, unless
/// [`first_found`](Self::first_found) says otherwise. A request that brings a token in any of these places is
/// handled without a session.
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
    /// These places, in this order.
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

    /// Places that only some routes look at: those that name them with [`Require::locations`](crate::Require::locations).
    /// A token there keeps sessions out of a request to any route, because what a request brings is known before its
    /// route is.
    pub fn also(mut self, locations: &[CredentialLocation]) -> Self {
        self.also = locations.to_vec();
        self
    }

    /// The first place that holds a token decides, good or bad, and what the later ones hold is not looked at: the rule
    /// of Flask-JWT-Extended.
    pub fn first_found(mut self) -> Self {
        self.rule = SeveralTokens::FirstDecides;
        self
    }

    /// The header, and the scheme before the token (`JWT_HEADER_NAME`, `JWT_HEADER_TYPE`). With an empty scheme the
    /// header holds the token alone. Default `Authorization` and `Bearer`.
    pub fn header(mut self, name: impl Into<String>, scheme: impl Into<String>) -> Self {
        (self.header, self.scheme) = (name.into(), scheme.into());
        self
    }

    /// The parameter of the query (`JWT_QUERY_STRING_NAME`). Default `access_token`.
    pub fn query(mut self, name: impl Into<String>) -> Self {
        self.query = name.into();
        self
    }

    /// What the parameter's value begins with, before the token (`JWT_QUERY_STRING_VALUE_PREFIX`). Default nothing.
    pub fn query_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.query_prefix = prefix.into();
        self
    }

    /// The names of access and refresh tokens in a JSON body (`JWT_JSON_KEY`, `JWT_REFRESH_JSON_KEY`). Default
    /// `access_token` and `refresh_token`.
    pub fn json_keys(mut self, access: impl Into<String>, refresh: impl Into<String>) -> Self {
        (self.json_access, self.json_refresh) = (access.into(), refresh.into());
        self
    }

    /// The cookies that carry tokens.
    pub fn cookies(mut self, cookies: TokenCookies) -> Self {
        self.cookies = cookies;
        self
    }

    /// How the places are read.
    pub(crate) fn grammar(mut self, grammar: &'static dyn TokenGrammar) -> Self {
        self.grammar = grammar;
        self
    }

    /// What a search needs to know, with the names checked. `secure`: whether browsers come over TLS.
    pub(crate) fn search(self, secure: bool) -> Result<Search, BuildError> {
        let wrong = |text: String| Err(BuildError::TokenLocations(text));
        let declared = |location| self.order.contains(&location) || self.also.contains(&location);
        let Ok(header) = HeaderName::try_from(self.header.as_str()) else {
            return wrong(format!("`{}` is not the name of a header", self.header));
        };
        if declared(CredentialLocation::Query) && self.query.is_empty() {
            return wrong("the parameter of the query needs a name".to_owned());
        }
        if declared(CredentialLocation::Json) && (self.json_access.is_empty() || self.json_refresh.is_empty()) {
            return wrong("the tokens in JSON bodies need names".to_owned());
        }
        let cookies = declared(CredentialLocation::Cookie).then(|| self.cookies.validate(secure)).transpose()?;
        Ok(Search {
            header: declared(CredentialLocation::Header).then_some(HeaderPlace {
                name: header,
                written: self.header,
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
