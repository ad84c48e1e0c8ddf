//! Explains a token offline: its header, its claims, its times relative to now, and what this server would say about it.
//!
//! Without the key everything but the signature is explained. The signature is never printed, and neither is the value of
//! `csrf`, which is a secret.

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

use super::config::TokenConfig;
use super::date::rfc3339;
use crate::bridge::token::{ApiTokenText, KeySet, Verifier};
use crate::{AuthError, TokenKey, UnixTime};

/// The explanation of a token, as lines of text.
///
/// # Errors
///
/// Why the text is no token. The error contains nothing of it.
pub(super) fn inspect(
    text: &str,
    config: &TokenConfig,
    key: Option<&TokenKey>,
    now: UnixTime,
) -> Result<String, String> {
    let text = text.trim();
    let text = text.strip_prefix("Bearer ").unwrap_or(text).trim_start();
    if ApiTokenText::is_meant_by(text) {
        return inspect_api_token(text);
    }
    let parts: Vec<&str> = text.split('.').collect();
    let [header, claims, _signature] = parts[..] else {
        return Err(format!("this is not a token: it has {} parts between dots, and a JWT has 3", parts.len()));
    };
    let (header, claims) = (members("header", header)?, members("claims", claims)?);
    let mut lines = String::new();
    describe(&mut lines, "header", &header, now);
    describe(&mut lines, "claims", &claims, now);
    lines.push_str("this server\n");
    let mut say = |name: &str, what: &str| {
        let _ = writeln!(lines, "  {name:<10} {what}");
    };
    say("type", &about_type(&header, &claims, config));
    say("issuer", &about_name(claims.get("iss"), &config.issuer));
    say("audience", &about_name(claims.get("aud"), &config.audience));
    say("time", &about_time(&claims, config, now));
    say("freshness", about_freshness(&claims));
    say("signature", about_signature(text, &header, key));
    if let Some(key) = key {
        say("verdict", &verdict(text, config, key, now));
    }
    say("unknown", "whether its login is live, its user active, and the token not revoked: only the server knows");
    Ok(lines)
}

/// Explains an API token, of which only the id can be seen.
fn inspect_api_token(text: &str) -> Result<String, String> {
    let parsed = ApiTokenText::parse(text).map_err(|fault| format!("this is not an API token: {fault}"))?;
    let id = parsed.id();
    Ok(format!(
        "an API token\n  id         {id}\n  checksum   right\n  unknown    its user, its abilities, and whether it is live: \
         `tollbridge token list USERNAME` tells\n"
    ))
}

fn members(part: &str, encoded: &str) -> Result<Map<String, Value>, String> {
    let json = URL_SAFE_NO_PAD.decode(encoded);
    let json = json.map_err(|_not_base64| format!("this is not a token: its {part} is not base64url"))?;
    serde_json::from_slice(&json).map_err(|_no_object| format!("this is not a token: its {part} is not a JSON object"))
}

fn describe(lines: &mut String, title: &str, members: &Map<String, Value>, now: UnixTime) {
    let width = members.keys().map(|name| name.chars().count()).max().unwrap_or_default().min(20);
    let _ = writeln!(lines, "{title}");
    for (name, value) in members {
        let shown = match (name.as_str(), value.as_i64()) {
            ("csrf", _) => "(a secret)".to_owned(),
            ("iat" | "nbf" | "exp" | "auth_time", Some(at)) => format!("{at}, {}", moment(at, now)),
            // JSON escapes control characters, so that a token cannot write to the terminal.
            _ => escaped(value),
        };
        let name = name.escape_debug().to_string();
        let _ = writeln!(lines, "  {name:<width$}  {shown}");
    }
}

