//! The application of the recording, on this bridge: every configuration key and attribute, and every route.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_session::Session;
use actix_web::cookie::SameSite;
use actix_web::http::StatusCode;
use actix_web::middleware::Condition;
use actix_web::web::{Data, Json, Path, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse, Responder, web};
use serde_json::{Map, Value, json};
use tollbridge::flask::LoginManager;
use tollbridge::store::memory::MemoryStore;
use tollbridge::testing::FakeClock;
use tollbridge::{
    AnyUser, Auth, AuthError, AuthEvent, Bridge, Messages, RequestLoader, Require, Scope, SessionProtection,
    StoreError, TokenKey, TokenLocations, UserStore,
};

use crate::recording::{Case, Exchange, Request, Step, dictionary, flag, seconds, text};

/// When every case begins.
pub(crate) const START: i64 = 1_800_000_000;

#[derive(Clone)]
pub(crate) struct User {
    id: String,
}

/// This user is inactive.
const INACTIVE: &str = "3";

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
    login_disabled: bool,
}

/// Whether the recorded application had a `request_loader` (or 0.6.3's `header_loader`): only the name says so.
pub(crate) fn has_request_loader(case: &Case) -> bool {
    case.name.contains("request_loader") || case.name.contains("header_loader")
}

/// What the recorded applications' loaders read: whatever a request brings that is neither the client's business nor a
/// route's.
struct OwnCredential;

impl OwnCredential {
    fn of<'a>(
        headers: impl Iterator<Item = (&'a str, &'a str)>,
        query: impl Iterator<Item = (String, String)>,
    ) -> Option<String> {
        let ordinary = ["host", "user-agent", "cookie", "accept", "content-type", "content-length", "x-forwarded-for"];
        let arguments = ["user_id", "user", "uid", "id", "api_key", "key", "token"];
        let header = headers.filter(|(name, _)| !ordinary.contains(&&*name.to_lowercase())).map(|(_, value)| value);
        let argument = query.filter(|(name, _)| arguments.contains(&&**name)).map(|(_, value)| value).next();
        header.map(str::to_owned).next().or(argument)
    }

    /// The credential of a recorded request.
    fn in_recording(request: &Request) -> Option<String> {
        let headers: Vec<_> =
            request.headers.iter().map(|(name, value)| (name.as_str(), text(value).unwrap_or_default())).collect();
        let query = request.path.split_once('?').map_or("", |(_, query)| query);
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned();
        Self::of(headers.iter().map(|(name, value)| (*name, value.as_str())), query)
    }

    /// Whose it is: the id at its end.
    fn owner(credential: &str) -> Option<String> {
        let id = credential.rsplit([' ', '-', '_', ':', '=']).next().unwrap_or_default();
        is_known(id).then(|| id.to_owned()).filter(|id| !id.is_empty() && !matches!(id.as_str(), "bad" | "wrong"))
    }
}

/// Whether a recorded request brings a credential of the application's own, and whether it holds.
pub(crate) fn own_credential(case: &Case, request: &Request) -> Option<bool> {
    let credential = OwnCredential::in_recording(request).filter(|_| has_request_loader(case))?;
    Some(OwnCredential::owner(&credential).is_some_and(|id| id != INACTIVE))
}

impl RequestLoader for OwnCredential {
    fn credential(&self, req: &HttpRequest) -> Option<String> {
        let headers = req.headers().iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        Self::of(headers, url::form_urlencoded::parse(req.query_string().as_bytes()).into_owned())
    }

    async fn identity(&self, credential: &str) -> Result<Option<String>, StoreError> {
        Ok(Self::owner(credential))
    }
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
pub(crate) fn bridge(case: &Case) -> (Bridge, Told, Settings) {
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
            (other, _) => panic!("the fixture does not know the attribute `{other}`"),
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
            (other, _) => panic!("the fixture does not know the key `{other}`"),
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
    (manager.init_app(bridge).build().expect("a bridge"), told, settings)
}

/// Whether the recorded application had a handler for these refusals: only the name says so.
fn has_handler(case: &Case, what: &str) -> bool {
    case.name.contains(&format!("{what}_handler")) || case.manager.contains_key(&format!("{what}_callback"))
}

pub(crate) fn routes(settings: Settings) -> impl FnOnce(&mut ServiceConfig) {
    let login = move || Condition::new(!settings.login_disabled, Require::login());
    let fresh = move || Condition::new(!settings.login_disabled, Require::login().fresh());
    move |app| {
        app.route("/", web::get().to(async || "index"))
            .route("/whoami", web::route().to(whoami))
            .route("/login/{id}", web::route().to(sign_in))
            .route("/login-logout/{id}", web::route().to(sign_in_and_out))
            .route("/logout", web::route().to(sign_out))
            .route("/confirm", web::route().to(confirm))
            .service(web::resource("/secret").wrap(login()).route(web::route().to(async || "secret")))
            .service(web::resource("/very").wrap(fresh()).route(web::route().to(async || "very")))
            .route("/fresh", web::route().to(freshness))
            .route("/state", web::route().to(state))
            .route(STATE, web::get().to(state))
            .route("/set/{key}/{value}", web::route().to(set))
            .route("/flash", web::route().to(flash))
            .route("/auth/login", web::route().to(login_form))
            .route("/auth/reauth", web::route().to(async || "reauth"))
            .route("/reauth", web::route().to(async || "reauth"))
            .route(&format!("{MINT}{{id}}"), web::get().to(mint))
            .app_data(Data::new(settings));
        for scope in ["first", "second", "third"] {
            app.service(web::resource(format!("/{scope}/x")).wrap(login()).route(web::route().to(async || "x")));
        }
    }
}

/// Where a test looks into a session.
pub(crate) const STATE: &str = "/-/state";

/// Where a test gets a remember cookie of a user.
pub(crate) const MINT: &str = "/-/mint/";

fn python(is_so: bool) -> &'static str {
    if is_so { "True" } else { "False" }
}

