//! Reads single values of the configuration, and reports invalid ones.

use std::fmt::Write as _;

use actix_web::cookie::SameSite;
use actix_web::http::Method;
use serde_json::{Map, Value};

use super::config_error::FlaskConfigError;
use super::flask_location::FlaskLocation;
use crate::bridge::token::Algorithm;

/// All configuration keys of Flask-JWT-Extended 4.7.4.
const KEYS: [&str; 43] = [
    "JWT_ACCESS_COOKIE_NAME",
    "JWT_ACCESS_COOKIE_PATH",
    "JWT_ACCESS_CSRF_COOKIE_NAME",
    "JWT_ACCESS_CSRF_COOKIE_PATH",
    "JWT_ACCESS_CSRF_FIELD_NAME",
    "JWT_ACCESS_CSRF_HEADER_NAME",
    "JWT_ACCESS_TOKEN_EXPIRES",
    "JWT_ALGORITHM",
    "JWT_COOKIE_CSRF_PROTECT",
    "JWT_COOKIE_DOMAIN",
    "JWT_COOKIE_SAMESITE",
    "JWT_COOKIE_SECURE",
    "JWT_CSRF_CHECK_FORM",
    "JWT_CSRF_IN_COOKIES",
    "JWT_CSRF_METHODS",
    "JWT_DECODE_ALGORITHMS",
    "JWT_DECODE_AUDIENCE",
    "JWT_DECODE_ISSUER",
    "JWT_DECODE_LEEWAY",
    "JWT_ENCODE_AUDIENCE",
    "JWT_ENCODE_ISSUER",
    "JWT_ENCODE_NBF",
    "JWT_ERROR_MESSAGE_KEY",
    "JWT_HEADER_NAME",
    "JWT_HEADER_TYPE",
    "JWT_IDENTITY_CLAIM",
    "JWT_JSON_KEY",
    "JWT_PRIVATE_KEY",
    "JWT_PUBLIC_KEY",
    "JWT_QUERY_STRING_NAME",
    "JWT_QUERY_STRING_VALUE_PREFIX",
    "JWT_REFRESH_COOKIE_NAME",
    "JWT_REFRESH_COOKIE_PATH",
    "JWT_REFRESH_CSRF_COOKIE_NAME",
    "JWT_REFRESH_CSRF_COOKIE_PATH",
    "JWT_REFRESH_CSRF_FIELD_NAME",
    "JWT_REFRESH_CSRF_HEADER_NAME",
    "JWT_REFRESH_JSON_KEY",
    "JWT_REFRESH_TOKEN_EXPIRES",
    "JWT_SECRET_KEY",
    "JWT_SESSION_COOKIE",
    "JWT_TOKEN_LOCATION",
    "JWT_VERIFY_SUB",
];

type Read<T> = Result<T, FlaskConfigError>;

/// Reads the values of one configuration.
pub(crate) struct ConfigReader<'a>(&'a Map<String, Value>);

impl<'a> ConfigReader<'a> {
    pub(super) fn new(config: &'a Map<String, Value>) -> Read<Self> {
        match config.keys().find(|key| key.starts_with("JWT_") && !KEYS.contains(&key.as_str())) {
            Some(unknown) => Err(FlaskConfigError::UnknownKey(unknown.clone())),
            None => Ok(Self(config)),
        }
    }

    /// The value of a key. `None` if the key is absent, so that the default applies.
    fn value<T>(
        &self,
        key: &'static str,
        wanted: &'static str,
        read: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Read<Option<T>> {
        let Some(value) = self.0.get(key) else { return Ok(None) };
        read(value).map(Some).ok_or_else(|| FlaskConfigError::Value { key, found: describe(value), wanted })
    }

    pub(super) fn text(&self, key: &'static str, default: &str) -> Read<String> {
        Ok(self.value(key, "a text", Value::as_str)?.unwrap_or(default).to_owned())
    }

    /// A text that is not empty.
    pub(super) fn name(&self, key: &'static str, default: &str) -> Read<String> {
        let name = |value: &'a Value| value.as_str().filter(|text| !text.is_empty());
        Ok(self.value(key, "a text that is not empty", name)?.unwrap_or(default).to_owned())
    }

    /// The name of a header or a cookie: a `token` of RFC 9110 section 5.6.2.
    pub(super) fn token(&self, key: &'static str, default: &str) -> Read<String> {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let token = |value: &'a Value| value.as_str().filter(|text| !text.is_empty() && text.bytes().all(is_token));
        let wanted = "a name of letters, digits, `-` and `_` that is not empty";
        Ok(self.value(key, wanted, token)?.unwrap_or(default).to_owned())
    }

    /// A text. `null` is the same as an absent key.
    pub(super) fn optional_text(&self, key: &'static str) -> Read<Option<String>> {
        let text = |value: &'a Value| match value {
            Value::Null => Some(None),
            Value::String(text) => Some(Some(text.clone())),
            _ => None,
        };
        Ok(self.value(key, "a text, or null for none", text)?.flatten())
    }

