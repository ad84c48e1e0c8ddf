//! The least that signs in, tells who it is, and signs out, for browsers and for API clients.
//!
//! ```text
//! ADDRESS=127.0.0.1:8080 TOKEN_SECRET="$(openssl rand -hex 32)" cargo run --example minimal --no-default-features
//! ```

use actix_web::web::{Json, Path, get, post};
use actix_web::{App, HttpServer};
use tollbridge::store::memory::MemoryStore;
use tollbridge::{Auth, AuthError, Bridge, CurrentUser, LogoutScope, TokenKey, TokenPair, user_loader};

// Check a password here.
async fn login(name: Path<String>, auth: Auth) -> Result<Json<TokenPair>, AuthError> {
    Ok(Json(auth.login_user(&*name).await?.issue_tokens()?))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let users = user_loader(String::clone, async |name: &str| Ok(Some(name.to_owned())));
    let key = TokenKey::hs256(std::env::var("TOKEN_SECRET")?.as_bytes())?;
    let bridge = Bridge::builder(users).token_key(key).store(MemoryStore::default()).build()?;
    let app = move || {
        let app = App::new().wrap(bridge.clone()).route("/login/{name}", post().to(login));
        let app = app.route("/me", get().to(async |user: CurrentUser<String>| user.into_inner()));
        app.route("/logout", post().to(async |auth: Auth| auth.logout_user(LogoutScope::This).await.map(|()| "bye")))
    };
    Ok(HttpServer::new(app).bind(std::env::var("ADDRESS")?)?.run().await?)
}