fn escaped(value: &Value) -> String {
    let json = value.to_string();
    json.chars().map(|c| if c.is_control() { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

/// A time as a date, and how far it is from now.
fn moment(at: UnixTime, now: UnixTime) -> String {
    let distance = Duration::from_secs(at.abs_diff(now));
    let distance = humantime::format_duration(distance);
    let relative = match at.cmp(&now) {
        std::cmp::Ordering::Less => format!("{distance} ago"),
        std::cmp::Ordering::Equal => "now".to_owned(),
        std::cmp::Ordering::Greater => format!("in {distance}"),
    };
    rfc3339(at).map_or_else(|| relative.clone(), |date| format!("{date}, {relative}"))
}

fn about_type(header: &Map<String, Value>, claims: &Map<String, Value>, config: &TokenConfig) -> String {
    let typ = header.get("typ").and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let typ = typ.strip_prefix("application/").unwrap_or(&typ);
    let stated = claims.get("type").and_then(Value::as_str);
    match (typ, stated) {
        ("at+jwt", Some("access")) => "an access token".to_owned(),
        ("rt+jwt", Some("refresh")) => "a refresh token: for refreshing and signing out only".to_owned(),
        ("at+jwt" | "rt+jwt", _) => "refused: `typ` in the header and `type` in the claims do not agree".to_owned(),
        ("jwt" | "", Some("access" | "refresh")) if config.accept_flask_jwt_extended => {
            "one of Flask-JWT-Extended, which this server accepts".to_owned()
        }
        _ => "refused: `typ` is not at+jwt or rt+jwt".to_owned(),
    }
}

/// Whether a claim with one or several names has the name that is accepted.
fn about_name(claim: Option<&Value>, accepted: &str) -> String {
    let is_accepted = |value: &Value| value.as_str() == Some(accepted);
    match claim {
        None => "refused: the claim is missing".to_owned(),
        Some(Value::Array(all)) if all.iter().any(is_accepted) => "accepted".to_owned(),
        Some(value) if is_accepted(value) => "accepted".to_owned(),
        Some(_) => format!("refused: it is not {accepted:?}"),
    }
}

fn about_time(claims: &Map<String, Value>, config: &TokenConfig, now: UnixTime) -> String {
    let leeway = UnixTime::try_from(config.leeway.as_secs()).unwrap_or(UnixTime::MAX);
    let time = |name: &str| claims.get(name).and_then(Value::as_i64);
    let begins = time("iat").into_iter().chain(time("nbf")).max();
    match (begins, time("exp")) {
        (_, None) => "refused: `exp` is missing".to_owned(),
        (_, Some(exp)) if exp.saturating_add(leeway) <= now => format!("expired, {}", moment(exp, now)),
        (Some(begins), _) if begins > now.saturating_add(leeway) => {
            format!("refused: not valid yet, but {}", moment(begins, now))
        }
        (_, Some(exp)) => format!("valid, and expires {}", moment(exp, now)),
    }
}

fn about_freshness(claims: &Map<String, Value>) -> &'static str {
    match claims.get("fresh") {
        Some(Value::Bool(true)) => "issued for an authentication: fresh for a while after `auth_time`",
        _ => "not fresh: issued by a refresh, or for a remembered login",
    }
}

fn about_signature(text: &str, header: &Map<String, Value>, key: Option<&TokenKey>) -> &'static str {
    match key {
        None => "not checked: the configuration has no key yet",
        Some(key) if key.verifies(text) => "right: the configured key made it",
        Some(key) if header.get("kid").and_then(Value::as_str) != Some(key.id()) => {
            "refused: `kid` is not the configured key"
        }
        Some(_) => "refused: it is wrong, so nothing above can be trusted",
    }
}

/// What a request with this token is refused with before its login is looked up.
fn verdict(text: &str, config: &TokenConfig, key: &TokenKey, now: UnixTime) -> String {
    let (issuers, audiences) = (vec![config.issuer.clone()], vec![config.audience.clone()]);
    let keys = KeySet::new(key.clone(), Vec::new());
    let verified = Verifier::new(keys, None, issuers, audiences, config.leeway).verify_uncached(text, now);
    match verified.map_err(AuthError::from) {
        Ok(verified) if verified.expired => format!("refused with {}", AuthError::TokenExpired.code()),
        Ok(_) => "accepted, if its login is live".to_owned(),
        Err(error) if config.accept_flask_jwt_extended => {
            format!("not one of our own ({error}); perhaps one of Flask-JWT-Extended")
        }
        Err(error) => format!("refused with {error}"),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use serde_json::json;

    use super::*;

    const NOW: UnixTime = 1_800_000_000;

    fn token(header: &Value, claims: &Value) -> String {
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!("{}.{}.c2lnbmF0dXJl", encode(header), encode(claims))
    }

    fn claims() -> Value {
        json!({
            "fresh": true, "iat": NOW - 60, "jti": "j", "type": "access", "sub": "2", "exp": NOW + 840, "sid": "s",
            "auth_time": NOW - 60, "iss": "tollbridge", "aud": "tollbridge", "csrf": "hidden", "gen": 0,
        })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut changed = claims();
        changed[name] = value;
        changed
    }

    fn line(shown: &str, name: &str) -> String {
        let server = shown.split_once("this server\n").unwrap().1;
        let found = server.lines().find(|line| line.trim_start().starts_with(name));
        found.unwrap_or_else(|| panic!("{name} in {shown}")).trim().to_owned()
    }

    #[test]
    fn a_token_is_explained_without_the_key() {
        let text = token(&json!({ "alg": "HS256", "kid": "k", "typ": "at+jwt" }), &claims());
        let shown = inspect(&format!("Bearer {text}\n"), &TokenConfig::default(), None, NOW).unwrap();
        assert!(shown.contains("2027-01-15T07:59:00Z, 1m ago"), "{shown}");
        assert!(!shown.contains("hidden") && !shown.contains("c2lnbmF0dXJl"), "{shown}");
        for (name, expected) in [
            ("type", "an access token"),
            ("issuer", "accepted"),
            ("audience", "accepted"),
            ("time", "valid, and expires 2027-01-15T08:14:00Z, in 14m"),
            ("signature", "not checked"),
        ] {
            assert!(line(&shown, name).contains(expected), "{name}: {shown}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let access = json!({ "alg": "HS256", "kid": "k", "typ": "at+jwt" });
        let key = TokenKey::hs256(b"a key that only this test has, long").unwrap();
        let shown = |header: &Value, claims: &Value, now| {
            inspect(&token(header, claims), &TokenConfig::default(), Some(&key), now).unwrap()
        };
        for (header, claims, now, name, expected) in [
            (&access, with("iss", json!("other")), NOW, "issuer", "refused: it is not \"tollbridge\""),
            (&access, with("aud", json!(["a", "b"])), NOW, "audience", "refused"),
            (&access, with("aud", json!(["a", "tollbridge"])), NOW, "audience", "accepted"),
            (&access, claims(), NOW + 845, "time", "expired"),
            (&access, claims(), NOW + 844, "time", "valid"),
            (&access, claims(), NOW - 66, "time", "not valid yet"),
            (&access, with("type", json!("refresh")), NOW, "type", "do not agree"),
            (&json!({ "typ": "JWT" }), claims(), NOW, "type", "refused"),
            (&access, claims(), NOW, "signature", "`kid` is not the configured key"),
            (&json!({ "alg": "HS256", "kid": key.id(), "typ": "at+jwt" }), claims(), NOW, "signature", "it is wrong"),
            (&access, claims(), NOW, "verdict", "refused with token_invalid"),
            (&access, with("fresh", json!(false)), NOW, "freshness", "not fresh"),
        ] {
            let shown = shown(header, &claims, now);
            assert!(line(&shown, name).contains(expected), "{name} {expected}: {shown}");
        }
        for (text, expected) in [("", "1 parts"), ("a.b", "2 parts"), ("!.e30.x", "header"), ("e30.W10.x", "claims")] {
            let refused = inspect(text, &TokenConfig::default(), None, NOW).unwrap_err();
            assert!(refused.contains(expected), "{refused}");
        }
    }

    #[test]
    fn of_an_api_token_the_id_is_shown_and_nothing_secret() {
        let text = "tbt_0123456789ABCDEF_abcdefghijklmnopqrstuvwxyz0123456789ABCD0QuAel";
        let shown = inspect(text, &TokenConfig::default(), None, NOW).unwrap();
        assert!(shown.contains("0123456789ABCDEF\n") && !shown.contains("abcdef"), "{shown}");
        let refused = inspect(&text[..60], &TokenConfig::default(), None, NOW).unwrap_err();
        assert!(refused.starts_with("this is not an API token") && !refused.contains("abcdef"), "{refused}");
    }

    #[test]
    fn a_token_cannot_write_to_the_terminal() {
        let text =
            token(&json!({ "typ": "at+jwt" }), &json!({ "name\u{1b}[2J": "\u{1b}[31m\u{9b}1A", "exp": i64::MAX }));
        let shown = inspect(&text, &TokenConfig::default(), None, NOW).unwrap();
        assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
    }
}
