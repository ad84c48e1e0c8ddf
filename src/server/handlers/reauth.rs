//! Re-authentication: a signed-in user gives the password again, and the same login is fresh.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Query};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::SecretString;
use serde::Deserialize;

use crate::server::accounts::reauthenticate;
use crate::server::json_object::JsonObject;
use crate::server::pages::{self, ReauthPage};
use crate::server::state::AppState;
use crate::server::strict_form::StrictForm;
use crate::store::db::User;
use crate::{
    AccessToken, Auth, AuthError, BrowserUser, CurrentLogin, CurrentUser, Via, login_url, prefers_html, safe_next,
};

use super::see_other::see_other;

/// The path of the page, to which the bridge redirects browsers whose login is not fresh.
pub(crate) const PATH: &str = "/reauth";

/// The destination without `next`.
const HOME: &str = "/account";

/// Where the browser goes on. The page itself is no destination: it would ask again.
fn destination(next: Option<&str>) -> &str {
    let path = |next: &str| next.split(['?', '#']).next().map(str::to_owned);
    next.and_then(safe_next).filter(|next| path(next).as_deref() != Some(PATH)).unwrap_or(HOME)
}

#[derive(Deserialize)]
pub(crate) struct PageQuery {
    next: Option<String>,
}

/// `GET /reauth`: the page, also if the login is fresh: a route can require a fresher one. An anonymous browser signs in
/// instead, and goes on without this page.
pub(crate) async fn page(
    request: HttpRequest,
    user: Result<BrowserUser<User>, AuthError>,
    query: Query<PageQuery>,
) -> Result<HttpResponse, AuthError> {
    let next = destination(query.next.as_deref());
    match user {
        Ok(user) => Ok(pages::respond(StatusCode::OK, &ReauthPage { username: &user.username, next, error: None })),
        Err(AuthError::LoginRequired | AuthError::LoginEnded | AuthError::UserNotFound | AuthError::UserDisabled)
            if prefers_html(&request) =>
        {
            Ok(see_other(&login_url("/login", next)))
        }
        Err(error) => Err(error),
    }
}

#[derive(Deserialize)]
pub(crate) struct Reauth {
    password: String,
}

#[derive(Deserialize)]
pub(crate) struct ReauthForm {
    password: String,
    next: Option<String>,
}

/// Carries it out. Returns a fresh access token, if a token made the request. The refresh token of the login stays as it is.
async fn carry_out(
    state: &AppState,
    auth: &Auth,
    user: &User,
    login: &CurrentLogin,
    password: String,
) -> Result<Option<AccessToken>, AuthError> {
    let confirmed = reauthenticate(state, auth, user, login, SecretString::from(password)).await?;
    match login.via {
        Via::Token => confirmed.tokens().issue_access().map(Some),
        Via::Session | Via::Remember | Via::ApiToken | Via::Request => Ok(None),
    }
}

/// `POST /reauth` with JSON. A client with a token gets a fresh access token, a browser a new session cookie.
pub(crate) async fn json(
    user: CurrentUser<User>,
    login: CurrentLogin,
    auth: Auth,
    Json(JsonObject(body)): Json<JsonObject<Reauth>>,
    state: Data<AppState>,
) -> Result<HttpResponse, AuthError> {
    Ok(match carry_out(&state, &auth, &user, &login, body.password).await? {
        Some(token) => HttpResponse::Ok().json(token),
        None => HttpResponse::NoContent().finish(),
    })
}

/// `POST /reauth` with the form of the page: redirects to `next`, or renders the page with the error.
pub(crate) async fn form(
    user: CurrentUser<User>,
    login: CurrentLogin,
    auth: Auth,
    StrictForm(form): StrictForm<ReauthForm>,
    state: Data<AppState>,
) -> Result<HttpResponse, AuthError> {
    let next = destination(form.next.as_deref());
    match carry_out(&state, &auth, &user, &login, form.password).await {
        Ok(Some(token)) => Ok(HttpResponse::Ok().json(token)),
        Ok(None) => Ok(see_other(next)),
        // The login is over: the page cannot help.
        Err(error @ (AuthError::LoginEnded | AuthError::UserNotFound | AuthError::UserDisabled)) => Err(error),
        Err(error) => {
            let detail = match error {
                AuthError::InvalidCredentials => "The password is wrong.".to_owned(),
                _ => error.detail().into_owned(),
            };
            let page = ReauthPage { username: &user.username, next, error: Some(detail) };
            Ok(pages::respond_refused(&error, &page))
        }
    }
}
