//! The account page, and the change of password.

use actix_web::http::StatusCode;
use actix_web::web::{Data, Json, Query};
use actix_web::{HttpRequest, HttpResponse};
use secrecy::SecretString;
use serde::Deserialize;

use crate::server::accounts::change_password;
use crate::server::json_object::JsonObject;
use crate::server::pages::{self, AccountPage};
use crate::server::state::AppState;
use crate::server::strict_form::StrictForm;
use crate::store::db::User;
use crate::{Auth, AuthError, BrowserUser, CurrentLogin, CurrentUser, Fresh, TokenPair, prefers_html};

use super::see_other::see_other;

/// `GET /`: browsers go to the account page, API clients to the description of the API.
pub(crate) async fn start(request: HttpRequest) -> HttpResponse {
    see_other(if prefers_html(&request) { "/account" } else { "/openapi.json" })
}

/// The action that led to the page, for its notice.
#[derive(Deserialize)]
pub(crate) struct PageQuery {
    changed: Option<String>,
    ended: Option<String>,
    revoked: Option<String>,
}

impl PageQuery {
    fn notice(&self) -> Option<&'static str> {
        match (&self.changed, &self.ended, &self.revoked) {
            (Some(_), ..) => {
                Some("Your password is changed. Every other login of yours has ended, and your API tokens are revoked.")
            }
            (None, Some(_), _) => Some("Every other login of yours has ended."),
            (None, None, Some(_)) => Some("The API token is revoked."),
            (None, None, None) => None,
        }
    }
}

/// `GET /account`.
pub(crate) async fn page(
    user: BrowserUser<User>,
    login: CurrentLogin,
    query: Query<PageQuery>,
    auth: Auth,
    state: Data<AppState>,
) -> Result<HttpResponse, AuthError> {
    let tokens = auth.api_tokens().await?;
    let page = AccountPage::new(&user, &login, state.password_policy.min_length).notice(query.notice());
    Ok(pages::respond(StatusCode::OK, &page.api_tokens(&tokens)))
}

#[derive(Deserialize)]
pub(crate) struct PasswordChange {
    current_password: String,
    new_password: String,
}

impl PasswordChange {
    /// Returns the new tokens of the login, if a token made the request.
    async fn carry_out(self, state: &AppState, auth: &Auth, user: &User) -> Result<Option<TokenPair>, AuthError> {
        let (current, new) = (SecretString::from(self.current_password), SecretString::from(self.new_password));
        change_password(state, auth, user, current, new).await
    }
}

/// `POST /account/password` with JSON. A client with a token gets the new pair, because the one before is void.
pub(crate) async fn password_json(
    user: Fresh<CurrentUser<User>>,
    auth: Auth,
    Json(JsonObject(change)): Json<JsonObject<PasswordChange>>,
    state: Data<AppState>,
) -> Result<HttpResponse, AuthError> {
    Ok(match change.carry_out(&state, &auth, &user).await? {
        Some(tokens) => HttpResponse::Ok().json(tokens),
        None => HttpResponse::NoContent().finish(),
    })
}

/// `POST /account/password` with a form: redirects to the page, or renders it with the error.
pub(crate) async fn password_form(
    user: Fresh<CurrentUser<User>>,
    login: CurrentLogin,
    auth: Auth,
    StrictForm(change): StrictForm<PasswordChange>,
    state: Data<AppState>,
) -> HttpResponse {
    match change.carry_out(&state, &auth, &user).await {
        Ok(Some(tokens)) => HttpResponse::Ok().json(tokens),
        Ok(None) => see_other("/account?changed"),
        Err(error) => {
            let detail = match error {
                AuthError::InvalidCredentials => "The current password is wrong.".to_owned(),
                _ => error.detail().into_owned(),
            };
            // The error is what the page is for. The tokens are shown if they can be read.
            let tokens = auth.api_tokens().await.unwrap_or_default();
            let page = AccountPage::new(&user, &login, state.password_policy.min_length).error(detail);
            pages::respond_refused(&error, &page.api_tokens(&tokens))
        }
    }
}
