//! "Automatic user loading", a guide of Flask-JWT-Extended, with Tollbridge: `/login` answers tokens, and a handler
//! that asks for a `CurrentUser` gets the user whom the token names.
//!
//! ```text
//! cargo run --example automatic_user_loading --no-default-features
//!
//! curl -d '{"username":"panther","password":"password"}' -H 'Content-Type: application/json' localhost:8080/login
//! curl -H 'Authorization: Bearer eyJ…' localhost:8080/who_am_i
//! {"id":2,"full_name":"Ann Takamaki","username":"panther"}
//! ```

use std::error::Error;

use actix_web::web::{Data, Json};
use actix_web::{App, HttpResponse, HttpServer, Responder, get, post};
use serde::{Deserialize, Serialize};
use tollbridge::store::memory::MemoryStore;
use tollbridge::{
    Auth, AuthError, Bridge, CurrentUser, PasswordHasher, PasswordParams, PasswordVerification, StoreError, TokenKey,
    UserStore,
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

/// Where the users live: here in a constant, in your program in a database.
struct Users;

impl UserStore for Users {
    type User = User;

    // user_identity_loader: what goes into the token's `sub`.
    fn identity(&self, user: &User) -> String {
        user.id.to_string()
    }

    // user_lookup_loader: who a token's `sub` is.
    async fn find(&self, identity: &str) -> Result<Option<User>, StoreError> {
        Ok(USERS.into_iter().find(|user| user.id.to_string() == identity))
    }
}

/// All three have the same password; it is kept as its hash.
struct Passwords {
    hasher: PasswordHasher,
    hash: String,
}

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

/// Name and password for a token pair.
#[post("/login")]
async fn login(form: Json<Credentials>, passwords: Data<Passwords>, auth: Auth) -> Result<impl Responder, AuthError> {
    let form = form.into_inner();
    let user = USERS.into_iter().find(|user| user.username == form.username);
    // Without a user the same work is done, so that nobody can tell which names exist.
    let hash = user.is_some().then(|| passwords.hash.clone());
    let verified = passwords.hasher.verify(form.password.into(), hash).await?;
    let user = user.filter(|_| verified != PasswordVerification::No).ok_or(AuthError::InvalidCredentials)?;

    let login = auth.login_user(&user).tokens_only().await?;
    Ok(HttpResponse::Ok().json(login.issue_tokens()?))
}

/// The user whom the token names.
#[get("/who_am_i")]
async fn who_am_i(user: CurrentUser<User>) -> impl Responder {
    Json(user)
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let hasher = PasswordHasher::new(PasswordParams::default())?;
    let hash = hasher.hash("password".into()).await?;
    let passwords = Data::new(Passwords { hasher, hash });

    // In your program: from a file that only the server can read.
    let secret = [0x5e; 32];
    let bridge = Bridge::builder(Users).token_key(TokenKey::hs256(&secret)?).store(MemoryStore::default()).build()?;

    let port = std::env::var("PORT").unwrap_or_else(|_| "8080".to_owned()).parse()?;
    let server = HttpServer::new(move || {
        App::new().wrap(bridge.clone()).app_data(passwords.clone()).service(login).service(who_am_i)
    })
    .bind(("127.0.0.1", port))?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await?;
    Ok(())
}
