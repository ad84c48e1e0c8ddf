//! The 43 configuration keys of Flask-JWT-Extended, with its names and defaults.
//!
//! Flask detects an invalid value in a request and answers 500. Here the start of the program fails; the error names the
//! key, its value, and the allowed values.

pub(super) mod config_error;
pub(super) mod config_reader;
mod flask_location;

pub use config_error::FlaskConfigError;
pub(super) use flask_location::FlaskLocation;

use std::fmt;
use std::time::Duration;

use actix_web::cookie::SameSite;
use actix_web::http::Method;
use serde_json::{Map, Value};

use self::config_reader::{ConfigReader, kind};
use super::keys::FlaskKeys;
use crate::bridge::token::{Algorithm, TokenKey};

const MINUTE: i64 = 60;
const DAY: i64 = 24 * 60 * MINUTE;

/// The settings for tokens in the `app.config` of a Flask application.
///
/// ```
/// use serde_json::json;
/// use tollbridge::flask::FlaskConfig;
///
/// let config = json!({
///     "JWT_SECRET_KEY": "a secret of at least thirty-two bytes",
///     "JWT_TOKEN_LOCATION": ["headers", "cookies"],
///     "JWT_ACCESS_TOKEN_EXPIRES": 3600, // a `timedelta` as seconds
/// });
/// FlaskConfig::from_json(&config)?;
///
/// let typo = json!({ "JWT_TOKEN_LOCATIONS": ["headers"] });
/// assert!(FlaskConfig::from_json(&typo).is_err());
/// # Ok::<(), tollbridge::flask::FlaskConfigError>(())
/// ```
#[derive(Clone)]
pub struct FlaskConfig {
    pub(super) keys: FlaskKeys,
    pub(super) locations: Vec<FlaskLocation>,
    pub(super) header_name: String,
    pub(super) header_type: String,
    pub(super) query_name: String,
    pub(super) query_prefix: String,
    pub(super) access: TokenPlaces,
    pub(super) refresh: TokenPlaces,
    pub(super) cookies: CookieSettings,
    pub(super) encode: EncodeSettings,
    pub(super) decode: DecodeSettings,
    pub(super) identity_claim: String,
    pub(super) error_key: String,
}

/// The settings that exist twice, for access and for refresh tokens.
#[derive(Clone, Debug)]
pub(super) struct TokenPlaces {
    /// The lifetime in seconds; `None` for tokens that never expire.
    pub(super) expires: Option<i64>,
    pub(super) json_key: String,
    pub(super) cookie_name: String,
    pub(super) cookie_path: String,
    pub(super) csrf_cookie_name: String,
    pub(super) csrf_cookie_path: String,
    pub(super) csrf_header_name: String,
    pub(super) csrf_field_name: String,
}

/// The settings for the cookies of both types of token.
#[derive(Clone, Debug)]
pub(super) struct CookieSettings {
    /// `None`: `Secure` if the public URL is `https`.
    pub(super) secure: Option<bool>,
    pub(super) domain: Option<String>,
    pub(super) same_site: Option<SameSite>,
    pub(super) session: bool,
    pub(super) csrf_protect: bool,
    pub(super) csrf_methods: Vec<Method>,
    pub(super) csrf_in_cookies: bool,
    pub(super) csrf_check_form: bool,
}

#[derive(Clone, Debug)]
pub(super) struct EncodeSettings {
    pub(super) audience: Option<Value>,
    pub(super) issuer: Option<String>,
    pub(super) nbf: bool,
}

#[derive(Clone, Debug)]
pub(super) struct DecodeSettings {
    pub(super) audience: Option<Vec<String>>,
    pub(super) issuer: Option<Vec<String>>,
    /// In seconds.
    pub(super) leeway: f64,
    pub(super) verify_sub: bool,
}

impl FlaskConfig {
    /// Reads the configuration from a JSON object with the names of `app.config`. A `timedelta` is written in whole seconds,
    /// a set or a tuple as a list. A missing value has the default of Flask-JWT-Extended.
    ///
    /// Keys that do not begin with `JWT_` are ignored, except `SECRET_KEY`, which replaces a missing `JWT_SECRET_KEY`.
    ///
    /// # Errors
    ///
    /// [`FlaskConfigError`] when the JSON is not an object, when a value is invalid, and when a key is unknown or missing.
    pub fn from_json(config: &Value) -> Result<Self, FlaskConfigError> {
        Self::read(config, 32)
    }

    /// As [`from_json`](Self::from_json), but accepts a secret shorter than 32 bytes. Use it only until the secret has been
    /// replaced: an attacker who guesses a short secret can sign any token.
    ///
    /// # Errors
    ///
    /// As [`from_json`](Self::from_json).
    pub fn from_json_with_weak_secret(config: &Value) -> Result<Self, FlaskConfigError> {
        Self::read(config, 1)
    }

    /// The defaults, with these keys for verification.
    #[expect(clippy::expect_used, reason = "an empty configuration is valid")]
    pub(super) fn from_keys(keys: Vec<TokenKey>, leeway: Duration) -> Self {
        let nothing = Map::new();
        let defaults = ConfigReader::new(&nothing).and_then(|from| Self::settings(&from, FlaskKeys::from_keys(keys)));
        let mut config = defaults.expect("the defaults are valid");
        config.decode.leeway = leeway.as_secs_f64();
        config
    }

