//! The routes of the recorded application.

use std::collections::HashMap;
use std::time::Duration;

use actix_session::Session;
use actix_web::middleware::Condition;
use actix_web::web::{Json, Path, Query, ServiceConfig};
use actix_web::{Responder, web};
use serde_json::{Map, Value, json};
use tollbridge::{AnyUser, Auth, AuthError, LogoutScope, Messages, Require};

use crate::fixture::User;

pub(crate) fn routes(login_disabled: bool) -> impl FnOnce(&mut ServiceConfig) {
    let login = move || Condition::new(!login_disabled, Require::login());
    let fresh = move || Condition::new(!login_disabled, Require::login().fresh());
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
            .route(STATE, web::get().to(all))
            .route("/set/{key}/{value}", web::route().to(set))
            .route("/flash", web::route().to(flash))
            .route("/auth/login", web::route().to(login_form))
            .route("/auth/reauth", web::route().to(async || "reauth"))
            .route("/reauth", web::route().to(async || "reauth"))
            .route(&format!("{MINT}{{id}}"), web::get().to(mint));
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
    if let Some(duration) = arguments.get("duration").filter(|_| asked("remember")) {
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
    match auth.login_user(&User { id: id.into_inner() }).await {
        Ok(_) | Err(AuthError::UserDisabled) => {}
        Err(error) => return Err(error),
    }
    auth.logout_user(LogoutScope::This).await?;
    Ok("True")
}

async fn sign_out(auth: Auth) -> Result<&'static str, AuthError> {
    auth.logout_user(LogoutScope::This).await?;
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

/// What the session says, in the words of Flask-Login.
async fn state(session: Session, auth: Auth) -> Result<Json<Map<String, Value>>, AuthError> {
    let fresh = auth.login_fresh().await?;
    let value = |text: &String| serde_json::from_str::<Value>(text).unwrap_or_default();
    let entries = session.entries();
    let of = |key: &str| entries.get(key).map(value);
    let is_own = |key: &&String| !key.starts_with("tollbridge.") && !key.starts_with("actix_identity.");
    let mut told: Map<String, Value> =
        entries.iter().filter(|(key, _)| is_own(key)).map(|(key, text)| (key.clone(), value(text))).collect();
    // Without a login the name of a user is nobody's.
    if let Some(user) = of("actix_identity.user_id").filter(|_| entries.contains_key("tollbridge.login")) {
        told.extend([("_user_id".to_owned(), user), ("_fresh".to_owned(), fresh.into())]);
    }
    if let Some(Value::Array(messages)) = of("tollbridge.messages") {
        let flashes = messages.iter().map(|one| json!([one["category"], one["text"]])).collect();
        told.insert("_flashes".to_owned(), flashes);
    }
    told.extend(of("tollbridge.next").map(|next| ("next".to_owned(), next)));
    Ok(Json(told))
}

/// The same, and whether the browser is remembered.
async fn all(session: Session, auth: Auth) -> Result<impl Responder, AuthError> {
    let remembered = auth.login_remembered().await?;
    Ok(Json(json!({ "session": state(session, auth).await?.0, "remembered": remembered })))
}

/// Writes what it is told, also the name of a user.
async fn set(path: Path<(String, String)>, session: Session) -> Result<&'static str, actix_web::Error> {
    let (key, value) = path.into_inner();
    session.insert(if key == "_user_id" { "actix_identity.user_id" } else { &key }, value)?;
    Ok("ok")
}

async fn flash(messages: Messages) -> String {
    let all: Vec<Value> = messages.into_iter().map(|message| json!([message.category, message.text])).collect();
    // As Python writes it.
    Value::from(all).to_string().replace(",\"", ", \"").replace("],[", "], [")
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
