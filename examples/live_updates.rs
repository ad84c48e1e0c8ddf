//! Server-sent events that end with the login, whoever ends it and wherever.
//!
//! ```text
//! cargo run --example live_updates --no-default-features
//! ```

use std::error::Error;
use std::time::Duration;

use actix_web::rt::time::interval;
use actix_web::web::{self, Bytes, Json};
use actix_web::{App, HttpResponse, HttpServer};
use futures_util::FutureExt as _;
use futures_util::stream::{self, StreamExt as _};
use tollbridge::store::memory::MemoryStore;
use tollbridge::{Auth, AuthError, Bridge, CurrentLogin, LogoutScope, TokenKey, TokenPair, user_loader};

// Check a password here: `login_with_json_token.rs` does.
async fn login(name: web::Path<String>, auth: Auth) -> Result<Json<TokenPair>, AuthError> {
    Ok(Json(auth.login_user(&*name).await?.issue_tokens()?))
}

async fn logout(auth: Auth) -> Result<&'static str, AuthError> {
    auth.logout_user(LogoutScope::This).await.map(|()| "bye")
}

/// An event every second. The last one says why there are no more.
async fn updates(login: CurrentLogin) -> HttpResponse {
    let ended = login.ended().shared();
    let numbers = stream::unfold((interval(Duration::from_secs(1)), 0), |(mut interval, number)| async move {
        interval.tick().await;
        Some((format!("data: {number}\n\n"), (interval, number + 1)))
    });
    let end = ended.clone().map(|reason| format!("event: end\ndata: {}\n\n", reason.code()));
    let events = numbers.take_until(ended).chain(end.into_stream());
    let events = events.map(|event| Ok::<_, actix_web::Error>(Bytes::from(event)));
    HttpResponse::Ok().content_type("text/event-stream").streaming(events)
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let users = user_loader(String::clone, async |name: &str| Ok(Some(name.to_owned())));
    let key = TokenKey::hs256(&[0x5e; 32])?; // in your program: from a file that only the server can read
    let bridge = Bridge::builder(users).token_key(key).store(MemoryStore::default()).build()?;
    let port = std::env::var("PORT").unwrap_or_else(|_| "8080".to_owned()).parse()?;
    let server = HttpServer::new(move || {
        App::new()
            .wrap(bridge.clone())
            .route("/login/{name}", web::post().to(login))
            .route("/logout", web::post().to(logout))
            .route("/updates", web::get().to(updates))
    })
    .bind(("127.0.0.1", port))?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await?;
    Ok(())
}
