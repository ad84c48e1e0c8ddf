//! Flask-Login and Flask-JWT-Extended in one application, which takes glue there: `/login` signs the browser in with
//! `login_user` and answers an `access_token`; API clients send that token in the JSON body of their requests, and no
//! such request ever sees a session cookie; browsers with a session use the same handler.
//!
//! ```text
//! cargo run --example login_with_json_token --no-default-features
//!
//! curl -c jar -d '{"username":"panther","password":"password","remember":true}' \
//!     -H 'Content-Type: application/json' localhost:8080/login
//! curl -b jar localhost:8080/who_am_i                                              # the browser's face
//! curl -i -d '{"access_token":"eyJ…"}' -H 'Content-Type: application/json' localhost:8080/who_am_i
//! curl -b jar -X POST localhost:8080/logout                                        # ends both
//! ```

use std::error::Error;

use actix_web::web::{self, Data, Json};
use actix_web::{App, HttpResponse, HttpServer, Responder, post};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tollbridge::store::memory::MemoryStore;
use tollbridge::{
    Auth, AuthError, Bridge, CurrentUser, LogoutScope, PasswordHasher, PasswordParams, PasswordVerification,
    StoreError, TokenKey, UserStore,
};

#[derive(Clone, Serialize)]
struct User {
    id: u32,
    full_name: &'static str,
    username: &'static str,
}

const USERS: [User; 3] = [
    User { id: 1, full_name: "Bruce Wayne", username: "batman" },
    User { id: 2, full_name: "Ann Takamaki", username: "panther" },
    User { id: 3, full_name: "Jester Lavore", username: "little_sapphire" },
];

struct Users;

impl UserStore for Users {
    type User = User;

    fn identity(&self, user: &User) -> String {
        user.id.to_string()
    }

    // One loader for both faces: Flask-Login's user_loader and Flask-JWT-Extended's user_lookup_loader.
    async fn find(&self, identity: &str) -> Result<Option<User>, StoreError> {
        Ok(USERS.into_iter().find(|user| user.id.to_string() == identity))
    }
}

struct Passwords {
    hasher: PasswordHasher,
    hash: String,
}

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
    #[serde(default)]
    remember: bool,
}

/// Opens a session for browsers, and answers a token for API clients: two faces of one login.
#[post("/login")]
async fn login(form: Json<Credentials>, passwords: Data<Passwords>, auth: Auth) -> Result<impl Responder, AuthError> {
    // Before the password costs anything: a form that another site sent is not heard.
    auth.may_open_session()?;
    let form = form.into_inner();
    let user = USERS.into_iter().find(|user| user.username == form.username);
    let hash = user.is_some().then(|| passwords.hash.clone());
    let verified = passwords.hasher.verify(form.password.into(), hash).await?;
    let user = user.filter(|_| verified != PasswordVerification::No).ok_or(AuthError::InvalidCredentials)?;

    let login = auth.login_user(&user).remember(form.remember).await?;
    Ok(HttpResponse::Ok().json(json!({ "access_token": login.issue_tokens()?.access_token })))
}

/// By session cookie, or by a token in the header or in the JSON body.
async fn who_am_i(user: CurrentUser<User>) -> impl Responder {
    Json(user)
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

    // In your program: both from files that only the server can read.
    let (token_secret, session_secret) = ([0x5e; 32], [0xa7; 64]);
    let bridge = Bridge::builder(Users)
        .token_key(TokenKey::hs256(&token_secret)?)
        .session_secret(&session_secret)
        .store(MemoryStore::default())
        .build()?;

    let port = std::env::var("PORT").unwrap_or_else(|_| "8080".to_owned()).parse()?;
    let server = HttpServer::new(move || {
        App::new()
            .wrap(bridge.clone())
            .app_data(passwords.clone())
            .service(login)
            .service(web::resource("/who_am_i").get(who_am_i).post(who_am_i))
            .service(logout)
    })
    .bind(("127.0.0.1", port))?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await?;
    Ok(())
}
