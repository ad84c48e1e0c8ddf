//! A Flask application that used Flask-JWT-Extended, moved here: its configuration, its routes and its answers stay, and
//! so do the tokens and cookies that its users hold. What it said in Python is in the comments.
//!
//! `FLASK_CONFIG` is its `app.config` as JSON, a `timedelta` in seconds:
//!
//! ```text
//! export FLASK_CONFIG='{"JWT_SECRET_KEY": "a secret of at least thirty-two bytes", "JWT_TOKEN_LOCATION": ["headers", "cookies"]}'
//! cargo run --example from_flask --no-default-features
//!
//! curl -d '{"username":"test","password":"test"}' -H 'Content-Type: application/json' localhost:8080/login
//! {"access_token":"eyJ…","refresh_token":"eyJ…"}
//! curl -H 'Authorization: Bearer eyJ…' localhost:8080/protected
//! {"logged_in_as":"test"}
//! curl localhost:8080/protected
//! {"msg":"Missing Authorization Header"}
//! ```

use std::collections::HashSet;
use std::error::Error;
use std::sync::{Arc, RwLock};

use actix_web::web::{Data, Json};
use actix_web::{App, HttpResponse, HttpServer, Responder, delete, get, post, route};
use serde::Deserialize;
use serde_json::json;
use tollbridge::flask::{FlaskConfig, JwtManager};
use tollbridge::store::memory::MemoryStore;
use tollbridge::{Auth, AuthError, Bridge, Claims, Require, StoreError, TokenBlocklist, UserStore};

#[derive(Clone)]
struct User {
    name: String,
}

struct Users;

impl UserStore for Users {
    type User = User;

    // @jwt.user_identity_loader
    fn identity(&self, user: &User) -> String {
        user.name.clone()
    }

    // @jwt.user_lookup_loader
    async fn find(&self, identity: &str) -> Result<Option<User>, StoreError> {
        Ok((identity == "test").then(|| User { name: identity.to_owned() }))
    }
}

/// The ids of the tokens that have been logged out: in your program in a database.
#[derive(Clone, Default)]
struct Revoked(Arc<RwLock<HashSet<String>>>);

impl TokenBlocklist for Revoked {
    // @jwt.token_in_blocklist_loader
    async fn is_revoked(&self, token: &Claims) -> Result<bool, StoreError> {
        let revoked = self.0.read().map_err(|_| StoreError::new("the blocklist is broken"))?;
        Ok(token.jti.as_ref().is_some_and(|jti| revoked.contains(jti)))
    }
}

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

impl Credentials {
    /// In your program this looks a hash up and compares with `PasswordHasher`.
    fn check(&self) -> Result<&str, AuthError> {
        let known = self.username == "test" && self.password == "test";
        known.then_some(&*self.username).ok_or(AuthError::InvalidCredentials)
    }
}

/// Name and password for a token of each type.
#[post("/login")]
async fn login(form: Json<Credentials>, jwt: Data<JwtManager>) -> Result<impl Responder, AuthError> {
    let user = form.check()?;
    Ok(Json(json!({
        "access_token": jwt.create_access_token(user).fresh(true).issue()?,
        "refresh_token": jwt.create_refresh_token(user).issue()?,
    })))
}

/// The same in cookies: `set_access_cookies(response, token)` and `set_refresh_cookies(response, token)`.
#[post("/login_with_cookies")]
async fn login_with_cookies(
    form: Json<Credentials>,
    jwt: Data<JwtManager>,
    auth: Auth,
) -> Result<impl Responder, AuthError> {
    let (user, cookies) = (form.check()?, auth.token_cookies()?);
    let mut response = HttpResponse::Ok().json(json!({ "msg": "login successful" }));
    cookies.set_access(&mut response, &jwt.create_access_token(user).fresh(true).issue()?)?;
    cookies.set_refresh(&mut response, &jwt.create_refresh_token(user).issue()?)?;
    Ok(response)
}

/// `@jwt_required(refresh=True)`
#[post("/refresh", wrap = "Require::token().refresh_token()")]
async fn refresh(claims: Claims, jwt: Data<JwtManager>) -> Result<impl Responder, AuthError> {
    Ok(Json(json!({ "access_token": jwt.create_access_token(claims.sub).issue()? })))
}

/// `@jwt_required()`
#[route("/protected", method = "GET", method = "POST", wrap = "Require::token()")]
async fn protected(claims: Claims) -> impl Responder {
    Json(json!({ "logged_in_as": claims.sub }))
}

/// `@jwt_required(fresh=True)`
#[get("/fresh", wrap = "Require::token().fresh()")]
async fn fresh(claims: Claims) -> impl Responder {
    Json(json!({ "logged_in_as": claims.sub }))
}

/// `@jwt_required(verify_type=False)`
#[delete("/logout", wrap = "Require::token().any_token_type()")]
async fn logout(claims: Claims, revoked: Data<Revoked>) -> Result<impl Responder, AuthError> {
    let mut revoked = revoked.0.write().map_err(|_| StoreError::new("the blocklist is broken"))?;
    revoked.extend(claims.jti);
    Ok(Json(json!({ "msg": "token revoked" })))
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // app.config
    let config = serde_json::from_str(&std::env::var("FLASK_CONFIG")?)?;
    // jwt = JWTManager(app)
    let jwt = JwtManager::builder(FlaskConfig::from_json(&config)?).build()?;
    let revoked = Revoked::default();
    let bridge = Bridge::builder(Users)
        .store(MemoryStore::default())
        .flask_jwt(&jwt)
        .token_blocklist(revoked.clone())
        .build()?;

    let (jwt, revoked) = (Data::new(jwt), Data::new(revoked));
    let port = std::env::var("PORT").unwrap_or_else(|_| "8080".to_owned()).parse()?;
    let server = HttpServer::new(move || {
        let app = App::new().wrap(bridge.clone()).app_data(jwt.clone()).app_data(revoked.clone());
        app.service(login)
            .service(login_with_cookies)
            .service(refresh)
            .service(protected)
            .service(fresh)
            .service(logout)
    })
    .bind(("127.0.0.1", port))?;
    println!("listening on http://{}", server.addrs()[0]);
    server.run().await?;
    Ok(())
}
