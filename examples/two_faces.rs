//! One login that changes its face: an app with tokens opens a page in a web view, and a page with a session gets tokens
//! for a request of its own. The guide to it is `docs/faces.md`.
//!
//! ```text
//! cargo run --example two_faces --no-default-features
//!
//! curl -s -d '{"username":"panther","password":"password"}' -H 'Content-Type: application/json' localhost:8080/login
//! curl -s -X POST -H 'Authorization: Bearer eyJ…' localhost:8080/handoff     # the app asks for a link
//! curl -s localhost:8080/handoff/…                                           # the page names the user and asks
//! curl -s -c jar -X POST localhost:8080/handoff/…                            # its button: a session of the same login
//! curl -s -b jar -X POST localhost:8080/token                                # and back: tokens of the same login
//! ```

use std::error::Error;
use std::time::Duration;

use actix_web::http::header::{ContentType, LOCATION, REFERRER_POLICY};
use actix_web::web::{Data, Json, Path};
use actix_web::{App, HttpResponse, HttpServer, Responder, get, post};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tollbridge::store::memory::MemoryStore;
use tollbridge::{
    Auth, AuthError, Bridge, BrowserUser, CurrentLogin, CurrentUser, LogoutScope, PasswordHasher, PasswordParams,
    PasswordVerification, StoreError, TokenKey, TokenTemplate, UserStore,
};

#[derive(Clone, Serialize)]
struct User {
    id: u32,
    full_name: &'static str,
    username: &'static str,
    plan: &'static str,
}

const USERS: [User; 2] = [
    User { id: 1, full_name: "Bruce Wayne", username: "batman", plan: "pro" },
    User { id: 2, full_name: "Ann Takamaki", username: "panther", plan: "free" },
];

struct Users;

impl UserStore for Users {
    type User = User;

    fn identity(&self, user: &User) -> String {
        user.id.to_string()
    }

    async fn find(&self, identity: &str) -> Result<Option<User>, StoreError> {
        Ok(USERS.into_iter().find(|user| user.id.to_string() == identity))
    }
}

struct Passwords {
    hasher: PasswordHasher,
    hash: String,
}

/// The faces that a client wants.
#[derive(Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    Token,
    Both,
}

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
    #[serde(default)]
    mode: Mode,
}

/// Tokens for an app, or with `"mode": "both"` tokens and the session cookie of one login.
#[post("/login")]
async fn sign_in(form: Json<Credentials>, passwords: Data<Passwords>, auth: Auth) -> Result<impl Responder, AuthError> {
    if form.mode == Mode::Both {
        auth.may_open_session()?;
    }
    let form = form.into_inner();
    let user = USERS.into_iter().find(|user| user.username == form.username);
    let hash = user.is_some().then(|| passwords.hash.clone());
    let verified = passwords.hasher.verify(form.password.into(), hash).await?;
    let user = user.filter(|_| verified != PasswordVerification::No).ok_or(AuthError::InvalidCredentials)?;
    let login = auth.login_user(&user);
    let login = if form.mode == Mode::Both { login.await? } else { login.tokens_only().await? };
    Ok(Json(login.issue_tokens()?))
}

/// From a session to tokens. A page of our own calls it, and calls it again when the access token has expired.
#[post("/token")]
async fn token(auth: Auth) -> Result<impl Responder, AuthError> {
    Ok(Json(auth.issue_for_session().await?.issue()?))
}

/// A token for another service, with what that service needs to know of the user.
#[post("/token/billing")]
async fn billing_token(
    user: BrowserUser<User>,
    billing: Data<TokenTemplate>,
    auth: Auth,
) -> Result<impl Responder, AuthError> {
    let tokens = auth.issue_for_session().await?.template(&billing).claim("plan", user.plan).issue()?;
    Ok(Json(json!({ "access_token": tokens.access_token })))
}

/// From a token to a session, first step: the app gets a link.
#[post("/handoff")]
async fn handoff(auth: Auth) -> Result<impl Responder, AuthError> {
    let handoff = auth.handoff().await?;
    let path = format!("/handoff/{}", handoff.code());
    Ok(HttpResponse::Created().json(json!({ "path": path, "expires_in": handoff.expires_in() })))
}

/// Second step: the page that the app opens. It uses nothing up, so a preview of the link does no harm.
#[get("/handoff/{code}")]
async fn ask(code: Path<String>, auth: Auth) -> Result<impl Responder, AuthError> {
    let user = auth.handoff_user::<User>(&code).await?;
    let page = format!(
        "<!doctype html><meta name=\"referrer\" content=\"strict-origin\"><title>Continue</title>\
         <p>Continue as {}?</p><form method=\"post\"><button>Continue</button></form>",
        user.full_name // of our own users; escape what users write
    );
    Ok(HttpResponse::Ok().insert_header((REFERRER_POLICY, "no-referrer")).content_type(ContentType::html()).body(page))
}

/// Third step: the button of that page.
#[post("/handoff/{code}")]
async fn redeem(code: Path<String>, auth: Auth) -> Result<impl Responder, AuthError> {
    auth.redeem(&code).await?;
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, "/who_am_i")).finish())
}

/// By either face.
#[get("/who_am_i")]
async fn who_am_i(user: CurrentUser<User>, login: CurrentLogin) -> impl Responder {
    Json(json!({ "user": user, "via": login.via.as_str(), "login": login.login_id }))
}

/// Ends the login, whichever face asks for it.
#[post("/logout")]
async fn logout(auth: Auth) -> Result<impl Responder, AuthError> {
    auth.logout_user(LogoutScope::This).await?;
    Ok(HttpResponse::NoContent())
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let hasher = PasswordHasher::new(PasswordParams::default())?;
    let hash = hasher.hash("password".into()).await?;
    let passwords = Data::new(Passwords { hasher, hash });
    let billing = TokenTemplate::new().access_ttl(Duration::from_secs(120)).audience("https://billing.example");
    let billing = Data::new(billing);

    // In your program: both from files that only the server can read.
    let (token_secret, session_secret) = ([0x5e; 32], [0xa7; 64]);
    let store = MemoryStore::default();
    let bridge = Bridge::builder(Users)
        .token_key(TokenKey::hs256(&token_secret)?)
        .session_secret(&session_secret)
        .store(store.clone())
        .handoff_codes(store)
        .build()?;

    let port = std::env::var("PORT").unwrap_or_else(|_| "8080".to_owned()).parse()?;
    let server = HttpServer::new(move || {
        App::new()
            .wrap(bridge.clone())
            .app_data(passwords.clone())
            .app_data(billing.clone())
            .service(sign_in)
            .service(token)
            .service(billing_token)
            .service(handoff)
            .service(ask)
            .service(redeem)
            .service(who_am_i)
            .service(logout)
    })
    .bind(("127.0.0.1", port))?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await?;
    Ok(())
}
