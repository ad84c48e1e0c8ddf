//! `create_access_token`, `create_refresh_token` and `decode_token`: tokens in the format of Flask-JWT-Extended.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::config::TokenPlaces;
use super::manager::{Inner, JwtManager, Loader, Members};
use super::pyjwt::{CheckedToken, UnverifiedToken};
use super::python_json::{Json, Object};
use crate::bridge::error::AuthError;
use crate::bridge::model::{UnixTime, seconds};
use crate::bridge::token::{TokenFault, TokenType};

impl JwtManager {
    /// Starts a new access token for this identity (`create_access_token`). [`issue`](NewToken::issue) signs it.
    ///
    /// ```
    /// use serde_json::json;
    /// use std::time::Duration;
    /// use tollbridge::flask::{FlaskConfig, JwtManager};
    ///
    /// let config = json!({ "JWT_SECRET_KEY": "a secret of at least thirty-two bytes" });
    /// let config = FlaskConfig::from_json(&config)?;
    /// let jwt = JwtManager::builder(config).build()?;
    ///
    /// let token = jwt.create_access_token("42").fresh(true).claim("role", "admin").issue()?;
    /// assert_eq!(jwt.decode_token(&token).claims()?["role"], "admin");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn create_access_token(&self, identity: impl Into<Value>) -> NewToken<'_> {
        NewToken::new(&self.0, TokenType::Access, identity.into())
    }

    /// Starts a new refresh token for this identity (`create_refresh_token`). It is never fresh.
    pub fn create_refresh_token(&self, identity: impl Into<Value>) -> NewToken<'_> {
        NewToken::new(&self.0, TokenType::Refresh, identity.into())
    }

    /// Verifies and decodes a token (`decode_token`). It does not check the blocklist, and does not look up the user.
    pub fn decode_token<'a>(&'a self, token: &'a str) -> DecodeToken<'a> {
        DecodeToken { manager: &self.0, token, csrf: None, allow_expired: false }
    }

    /// The `jti` of a valid token (`get_jti`).
    ///
    /// # Errors
    ///
    /// When the token is not valid.
    pub fn get_jti(&self, token: &str) -> Result<Option<String>, AuthError> {
        Ok(self.decode_token(token).claims()?.get("jti").and_then(Value::as_str).map(str::to_owned))
    }

    /// The `csrf` of a valid token (`get_csrf_token`).
    ///
    /// # Errors
    ///
    /// When the token is not valid, or has no `csrf` claim.
    pub fn get_csrf_token(&self, token: &str) -> Result<String, AuthError> {
        let claims = self.decode_token(token).claims()?;
        let csrf = claims.get("csrf").and_then(Value::as_str);
        csrf.map(str::to_owned).ok_or(AuthError::TokenInvalid(TokenFault::MissingClaim("csrf".into())))
    }

    /// The header of a token. Nothing in it is verified (`get_unverified_jwt_headers`).
    ///
    /// # Errors
    ///
    /// When the text is not a token.
    pub fn get_unverified_jwt_headers(&self, token: &str) -> Result<Map<String, Value>, AuthError> {
        let token = UnverifiedToken::read(token).map_err(AuthError::TokenInvalid)?;
        to_serde_map(&token.header)
    }
}

/// A new token that is not signed yet; from [`JwtManager::create_access_token`] and
/// [`JwtManager::create_refresh_token`].
#[must_use = "call `issue` to get the token"]
pub struct NewToken<'a> {
    manager: &'a Inner,
    token_type: TokenType,
    identity: Value,
    fresh: Fresh,
    expires: Option<i64>,
    now: UnixTime,
    claims: Members,
    headers: Members,
}

/// The freshness of a new token.
enum Fresh {
    Flag(bool),
    For(Duration),
}

impl<'a> NewToken<'a> {
    fn new(manager: &'a Inner, token_type: TokenType, identity: Value) -> Self {
        let places: &TokenPlaces = match token_type {
            TokenType::Access => &manager.config.access,
            TokenType::Refresh => &manager.config.refresh,
        };
        Self {
            manager,
            token_type,
            identity,
            fresh: Fresh::Flag(false),
            expires: places.expires,
            now: manager.clock.now(),
            claims: Vec::new(),
            headers: Vec::new(),
        }
    }

    /// Replaces the time of issue.
    pub(super) fn issued_at(mut self, now: UnixTime) -> Self {
        self.now = now;
        self
    }

    /// Whether the user has just authenticated. Default: `false`.
    pub fn fresh(mut self, fresh: bool) -> Self {
        self.fresh = Fresh::Flag(fresh);
        self
    }

    /// Makes the token fresh for this time, in whole seconds (`fresh=timedelta(…)`).
    pub fn fresh_for(mut self, time: Duration) -> Self {
        self.fresh = Fresh::For(time);
        self
    }

    /// The lifetime in whole seconds (`expires_delta=timedelta(…)`). Default: the configured one. With zero the token never
    /// expires.
    pub fn expires_in(mut self, time: Duration) -> Self {
        self.expires = Some(seconds(time)).filter(|time| *time != 0);
        self
    }

    /// Makes a token that never expires (`expires_delta=False`).
    pub fn never_expires(mut self) -> Self {
        self.expires = None;
        self
    }

