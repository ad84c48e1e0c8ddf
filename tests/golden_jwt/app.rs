//! The application that the recording was made with, once more: its routes, its loaders, and the configuration of each
//! case.

use std::fmt::Write as _;

use actix_web::{FromRequest as _, HttpRequest, HttpResponse, Responder, web};
use serde::Serialize;
use serde_json::{Map, Value, json};
use tollbridge::flask::{ErrorProfile, FlaskConfig, JwtManager};
use tollbridge::store::memory::MemoryStore;
use tollbridge::{
    AuthError, Bridge, Claims, CredentialLocation, CurrentUser, MaybeLogin, Require, StoreError, TokenBlocklist,
    TokenKey, UserStore,
};

use crate::recording::{Case, Recording};

const PATHS: [&str; 12] = [
    "/protected",
    "/fresh",
    "/refresh",
    "/optional",
    "/notype",
    "/refresh_fresh",
    "/optional_fresh",
    "/opts",
    "/skip",
    "/user",
    "/headers_only",
    "/hj",
];

/// The other loaders.
const HOOKS: [&str; 4] = ["user", "decode_key", "blocklist", "verify"];

/// The error loaders, as the recording calls them.
const ERROR_LOADERS: [&str; 7] = [
    "unauthorized",
    "invalid_token",
    "expired_token",
    "needs_fresh_token",
    "revoked_token",
    "token_verification_failed",
    "user_lookup_error",
];

#[derive(Clone, Serialize)]
struct User {
    id: String,
}

/// `user_lookup_loader`: everybody but the ghost.
struct Users;

impl UserStore for Users {
    type User = User;

    fn identity(&self, user: &User) -> String {
        user.id.clone()
    }

    async fn find(&self, identity: &str) -> Result<Option<User>, StoreError> {
        Ok((identity != "ghost").then(|| User { id: identity.to_owned() }))
    }
}

/// `token_in_blocklist_loader`: the token whose id says that it is blocked.
struct Blocked;

impl TokenBlocklist for Blocked {
    async fn is_revoked(&self, token: &Claims) -> Result<bool, StoreError> {
        Ok(token.jti.as_deref() == Some("blocked"))
    }
}

/// What of a case this application does not have.
pub(crate) fn lacks(case: &Case) -> Option<String> {
    let path = case.request.path();
    if !PATHS.contains(&path) {
        return Some(format!("the application has no route {path}"));
    }
    let known = |hook: &str| HOOKS.contains(&hook) || ERROR_LOADERS.contains(&hook);
    let unknown = case.hooks.iter().find(|hook| !known(hook))?;
    Some(format!("the application has no loader {unknown}"))
}

/// The bridge of a case's application; an error if its configuration is refused.
pub(crate) fn bridge(recording: &Recording, case: &Case) -> Result<Bridge, String> {
    let jwt = manager(recording, case)?;
    let mut bridge = Bridge::builder(Users).store(MemoryStore::default()).flask_jwt(&jwt);
    for hook in &case.hooks {
        bridge = match hook.as_str() {
            "blocklist" => bridge.token_blocklist(Blocked),
            "verify" => bridge.check_claims(|token| token.get("role") != Some(&json!("bad"))),
            // The manager has these.
            _ => bridge,
        };
    }
    bridge.build().map_err(|error| error.to_string())
}

fn manager(recording: &Recording, case: &Case) -> Result<JwtManager, String> {
    let mut config = case.config.clone();
    config.entry("JWT_SECRET_KEY").or_insert_with(|| recording.secret_key.clone().into());
    let algorithm = config.get("JWT_ALGORITHM").and_then(Value::as_str).unwrap_or("HS256").to_ascii_lowercase();
    if !algorithm.starts_with("hs") {
        for (key, half) in [("JWT_PRIVATE_KEY", "private"), ("JWT_PUBLIC_KEY", "public")] {
            config.entry(key).or_insert_with(|| Recording::pem(&format!("{algorithm}_{half}")).into());
        }
    }
    // Whatever the secrets of a recording are.
    let config = FlaskConfig::from_json_with_weak_secret(&config.into()).map_err(|error| error.to_string())?;
    let mut jwt = JwtManager::builder(config).route_locations(&[CredentialLocation::Header, CredentialLocation::Json]);
    // Who asks for the user gets one: nobody has to register a loader here.
    if !case.has("user") && case.request.path() != "/user" {
        jwt = jwt.without_user_lookup();
    }
    if case.has("decode_key") {
        let secret = recording.secret_key.clone();
        jwt = jwt.decode_key_loader(move |_, claims| {
            let of_42 = claims.get("sub") == Some(&json!("42"));
            TokenKey::hs256(if of_42 { secret.as_bytes() } else { b"another-secret-of-more-than-32-bytes" }).ok()
        });
    }
    jwt.errors(errors(case)).build().map_err(|error| error.to_string())
}

