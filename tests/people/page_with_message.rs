//! What the tests at a browser need and the server has not: a message for the login page, and the page to come back to
//! in the session.
//!
//! Whatever is sent to `/page` is refused without a login. `/login` shows the messages and a form for the one user, who
//! has no password.

use std::error::Error;

use actix_web::http::header::{ContentType, LOCATION};
use actix_web::{App, HttpResponse, HttpServer, get, post, web};
use tollbridge::store::memory::MemoryStore;
use tollbridge::{Auth, AuthError, Bridge, CurrentUser, Messages, StoreError, TokenKey, UserStore};

struct Users;

impl UserStore for Users {
    type User = String;

    fn identity(&self, user: &String) -> String {
        user.clone()
    }

    async fn find(&self, identity: &str) -> Result<Option<String>, StoreError> {
        Ok(Some(identity.to_owned()))
    }
}

fn html(text: &str) -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::html()).body(format!("<!DOCTYPE html><title>A page</title>{text}"))
}

async fn page(user: CurrentUser<String>) -> HttpResponse {
    html(&format!("<p>Signed in as {}.</p>", *user))
}

/// The page to sign in on, with what there is to say.
#[get("/login")]
async fn login_page(messages: Messages) -> HttpResponse {
    let messages: Vec<String> = messages.iter().map(|message| format!("<p>{}</p>", message.text)).collect();
    html(&format!("{}<form method=post><button>Sign in</button></form>", messages.concat()))
}

/// Signs the one user in, and leads back.
#[post("/login")]
async fn login(auth: Auth) -> Result<HttpResponse, AuthError> {
    let next = auth.take_next().unwrap_or_else(|| "/page?by-default".to_owned());
    auth.login_user(&"panther".to_owned()).remember(true).await?;
    Ok(HttpResponse::SeeOther().insert_header((LOCATION, next)).finish())
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let bridge = Bridge::builder(Users)
        .token_key(TokenKey::hs256(&[0x5e; 32])?)
        .store(MemoryStore::default())
        .login_view("/login")
        .login_message("Sign in first.", "info")
        .next_in_session(true)
        .build()?;
    let server = HttpServer::new(move || {
        App::new().wrap(bridge.clone()).service(login_page).service(login).route("/page", web::to(page))
    });
    let server = server.workers(1).bind(("127.0.0.1", 0))?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await?;
    Ok(())
}
