//! Settings of tokens: keys, claims, lifetimes and locations.

use std::sync::Arc;
use std::time::Duration;

use super::{BridgeBuilder, ExternalTokensFactory};
use crate::bridge::credential::{RequestLoader, TokenLocations};
use crate::bridge::model::{RevokedTokenStore, random};
use crate::bridge::resolve::ExternalTokens;
use crate::bridge::token::{KeyRing, TokenKey};

impl BridgeBuilder {
    /// Accepts a custom credential besides tokens and sessions, such as an API key (Flask-Login's `request_loader`).
    pub fn request_loader(mut self, loader: impl RequestLoader) -> Self {
        self.request_loader = Some(Box::new(loader));
        self
    }

    /// The key that signs tokens. Required.
    pub fn token_key(mut self, key: TokenKey) -> Self {
        self.token_key = Some(key);
        self
    }

    /// The key that signs tokens if no other key is set. With `None`: a random key, which is lost at the end of the process.
    pub(crate) fn default_token_key(mut self, key: Option<TokenKey>) -> Self {
        let random_key = || TokenKey::hs256(&random::bytes::<32>()).ok();
        if self.key_ring.is_none() {
            self.token_key = self.token_key.or(key).or_else(random_key);
        }
        self
    }

    /// A key that signed tokens before. It still verifies them, but signs no new ones.
    pub fn retired_token_key(mut self, key: TokenKey) -> Self {
        self.retired.push(key);
        self
    }

    /// Keys that change while the application runs, in place of [`token_key`](Self::token_key). The caller keeps a clone of the
    /// ring.
    pub fn key_ring(mut self, ring: KeyRing) -> Self {
        self.key_ring = Some(ring);
        self
    }

    /// The store of access tokens that are revoked one by one ([`Bridge::revoke`](crate::Bridge::revoke)). Without one the login
    /// of such a token ends.
    pub fn revoked_tokens(mut self, store: impl RevokedTokenStore) -> Self {
        self.revoked_tokens = Some(Arc::new(store));
        self
    }

    /// The `iss` claim of tokens. Default: `tollbridge`.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.tokens.issuer = issuer.into();
        self
    }

    /// The `aud` claim of tokens. Default: `tollbridge`.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.tokens.audiences = vec![audience.into()];
        self
    }

    /// The `aud` claim of tokens for several audiences (`JWT_ENCODE_AUDIENCE`). A token for one of them is accepted.
    pub fn audiences<A: Into<String>>(mut self, audiences: impl IntoIterator<Item = A>) -> Self {
        self.tokens.audiences = audiences.into_iter().map(Into::into).collect();
        self
    }

    /// Another `iss` that is accepted (`JWT_DECODE_ISSUER`), for example the former name of the application. The token must
    /// be signed with a key of this bridge; that may be a [retired](Self::retired_token_key) one.
    pub fn accept_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.tokens.accepted_issuers.push(issuer.into());
        self
    }

    /// Another `aud` that is accepted (`JWT_DECODE_AUDIENCE`), besides that of new tokens.
    pub fn accept_audience(mut self, audience: impl Into<String>) -> Self {
        self.tokens.accepted_audiences.push(audience.into());
        self
    }

    /// Whether new tokens have the claim `nbf` (`JWT_ENCODE_NBF`). It is the time of issue, as `iat`. Default: `true`.
    pub fn encode_nbf(mut self, encode: bool) -> Self {
        self.tokens.nbf = encode;
        self
    }

    /// The lifetime of access tokens (`JWT_ACCESS_TOKEN_EXPIRES`). Default: 15 minutes.
    pub fn access_ttl(mut self, ttl: Duration) -> Self {
        self.tokens.access_ttl = ttl;
        self
    }

    /// The lifetime of an unused refresh token (`JWT_REFRESH_TOKEN_EXPIRES`), and of a login that has only tokens.
    /// Default: 30 days.
    pub fn refresh_ttl(mut self, ttl: Duration) -> Self {
        self.tokens.refresh_ttl = ttl;
        self
    }

    /// The lifetime of an unused refresh token, if it is to be shorter than [`refresh_ttl`](Self::refresh_ttl): a client
    /// that is away for so long signs in again, one that refreshes in time stays until its login ends. Default: that of
    /// `refresh_ttl`.
    pub fn refresh_idle_ttl(mut self, ttl: Duration) -> Self {
        self.tokens.refresh_idle_ttl = Some(ttl);
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

    /// The allowed difference between the clocks of issuer and verifier (`JWT_DECODE_LEEWAY`). Default: 5 seconds.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// The token locations, with their names (`JWT_TOKEN_LOCATION`). Default: the `Authorization` header and JSON bodies.
    pub fn token_locations(mut self, locations: TokenLocations) -> Self {
        self.token_locations = locations;
        self
    }

    /// The size in bytes up to which JSON bodies and forms are searched, as sent and as decoded. Default: 2 MiB, the
    /// limit of actix-web's `Json`. Set it to the limit of the extractors of your application if that is larger.
    pub fn json_body_limit(mut self, limit: usize) -> Self {
        self.json_body_limit = limit;
        self
    }

    /// Renews an access token in a cookie that expires within this time. The response sets a cookie with the new token,
    /// which has the same claims but is not fresh. A response that sets or removes the cookie itself, for example after a
    /// logout, is left unchanged.
    ///
    /// Default: no renewal. The access token expires, and the client gets another one with the refresh token.
    pub fn implicit_refresh(mut self, within: Duration) -> Self {
        self.implicit_refresh = Some(within);
        self
    }

    /// The verifier of external tokens.
    pub(crate) fn external_tokens(mut self, external: impl ExternalTokens + 'static) -> Self {
        self.external = Some(Box::new(external));
        self
    }

    /// Makes the verifier of external tokens from the keys of the bridge, if no other verifier is set.
    pub(crate) fn external_tokens_from_keys(mut self, from_keys: Option<Box<ExternalTokensFactory>>) -> Self {
        self.external_from_keys = from_keys;
        self
    }

    /// The time within which a body that is searched for a token must arrive. Every other body may make its handler wait
    /// for this time, and must arrive at 1 KiB a second from then on. Default: 10 seconds.
    pub fn body_timeout(mut self, time: Duration) -> Self {
        self.body_timeout = time;
        self
    }
}
