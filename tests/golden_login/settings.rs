//! What is configured in a case, as Flask-Login reads it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::fixture::view;
use crate::recording::{Case, Step, dictionary, flag, seconds, text};
use crate::state::Cookie;

/// The configuration keys and attributes that make a difference, with the defaults of Flask-Login.
pub(crate) struct Settings {
    protection: Option<String>,
    pub(crate) remember_name: String,
    pub(crate) remember_seconds: i64,
    attributes: BTreeSet<String>,
    pub(crate) renews: bool,
    pub(crate) next_in_session: bool,
    pub(crate) forced_host: Option<String>,
    login_view: Option<String>,
    scopes: Vec<(String, Option<String>)>,
    pub(crate) refresh_view: Option<String>,
    /// Category and text.
    pub(crate) login_message: Option<(String, String)>,
    pub(crate) refresh_message: Option<(String, String)>,
    pub(crate) login_disabled: bool,
    pub(crate) unauthorized_handler: Option<Handler>,
    pub(crate) needs_refresh_handler: Option<Handler>,
    pub(crate) has_header_loader: bool,
}

/// What an application's handler answers: status and text.
pub(crate) type Handler = (u16, &'static str);

/// The handlers of this application. A case with one has the same.
const UNAUTHORIZED_HANDLER: Handler = (403, "nope");
const NEEDS_REFRESH_HANDLER: Handler = (418, "again");

/// What the application's `localize_callback` makes of messages.
#[derive(Clone)]
pub(crate) enum Localized {
    /// `str.upper`.
    Upper,
    /// A function that only the recording knows: it said this.
    Said(String),
}

impl Settings {
    pub(crate) fn of(case: &Case) -> Self {
        let config = |key: &str| case.config.get(key).and_then(text);
        let manager = |key: &str| case.manager.get(key).and_then(text);
        let protection = case.config.get("SESSION_PROTECTION").or_else(|| case.manager.get("session_protection"));
        let localized = Localized::of(case);
        let message = |name: &str, default: &str| {
            let told = case.manager.get(name).map_or(Some(default.to_owned()), text).filter(|told| !told.is_empty())?;
            let category = manager(&format!("{name}_category")).unwrap_or_else(|| "message".to_owned());
            Some((category, localized.as_ref().map_or(told.clone(), |localized| localized.say(&told))))
        };
        let has = |kind: &str| {
            // Only the name says so.
            case.name.contains(&format!("{kind}_handler")) || case.manager.contains_key(&format!("{kind}_callback"))
        };
        Self {
            protection: protection.map_or(Some("basic".to_owned()), text),
            remember_name: config("REMEMBER_COOKIE_NAME").unwrap_or_else(|| "remember_token".to_owned()),
            remember_seconds: case
                .config
                .get("REMEMBER_COOKIE_DURATION")
                .and_then(seconds)
                .map_or(365 * 24 * 60 * 60, |seconds| i64::try_from(seconds).expect("a time")),
            attributes: attributes(case),
            renews: case.config.get("REMEMBER_COOKIE_REFRESH_EACH_REQUEST").is_some_and(flag),
            next_in_session: case.config.get("USE_SESSION_FOR_NEXT").is_some_and(flag),
            forced_host: config("FORCE_HOST_FOR_REDIRECTS"),
            login_view: manager("login_view").map(|name| view(&name)),
            scopes: case.manager.get("blueprint_login_views").map(scopes).unwrap_or_default(),
            refresh_view: manager("refresh_view").map(|name| view(&name)),
            login_message: message("login_message", "Please log in to access this page."),
            refresh_message: message("needs_refresh_message", "Please reauthenticate to access this page."),
            login_disabled: case.config.get("LOGIN_DISABLED").is_some_and(flag),
            unauthorized_handler: has("unauthorized").then_some(UNAUTHORIZED_HANDLER),
            needs_refresh_handler: has("needs_refresh").then_some(NEEDS_REFRESH_HANDLER),
            has_header_loader: case.name.contains("header_loader"),
        }
    }

    pub(crate) fn is_protected(&self) -> bool {
        matches!(self.protection.as_deref(), Some("basic" | "strong"))
    }

    pub(crate) fn is_strong(&self) -> bool {
        self.protection.as_deref() == Some("strong")
    }

    /// A remember cookie as it is written.
    pub(crate) fn remember_cookie(&self, expires_at: i64) -> Cookie {
        let (name, attributes) = (self.remember_name.clone(), self.attributes.clone());
        Cookie { name, value: "…".to_owned(), expires_at: Some(expires_at), attributes }
    }

    /// The login view of a path.
    pub(crate) fn login_view_of(&self, path: &str) -> Option<&str> {
        let scope =
            self.scopes.iter().find(|(scope, _)| path.strip_prefix(scope).is_some_and(|it| it.starts_with('/')));
        scope.map_or(&self.login_view, |(_, view)| view).as_deref()
    }
}

impl Localized {
    pub(crate) fn of(case: &Case) -> Option<Self> {
        match case.manager.get("localize_callback").and_then(text)? {
            upper if upper.contains("'upper'") => Some(Self::Upper),
            _ => case.steps.iter().find_map(Self::said),
        }
    }

    fn said(step: &Step) -> Option<Self> {
        let Step::Exchange(exchange) = step else { return None };
        let session = exchange.set_cookie.iter().find_map(|set| Some(set.split_once("SESSION")?.1))?;
        let session: Value = serde_json::Deserializer::from_str(session).into_iter().next()?.ok()?;
        Some(Self::Said(session["_flashes"][0][" t"][1].as_str()?.to_owned()))
    }

    pub(crate) fn say(&self, message: &str) -> String {
        match self {
            Self::Upper => message.to_uppercase(),
            Self::Said(said) => said.clone(),
        }
    }
}

/// The paths of blueprints, with their login views.
pub(crate) fn scopes(views: &Value) -> Vec<(String, Option<String>)> {
    let views = dictionary(views).into_iter();
    views.map(|(name, of)| (format!("/{name}"), of.map(|name| view(&name)))).collect()
}

fn attributes(case: &Case) -> BTreeSet<String> {
    let config = |key: &str| case.config.get(&format!("REMEMBER_COOKIE_{key}"));
    let written = |key: &str| config(key).and_then(text);
    let mut all = BTreeSet::from([format!("Path={}", written("PATH").unwrap_or_else(|| "/".to_owned()))]);
    all.extend(written("DOMAIN").map(|domain| format!("Domain={}", domain.trim_start_matches('.'))));
    all.extend(written("SAMESITE").map(|mode| format!("SameSite={mode}")));
    all.extend(config("SECURE").is_some_and(flag).then(|| "Secure".to_owned()));
    all.extend(config("HTTPONLY").is_none_or(flag).then(|| "HttpOnly".to_owned()));
    all
}