    /// Adds a claim (`additional_claims`). It replaces the claim of the loader, and every other claim of this name.
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.claims.push((name.into(), value.into()));
        self
    }

    /// Adds a header member (`additional_headers`). It replaces the member of the loader.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Signs the token.
    ///
    /// # Errors
    ///
    /// [`Misconfigured`](AuthError::Misconfigured) if there is no signing key, if an additional header is `alg`, `b64` or
    /// `crit` or a `kid` that is not a text, or if `iss` is not a text.
    pub fn issue(self) -> Result<String, AuthError> {
        let manager = self.manager;
        let loaded = |loader: &Loader<Members>| loader.as_ref().map(|load| load(&self.identity)).unwrap_or_default();
        let (headers, claims) = (loaded(&manager.additional_headers), loaded(&manager.additional_claims));
        let loaded = manager.encode_key.as_ref().and_then(|load| load(&self.identity));
        let key = loaded.as_ref().or(manager.config.keys.signing.as_ref());
        let key = key.filter(|key| key.can_sign()).ok_or(AuthError::Misconfigured(
            "no key signs this token: give the configuration a `JWT_SECRET_KEY` or `JWT_PRIVATE_KEY`",
        ))?;

        let mut header = Object::default();
        header.insert("alg", key.algorithm_name());
        header.insert("typ", "JWT");
        for (name, value) in headers.into_iter().chain(self.headers.clone()) {
            let fits = match name.as_str() {
                "alg" | "b64" | "crit" => false,
                "kid" => value.is_string(),
                _ => true,
            };
            if !fits {
                return Err(AuthError::Misconfigured(
                    "an additional header of a token must not be `alg`, `b64` or `crit`, and `kid` must be a text",
                ));
            }
            header.insert(name, value);
        }
        if !header.get("typ").is_some_and(Json::is_truthy) {
            header.remove("typ");
        }
        let payload = self.payload(claims)?;
        let encoded = |json: String| URL_SAFE_NO_PAD.encode(json);
        let message = format!("{}.{}", encoded(header.sorted().to_string()), encoded(payload.to_string()));
        let signature = key.sign(message.as_bytes()).ok_or(AuthError::Misconfigured("the token key cannot sign"))?;
        Ok(format!("{message}.{signature}"))
    }

    /// The claims, in the order of `_encode_jwt`.
    fn payload(&self, loaded: Members) -> Result<Object, AuthError> {
        let config = &self.manager.config;
        let now = self.now;
        let mut claims = Object::default();
        claims.insert(
            "fresh",
            match self.fresh {
                Fresh::Flag(fresh) => Json::Bool(fresh && self.token_type == TokenType::Access),
                Fresh::For(time) if self.token_type == TokenType::Access => Json::timestamp(now + seconds(time)),
                Fresh::For(_) => Json::Bool(false),
            },
        );
        claims.insert("iat", now);
        claims.insert("jti", (self.manager.ids)().as_str());
        claims.insert("type", self.token_type.claim());
        claims.insert(config.identity_claim.as_str(), self.identity.clone());
        if config.encode.nbf {
            claims.insert("nbf", now);
        }
        if config.cookies.csrf_protect {
            claims.insert("csrf", (self.manager.ids)().as_str());
        }
        if let Some(audience) = &config.encode.audience {
            claims.insert("aud", audience.clone());
        }
        if let Some(issuer) = &config.encode.issuer {
            claims.insert("iss", issuer.as_str());
        }
        if let Some(lifetime) = self.expires {
            claims.insert("exp", now.saturating_add(lifetime));
        }
        for (name, value) in loaded.into_iter().chain(self.claims.clone()) {
            claims.insert(name, value);
        }
        if claims.get("iss").is_some_and(|issuer| issuer.as_text().is_none()) {
            return Err(AuthError::Misconfigured("the claim `iss` of a new token must be a text"));
        }
        Ok(claims)
    }
}

/// A token to be decoded; from [`JwtManager::decode_token`].
#[must_use = "call `claims` to decode the token"]
pub struct DecodeToken<'a> {
    manager: &'a Inner,
    token: &'a str,
    csrf: Option<&'a str>,
    allow_expired: bool,
}

impl<'a> DecodeToken<'a> {
    /// Requires this value of the `csrf` claim (`csrf_value`).
    pub fn csrf(mut self, value: &'a str) -> Self {
        self.csrf = Some(value);
        self
    }

    /// Accepts an expired token (`allow_expired=True`).
    pub fn allow_expired(mut self) -> Self {
        self.allow_expired = true;
        self
    }

    /// All claims. Missing `type`, `fresh` and `jti` have their defaults.
    ///
    /// # Errors
    ///
    /// [`AuthError`] with the reason when the token is not valid.
    pub fn claims(self) -> Result<Map<String, Value>, AuthError> {
        let now = self.manager.clock.now();
        let CheckedToken { claims, expired, .. } =
            self.manager.check(self.token, self.csrf.map(str::as_bytes), now, !self.allow_expired)?;
        if expired { Err(AuthError::TokenExpired) } else { to_serde_map(&claims) }
    }
}

/// The members as a map of `serde_json`. The error is for numbers that it cannot hold.
pub(super) fn to_serde_map(object: &Object) -> Result<Map<String, Value>, AuthError> {
    object.to_map().ok_or(AuthError::TokenInvalid(TokenFault::ClaimValue("a number".into())))
}

impl fmt::Debug for NewToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewToken").field("token_type", &self.token_type).finish_non_exhaustive()
    }
}

impl fmt::Debug for DecodeToken<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecodeToken")
    }
}
