//! A store of your own: logins and sessions in SQLite by rusqlite, beside whatever else the application keeps there.
//! `schema.sql` has the tables to copy, `store.rs` the statements.
//!
//! ```text
//! TOKEN_SECRET="$(openssl rand -hex 32)" cargo run --no-default-features --example rusqlite_store
//! ```

mod store;

use std::path::Path;

use actix_web::web::{self, Json, get, post};
use actix_web::{App, HttpServer};
use tollbridge::store::blocking::Blocking;
use tollbridge::{Auth, AuthError, Bridge, CurrentUser, LogoutScope, TokenKey, TokenPair, user_loader};

use crate::store::SqliteStore;

// Check a password here: `login_with_json_token.rs` does.
async fn login(name: web::Path<String>, auth: Auth) -> Result<Json<TokenPair>, AuthError> {
    Ok(Json(auth.login_user(&*name).await?.issue_tokens()?))
}

async fn logout(auth: Auth) -> Result<&'static str, AuthError> {
    auth.logout_user(LogoutScope::This).await.map(|()| "bye")
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let secret = std::env::var("TOKEN_SECRET").map_err(|_| "set TOKEN_SECRET to 32 random bytes or more")?;
    let path = std::env::var("DATABASE").unwrap_or_else(|_| "logins.db".to_owned());
    let users = user_loader(String::clone, async |name: &str| Ok(Some(name.to_owned())));
    let bridge = Bridge::builder(users)
        .token_key(TokenKey::hs256(secret.as_bytes())?)
        .store(Blocking::new(SqliteStore::open(Path::new(&path))?))
        .build()?;
    let port = std::env::var("PORT").unwrap_or_else(|_| "8080".to_owned()).parse()?;
    let server = HttpServer::new(move || {
        App::new()
            .wrap(bridge.clone())
            .route("/login/{name}", post().to(login))
            .route("/me", get().to(async |user: CurrentUser<String>| user.into_inner()))
            .route("/logout", post().to(logout))
    })
    .bind(("127.0.0.1", port))?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await?;
    Ok(())
}