/// Every error loader answers with its name and with what it was given.
fn errors(case: &Case) -> ErrorProfile {
    let teapot =
        |body: &Value| HttpResponse::ImATeapot().content_type("application/json").body(body.to_string() + "\n");
    let of_reason = |name: &'static str| move |reason: &str| teapot(&json!({ "loader": name, "reason": reason }));
    let of_token = |name: &'static str| {
        move |header: &Map<String, Value>, claims: &Map<String, Value>| {
            let names: Vec<&String> = claims.keys().collect();
            teapot(&json!({ "loader": name, "alg": header.get("alg"), "claims": names }))
        }
    };
    case.hooks.iter().fold(ErrorProfile::default(), |errors, hook| match hook.as_str() {
        "unauthorized" => errors.unauthorized_loader(of_reason("unauthorized")),
        "invalid_token" => errors.invalid_token_loader(of_reason("invalid_token")),
        "expired_token" => errors.expired_token_loader(of_token("expired_token")),
        "needs_fresh_token" => errors.needs_fresh_token_loader(of_token("needs_fresh_token")),
        "revoked_token" => errors.revoked_token_loader(of_token("revoked_token")),
        "token_verification_failed" => errors.token_verification_failed_loader(of_token("token_verification_failed")),
        "user_lookup_error" => errors.user_lookup_error_loader(of_token("user_lookup_error")),
        _ => errors,
    })
}

/// What the application serves.
pub(crate) fn routes(case: &Case, app: &mut web::ServiceConfig) {
    let identity_claim = case.config.get("JWT_IDENTITY_CLAIM").and_then(Value::as_str).unwrap_or("sub");
    app.app_data(web::Data::new(IdentityClaim(identity_claim.to_owned())));
    let mut guarded = |path: &str, guard: Require| {
        app.service(web::resource(path).route(web::route().to(who)).wrap(guard));
    };
    guarded("/protected", Require::token());
    guarded("/fresh", Require::token().fresh());
    guarded("/refresh", Require::token().refresh_token());
    guarded("/optional", Require::token().optional());
    guarded("/notype", Require::token().any_token_type());
    guarded("/refresh_fresh", Require::token().refresh_token().fresh());
    guarded("/optional_fresh", Require::token().optional().fresh());
    guarded("/skip", Require::token().skip_blocklist());
    guarded("/headers_only", Require::token().locations(&[CredentialLocation::Header]));
    guarded("/hj", Require::token().locations(&[CredentialLocation::Header, CredentialLocation::Json]));
    app.service(web::resource("/user").route(web::route().to(user)).wrap(Require::token()));
    app.service(web::resource("/opts").route(web::route().to(ok)).wrap(Require::token()));
}

/// `JWT_IDENTITY_CLAIM`.
struct IdentityClaim(String);

/// What the token of this request says.
async fn who(
    req: HttpRequest,
    login: MaybeLogin,
    identity_claim: web::Data<IdentityClaim>,
) -> Result<impl Responder, AuthError> {
    let Some(login) = login.as_ref() else {
        return Ok(jsonify(&json!({ "claims": [], "identity": null, "location": null, "ok": true })));
    };
    let claims = Claims::extract(&req).await?.all;
    let names: Vec<&String> = claims.keys().collect();
    let location = match login.location {
        CredentialLocation::Header => "headers",
        CredentialLocation::Cookie => "cookies",
        CredentialLocation::Query => "query_string",
        CredentialLocation::Json => "json",
    };
    let identity = claims.get(&identity_claim.0);
    Ok(jsonify(&json!({ "claims": names, "identity": identity, "location": location, "ok": true })))
}

async fn user(user: CurrentUser<User>) -> impl Responder {
    jsonify(&json!({ "user": &user }))
}

async fn ok() -> impl Responder {
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body("ok")
}

/// Flask's: sorted, compact, in ASCII, with a line's end.
fn jsonify(value: &Value) -> HttpResponse {
    let mut body = String::new();
    for c in value.to_string().chars() {
        if c.is_ascii() {
            body.push(c);
        } else {
            c.encode_utf16(&mut [0; 2])
                .iter()
                .for_each(|unit| write!(body, "\\u{unit:04x}").expect("a String takes all"));
        }
    }
    HttpResponse::Ok().content_type("application/json").body(body + "\n")
}
