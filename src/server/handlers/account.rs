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
    ended_one: Option<String>,
    revoked: Option<String>,
}

impl PageQuery {
    fn notice(&self) -> Option<&'static str> {
        let changed =
            "Your password is changed. Every other login of yours has ended, and your API tokens are revoked.";
        let notices = [
            (&self.changed, changed),
            (&self.ended, "Every other login of yours has ended."),
            (&self.ended_one, "The login has ended."),
            (&self.revoked, "The API token is revoked."),
        ];
        notices.into_iter().find(|(asked, _)| asked.is_some()).map(|(_, notice)| notice)
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
    let page = load_page(&auth, &user, &login, &state).await?.notice(query.notice());
    Ok(pages::respond(StatusCode::OK, &page))
}

/// The page, with the logins, the API tokens and the history of the user.
pub(super) async fn load_page<'a>(
    auth: &Auth,
    user: &'a User,
    login: &CurrentLogin,
    state: &AppState,
) -> Result<AccountPage<'a>, AuthError> {
    let (logins, tokens) = (auth.logins().await?, auth.api_tokens().await?);
    let history = auth.history(pages::HISTORY_ACTIONS, pages::HISTORY_LENGTH).await?;
    let page = AccountPage::new(user, login, state.password_policy.min_length);
    Ok(page.logins(&logins).api_tokens(&tokens).history(&history))
}

#[derive(Deserialize)]
pub(crate) struct PasswordChange {
    current_password: String,
    new_password: String,
}

impl PasswordChange {
    /// Returns the new tokens of the login, if a token made the request.
    async fn carry_out(
        self,
        state: &AppState,
        auth: &Auth,
        user: &User,
        by: &CurrentLogin,
    ) -> Result<Option<TokenPair>, AuthError> {
        let (current, new) = (SecretString::from(self.current_password), SecretString::from(self.new_password));
        change_password(state, auth, user, by, current, new).await
    }
}

/// `POST /account/password` with JSON. A client with a token gets the new pair, because the one before is void.
pub(crate) async fn password_json(
    user: Fresh<CurrentUser<User>>,
    login: CurrentLogin,
    auth: Auth,
    Json(JsonObject(change)): Json<JsonObject<PasswordChange>>,
    state: Data<AppState>,
) -> Result<HttpResponse, AuthError> {
    Ok(match change.carry_out(&state, &auth, &user, &login).await? {
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
) -> Result<HttpResponse, AuthError> {
    match change.carry_out(&state, &auth, &user, &login).await {
        Ok(Some(tokens)) => Ok(HttpResponse::Ok().json(tokens)),
        Ok(None) => Ok(see_other("/account?changed")),
        Err(error) => {
            let detail = match error {
                AuthError::InvalidCredentials => "The current password is wrong.".to_owned(),
                _ => error.detail().into_owned(),
            };
            match load_page(&auth, &user, &login, &state).await {
                Ok(page) => Ok(pages::respond_refused(&error, &page.error(detail))),
                // The error that came first says more.
                Err(_) => Err(error),
            }
        }
    }
}
