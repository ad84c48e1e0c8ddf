//! Routes behind guards, and routes that put tokens into cookies.

use actix_web::web::{Data, Json, ServiceConfig};
use actix_web::{HttpResponse, Responder, web};
use serde::Deserialize;
use serde_json::json;
use tollbridge::CredentialLocation::{Cookie, Header, Json as Body, Query};
use tollbridge::{Auth, AuthError, Claims, CurrentUser, MaybeLogin, Require};

use crate::app::PASSWORD;
use crate::store::{User, Users};

pub(crate) fn routes(app: &mut ServiceConfig) {
    let guards = [
        ("login", Require::login()),
        ("token", Require::token()),
        ("browser", Require::browser()),
        ("fresh", Require::login().fresh()),
        ("fresh-token", Require::token().fresh()),
        ("optional", Require::login().optional()),
        ("optional-token", Require::token().optional()),
        ("optional-browser", Require::browser().optional()),
        ("refresh", Require::token().refresh_token()),
        ("either", Require::token().any_token_type()),
        ("fresh-refresh", Require::token().refresh_token().fresh()),
        ("header", Require::token().locations(&[Header])),
        ("cookie", Require::token().locations(&[Cookie])),
        ("query", Require::token().locations(&[Query])),
        ("body-header", Require::token().locations(&[Body, Header])),
        ("unsearched", Require::login().unsearched_body()),
        ("login-by-header", Require::login().locations(&[Header])),
    ];
    for (name, guard) in guards {
        app.route(&format!("/require/{name}"), web::route().to(who).wrap(guard));
    }
    app.service(
        web::scope("/inside")
            .wrap(Require::login())
            .route("/who", web::route().to(who))
            .route("/fresh", web::route().to(who).wrap(Require::login().fresh()))
            .route("/token", web::route().to(who).wrap(Require::token()))
            .route("/browser", web::route().to(who).wrap(Require::browser()))
            .service(web::resource("/never-asks").to(HttpResponse::Ok)),
    )
    .service(
        web::scope("/around")
            .wrap(Require::login().optional())
            .route("/refresh", web::route().to(who).wrap(Require::token().refresh_token())),
    )
    .service(
        web::scope("/proved")
            .wrap(Require::login().fresh())
            .route("/ticket", web::route().to(who).wrap(Require::token().locations(&[Query])))
            .service(
                web::scope("/aside")
                    .wrap(Require::token().optional().locations(&[Body]))
                    .route("/ticket", web::route().to(who).wrap(Require::token().locations(&[Query]))),
            ),
    )
    .route("/cookies/login", web::post().to(sign_in))
    .route("/cookies/refresh", web::post().to(refresh))
    .route("/cookies/set/{which}", web::route().to(set))
    .route("/echo-form", web::post().to(echo_form));
}

/// Who the guard let in.
async fn who(login: MaybeLogin, claims: Option<Claims>) -> impl Responder {
    let login = login.as_ref();
    Json(json!({
        "identity": login.map(|login| &login.identity),
        "via": login.map(|login| login.via.as_str()),
        "location": login.map(|login| login.location.as_str()),
        "fresh": login.map(|login| login.fresh),
        "type": claims.map(|claims| claims.all["type"].clone()),
    }))
}

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
    role: Option<String>,
}

/// Tokens alone, in cookies.
async fn sign_in(form: Json<Credentials>, users: Data<Users>, auth: Auth) -> Result<HttpResponse, AuthError> {
    let user = users.by_name(&form.username).filter(|_| form.password == PASSWORD);
    let user = user.ok_or(AuthError::InvalidCredentials)?;
    let cookies = auth.token_cookies()?;
    let login = auth.login_user(&user).tokens_only().await?;
    let tokens = match &form.role {
        Some(role) => login.tokens().claim("role", role.as_str()).issue()?,
        None => login.issue_tokens()?,
    };
    let mut response = HttpResponse::Ok().json(&tokens);
    cookies.set_access(&mut response, &tokens.access_token)?;
    cookies.set_refresh(&mut response, &tokens.refresh_token)?;
    Ok(response)
}

async fn refresh(auth: Auth) -> Result<HttpResponse, AuthError> {
    let tokens = auth.refresh().await?;
    let mut response = HttpResponse::Ok().json(&tokens);
    auth.token_cookies()?.set_access(&mut response, &tokens.access_token)?;
    auth.token_cookies()?.set_refresh(&mut response, &tokens.refresh_token)?;
    Ok(response)
}

/// What a handler may do to the cookies.
async fn set(which: web::Path<String>, auth: Auth, _: CurrentUser<User>) -> Result<HttpResponse, AuthError> {
    let mut response = HttpResponse::Ok().finish();
    let cookies = auth.token_cookies()?;
    match which.as_str() {
        "none" => {}
        "unset-access" => cookies.unset_access(&mut response),
        "unset-refresh" => cookies.unset_refresh(&mut response),
        "unset" => cookies.unset(&mut response),
        "unset-then-junk" => {
            cookies.unset(&mut response);
            cookies.set_access(&mut response, "a.eyJjc3JmIjoiYyJ9.b")?;
        }
        "no-token" => cookies.set_access(&mut response, "a; Domain=evil.example")?,
        "no-csrf" => cookies.set_access(&mut response, "a.e30.b")?,
        "narrowed" => {
            let narrowed = cookies.clone().domain("example.org").max_age(std::time::Duration::from_secs(60));
            narrowed.set_access(&mut response, "a.eyJjc3JmIjoiYyJ9.b")?;
        }
        _ => return Err(AuthError::InvalidRequest("There is no such thing to do.".into())),
    }
    Ok(response)
}

/// The form as the handler gets it.
async fn echo_form(_: CurrentUser<User>, form: web::Form<Vec<(String, String)>>) -> impl Responder {
    Json(form.into_inner())
}
