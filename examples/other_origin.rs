//! An API for a single-page application on another origin: tokens, no cookies, and CORS by actix-cors.
//!
//! ```text
//! cargo run --example other_origin --no-default-features
//! ```

use std::error::Error;

use actix_cors::Cors;
use actix_web::http::header::{AUTHORIZATION, CONTENT_TYPE};
use actix_web::web::{self, Json};
use actix_web::{App, HttpResponse, HttpServer, Responder};
use serde::Deserialize;
use tollbridge::store::memory::MemoryStore;
use tollbridge::{Auth, AuthError, Bridge, CurrentUser, LogoutScope, TokenKey, user_loader};

/// Where the pages of the application come from.
const PAGES: &str = "https://app.example";

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

/// Answers tokens and opens no session, so it may be called from another origin.
async fn login(form: Json<Credentials>, auth: Auth) -> Result<impl Responder, AuthError> {
    // In your program: `PasswordHasher`, as in `login_with_json_token.rs`.
    if form.password != "password" {
        return Err(AuthError::InvalidCredentials);
    }
    let login = auth.login_user(&form.username).tokens_only().await?;
    Ok(HttpResponse::Ok().json(login.issue_tokens()?))
}

async fn refresh(auth: Auth) -> Result<impl Responder, AuthError> {
    Ok(Json(auth.refresh().await?))
}

async fn me(user: CurrentUser<String>) -> String {
    user.into_inner()
}

async fn logout(auth: Auth) -> Result<impl Responder, AuthError> {
    auth.logout_user(LogoutScope::This).await?;
    Ok(HttpResponse::NoContent())
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let users = user_loader(String::clone, async |name: &str| Ok(Some(name.to_owned())));
    let key = TokenKey::hs256(&[0x5e; 32])?; // in your program: from a file that only the server can read
    let bridge = Bridge::builder(users).token_key(key).store(MemoryStore::default()).build()?;
    let port = std::env::var("PORT").unwrap_or_else(|_| "8080".to_owned()).parse()?;
    let server = HttpServer::new(move || {
        // No `supports_credentials`: the browser sends no cookies to us, and none could be set.
        let cors = Cors::default()
            .allowed_origin(PAGES)
            .allowed_methods(["GET", "POST"])
            .allowed_headers([AUTHORIZATION, CONTENT_TYPE])
            .max_age(3600);
        App::new()
            .wrap(bridge.clone())
            // After the bridge, so around it: it answers preflight requests, and lets the pages read refusals.
            .wrap(cors)
            .route("/login", web::post().to(login))
            .route("/refresh", web::post().to(refresh))
            .route("/me", web::get().to(me))
            .route("/logout", web::post().to(logout))
    })
    .bind(("127.0.0.1", port))?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await?;
    Ok(())
}
