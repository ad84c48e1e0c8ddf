//! What a client holds after a step, there and here, and what it means.

use std::collections::BTreeSet;

use aws_lc_rs::hmac;
use serde_json::{Map, Value, json};

use crate::address::place;

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
    pub(crate) fn parse(set: &str, now: i64) -> Self {
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
                Some(("Max-Age", age)) => cookie.expires_at = seconds(age).map(|age| now + age),
                // A time in the past, which comes with an age of zero, and else a time that counts from now.
                Some(("Expires", at)) if at.starts_with("<now") => cookie.expires_at = seconds(at).map(|age| now + age),
                Some(("Expires", _)) => {}
                _ => drop(cookie.attributes.insert(attribute.to_owned())),
            }
        }
        cookie
    }

    /// Until when it is kept, to within some seconds, and how it is written.
    pub(crate) fn manner(&self) -> (Option<i64>, BTreeSet<String>) {
        (self.expires_at.map(|at| (at + 5) / 10 * 10), self.attributes.clone())
    }

    pub(crate) fn is_over(&self, now: i64) -> bool {
        self.value.is_empty() || self.expires_at.is_some_and(|at| at <= now)
    }

    /// Whether it is sent with a request for this path (RFC 6265 section 5.1.4).
    pub(crate) fn is_for(&self, path: &str) -> bool {
        let of = self.attributes.iter().find_map(|attribute| attribute.strip_prefix("Path=")).unwrap_or("/");
        path == of || path.strip_prefix(of).is_some_and(|rest| of.ends_with('/') || rest.starts_with('/'))
    }
}

/// What a client of Flask-Login holds, as far as it was recorded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorded {
    pub(crate) session: Map<String, Value>,
    pub(crate) remember: Option<Kept>,
}

/// A remember cookie.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    /// Whose it is, if it holds.
    pub(crate) holder: Option<String>,
    pub(crate) cookie: Cookie,
    pub(crate) since: i64,
    /// Which login it is a face of, here.
    pub(crate) login: usize,
}

impl Recorded {
    /// Takes what an answer sets.
    pub(crate) fn take(&mut self, set: &[String], remember_name: &str, secret: &str, now: i64) {
        for cookie in set.iter().map(|set| Cookie::parse(set, now)) {
            if cookie.name == remember_name {
                let kept =
                    |cookie: Cookie| Kept { holder: signed_by(&cookie.value, secret), cookie, since: now, login: 0 };
                self.remember = Some(cookie).filter(|cookie| !cookie.is_over(now)).map(kept);
            } else if cookie.is_over(now) {
                self.session.clear();
            } else {
                // Whatever it is called.
                self.session = serde_json::from_str(&cookie.value).expect("a session");
            }
        }
    }

    pub(crate) fn meaning(&self) -> Meaning {
        let holds = self.remember.as_ref().filter(|kept| kept.holder.is_some());
        Meaning { told: told(&self.session), remembered: holds.map(|kept| kept.cookie.manner()) }
    }
}

/// What a session of Flask-Login's tells.
pub(crate) fn told(session: &Map<String, Value>) -> Value {
    let own = ["_user_id", "_fresh", "_id", "_remember", "_remember_seconds", "_permanent", "_flashes", "next"];
    let user = session.get("_user_id").and_then(Value::as_str);
    let flashes = session.get("_flashes").and_then(Value::as_array).into_iter().flatten();
    // In a cookie they are marked as tuples.
    let flashes: Vec<&Value> = flashes.map(|flash| flash.get(" t").unwrap_or(flash)).collect();
    let others: Map<String, Value> = session.clone().into_iter().filter(|(key, _)| !own.contains(&&**key)).collect();
    json!({
        "user": user,
        "fresh": user.is_some() && session.get("_fresh") == Some(&Value::Bool(true)),
        "flashes": flashes,
        "next": session.get("next").and_then(Value::as_str).map(place),
        "others": others,
    })
}

/// What an application says: a text, what is in its session, or where the way leads on.
pub(crate) fn said(path: &str, status: u16, body: &str) -> Value {
    match (serde_json::from_str(body), body.strip_prefix("form next=")) {
        (Ok(Value::Object(session)), _) if path == "/state" && status == 200 => told(&session),
        (_, Some(next)) => json!({ "form next": place(next) }),
        _ => body.into(),
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
    /// What the session tells.
    pub(crate) told: Value,
    /// Until when, and how the cookie is written.
    pub(crate) remembered: Option<(Option<i64>, BTreeSet<String>)>,
}

impl Meaning {
    /// Of what the fixture tells of a session, and the remember cookie that the client holds.
    pub(crate) fn of(state: &Value, remember: Option<&Cookie>) -> Self {
        let session = state["session"].as_object().expect("a session");
        Self { told: told(session), remembered: remember.filter(|_| state["remembered"] == true).map(Cookie::manner) }
    }

    /// Whether there is nothing to be kept.
    pub(crate) fn is_nothing(&self) -> bool {
        *self == Self { told: told(&Map::new()), remembered: None }
    }
}
