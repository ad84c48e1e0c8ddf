//! The application of the recording, on this bridge: every configuration key and every attribute.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::cookie::SameSite;
use actix_web::http::StatusCode;
use tollbridge::flask::LoginManager;
use tollbridge::store::memory::MemoryStore;
use tollbridge::testing::FakeClock;
use tollbridge::{AuthError, AuthEvent, Bridge, SessionProtection, StoreError, TokenKey, TokenLocations, UserStore};

use crate::own_credential::{OwnCredential, has_request_loader};
use crate::recording::{Case, flag, seconds, text};
use crate::settings::{Localized, Settings, scopes};

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

/// The path of an endpoint that the recording names, and of what is a path already.
pub(crate) fn view(name: &str) -> String {
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

/// The bridge of a case, and what it tells.
pub(crate) fn bridge(case: &Case, settings: &Settings, clock: &FakeClock) -> Result<(Bridge, Told), String> {
    let mut manager = LoginManager::new();
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
            ("blueprint_login_views", _) => scopes(value)
                .into_iter()
                .fold(manager, |manager, (scope, view)| manager.blueprint_login_view(scope, view.as_deref())),
            // These are set below; how users are called and which class nobody has is our own business.
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
            // The application's own switch: a guard that is not there.
            ("LOGIN_DISABLED", _) => manager,
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
    if let Some(localized) = Localized::of(case) {
        manager = manager.localize_callback(move |_, message| localized.say(message));
    }
    let told = Told::default();
    let listener = told.clone();
    let mut bridge = Bridge::builder(Users)
        .token_key(TokenKey::hs256(&[7; 32]).expect("a key"))
        .session_secret(&[9; 32])
        .store(MemoryStore::default())
        .clock(clock)
        .on_event(move |event: &AuthEvent| listener.0.lock().expect("a whole list").push(event.name()));
    if has_request_loader(case) {
        bridge = bridge.token_locations(TokenLocations::new(&[])).request_loader(OwnCredential);
    }
    let (unauthorized, needs_refresh) = (settings.unauthorized_handler, settings.needs_refresh_handler);
    bridge = bridge.on_refusal(move |refusal| {
        let (status, says) = match refusal.error() {
            AuthError::ReauthRequired { .. } => needs_refresh?,
            error if error.status() == StatusCode::UNAUTHORIZED => unauthorized?,
            _ => return None,
        };
        Some(HttpResponse::build(StatusCode::from_u16(status).ok()?).body(says))
    });
    let bridge = manager.init_app(bridge).build().map_err(|error| error.to_string())?;
    Ok((bridge, told))
}
