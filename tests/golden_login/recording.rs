//! The recording: what Flask-Login did, step by step.

use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Map, Value};

/// The whole file.
#[derive(Deserialize)]
pub(crate) struct Recording {
    pub(crate) secret_key: String,
    pub(crate) scenarios: Vec<Case>,
}

/// One application and what was done with it.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// Configuration keys, with their values as text.
    pub(crate) config: Map<String, Value>,
    /// Attributes of the `LoginManager`.
    pub(crate) manager: Map<String, Value>,
    pub(crate) steps: Vec<Step>,
}

/// A step as it is written.
#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum Step {
    /// A request and its answer.
    Exchange(Box<Exchange>),
    /// What the client does by itself, such as `<session cookie dropped by client>`.
    Client(String),
}

/// A request and its answer. `vary`, `content_type` and `www_authenticate` are not compared: Flask sets the first on
/// everything, and our refusals are problem documents and have a challenge.
#[derive(Deserialize)]
pub(crate) struct Exchange {
    pub(crate) request: Request,
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) set_cookie: Vec<String>,
    pub(crate) signals: Vec<String>,
    pub(crate) body: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Request {
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) method: Option<String>,
    #[serde(default)]
    pub(crate) headers: Map<String, Value>,
    #[serde(default)]
    pub(crate) base_url: Option<String>,
    #[serde(default)]
    pub(crate) environ_base: Map<String, Value>,
    #[serde(default)]
    pub(crate) data: Option<Value>,
    #[serde(default)]
    pub(crate) json: Option<Value>,
}

impl Request {
    pub(crate) fn host(&self) -> &str {
        let base = self.base_url.as_deref().unwrap_or("http://localhost");
        base.split_once("://").map_or(base, |(_, host)| host).trim_end_matches('/')
    }

    pub(crate) fn has_header(&self, name: &str) -> bool {
        self.headers.keys().any(|key| key.eq_ignore_ascii_case(name))
    }
}

/// The recording in `TOLLBRIDGE_GOLDEN_LOGIN`, else the one that is here.
pub(crate) fn given() -> Recording {
    read(
        std::env::var_os("TOLLBRIDGE_GOLDEN_LOGIN").map_or_else(|| vector("golden_login_http_063.json"), PathBuf::from),
    )
}

/// Further cases, which `record.py` records.
pub(crate) fn own() -> Recording {
    read(vector("golden_login_own_063.json"))
}

fn vector(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(name)
}

fn read(path: PathBuf) -> Recording {
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// A setting as it was written in Python: `True`, `None`, a number or plain text.
pub(crate) fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) if text == "None" => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

pub(crate) fn flag(value: &Value) -> bool {
    matches!(text(value).as_deref(), Some("True" | "true" | "1"))
}

/// A duration: seconds, or the text of a `timedelta` (`2 days, 1:00:00`, `datetime.timedelta(days=2)`).
pub(crate) fn seconds(value: &Value) -> Option<u64> {
    let text = text(value)?;
    if let Ok(seconds) = text.parse::<f64>() {
        return Some(seconds as u64);
    }
    if let Some((_, parts)) = text.split_once("timedelta(") {
        let unit = |name: &str| match name {
            "days" => 86_400,
            "hours" => 3600,
            "minutes" => 60,
            _ => 1,
        };
        let parts = parts.trim_end_matches(')').split(',').filter(|part| !part.trim().is_empty());
        return parts
            .map(|part| {
                let (name, number) = part.trim().split_once('=').unwrap_or(("days", part.trim()));
                Some(number.parse::<u64>().ok()? * unit(name))
            })
            .sum();
    }
    let (days, clock) = match text.split_once("day") {
        Some((days, rest)) => (days.trim().parse().ok()?, rest.trim_start_matches(['s', ',', ' ']).to_owned()),
        None => (0_u64, text),
    };
    clock
        .split(':')
        .try_fold(0, |sum, part| Some(sum * 60 + part.parse::<f64>().ok()? as u64))
        .map(|s| days * 86_400 + s)
}

/// A dictionary as Python writes it, of texts and `None`.
pub(crate) fn dictionary(value: &Value) -> Vec<(String, Option<String>)> {
    let map: Map<String, Value> = match value {
        Value::Object(map) => map.clone(),
        Value::String(text) => serde_json::from_str(&text.replace('\'', "\"").replace("None", "null"))
            .unwrap_or_else(|error| panic!("{text} is no dictionary: {error}")),
        Value::Null => Map::new(),
        other => panic!("{other} is no dictionary"),
    };
    map.iter().map(|(key, value)| (key.clone(), self::text(value))).collect()
}
