//! What was recorded from the real libraries.

use serde_json::{Map, Value, json};
use tollbridge::flask::{FlaskConfig, JwtManager, JwtManagerBuilder};

pub(crate) const SECRET: &str = "a secret that only these tests know";

/// A file below `tests/vectors/flask/`.
pub(crate) fn text(name: &str) -> String {
    let path = format!("{}/tests/vectors/flask/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

pub(crate) fn json(name: &str) -> Value {
    serde_json::from_str(&text(name)).expect("JSON")
}

/// A PEM text of `jwt_keys.json`.
pub(crate) fn pem(name: &str) -> String {
    json("jwt_keys.json")[name].as_str().expect("a key").to_owned()
}

pub(crate) fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        other => panic!("no object: {other}"),
    }
}

/// A manager with this configuration, and a secret if it has none.
pub(crate) fn manager(config: Value) -> JwtManagerBuilder {
    let mut config = object(config);
    config.entry("JWT_SECRET_KEY").or_insert(json!(SECRET));
    JwtManager::builder(FlaskConfig::from_json(&config.into()).expect("a configuration"))
}
