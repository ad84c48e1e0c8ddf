//! The recording.

use actix_web::http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use actix_web::test::TestRequest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
pub(crate) struct Recording {
    pub(crate) secret_key: String,
    pub(crate) cases: Vec<Case>,
}

/// One request to one application.
#[derive(Deserialize)]
pub(crate) struct Case {
    pub(crate) name: String,
    /// What its `app.config` says.
    pub(crate) config: Map<String, Value>,
    /// The loaders that it has.
    pub(crate) hooks: Vec<String>,
    pub(crate) request: Recorded,
    pub(crate) response: Answer,
}

#[derive(Deserialize)]
pub(crate) struct Recorded {
    method: String,
    path: String,
    query: Option<Map<String, Value>>,
    headers: Map<String, Value>,
    pub(crate) json: Option<Value>,
    form: Option<Map<String, Value>>,
    pub(crate) data: Option<String>,
    content_type: Option<String>,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    #[serde(deserialize_with = "or_empty")]
    pub(crate) content_type: String,
    pub(crate) www_authenticate: Option<String>,
    #[serde(deserialize_with = "or_empty")]
    pub(crate) body: String,
}

/// What is not there is empty.
fn or_empty<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A file of ours.
pub(crate) fn path(name: &str) -> String {
    format!("{}/tests/vectors/flask/{name}", env!("CARGO_MANIFEST_DIR"))
}

impl Recording {
    pub(crate) fn load(path: &str) -> Self {
        let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{path}: {error}"));
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// A PEM text that the applications of the recording used.
    pub(crate) fn pem(name: &str) -> String {
        let path = path("jwt_keys.json");
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        let keys: Value = serde_json::from_str(&text).expect("JSON");
        keys[name].as_str().unwrap_or_else(|| panic!("there is no {name}")).to_owned()
    }
}

impl Case {
    /// Whether it has this loader.
    pub(crate) fn has(&self, loader: &str) -> bool {
        self.hooks.iter().any(|hook| hook == loader)
    }

    /// The claims of the token in the header.
    pub(crate) fn claims(&self) -> Option<Map<String, Value>> {
        let payload = self.request.header("Authorization")?.strip_prefix("Bearer ")?.split('.').nth(1)?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    }
}

impl Recorded {
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The only value of a header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.as_str()
    }

    pub(crate) fn test_request(&self) -> TestRequest {
        let uri = match &self.query {
            None => self.path.clone(),
            Some(query) => format!("{}?{}", self.path, urlencoded(query)),
        };
        let mut req = TestRequest::with_uri(&uri).method(self.method.parse().expect("a method"));
        for (name, value) in self.headers.iter().flat_map(|(name, value)| texts(value).map(move |text| (name, text))) {
            let value = HeaderValue::from_bytes(&latin1(&value)).expect("a header's value");
            req = req.append_header((name.parse::<HeaderName>().expect("a header's name"), value));
        }
        let body = match (&self.json, &self.form, &self.data) {
            (Some(json), None, None) => Some(("application/json", json.to_string())),
            (None, Some(form), None) => Some(("application/x-www-form-urlencoded", urlencoded(form))),
            (None, None, Some(data)) => Some(("", data.clone())),
            (None, None, None) => None,
            _ => panic!("a request has one body"),
        };
        let content_type = self.content_type.as_deref().or(body.as_ref().map(|(content_type, _)| *content_type));
        if let Some(content_type) = content_type.filter(|content_type| !content_type.is_empty()) {
            req = req.insert_header((CONTENT_TYPE, content_type));
        }
        match body {
            Some((_, body)) => req.set_payload(body),
            None => req,
        }
    }
}

/// A value, or several under one name; numbers and the like as they are written.
fn texts(value: &Value) -> impl Iterator<Item = String> {
    let all = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
    all.iter().map(|one| one.as_str().map_or_else(|| one.to_string(), str::to_owned))
}

/// As WSGI passes headers on.
fn latin1(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(c).expect("a character of Latin-1")).collect()
}

fn urlencoded(members: &Map<String, Value>) -> String {
    let pairs = members.iter().flat_map(|(name, value)| texts(value).map(move |text| (name, text)));
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
