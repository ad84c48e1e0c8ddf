//! My logins: the list, and ending one, the others or all.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};

use crate::server::accounts::reauthenticate;
use crate::server::assets::{CLEAR_CACHE, CLEAR_SITE_DATA};
use crate::server::device::device;
use crate::server::error_responses::refuse;
use crate::server::pages;
use crate::server::state::AppState;
use crate::server::strict_form::StrictForm;
use crate::store::db::User;
use crate::{Auth, AuthError, BrowserUser, CurrentLogin, LoginId, LoginInfo, LogoutScope};

use super::account::load_page;
use super::logout::SIGNED_OUT;
use super::see_other::see_other;

#[derive(Serialize)]
struct LoginItem {
    #[serde(flatten)]
    info: LoginInfo,
    device: String,
}

#[derive(Serialize)]
struct LoginList {
    logins: Vec<LoginItem>,
}

/// `GET /logins`.
pub(crate) async fn list(auth: Auth) -> Result<HttpResponse, AuthError> {
    let item = |info: LoginInfo| LoginItem { device: device(info.user_agent.as_deref()), info };
    let logins = auth.logins().await?.into_iter().map(item).collect();
    Ok(HttpResponse::Ok().json(LoginList { logins }))
}

/// `DELETE /logins/{id}`. The login of the request ends as `POST /logout` ends it.
pub(crate) async fn end(
    request: HttpRequest,
    login: CurrentLogin,
    auth: Auth,
    id: Path<String>,
) -> Result<HttpResponse, AuthError> {
    let id = LoginId::from(id.into_inner());
    let is_own = login.login_id.as_ref() == Some(&id);
    if !auth.end_login(&id).await? {
        let detail = "You have no login with this id.".to_owned();
        return Ok(refuse(&request, StatusCode::NOT_FOUND, "not_found", detail));
    }
    let mut response = HttpResponse::NoContent().finish();
    if is_own {
        response.headers_mut().insert(CLEAR_SITE_DATA, CLEAR_CACHE);
    }
    Ok(response)
}

/// The form of the account page.
#[derive(Deserialize)]
pub(crate) struct EndForm {
    /// The id of a login, `others` or `all`.
    end: String,
    /// For a login that is not fresh.
    #[serde(default)]
    password: String,
}

/// `POST /logins/end` with the form of the account page. The page asks for the password where the login is not fresh.
pub(crate) async fn end_form(
    user: BrowserUser<User>,
    login: CurrentLogin,
    auth: Auth,
    StrictForm(form): StrictForm<EndForm>,
    state: Data<AppState>,
) -> Result<HttpResponse, AuthError> {
    match carry_out(&state, &auth, &user, &login, form).await {
        Ok(next) => {
            let mut response = see_other(next);
            if next == SIGNED_OUT {
                response.headers_mut().insert(CLEAR_SITE_DATA, CLEAR_CACHE);
            }
            Ok(response)
        }
        Err(
            error @ (AuthError::InvalidCredentials
            | AuthError::ReauthRequired { .. }
            | AuthError::InvalidRequest(_)
            | AuthError::TooManyAttempts { .. }),
        ) => {
            let detail = match &error {
                AuthError::InvalidCredentials => "The password is wrong.".to_owned(),
                AuthError::ReauthRequired { .. } => "To end another login, enter your password.".to_owned(),
                other => other.detail().into_owned(),
            };
            let page = load_page(&auth, &user, &login, &state).await?.logins_error(detail);
            Ok(pages::respond_refused(&error, &page))
        }
        Err(error) => Err(error),
    }
}

/// Ends what the form says. Returns the page to go on with.
async fn carry_out(
    state: &AppState,
    auth: &Auth,
    user: &User,
    login: &CurrentLogin,
    form: EndForm,
) -> Result<&'static str, AuthError> {
    let id = LoginId::from(form.end);
    if login.login_id.as_ref() == Some(&id) {
        auth.logout_user(LogoutScope::This).await?;
        return Ok(SIGNED_OUT);
    }
    if !login.fresh && !form.password.is_empty() {
        reauthenticate(state, auth, user, login, SecretString::from(form.password)).await?;
    }
    match id.as_str() {
        "others" => auth.logout_user(LogoutScope::Others).await.map(|()| "/account?ended"),
        "all" => auth.logout_user(LogoutScope::All).await.map(|()| SIGNED_OUT),
        // One that has ended already is no error for a person who sees an old page.
        _ => auth.end_login(&id).await.map(|_ended| "/account?ended_one"),
    }
}