    /// The first of these keys that has a value, and the value. It is a secret or a PEM text, so no error contains it.
    pub(crate) fn first_key(&self, keys: &[&'static str]) -> Read<Option<(&'static str, &'a str)>> {
        for &key in keys {
            match self.0.get(key) {
                None | Some(Value::Null) => {}
                Some(Value::String(text)) if text.is_empty() => {}
                Some(Value::String(text)) => return Ok(Some((key, text))),
                Some(other) => {
                    let found = kind(other).to_owned();
                    return Err(FlaskConfigError::Value { key, found, wanted: "the key as a text" });
                }
            }
        }
        Ok(None)
    }

    pub(super) fn flag(&self, key: &'static str, default: bool) -> Read<bool> {
        Ok(self.value(key, "true or false", Value::as_bool)?.unwrap_or(default))
    }

    pub(super) fn optional_flag(&self, key: &'static str) -> Read<Option<bool>> {
        self.value(key, "true or false", Value::as_bool)
    }

    pub(super) fn methods(&self, key: &'static str, default: &[Method]) -> Read<Vec<Method>> {
        let methods = |value: &'a Value| {
            let names = value.as_array()?.iter();
            names.map(|name| Method::from_bytes(name.as_str()?.as_bytes()).ok()).collect::<Option<_>>()
        };
        let found = self.value(key, "a list of HTTP methods, such as [\"POST\", \"DELETE\"]", methods)?;
        Ok(found.unwrap_or_else(|| default.to_vec()))
    }

    /// A text or a list of texts. `null` is the same as an absent key.
    pub(super) fn one_or_many(&self, key: &'static str) -> Read<Option<Vec<String>>> {
        let one_or_many = |value: &'a Value| match value {
            Value::Null => Some(None),
            Value::String(text) => Some(Some(vec![text.clone()])),
            other => texts(other).map(Some),
        };
        Ok(self.value(key, "a text, a list of texts, or null for none", one_or_many)?.flatten())
    }

    /// The audience as it is written into tokens. `None` if it is empty.
    pub(super) fn audience(&self, key: &'static str) -> Read<Option<Value>> {
        let many = self.one_or_many(key)?.filter(|texts| texts.iter().any(|text| !text.is_empty()));
        Ok(many.and_then(|_| self.0.get(key).cloned()))
    }

    /// A lifetime in whole seconds. `false` and 0 mean that the token never expires, as in Flask-JWT-Extended.
    pub(super) fn lifetime(&self, key: &'static str, default: i64) -> Read<Option<i64>> {
        // About 35 000 years, which is later than Python's last date.
        const LONGEST: i64 = 1 << 40;
        let lifetime = |value: &'a Value| match value {
            Value::Bool(false) => Some(0),
            other => other.as_i64().filter(|seconds| (-LONGEST..=LONGEST).contains(seconds)),
        };
        let wanted = "a whole number of seconds, or false for tokens that never expire";
        Ok(Some(self.value(key, wanted, lifetime)?.unwrap_or(default)).filter(|seconds| *seconds != 0))
    }

    pub(super) fn seconds(&self, key: &'static str, default: f64) -> Read<f64> {
        Ok(self.value(key, "a number of seconds", Value::as_f64)?.unwrap_or(default))
    }

    pub(super) fn locations(&self, key: &'static str) -> Read<Vec<FlaskLocation>> {
        let named = |value: &Value| FlaskLocation::ALL.into_iter().find(|known| value.as_str() == Some(known.as_str()));
        let locations = |value: &'a Value| match value {
            Value::Array(many) if !many.is_empty() => many.iter().map(named).collect(),
            one => named(one).map(|one| vec![one]),
        };
        let wanted =
            "one or more of \"headers\", \"cookies\", \"query_string\" and \"json\", in the order to search them";
        Ok(self.value(key, wanted, locations)?.unwrap_or_else(|| vec![FlaskLocation::Headers]))
    }

    pub(super) fn same_site(&self, key: &'static str) -> Read<Option<SameSite>> {
        let same_site = |value: &'a Value| match value {
            Value::Null => Some(None),
            other => match other.as_str()?.to_ascii_lowercase().as_str() {
                "strict" => Some(Some(SameSite::Strict)),
                "lax" => Some(Some(SameSite::Lax)),
                "none" => Some(Some(SameSite::None)),
                _ => None,
            },
        };
        Ok(self.value(key, "\"Strict\", \"Lax\", \"None\", or null for no attribute", same_site)?.flatten())
    }

    pub(super) fn algorithm(&self, key: &'static str) -> Read<Option<Algorithm>> {
        let wanted = "HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 or EdDSA";
        self.value(key, wanted, |value| value.as_str()?.parse().ok())
    }

    /// A list of algorithms. `null` and an empty list are the same as an absent key.
    pub(super) fn algorithms(&self, key: &'static str) -> Read<Vec<Algorithm>> {
        let named = |value: &'a Value| match value {
            Value::Null => Some(Vec::new()),
            Value::Array(names) => names.iter().map(|name| name.as_str()?.parse().ok()).collect(),
            _ => None,
        };
        let wanted = "a list of HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384 and EdDSA, \
                      or null for `JWT_ALGORITHM` alone";
        Ok(self.value(key, wanted, named)?.unwrap_or_default())
    }
}

fn texts(value: &Value) -> Option<Vec<String>> {
    value.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

/// The type of a value, with the value if it is short.
fn describe(value: &Value) -> String {
    let mut description = kind(value).to_owned();
    let text = value.to_string();
    if !value.is_null() && text.chars().count() <= 80 {
        let _ = write!(description, " ({text})");
    }
    description
}

/// The type of a value, without the value, which may be a secret.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
