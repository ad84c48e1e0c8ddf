//! The `JWTManager` of Flask-JWT-Extended: the configuration and the loaders of one application.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::config::{FlaskConfig, FlaskConfigError};
use super::messages::ErrorProfile;
use super::pyjwt::{CheckedToken, ClaimRules, UnverifiedToken};
use crate::bridge::error::AuthError;
use crate::bridge::model::{Clock, CredentialLocation, UnixTime};
use crate::bridge::token::{TokenFault, TokenKey};

/// Names and values, in the order of the JSON text.
pub(super) type Members = Vec<(String, Value)>;

/// A loader whose argument is the user's identity.
pub(super) type Loader<T> = Option<Box<dyn Fn(&Value) -> T + Send + Sync>>;

/// Issues and reads tokens as Flask-JWT-Extended does: its `JWTManager`.
///
/// Pass it to [`BridgeBuilder::flask_jwt`](crate::BridgeBuilder::flask_jwt), and keep a clone to issue tokens. Cloning is
/// cheap.
#[derive(Clone)]
pub struct JwtManager(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) config: FlaskConfig,
    pub(super) additional_claims: Loader<Members>,
    pub(super) additional_headers: Loader<Members>,
    pub(super) encode_key: Loader<Option<TokenKey>>,
    pub(super) decode_key: Option<Box<DecodeKey>>,
    pub(super) finds_users: bool,
    pub(super) route_locations: Vec<CredentialLocation>,
    pub(super) errors: ErrorProfile,
    pub(super) clock: Clock,
    pub(super) ids: Box<dyn Fn() -> String + Send + Sync>,
}

type DecodeKey = dyn Fn(&Map<String, Value>, &Map<String, Value>) -> Option<TokenKey> + Send + Sync;

/// The settings of a [`JwtManager`], from [`JwtManager::builder`].
pub struct JwtManagerBuilder(Inner);

impl JwtManager {
    /// A manager with these verifying keys and the default configuration.
    pub(crate) fn from_keys(keys: Vec<TokenKey>, leeway: Duration) -> Self {
        Self(Arc::new(Self::builder(FlaskConfig::from_keys(keys, leeway)).0))
    }

    /// Starts with a configuration and without loaders.
    pub fn builder(config: FlaskConfig) -> JwtManagerBuilder {
        let errors = ErrorProfile::default().message_key(&config.error_key);
        JwtManagerBuilder(Inner {
            config,
            additional_claims: None,
            additional_headers: None,
            encode_key: None,
            decode_key: None,
            finds_users: true,
            route_locations: Vec::new(),
            errors,
            clock: Clock::system(),
            ids: Box::new(|| Uuid::new_v4().to_string()),
        })
    }
}

