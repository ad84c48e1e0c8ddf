//! API tokens: the list, making one, and revoking one.

use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use actix_web::web::{Data, Json, Path};
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use crate::server::error_responses::refuse;
use crate::server::json_object::JsonObject;
use crate::server::pages::{self, ApiTokenPage};
use crate::server::state::AppState;
use crate::server::strict_form::StrictForm;
use crate::store::db::User;
use crate::{
    ApiToken, ApiTokenId, Auth, AuthError, CurrentLogin, CurrentUser, Fresh, IssuedApiToken, NewApiToken, UnixTime,
    prefers_html,
};

use super::account::load_page;
use super::see_other::see_other;

/// What everybody may know of an API token: all but the secret.
#[derive(Serialize)]
struct ApiTokenInfo<'a> {
    id: &'a str,
    name: &'a str,
    abilities: Vec<&'a str>,
    created_at: UnixTime,
    expires_at: Option<UnixTime>,
    last_used_at: Option<UnixTime>,
}

impl<'a> From<&'a ApiToken> for ApiTokenInfo<'a> {
    fn from(token: &'a ApiToken) -> Self {
        Self {
            id: token.id.as_str(),
            name: &token.name,
            abilities: token.abilities.iter().collect(),
            created_at: token.created_at,
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
        }
    }
}

#[derive(Serialize)]
struct ApiTokenList<'a> {
    tokens: Vec<ApiTokenInfo<'a>>,
}

/// `GET /tokens`.
pub(crate) async fn list(auth: Auth) -> Result<HttpResponse, AuthError> {
    let tokens = auth.api_tokens().await?;
    Ok(HttpResponse::Ok().json(ApiTokenList { tokens: tokens.iter().map(ApiTokenInfo::from).collect() }))
}

#[derive(Deserialize)]
pub(crate) struct NewTokenRequest {
    name: String,
    abilities: Option<Vec<String>>,
    expires_in: Option<u64>,
}

/// A new API token, with its text, which is told this once.
#[derive(Serialize)]
struct NewTokenInfo<'a> {
    token: &'a str,
    #[serde(flatten)]
    info: ApiTokenInfo<'a>,
}

/// `POST /tokens` with JSON.
pub(crate) async fn create_json(
    _user: Fresh<CurrentUser<User>>,
    auth: Auth,
    Json(JsonObject(new)): Json<JsonObject<NewTokenRequest>>,
) -> Result<HttpResponse, AuthError> {
    let issued = create(&auth, new).await?;
    let body = NewTokenInfo { token: issued.text(), info: issued.record().into() };
    let mut response = HttpResponse::Created().json(body);
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

#[derive(Deserialize)]
pub(crate) struct NewTokenForm {
    name: String,
    /// With spaces between them. Empty: all.
    #[serde(default)]
    abilities: String,
    /// In seconds. Empty: it never expires.
    #[serde(default)]
    expires_in: String,
}

/// `POST /tokens` with a form: a page that shows the token once, or the account page with the error.
pub(crate) async fn create_form(
    user: Fresh<CurrentUser<User>>,
    login: CurrentLogin,
    auth: Auth,
    StrictForm(form): StrictForm<NewTokenForm>,
    state: Data<AppState>,
) -> Result<HttpResponse, AuthError> {
    match create_from_form(&auth, form).await {
        Ok(issued) => Ok(pages::respond(StatusCode::CREATED, &ApiTokenPage::new(&issued))),
        Err(error @ AuthError::InvalidRequest(_)) => {
            let page = load_page(&auth, &user, &login, &state).await?;
            Ok(pages::respond_refused(&error, &page.api_token_error(error.detail().into_owned())))
        }
        Err(error) => Err(error),
    }
}

async fn create_from_form(auth: &Auth, form: NewTokenForm) -> Result<IssuedApiToken, AuthError> {
    let abilities: Vec<String> = form.abilities.split_whitespace().map(str::to_owned).collect();
    let expires_in = match form.expires_in.trim() {
        "" => None,
        seconds => Some(seconds.parse().map_err(|_not_seconds| {
            AuthError::InvalidRequest("The lifetime of an API token is a number of seconds.".into())
        })?),
    };
    let new = NewTokenRequest { name: form.name, abilities: (!abilities.is_empty()).then_some(abilities), expires_in };
    create(auth, new).await
}

async fn create(auth: &Auth, new: NewTokenRequest) -> Result<IssuedApiToken, AuthError> {
    let NewTokenRequest { name, abilities, expires_in } = new;
    let mut token = NewApiToken::named(name);
    if let Some(abilities) = abilities {
        token = token.abilities(abilities);
    }
    if let Some(seconds) = expires_in {
        token = token.expires_in(Duration::from_secs(seconds));
    }
    auth.create_api_token(token).await
}

/// `DELETE /tokens/{id}`.
pub(crate) async fn revoke(request: HttpRequest, auth: Auth, id: Path<String>) -> Result<HttpResponse, AuthError> {
    let id = ApiTokenId::from(id.into_inner());
    if auth.revoke_api_token(&id).await? {
        return Ok(HttpResponse::NoContent().finish());
    }
    let detail = "You have no API token with this id.".to_owned();
    Ok(refuse(&request, StatusCode::NOT_FOUND, "not_found", detail))
}

/// `POST /tokens/{id}/revoke`: the same for a form, which can send no DELETE. A token that is revoked already is no error
/// for a person who sees an old page.
pub(crate) async fn revoke_form(request: HttpRequest, auth: Auth, id: Path<String>) -> Result<HttpResponse, AuthError> {
    if !prefers_html(&request) {
        return revoke(request, auth, id).await;
    }
    auth.revoke_api_token(&ApiTokenId::from(id.into_inner())).await?;
    Ok(see_other("/account?revoked"))
}
