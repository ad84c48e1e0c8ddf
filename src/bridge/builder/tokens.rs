//! Settings of tokens: their keys, what they say, how long they live and where they are looked for.

use std::time::Duration;

use super::{BridgeBuilder, ExternalOfKeys};
use crate::bridge::credential::{RequestLoader, TokenLocations};
use crate::bridge::model::random;
use crate::bridge::resolve::ExternalTokens;
use crate::bridge::token::TokenKey;

impl BridgeBuilder {
    /// Accepts a credential of the application's own beside tokens and sessions, such as an API key (Flask-Login's
    /// `request_loader`).
    pub fn request_loader(mut self, loader: impl RequestLoader) -> Self {
        self.request_loader = Some(Box::new(loader));
        self
    }

    /// The key that signs tokens. Required.
    pub fn token_key(mut self, key: TokenKey) -> Self {
        self.token_key = Some(key);
        self
    }

    /// The key that signs tokens if there is no other, or one that dies with the process if there is none.
    pub(crate) fn signed_at_least_with(mut self, key: Option<TokenKey>) -> Self {
        let made_up = || TokenKey::hs256(&random::bytes::<32>()).ok();
        self.token_key = self.token_key.or(key).or_else(made_up);
        self
    }

    /// A key that signed tokens before: those still verify, and no new ones are made with it.
    pub fn retired_token_key(mut self, key: TokenKey) -> Self {
        self.retired.push(key);
        self
    }

    /// The `iss` of tokens. Default `tollbridge`.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.tokens.issuer = issuer.into();
        self
    }

    /// The `aud` of tokens. Default `tollbridge`.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.tokens.audiences = vec![audience.into()];
        self
    }

    /// The `aud` of tokens, if they are for several (`JWT_ENCODE_AUDIENCE`). A token that is for one of them is accepted.
    pub fn audiences<A: Into<String>>(mut self, audiences: impl IntoIterator<Item = A>) -> Self {
        self.tokens.audiences = audiences.into_iter().map(Into::into).collect();
        self
    }

    /// Another issuer whose tokens are accepted (`JWT_DECODE_ISSUER`), if they are signed with a key of this bridge, such
    /// as a [retired](Self::retired_token_key) one: the same application before it changed its name.
    pub fn accept_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.tokens.accepted_issuers.push(issuer.into());
        self
    }

    /// Another audience for which a token may be (`JWT_DECODE_AUDIENCE`), besides the one that new tokens are for.
    pub fn accept_audience(mut self, audience: impl Into<String>) -> Self {
        self.tokens.accepted_audiences.push(audience.into());
        self
    }

    /// Whether new tokens say since when they are good, in `nbf` (`JWT_ENCODE_NBF`). It is the time of issue, which is in
    /// `iat` as well. Default yes.
    pub fn encode_nbf(mut self, encode: bool) -> Self {
        self.tokens.nbf = encode;
        self
    }

    /// How long access tokens live (`JWT_ACCESS_TOKEN_EXPIRES`). Default 15 minutes.
    pub fn access_ttl(mut self, ttl: Duration) -> Self {
        self.tokens.access_ttl = ttl;
        self
    }

    /// How long a refresh token lives that is not used (`JWT_REFRESH_TOKEN_EXPIRES`), and a login that has only
    /// tokens. Default 30 days.
    pub fn refresh_ttl(mut self, ttl: Duration) -> Self {
        self.tokens.refresh_ttl = ttl;
        self
    }

    /// How long after a rotation the previous refresh token yields the same successor in any case. Default 10 seconds.
    /// It does so for longer if no token of the new pair has been used yet, because the response may have been lost.
    ///
    /// Zero is strict: a refresh token is good for one request, and its second use ends the login. Then so does a lost
    /// response, and so do two tabs that refresh at the same time.
    pub fn refresh_grace(mut self, grace: Duration) -> Self {
        self.refresh_grace = grace;
        self
    }

    /// How far the clocks of issuer and verifier may differ (`JWT_DECODE_LEEWAY`). Default 5 seconds.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// Where tokens are looked for (`JWT_TOKEN_LOCATION`), and under which names. Default the header and JSON bodies.
    pub fn token_locations(mut self, locations: TokenLocations) -> Self {
        self.token_locations = locations;
        self
    }

    /// JSON bodies and forms larger than this, in bytes, are not searched. Default 16 KiB.
    pub fn json_body_limit(mut self, limit: usize) -> Self {
        self.json_body_limit = limit;
        self
    }

    /// An access token that comes in a cookie and expires within this time gets a successor on the response: it says
    /// the same, but is not fresh. A response that sets or removes the cookie itself, as after signing out, is left
    /// alone. Default none: a browser's access token ends, and its refresh token gets another.
    pub fn implicit_refresh(mut self, within: Duration) -> Self {
        self.implicit_refresh = Some(within);
        self
    }

    /// What verifies tokens that are not of our own format.
    pub(crate) fn external_tokens(mut self, external: impl ExternalTokens + 'static) -> Self {
        self.external = Some(Box::new(external));
        self
    }

    /// What verifies such tokens where nothing else does, made of the bridge's own keys.
    pub(crate) fn external_tokens_of_keys(mut self, of_keys: Option<Box<ExternalOfKeys>>) -> Self {
        self.external_of_keys = of_keys;
        self
    }

    /// How long a body may take that is searched for a token, and how long any body may pause. Default 10 seconds.
    pub fn body_timeout(mut self, time: Duration) -> Self {
        self.body_timeout = time;
        self
    }
}
