//! Logout by any credential: both faces of the login end.

use actix_web::web::Json;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use crate::server::assets::{CLEAR_CACHE, CLEAR_SITE_DATA};
use crate::server::json_object::JsonObject;
use crate::server::strict_form::StrictForm;
use crate::{Auth, AuthError, LogoutScope, prefers_html};

use super::see_other::see_other;

/// The page for a browser after logout. It confirms the logout, and clears the cached pages.
pub(super) const SIGNED_OUT: &str = "/login?signed_out";

/// The optional body.
#[derive(Default, Deserialize)]
pub(crate) struct LogoutRequest {
    scope: Option<ScopeWord>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ScopeWord {
    #[default]
    This,
    Others,
    All,
}

/// `POST /logout` without a body.
pub(crate) async fn this(request: HttpRequest, auth: Auth) -> Result<HttpResponse, AuthError> {
    end(&request, &auth, LogoutRequest::default()).await
}

/// `POST /logout` with a form.
pub(crate) async fn form(
    request: HttpRequest,
    auth: Auth,
    StrictForm(body): StrictForm<LogoutRequest>,
) -> Result<HttpResponse, AuthError> {
    end(&request, &auth, body).await
}

/// `POST /logout` with JSON.
pub(crate) async fn json(
    request: HttpRequest,
    auth: Auth,
    Json(JsonObject(body)): Json<JsonObject<LogoutRequest>>,
) -> Result<HttpResponse, AuthError> {
    end(&request, &auth, body).await
}

async fn end(request: &HttpRequest, auth: &Auth, body: LogoutRequest) -> Result<HttpResponse, AuthError> {
    let (scope, next) = match body.scope.unwrap_or_default() {
        ScopeWord::This => (LogoutScope::This, SIGNED_OUT),
        ScopeWord::Others => (LogoutScope::Others, "/account?ended"),
        ScopeWord::All => (LogoutScope::All, SIGNED_OUT),
    };
    auth.logout_user(scope).await?;
    let mut response = if prefers_html(request) { see_other(next) } else { HttpResponse::NoContent().finish() };
    response.headers_mut().insert(CLEAR_SITE_DATA, CLEAR_CACHE);
    Ok(response)
}
