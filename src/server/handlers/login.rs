//! Login with a password: the page, the form and the API.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Query};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::server::accounts::{account_of, authenticate};
use crate::server::device_cookie::remember_device;
use crate::server::json_object::JsonObject;
use crate::server::pages::{self, LoginPage};
use crate::server::state::AppState;
use crate::server::strict_form::{Checked, StrictForm};
use crate::store::db::User;
use crate::{Auth, AuthError, CurrentUser, safe_next};

use super::see_other::see_other;

/// The destination of a browser that has signed in, without `next`.
pub(super) const HOME: &str = "/account";

#[derive(Deserialize)]
pub(crate) struct PageQuery {
    next: Option<String>,
    reauth: Option<String>,
    signed_out: Option<String>,
}

/// `GET /login`: the page. A signed-in user is redirected, unless they come to authenticate again. An invalid
/// credential is no error here, because this page replaces it.
pub(crate) async fn page(
    user: Result<CurrentUser<User>, AuthError>,
    query: Query<PageQuery>,
    state: Data<AppState>,
) -> HttpResponse {
    let next = query.next.as_deref().and_then(safe_next);
    if user.is_ok() && query.reauth.is_none() {
        return see_other(next.unwrap_or(HOME));
    }
    let signed_out = query.signed_out.is_some();
    pages::respond(StatusCode::OK, &LoginPage { signed_out, next, demo: state.demo, ..LoginPage::default() })
}

#[derive(Deserialize)]
pub(crate) struct LoginForm {
    username: String,
    password: String,
    #[serde(default)]
    remember: Checked,
    next: Option<String>,
}

/// `POST /login` with a form: opens a session and redirects, or renders the page with the name and without the
/// password.
pub(crate) async fn form(
    auth: Auth,
    req: HttpRequest,
    StrictForm(form): StrictForm<LoginForm>,
    state: Data<AppState>,
) -> Result<HttpResponse, AuthError> {
    auth.may_open_session()?;
    let next = form.next.as_deref().and_then(safe_next);
    let Checked(remember) = form.remember;
    let password = SecretString::from(form.password);
    let signed_in = async {
        let user = authenticate(&state, &auth, &req, &form.username, password).await?;
        auth.login_user(&user).amr("pwd").remember(remember).await.map_err(as_wrong_password).map(|_login| user)
    };
    match signed_in.await {
        Ok(user) => {
            let mut response = see_other(next.unwrap_or(HOME));
            remember_device(&state, &req, &account_of(&user), &mut response);
            Ok(response)
        }
        Err(error) => {
            let detail = Some(error.detail().into_owned());
            let page = LoginPage {
                error: detail,
                username: &form.username,
                remember,
                next,
                demo: state.demo,
                ..LoginPage::default()
            };
            Ok(pages::respond_refused(&error, &page))
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct Credentials {
    username: String,
    password: String,
    remember: Option<bool>,
    mode: Option<Mode>,
}

/// The faces of the login that the client requests.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Mode {
    #[default]
    Token,
    Session,
    Both,
}

#[derive(Serialize)]
struct SignedIn<'a> {
    user: &'a User,
}

/// `POST /login` with JSON: a pair of tokens and no cookie, with `"mode": "session"` a cookie and no token, or with
/// `"mode": "both"` the tokens and the cookie of one login.
pub(crate) async fn json(
    auth: Auth,
    req: HttpRequest,
    Json(JsonObject(body)): Json<JsonObject<Credentials>>,
    state: Data<AppState>,
) -> Result<HttpResponse, AuthError> {
    auth.check_body()?;
    let mode = body.mode.unwrap_or_default();
    if let Mode::Session | Mode::Both = mode {
        auth.may_open_session()?;
    }
    let user = authenticate(&state, &auth, &req, &body.username, SecretString::from(body.password)).await?;
    let login = auth.login_user(&user).amr("pwd");
    if let Mode::Token = mode {
        let login = login.tokens_only().await.map_err(as_wrong_password)?;
        return Ok(HttpResponse::Ok().json(login.issue_tokens()?));
    }
    let login = login.remember(body.remember.unwrap_or_default()).await.map_err(as_wrong_password)?;
    let mut response = match mode {
        Mode::Both => HttpResponse::Ok().json(login.issue_tokens()?),
        Mode::Session | Mode::Token => HttpResponse::Ok().json(SignedIn { user: &user }),
    };
    remember_device(&state, &req, &account_of(&user), &mut response);
    Ok(response)
}

/// The error for a user who was deleted, disabled or given a new password after the password was verified: as if that had
/// happened before.
fn as_wrong_password(error: AuthError) -> AuthError {
    match error {
        AuthError::UserNotFound | AuthError::UserDisabled | AuthError::LoginEnded => AuthError::InvalidCredentials,
        error => error,
    }
}