async fn whoami(user: AnyUser<User>) -> String {
    match user.get() {
        None => "anon".to_owned(),
        Some(known) => {
            format!("{} auth={} active={}", known.id, python(user.is_authenticated()), python(user.is_active()))
        }
    }
}

type Arguments = Query<HashMap<String, String>>;

async fn sign_in(id: Path<String>, arguments: Arguments, auth: Auth) -> Result<&'static str, AuthError> {
    let user = User { id: id.into_inner() };
    let asked = |name: &str| arguments.get(name).is_some_and(|value| !matches!(value.as_str(), "" | "0"));
    let mut login = auth.login_user(&user).remember(asked("remember")).fresh(!asked("stale"));
    if asked("force") {
        login = login.force();
    }
    if let Some(duration) = arguments.get("duration") {
        let seconds = duration.parse().map_err(|_| AuthError::InvalidRequest("`duration` is in seconds".into()))?;
        login = login.duration(Duration::from_secs_f64(seconds));
    }
    match login.await {
        Ok(_) => Ok("True"),
        Err(AuthError::UserDisabled) => Ok("False"),
        Err(error) => Err(error),
    }
}

async fn sign_in_and_out(id: Path<String>, auth: Auth) -> Result<&'static str, AuthError> {
    auth.login_user(&User { id: id.into_inner() }).await?;
    auth.logout_user(Scope::This).await?;
    Ok("True")
}

async fn sign_out(auth: Auth) -> Result<&'static str, AuthError> {
    auth.logout_user(Scope::This).await?;
    Ok("True")
}

async fn confirm(auth: Auth) -> Result<&'static str, AuthError> {
    match auth.confirm_login().await {
        Ok(_) | Err(AuthError::LoginRequired) => Ok("ok"),
        Err(error) => Err(error),
    }
}

async fn freshness(auth: Auth) -> Result<String, AuthError> {
    let (fresh, remembered) = (auth.login_fresh().await?, auth.login_remembered().await?);
    Ok(format!("fresh={} remembered={}", python(fresh), python(remembered)))
}

/// What the session says, in the words of the recording, and whether the browser is remembered.
async fn state(session: Session, auth: Auth) -> Result<impl Responder, AuthError> {
    let (fresh, remembered) = (auth.login_fresh().await?, auth.login_remembered().await?);
    let value = |text: &String| serde_json::from_str::<Value>(text).unwrap_or_default();
    let entries = session.entries();
    let of = |key: &str| entries.get(key).map(value);
    let user = of("actix_identity.user_id");
    let is_own = |key: &&String| !key.starts_with("tollbridge.") && !key.starts_with("actix_identity.");
    let others: Map<String, Value> =
        entries.iter().filter(|(key, _)| is_own(key)).map(|(key, text)| (key.clone(), value(text))).collect();
    let messages = of("tollbridge.messages").unwrap_or_else(|| json!([]));
    let flashes = messages.as_array().into_iter().flatten().map(|one| json!([one["category"], one["text"]]));
    Ok(Json(json!({
        "fresh": user.is_some() && fresh,
        "user": user,
        "flashes": flashes.collect::<Vec<_>>(),
        "next": of("tollbridge.next"),
        "others": others,
        "remembered": remembered,
    })))
}

async fn set(path: Path<(String, String)>, session: Session) -> Result<&'static str, actix_web::Error> {
    let (key, value) = path.into_inner();
    session.insert(key, value)?;
    Ok("ok")
}

async fn flash(messages: Messages) -> String {
    let all: Vec<Value> = messages.into_iter().map(|message| json!([message.category, message.text])).collect();
    // As Python writes it.
    Value::from(all).to_string().replace(",\"", ", \"")
}

/// Shows where the way leads on, and leaves it in the session.
async fn login_form(arguments: Arguments, session: Session) -> String {
    let kept = session.get::<String>("tollbridge.next").ok().flatten();
    let next = arguments.get("next").cloned().or(kept);
    format!("form next={}", next.as_deref().unwrap_or("None"))
}

/// A login with a remember cookie, as the recorded application would have made one for this user.
async fn mint(id: Path<String>, auth: Auth) -> Result<&'static str, AuthError> {
    auth.login_user(&User { id: id.into_inner() }).remember(true).force().await?;
    Ok("minted")
}
