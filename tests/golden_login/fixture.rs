//! The application of the recording, on this bridge: every configuration key and every attribute.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::cookie::SameSite;
use actix_web::http::StatusCode;
use serde_json::Value;
use tollbridge::flask::LoginManager;
use tollbridge::store::memory::MemoryStore;
use tollbridge::testing::FakeClock;
use tollbridge::{AuthError, AuthEvent, Bridge, SessionProtection, StoreError, TokenKey, TokenLocations, UserStore};

use crate::own_credential::{OwnCredential, has_request_loader};
use crate::recording::{Case, Exchange, Step, dictionary, flag, seconds, text};

/// When every case begins.
pub(crate) const START: i64 = 1_800_000_000;

#[derive(Clone)]
pub(crate) struct User {
    pub(crate) id: String,
}

/// This user is inactive.
pub(crate) const INACTIVE: &str = "3";

/// Some users do not exist, and all others do.
struct Users;

/// Whether the recorded application knew this user.
pub(crate) fn is_known(id: &str) -> bool {
    !matches!(id, "ghost" | "unknown" | "nobody" | "missing" | "404" | "99" | "999")
}

impl UserStore for Users {
    type User = User;

    fn identity(&self, user: &User) -> String {
        user.id.clone()
    }

    async fn find(&self, identity: &str) -> Result<Option<User>, StoreError> {
        Ok(is_known(identity).then(|| User { id: identity.to_owned() }))
    }

    fn is_active(&self, user: &User) -> bool {
        user.id != INACTIVE
    }
}

/// What the application has told.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<&'static str>>>);

impl Told {
    pub(crate) fn take(&self) -> Vec<&'static str> {
        std::mem::take(&mut *self.0.lock().expect("a whole list"))
    }
}

/// What the routes need to know of the configuration.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    pub(crate) login_disabled: bool,
}

/// The path of an endpoint that the recording names, and of what is a path already.
fn view(name: &str) -> String {
    match name {
        "authlogin" => "/auth/login".to_owned(),
        "reauth" => "/auth/reauth".to_owned(),
        path if path.starts_with('/') || path.contains("://") => path.to_owned(),
        other => format!("/{other}"),
    }
}

fn protection(mode: Option<&str>) -> SessionProtection {
    match mode {
        Some("basic") => SessionProtection::Basic,
        Some("strong") => SessionProtection::Strong,
        // Whatever else is configured there switches it off.
        _ => SessionProtection::None,
    }
}

/// What the recorded application answered itself when it had a handler for such refusals.
fn answer_of(case: &Case, signal: &str) -> Option<(StatusCode, String)> {
    let is_such = |step: &Step| match step {
        Step::Exchange(exchange) if exchange.signals.last().is_some_and(|last| last == signal) => {
            Some((StatusCode::from_u16(exchange.status).ok()?, exchange.body.clone()))
        }
        _ => None,
    };
    case.steps.iter().find_map(is_such)
}

/// What the recorded application's `localize_callback` made of its messages: what was kept of them in the session.
fn localized(case: &Case) -> Option<String> {
    let exchanges = case.steps.iter().filter_map(|step| match step {
        Step::Exchange(exchange) => Some(&**exchange),
        Step::Client(_) => None,
    });
    let flashes = |exchange: &Exchange| {
        let set = exchange.set_cookie.iter().find_map(|set| set.split_once("SESSION").map(|(_, json)| json))?;
        let session: Value = serde_json::Deserializer::from_str(set).into_iter().next()?.ok()?;
        Some(session["_flashes"][0][" t"][1].as_str()?.to_owned())
    };
    exchanges.into_iter().find_map(flashes)
}