impl JwtManagerBuilder {
    /// Additional claims for every new token (`additional_claims_loader`). The argument is the identity. The loader is
    /// called for each token, so claims of one token cannot get into another.
    pub fn additional_claims_loader<C>(mut self, load: impl Fn(&Value) -> C + Send + Sync + 'static) -> Self
    where
        C: IntoIterator<Item = (String, Value)>,
    {
        self.0.additional_claims = Some(Box::new(move |identity| load(identity).into_iter().collect()));
        self
    }

    /// Additional header members for every new token (`additional_headers_loader`). The argument is the identity.
    pub fn additional_headers_loader<C>(mut self, load: impl Fn(&Value) -> C + Send + Sync + 'static) -> Self
    where
        C: IntoIterator<Item = (String, Value)>,
    {
        self.0.additional_headers = Some(Box::new(move |identity| load(identity).into_iter().collect()));
        self
    }

    /// The key that signs the tokens of this identity (`encode_key_loader`). With `None` the configured key signs.
    pub fn encode_key_loader(mut self, load: impl Fn(&Value) -> Option<TokenKey> + Send + Sync + 'static) -> Self {
        self.0.encode_key = Some(Box::new(load));
        self
    }

    /// The key that verifies a token (`decode_key_loader`). The arguments are its header and its claims. With `None` the
    /// configured key verifies.
    ///
    /// **The arguments are not verified**: use them only to look up a key. A key verifies only tokens of its algorithm,
    /// which the configuration must allow.
    pub fn decode_key_loader(
        mut self,
        load: impl Fn(&Map<String, Value>, &Map<String, Value>) -> Option<TokenKey> + Send + Sync + 'static,
    ) -> Self {
        self.0.decode_key = Some(Box::new(load));
        self
    }

    /// Accepts a token without looking up its user, as Flask-JWT-Extended does without a `user_lookup_loader`. Default: the
    /// user must exist.
    ///
    /// The user of such a token is not known: a handler with [`CurrentUser`](crate::CurrentUser) answers 500 and logs the
    /// reason. Use [`CurrentLogin`](crate::CurrentLogin) or [`Claims`](crate::Claims).
    pub fn without_user_lookup(mut self) -> Self {
        self.0.finds_users = false;
        self
    }

    /// Token locations that are searched only on routes that name them (`jwt_required(locations=…)`), as
    /// [`TokenLocations::also`](crate::TokenLocations::also) does.
    pub fn route_locations(mut self, locations: &[CredentialLocation]) -> Self {
        self.0.route_locations = locations.to_vec();
        self
    }

    /// The error loaders, which answer refusals. Their message key is that of the configuration.
    pub fn errors(mut self, errors: ErrorProfile) -> Self {
        self.0.errors = errors.message_key(&self.0.config.error_key);
        self
    }

    /// The clock for the times in new tokens. Default: the clock of the system.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.0.clock = clock.into();
        self
    }

    /// The generator of `jti` and `csrf` in new tokens. Default: random UUIDs (version 4), which cannot be guessed.
    pub fn ids(mut self, ids: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.0.ids = Box::new(ids);
        self
    }

    /// Builds the manager.
    ///
    /// # Errors
    ///
    /// [`FlaskConfigError::MissingKey`] when there is neither a key in the configuration nor a `decode_key_loader`.
    pub fn build(self) -> Result<JwtManager, FlaskConfigError> {
        let keys = &self.0.config.keys;
        match keys.missing() {
            Some(key) if self.0.decode_key.is_none() => {
                Err(FlaskConfigError::MissingKey { key, algorithm: keys.algorithm })
            }
            _ => Ok(JwtManager(Arc::new(self.0))),
        }
    }
}

impl Inner {
    /// Verifies a token (`_decode_jwt_from_config`). An expired token is not an error: the result says that it has expired.
    pub(super) fn check(
        &self,
        text: &str,
        csrf: Option<&[u8]>,
        now: UnixTime,
        verify_exp: bool,
    ) -> Result<CheckedToken, AuthError> {
        let token = UnverifiedToken::read(text).map_err(AuthError::TokenInvalid)?;
        self.verify_signature(&token).map_err(AuthError::TokenInvalid)?;
        let (decode, identity_claim) = (&self.config.decode, &*self.config.identity_claim);
        token.check(&ClaimRules { decode, identity_claim, csrf, now, verify_exp })
    }

    pub(super) fn can_sign(&self) -> bool {
        self.encode_key.is_some() || self.config.keys.signing.is_some()
    }

    fn verify_signature(&self, token: &UnverifiedToken<'_>) -> Result<(), TokenFault> {
        let keys = &self.config.keys;
        // The loader is called first, as in Flask-JWT-Extended. It is not called for JSON that `serde_json` cannot hold.
        let loaded = match (&self.decode_key, token.header.to_map(), token.claims.to_map()) {
            (Some(load), Some(header), Some(claims)) => load(&header, &claims),
            _ => None,
        };
        let algorithm = token.algorithm(|name| keys.allows(name))?;
        let keys = match &loaded {
            Some(key) if key.algorithm_name() == algorithm => vec![key],
            Some(_) => Vec::new(),
            None => keys.verifying(algorithm),
        };
        if keys.is_empty() {
            return Err(TokenFault::AlgorithmNotAllowed);
        }
        if keys.into_iter().any(|key| token.is_signed_by(key)) { Ok(()) } else { Err(TokenFault::Signature) }
    }
}

impl fmt::Debug for JwtManager {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtManager").field("config", &self.0.config).finish_non_exhaustive()
    }
}

impl fmt::Debug for JwtManagerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtManagerBuilder").field("config", &self.0.config).finish_non_exhaustive()
    }
}