    fn read(config: &Value, shortest_secret: usize) -> Result<Self, FlaskConfigError> {
        let from = ConfigReader::new(config.as_object().ok_or(FlaskConfigError::NotAnObject(kind(config)))?)?;
        let algorithm = from.algorithm("JWT_ALGORITHM")?.unwrap_or(Algorithm::HS256);
        let mut algorithms = from.algorithms("JWT_DECODE_ALGORITHMS")?;
        if !algorithms.contains(&algorithm) {
            algorithms.push(algorithm);
        }
        Self::settings(&from, FlaskKeys::read(&from, algorithm, algorithms, shortest_secret)?)
    }

    fn settings(from: &ConfigReader<'_>, keys: FlaskKeys) -> Result<Self, FlaskConfigError> {
        Ok(Self {
            keys,
            locations: from.locations("JWT_TOKEN_LOCATION")?,
            header_name: from.token("JWT_HEADER_NAME", "Authorization")?,
            header_type: from.text("JWT_HEADER_TYPE", "Bearer")?,
            query_name: from.name("JWT_QUERY_STRING_NAME", "jwt")?,
            query_prefix: from.text("JWT_QUERY_STRING_VALUE_PREFIX", "")?,
            access: TokenPlaces {
                expires: from.lifetime("JWT_ACCESS_TOKEN_EXPIRES", 15 * MINUTE)?,
                json_key: from.name("JWT_JSON_KEY", "access_token")?,
                cookie_name: from.token("JWT_ACCESS_COOKIE_NAME", "access_token_cookie")?,
                cookie_path: from.text("JWT_ACCESS_COOKIE_PATH", "/")?,
                csrf_cookie_name: from.token("JWT_ACCESS_CSRF_COOKIE_NAME", "csrf_access_token")?,
                csrf_cookie_path: from.text("JWT_ACCESS_CSRF_COOKIE_PATH", "/")?,
                csrf_header_name: from.token("JWT_ACCESS_CSRF_HEADER_NAME", "X-CSRF-TOKEN")?,
                csrf_field_name: from.name("JWT_ACCESS_CSRF_FIELD_NAME", "csrf_token")?,
            },
            refresh: TokenPlaces {
                expires: from.lifetime("JWT_REFRESH_TOKEN_EXPIRES", 30 * DAY)?,
                json_key: from.name("JWT_REFRESH_JSON_KEY", "refresh_token")?,
                cookie_name: from.token("JWT_REFRESH_COOKIE_NAME", "refresh_token_cookie")?,
                cookie_path: from.text("JWT_REFRESH_COOKIE_PATH", "/")?,
                csrf_cookie_name: from.token("JWT_REFRESH_CSRF_COOKIE_NAME", "csrf_refresh_token")?,
                csrf_cookie_path: from.text("JWT_REFRESH_CSRF_COOKIE_PATH", "/")?,
                csrf_header_name: from.token("JWT_REFRESH_CSRF_HEADER_NAME", "X-CSRF-TOKEN")?,
                csrf_field_name: from.name("JWT_REFRESH_CSRF_FIELD_NAME", "csrf_token")?,
            },
            cookies: CookieSettings {
                secure: from.optional_flag("JWT_COOKIE_SECURE")?,
                domain: from.optional_text("JWT_COOKIE_DOMAIN")?.filter(|domain| !domain.is_empty()),
                same_site: from.same_site("JWT_COOKIE_SAMESITE")?,
                session: from.flag("JWT_SESSION_COOKIE", true)?,
                csrf_protect: from.flag("JWT_COOKIE_CSRF_PROTECT", true)?,
                csrf_methods: from
                    .methods("JWT_CSRF_METHODS", &[Method::POST, Method::PUT, Method::PATCH, Method::DELETE])?,
                csrf_in_cookies: from.flag("JWT_CSRF_IN_COOKIES", true)?,
                csrf_check_form: from.flag("JWT_CSRF_CHECK_FORM", false)?,
            },
            encode: EncodeSettings {
                audience: from.audience("JWT_ENCODE_AUDIENCE")?,
                issuer: from.optional_text("JWT_ENCODE_ISSUER")?.filter(|issuer| !issuer.is_empty()),
                nbf: from.flag("JWT_ENCODE_NBF", true)?,
            },
            decode: DecodeSettings {
                audience: from.one_or_many("JWT_DECODE_AUDIENCE")?,
                issuer: from.one_or_many("JWT_DECODE_ISSUER")?,
                leeway: from.seconds("JWT_DECODE_LEEWAY", 0.0)?,
                verify_sub: from.flag("JWT_VERIFY_SUB", true)?,
            },
            identity_claim: from.name("JWT_IDENTITY_CLAIM", "sub")?,
            error_key: from.text("JWT_ERROR_MESSAGE_KEY", "msg")?,
        })
    }
}

impl fmt::Debug for FlaskConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlaskConfig").field("locations", &self.locations).finish_non_exhaustive()
    }
}