/// The bridge of a case, and what it tells.
pub(crate) fn bridge(case: &Case) -> Result<(Bridge, Told, Settings), String> {
    let mut manager = LoginManager::new();
    let mut settings = Settings { login_disabled: false };
    for (key, value) in &case.manager {
        let told = text(value);
        manager = match (key.as_str(), told.as_deref()) {
            ("login_view", Some(name)) => manager.login_view(view(name)),
            ("refresh_view", Some(name)) => manager.refresh_view(view(name)),
            ("login_view" | "refresh_view", None) => manager,
            ("login_message", message) => manager.login_message(message),
            ("needs_refresh_message", message) => manager.needs_refresh_message(message),
            ("login_message_category", Some(category)) => manager.login_message_category(category),
            ("needs_refresh_message_category", Some(category)) => manager.needs_refresh_message_category(category),
            ("session_protection", mode) => manager.session_protection(protection(mode)),
            ("blueprint_login_views", _) => dictionary(value).into_iter().fold(manager, |manager, (name, of)| {
                manager.blueprint_login_view(format!("/{name}"), of.map(|name| view(&name)).as_deref())
            }),
            // Their answers are in the recording; how users are called and which class nobody has is our own business.
            (
                "localize_callback"
                | "unauthorized_callback"
                | "needs_refresh_callback"
                | "anonymous_user"
                | "id_attribute",
                _,
            ) => manager,
            (other, _) => return Err(format!("the fixture does not know the attribute `{other}`")),
        };
    }
    for (key, value) in &case.config {
        let told = text(value);
        manager = match (key.as_str(), told.as_deref()) {
            ("SESSION_PROTECTION", mode) => manager.session_protection(protection(mode)),
            ("USE_SESSION_FOR_NEXT", _) => manager.use_session_for_next(flag(value)),
            ("FORCE_HOST_FOR_REDIRECTS", Some(host)) => manager.force_host_for_redirects(host),
            ("REMEMBER_COOKIE_NAME", Some(name)) => manager.remember_cookie_name(name),
            ("REMEMBER_COOKIE_DURATION", Some(_)) => match seconds(value) {
                Some(seconds) => manager.remember_cookie_duration(Duration::from_secs(seconds)),
                // What is no duration there cannot be written here.
                None => manager,
            },
            ("REMEMBER_COOKIE_DOMAIN", Some(domain)) => manager.remember_cookie_domain(domain),
            ("REMEMBER_COOKIE_PATH", Some(path)) => manager.remember_cookie_path(path),
            ("REMEMBER_COOKIE_SECURE", _) => manager.remember_cookie_secure(flag(value)),
            ("REMEMBER_COOKIE_HTTPONLY", _) => manager.remember_cookie_httponly(flag(value)),
            ("REMEMBER_COOKIE_SAMESITE", mode) => manager.remember_cookie_samesite(match mode {
                Some("Lax" | "lax") => Some(SameSite::Lax),
                Some("Strict" | "strict") => Some(SameSite::Strict),
                Some(_) => Some(SameSite::None),
                None => None,
            }),
            ("REMEMBER_COOKIE_REFRESH_EACH_REQUEST", _) => manager.remember_cookie_refresh_each_request(flag(value)),
            ("LOGIN_DISABLED", _) => {
                // The application's own switch: a guard that is not there.
                settings.login_disabled = flag(value);
                manager
            }
            (
                "FORCE_HOST_FOR_REDIRECTS"
                | "REMEMBER_COOKIE_NAME"
                | "REMEMBER_COOKIE_DURATION"
                | "REMEMBER_COOKIE_DOMAIN"
                | "REMEMBER_COOKIE_PATH",
                None,
            ) => manager,
            // How Flask writes its session cookie is not compared, nor what signs it.
            (key, _) if key.starts_with("SESSION_COOKIE_") => manager,
            (
                "SECRET_KEY" | "SECRET_KEY_FALLBACKS" | "PERMANENT_SESSION_LIFETIME" | "SESSION_REFRESH_EACH_REQUEST",
                _,
            ) => manager,
            ("TESTING" | "DEBUG" | "SERVER_NAME" | "AUTH_HEADER_NAME", _) => manager,
            (other, _) => return Err(format!("the fixture does not know the key `{other}`")),
        };
    }
    if case.manager.contains_key("localize_callback") || case.name.contains("locali") {
        let said = localized(case);
        manager = manager.localize_callback(move |_, message| said.clone().unwrap_or_else(|| message.to_owned()));
    }
    let told = Told::default();
    let listener = told.clone();
    let mut bridge = Bridge::builder(Users)
        .token_key(TokenKey::hs256(&[7; 32]).expect("a key"))
        .session_secret(&[9; 32])
        .store(MemoryStore::default())
        .clock(FakeClock::at(START))
        .on_event(move |event: &AuthEvent| listener.0.lock().expect("a whole list").push(event.name()));
    if has_request_loader(case) {
        bridge = bridge.token_locations(TokenLocations::new(&[])).request_loader(OwnCredential);
    }
    let unauthorized = has_handler(case, "unauthorized").then(|| answer_of(case, "user_unauthorized")).flatten();
    let needs_refresh = has_handler(case, "needs_refresh").then(|| answer_of(case, "user_needs_refresh")).flatten();
    if unauthorized.is_some() || needs_refresh.is_some() {
        bridge = bridge.on_refusal(move |refusal| {
            let answer = match refusal.error() {
                AuthError::ReauthRequired { .. } => &needs_refresh,
                _ => &unauthorized,
            };
            answer.clone().map(|(status, body)| HttpResponse::build(status).body(body))
        });
    }
    let bridge = manager.init_app(bridge).build().map_err(|error| error.to_string())?;
    Ok((bridge, told, settings))
}

/// Whether the recorded application had a handler for these refusals: only the name says so.
fn has_handler(case: &Case, what: &str) -> bool {
    case.name.contains(&format!("{what}_handler")) || case.manager.contains_key(&format!("{what}_callback"))
}
