//! Where we answer otherwise than Flask-JWT-Extended, on purpose, and what we answer instead.

use serde_json::{Value, json};

use crate::recording::{Answer, Case};

/// A rule for cases that differ.
pub(crate) struct Difference {
    pub(crate) reason: &'static str,
    applies: fn(&Case) -> bool,
    instead: fn(&Case) -> Instead,
}

/// What happens here.
pub(crate) enum Instead {
    Answers(Answer),
    /// The application does not start; the error names this setting.
    DoesNotStart(&'static str),
}

/// But for the last, each is a 500 there.
const DIFFERENCES: &[Difference] = &[
    Difference {
        reason: "an application without a key does not start",
        applies: |case| broke_off(case) && case.config.get("JWT_SECRET_KEY") == Some(&Value::Null),
        instead: |_| Instead::DoesNotStart("JWT_SECRET_KEY"),
    },
    Difference {
        reason: "an application that looks for tokens nowhere, or in an unknown place, does not start",
        applies: |case| broke_off(case) && locations(case).is_none(),
        instead: |_| Instead::DoesNotStart("JWT_TOKEN_LOCATION"),
    },
    Difference {
        reason: "an algorithm is allowed that the key is not for: no token of it is valid",
        applies: |case| broke_off(case) && case.config.contains_key("JWT_DECODE_ALGORITHMS"),
        instead: |case| refuses(case, "invalid_token", 422, "The specified alg value is not allowed"),
    },
    Difference {
        reason: "`fresh` is neither a flag nor a time: the token is not fresh",
        applies: |case| {
            let claim = case.claims().and_then(|claims| claims.get("fresh").cloned());
            let asks = ["/fresh", "/optional_fresh"].contains(&case.request.path());
            broke_off(case) && asks && claim.is_some_and(|fresh| !fresh.is_boolean() && !fresh.is_number())
        },
        instead: |case| refuses(case, "needs_fresh_token", 401, "Fresh token required"),
    },
    Difference {
        reason: "a body that is no object holds no token",
        applies: |case| {
            let is_other = case.request.json.as_ref().is_some_and(|body| !body.is_object());
            broke_off(case) && is_other && locations(case).as_deref() == Some(&["json".to_owned()])
        },
        instead: |case| match case.request.path() {
            "/optional" => answers(200, json!({ "claims": [], "identity": null, "location": null, "ok": true })),
            "/refresh" => refuses(case, "unauthorized", 401, "Missing \"refresh_token\" key in json data."),
            _ => refuses(case, "unauthorized", 401, "Missing \"access_token\" key in json data."),
        },
    },
    Difference {
        reason: "a value that is not ASCII is not the one of the token",
        applies: |case| broke_off(case) && case.request.header("X-CSRF-TOKEN").is_some_and(|value| !value.is_ascii()),
        instead: |case| refuses(case, "unauthorized", 401, "CSRF double submit tokens do not match"),
    },
    Difference {
        reason: "whoever the token names is looked up when a handler asks, loader or not",
        applies: |case| broke_off(case) && case.request.path() == "/user" && !case.has("user"),
        instead: |case| answers(200, json!({ "user": { "id": case.claims().and_then(|it| it.get("sub").cloned()) } })),
    },
    Difference {
        reason: "half a surrogate pair is no text, and a body with one no JSON",
        applies: |case| case.request.data.as_deref().is_some_and(|body| body.contains("\"\\ud800\"")),
        instead: |case| refuses(case, "unauthorized", 401, "Missing \"access_token\" key in json data."),
    },
];

/// Whether Flask-JWT-Extended failed.
fn broke_off(case: &Case) -> bool {
    case.response.status == 500
}

/// `JWT_TOKEN_LOCATION`, if it is one or more of the four.
fn locations(case: &Case) -> Option<Vec<String>> {
    let all = match case.config.get("JWT_TOKEN_LOCATION") {
        None => vec!["headers".to_owned()],
        Some(Value::String(one)) => vec![one.clone()],
        Some(Value::Array(all)) => all.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect(),
        Some(_) => Vec::new(),
    };
    let are_known = all.iter().all(|one| ["headers", "cookies", "query_string", "json"].contains(&&**one));
    (!all.is_empty() && are_known).then_some(all)
}

fn answers(status: u16, body: Value) -> Instead {
    let content_type = "application/json".to_owned();
    Instead::Answers(Answer { status, content_type, www_authenticate: None, body: format!("{body}\n") })
}

/// The refusal of this kind: the loader's answer if there is one, else the text.
fn refuses(case: &Case, kind: &str, status: u16, text: &str) -> Instead {
    if !case.has(kind) {
        let key = case.config.get("JWT_ERROR_MESSAGE_KEY").and_then(Value::as_str).unwrap_or("msg");
        return answers(status, json!({ key: text }));
    }
    if ["unauthorized", "invalid_token"].contains(&kind) {
        return answers(418, json!({ "loader": kind, "reason": text }));
    }
    let mut names: Vec<String> = case.claims().into_iter().flatten().map(|(name, _)| name).collect();
    names.sort();
    answers(418, json!({ "alg": "HS256", "claims": names, "loader": kind }))
}

impl Difference {
    /// The one of this case, if there is one, and its number.
    pub(crate) fn of(case: &Case) -> Option<(usize, &'static Self)> {
        DIFFERENCES.iter().enumerate().find(|(_, difference)| (difference.applies)(case))
    }

    pub(crate) fn count() -> usize {
        DIFFERENCES.len()
    }

    /// Whether this is what happens here.
    pub(crate) fn is_met(&self, case: &Case, answer: &Result<Answer, String>) -> bool {
        match ((self.instead)(case), answer) {
            (Instead::Answers(expected), Ok(answer)) => expected == *answer,
            (Instead::DoesNotStart(setting), Err(error)) => error.contains(&format!("`{setting}` is ")),
            _ => false,
        }
    }
}
