//! `JWTManager(app)`: the configuration and the loaders of one application.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};
use uuid::Uuid;

use super::config::{FlaskConfig, FlaskConfigError};
use super::messages::ErrorProfile;
use super::pyjwt::{Checked, Rules, Unverified};
use crate::bridge::error::AuthError;
use crate::bridge::model::{Clock, CredentialLocation, UnixTime};
use crate::bridge::token::{TokenFault, TokenKey};

/// Names and values, in the order in which they are written.
pub(super) type Members = Vec<(String, Value)>;

/// A loader that is asked about an identity.
pub(super) type Loader<T> = Option<Box<dyn Fn(&Value) -> T + Send + Sync>>;

/// An application's tokens, as Flask-JWT-Extended makes and reads them: its `JWTManager`.
///
/// Give it to [`BridgeBuilder::flask_jwt`](crate::BridgeBuilder::flask_jwt), and keep a clone to make tokens with. Cloning
/// is cheap.
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

/// Puts a [`JwtManager`] together; from [`JwtManager::builder`].
pub struct JwtManagerBuilder(Inner);

impl JwtManager {
    /// The tokens of an application that has these keys and every default.
    pub(crate) fn of_keys(keys: Vec<TokenKey>, leeway: Duration) -> Self {
        Self(Arc::new(Self::builder(FlaskConfig::of_keys(keys, leeway)).0))
    }

    /// Starts with a configuration and no loaders.
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
    /// Claims for every new token of this identity (`additional_claims_loader`). They are made anew for each: what is
    /// added to one token cannot be in the next.
    pub fn additional_claims_loader<C>(mut self, load: impl Fn(&Value) -> C + Send + Sync + 'static) -> Self
    where
        C: IntoIterator<Item = (String, Value)>,
    {
        self.0.additional_claims = Some(Box::new(move |identity| load(identity).into_iter().collect()));
        self
    }

    /// Members of the header of every new token of this identity (`additional_headers_loader`).
    pub fn additional_headers_loader<C>(mut self, load: impl Fn(&Value) -> C + Send + Sync + 'static) -> Self
    where
        C: IntoIterator<Item = (String, Value)>,
    {
        self.0.additional_headers = Some(Box::new(move |identity| load(identity).into_iter().collect()));
        self
    }

    /// The key that signs the tokens of this identity (`encode_key_loader`). With `None` it is the configured one.
    pub fn encode_key_loader(mut self, load: impl Fn(&Value) -> Option<TokenKey> + Send + Sync + 'static) -> Self {
        self.0.encode_key = Some(Box::new(load));
        self
    }

    /// The key that verifies a token with this header and these claims (`decode_key_loader`). With `None` it is the
    /// configured one. **Neither is verified when this is called**, so look keys up by what is there and believe nothing
    /// else of it. The key verifies tokens of its own algorithm only, and that has to be allowed by the configuration.
    pub fn decode_key_loader(
        mut self,
        load: impl Fn(&Map<String, Value>, &Map<String, Value>) -> Option<TokenKey> + Send + Sync + 'static,
    ) -> Self {
        self.0.decode_key = Some(Box::new(load));
        self
    }

    /// Looks nobody up: whoever has a token is who it says, as without a `user_lookup_loader`. Handlers that ask for the
    /// [`CurrentUser`](crate::CurrentUser) of such a token fail then with a 500, whose log line says so; they ask for
    /// [`CurrentLogin`](crate::CurrentLogin) or [`Claims`](crate::Claims). Default: the user must be there.
    pub fn without_user_lookup(mut self) -> Self {
        self.0.finds_users = false;
        self
    }

    /// Places that only those routes look at which name them, as
    /// [`TokenLocations::also`](crate::TokenLocations::also) has it (`jwt_required(locations=…)`).
    pub fn route_locations(mut self, locations: &[CredentialLocation]) -> Self {
        self.0.route_locations = locations.to_vec();
        self
    }

    /// The error loaders: how refusals are answered. Their message key is the configuration's.
    pub fn errors(mut self, errors: ErrorProfile) -> Self {
        self.0.errors = errors.message_key(&self.0.config.error_key);
        self
    }

    /// Where new tokens have their times from. Default the system's clock.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.0.clock = clock.into();
        self
    }

    /// Where new tokens have their `jti` and `csrf` from. Default random UUIDs (version 4), which nobody can guess.
    pub fn ids(mut self, ids: impl Fn() -> String + Send + Sync + 'static) -> Self {
        self.0.ids = Box::new(ids);
        self
    }

    /// Puts it together.
    ///
    /// # Errors
    ///
    /// When the configuration has no key, and no `decode_key_loader` is there for one.
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
    /// Verifies a token (`_decode_jwt_from_config`). One whose time is over comes with a word of it, not as an error.
    pub(super) fn check(
        &self,
        text: &str,
        csrf: Option<&[u8]>,
        now: UnixTime,
        verify_exp: bool,
    ) -> Result<Checked, AuthError> {
        let token = Unverified::read(text).map_err(AuthError::TokenInvalid)?;
        self.verify_signature(&token).map_err(AuthError::TokenInvalid)?;
        let (decode, identity_claim) = (&self.config.decode, &*self.config.identity_claim);
        token.check(&Rules { decode, identity_claim, csrf, now, verify_exp })
    }

    pub(super) fn can_sign(&self) -> bool {
        self.encode_key.is_some() || self.config.keys.signing.is_some()
    }

    fn verify_signature(&self, token: &Unverified<'_>) -> Result<(), TokenFault> {
        let keys = &self.config.keys;
        // The loader is asked first, as there, but for what it cannot be told.
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
