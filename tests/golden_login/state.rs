//! What a client holds after a step, there and here, and what it means.

use std::collections::BTreeSet;

use aws_lc_rs::hmac;
use serde_json::{Map, Value, json};

use crate::fixture::START;

/// A cookie, with its attributes but for its age.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cookie {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) expires_at: Option<i64>,
    pub(crate) attributes: BTreeSet<String>,
}

impl Cookie {
    /// A cookie that is set, or one with an empty value that is removed.
    pub(crate) fn parse(set: &str) -> Self {
        let (name, rest) = set.split_once('=').unwrap_or_else(|| panic!("a cookie without a name: {set}"));
        let (value, attributes) = match rest.strip_prefix("SESSION") {
            // The recording has the session decoded, and JSON may have semicolons in it.
            Some(rest) => {
                let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Value>();
                let session = values.next().expect("a session").expect("JSON");
                (session.to_string(), rest.get(values.byte_offset()..).unwrap_or_default())
            }
            None => rest.split_once(';').map(|(value, rest)| (value.to_owned(), rest)).unwrap_or((rest.to_owned(), "")),
        };
        let mut cookie = Self { name: name.to_owned(), value, expires_at: None, attributes: BTreeSet::new() };
        for attribute in attributes.split(';').map(str::trim).filter(|attribute| !attribute.is_empty()) {
            let seconds = |text: &str| text.trim_start_matches("<now+").trim_end_matches("s>").parse::<i64>().ok();
            match attribute.split_once('=') {
                Some(("Max-Age", age)) => cookie.expires_at = seconds(age).map(|age| START + age),
                // A time in the past, which comes with an age of zero, and else a time that counts from now.
                Some(("Expires", at)) if at.starts_with("<now") => {
                    cookie.expires_at = seconds(at).map(|age| START + age)
                }
                Some(("Expires", _)) => {}
                _ => drop(cookie.attributes.insert(attribute.to_owned())),
            }
        }
        cookie
    }

    /// Until when it is kept, to within some seconds, and how it is written.
    fn manner(&self) -> (Option<i64>, BTreeSet<String>) {
        (self.expires_at.map(|at| (at + 5) / 10 * 10), self.attributes.clone())
    }

    pub(crate) fn is_removal(&self) -> bool {
        self.value.is_empty() || self.expires_at.is_some_and(|at| at <= START)
    }
}

/// What a client of Flask-Login holds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Theirs {
    pub(crate) session: Map<String, Value>,
    pub(crate) remember: Option<Cookie>,
    /// Whose the remember cookie is, if its signature holds.
    pub(crate) remembered: Option<String>,
}

impl Theirs {
    pub(crate) fn user(&self) -> Option<&str> {
        self.session.get("_user_id")?.as_str()
    }

    /// Takes what an answer sets.
    pub(crate) fn take(&mut self, set: &[String], remember_name: &str, secret: &str) {
        for cookie in set.iter().map(|set| Cookie::parse(set)) {
            if cookie.name == remember_name {
                self.set_remember(Some(cookie).filter(|cookie| !cookie.is_removal()), secret);
            } else if cookie.is_removal() {
                self.session.clear();
            } else {
                // Whatever it is called.
                self.session = serde_json::from_str(&cookie.value).expect("a session");
            }
        }
    }

    pub(crate) fn set_remember(&mut self, cookie: Option<Cookie>, secret: &str) {
        self.remembered = cookie.as_ref().and_then(|cookie| signed_by(&cookie.value, secret));
        self.remember = cookie;
    }

    /// What it means.
    pub(crate) fn meaning(&self) -> Meaning {
        let own = ["_user_id", "_fresh", "_id", "_remember", "_remember_seconds", "_permanent", "_flashes", "next"];
        let flashes = self.session.get("_flashes").and_then(Value::as_array).into_iter().flatten();
        let others = self.session.iter().filter(|(key, _)| !own.contains(&key.as_str()));
        let remembers = self.remember.as_ref().filter(|_| self.remembered.is_some());
        Meaning {
            user: self.user().map(str::to_owned),
            fresh: self.user().is_some() && self.session.get("_fresh") == Some(&Value::Bool(true)),
            flashes: flashes.map(|flash| flash[" t"].clone()).collect(),
            next: self.session.get("next").cloned().unwrap_or_default(),
            others: others.map(|(key, value)| (key.clone(), value.clone())).collect(),
            remembered: remembers.map(Cookie::manner),
        }
    }
}

/// The user whom a remember cookie of Flask-Login's names, if its signature holds.
pub(crate) fn signed_by(value: &str, secret: &str) -> Option<String> {
    let value = unquoted(value);
    let (user, digest) = value.rsplit_once('|')?;
    let secret: Vec<u8> = secret.chars().map(|c| c as u8).collect();
    let expected = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, &secret), user.as_bytes());
    let expected: String = expected.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    (expected == digest).then(|| user.to_owned())
}

/// A cookie's value without Python's quotes and octal escapes.
fn unquoted(value: &str) -> String {
    let Some(quoted) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        return value.to_owned();
    };
    let (mut bytes, mut rest) = (Vec::new(), quoted.as_bytes());
    while let [first, tail @ ..] = rest {
        let octal = tail.get(..3).filter(|_| *first == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        match octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[3..];
            }
            None => {
                bytes.push(*first);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// What the cookies of a client mean.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Meaning {
    pub(crate) user: Option<String>,
    pub(crate) fresh: bool,
    pub(crate) flashes: Vec<Value>,
    pub(crate) next: Value,
    pub(crate) others: Map<String, Value>,
    /// Until when, and how the cookie is written.
    pub(crate) remembered: Option<(Option<i64>, BTreeSet<String>)>,
}

impl Meaning {
    /// Of what the fixture tells of a session, and the remember cookie that the client holds.
    pub(crate) fn of(state: &Value, remember: Option<&Cookie>) -> Self {
        Self {
            user: state["user"].as_str().map(str::to_owned),
            fresh: state["fresh"] == true,
            flashes: state["flashes"].as_array().cloned().unwrap_or_default(),
            next: state["next"].clone(),
            others: state["others"].as_object().cloned().unwrap_or_default(),
            remembered: remember.filter(|_| state["remembered"] == json!(true)).map(Cookie::manner),
        }
    }
}
