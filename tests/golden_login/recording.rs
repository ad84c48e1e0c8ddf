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

#[derive(Default, Deserialize)]
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

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        text(self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?.1)
    }

    pub(crate) fn peer(&self) -> String {
        self.environ_base.get("REMOTE_ADDR").and_then(text).unwrap_or_else(|| "127.0.0.1".to_owned())
    }

    pub(crate) fn agent(&self) -> String {
        self.header("user-agent").unwrap_or_else(|| "UA1".to_owned())
    }

    /// What a session is protected for: address and `User-Agent`.
    pub(crate) fn client(&self, believes_proxies: bool) -> String {
        let forwarded = self.header("x-forwarded-for").filter(|_| believes_proxies);
        let forwarded = forwarded.and_then(|all| Some(all.split(',').next()?.trim().to_owned()));
        format!("{}|{}", forwarded.unwrap_or_else(|| self.peer()), self.agent())
    }
}

/// What a client does by itself, or what happens to it.
pub(crate) enum Act {
    Drops {
        session: bool,
        remember: bool,
    },
    /// A cookie, as `name=value`.
    SetsCookie(String),
    /// It gets hold of the application's secret, or of a view that writes what it is told.
    NamesItself(String),
    Waits(i64),
}

impl Act {
    pub(crate) fn parse(what: &str) -> Result<Self, String> {
        let what = what.trim_start_matches('<').trim_end_matches('>');
        let is_loss = what.contains("cookie") && (what.contains("dropped") || what.contains("deleted"));
        let seconds = what.strip_suffix(" seconds pass").and_then(|seconds| seconds.parse().ok());
        match (what.strip_prefix("client sets cookie "), what.strip_prefix("client sets session _user_id="), seconds) {
            (Some(set), ..) => Ok(Self::SetsCookie(set.to_owned())),
            (_, Some(user), _) => Ok(Self::NamesItself(user.to_owned())),
            (.., Some(seconds)) => Ok(Self::Waits(seconds)),
            _ if is_loss => {
                let (all, of) = (what.contains("all"), |name: &str| what.contains(name));
                Ok(Self::Drops { session: all || of("session"), remember: all || of("remember") })
            }
            _ => Err(format!("the fixture does not know how a client does this: {what}")),
        }
    }
}

impl Case {
    /// The steps, and when each is. Time goes on from one to the next, so that a cookie that is set again is seen to be.
    pub(crate) fn timed(&self) -> Vec<(i64, &Step)> {
        let mut now = START - BETWEEN;
        let timed = self.steps.iter().map(|step| {
            match step {
                Step::Exchange(_) => now += BETWEEN,
                Step::Client(what) => {
                    if let Ok(Act::Waits(seconds)) = Act::parse(what) {
                        now += seconds;
                    }
                }
            }
            (now.max(START), step)
        });
        timed.collect()
    }
}

/// When every case begins, and the seconds from one request to the next.
pub(crate) const START: i64 = 1_800_000_000;
const BETWEEN: i64 = 20;

/// The recording in `TOLLBRIDGE_GOLDEN_LOGIN`, else the one that is here.
pub(crate) fn given() -> Recording {
    std::env::var_os("TOLLBRIDGE_GOLDEN_LOGIN").map_or_else(first, |path| read(PathBuf::from(path)))
}

/// The one that is here.
pub(crate) fn first() -> Recording {
    read(vector("golden_login_http_063.json"))
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
