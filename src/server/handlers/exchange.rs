//! From one face of a login to the other: tokens for a session, and a session for a token.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::http::header::HOST;
use actix_web::web::{Data, Json, Query};
use actix_web::{FromRequest as _, HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::server::json_object::JsonObject;
use crate::server::pages::{self, HandoffPage};
use crate::server::state::AppState;
use crate::store::db::User;
use crate::{Auth, AuthError, BrowserUser, CurrentUser, TokenPair, safe_next};

use super::login::HOME;
use super::see_other::see_other;

/// The optional body of `POST /token`.
#[derive(Default, Deserialize)]
pub(crate) struct TokenRequest {
    template: Option<String>,
    /// Abilities with spaces between them: the `scope` of RFC 6749 section 3.3. It replaces that of the template.
    scope: Option<String>,
}

/// `POST /token` without a body.
pub(crate) async fn token(
    auth: Auth,
    user: BrowserUser<User>,
    state: Data<AppState>,
) -> Result<Json<TokenPair>, AuthError> {
    issue(&auth, &user, &state, TokenRequest::default()).await
}

/// `POST /token` with JSON.
pub(crate) async fn token_json(
    auth: Auth,
    user: BrowserUser<User>,
    Json(JsonObject(body)): Json<JsonObject<TokenRequest>>,
    state: Data<AppState>,
) -> Result<Json<TokenPair>, AuthError> {
    issue(&auth, &user, &state, body).await
}

async fn issue(auth: &Auth, user: &User, state: &AppState, body: TokenRequest) -> Result<Json<TokenPair>, AuthError> {
    let template = body.template.map(|name| state.templates.for_user(&name, user)).transpose()?;
    let tokens = auth.issue_for_session().await?;
    let tokens = match &template {
        Some(template) => tokens.template(template),
        None => tokens,
    };
    let tokens = match &body.scope {
        Some(scope) => tokens.scope(scope.split(' ').filter(|ability| !ability.is_empty())),
        None => tokens,
    };
    Ok(Json(tokens.issue()?))
}

/// The optional body of `POST /handoff`.
#[derive(Default, Deserialize)]
pub(crate) struct HandoffRequest {
    next: Option<String>,
}

#[derive(Serialize)]
struct HandoffLink {
    url: String,
    expires_in: u32,
}

/// `POST /handoff` without a body.
pub(crate) async fn begin(request: HttpRequest, auth: Auth, state: Data<AppState>) -> Result<HttpResponse, AuthError> {
    link(&request, &auth, &state, HandoffRequest::default()).await
}

/// `POST /handoff` with JSON.
pub(crate) async fn begin_json(
    request: HttpRequest,
    auth: Auth,
    Json(JsonObject(body)): Json<JsonObject<HandoffRequest>>,
    state: Data<AppState>,
) -> Result<HttpResponse, AuthError> {
    link(&request, &auth, &state, body).await
}

async fn link(
    request: &HttpRequest,
    auth: &Auth,
    state: &AppState,
    body: HandoffRequest,
) -> Result<HttpResponse, AuthError> {
    let next = match body.next.as_deref() {
        Some(next) => Some(safe_next(next).ok_or(UNSAFE_NEXT)?),
        None => None,
    };
    let handoff = auth.handoff().await?;
    let mut url = format!("{}/handoff/{}", own_address(request, state), handoff.code());
    if let Some(next) = next {
        url.push_str("?next=");
        url.extend(url::form_urlencoded::byte_serialize(next.as_bytes()));
    }
    Ok(HttpResponse::Created().json(HandoffLink { url, expires_in: handoff.expires_in() }))
}

const UNSAFE_NEXT: AuthError =
    AuthError::InvalidRequest(Cow::Borrowed("`next` is not a path on this server, such as /account."));

/// The address of this server: the public one, or else that of the request. It is empty if neither is known.
fn own_address(request: &HttpRequest, state: &AppState) -> String {
    if let Some(public_url) = &state.public_url {
        return public_url.clone();
    }
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let url = host.and_then(|host| Url::parse(&format!("http://{host}/")).ok());
    let bare = url.filter(|url| url.path() == "/" && url.query().is_none() && url.username().is_empty());
    bare.map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

#[derive(Deserialize)]
pub(crate) struct PageQuery {
    next: Option<String>,
}

impl PageQuery {
    fn destination(&self) -> &str {
        self.next.as_deref().and_then(safe_next).unwrap_or(HOME)
    }
}

/// `GET /handoff/{code}`: a page that names the user and asks. It uses nothing up, so that a preview of the link does no
/// harm. Where the configuration says so, a web view is signed in at once; a look ahead, or a link on another site, still
/// gets the page.
pub(crate) async fn page(
    request: HttpRequest,
    auth: Auth,
    query: Query<PageQuery>,
    state: Data<AppState>,
) -> Result<HttpResponse, AuthError> {
    let code = code(&request);
    if !state.handoff_confirm && auth.may_redeem().is_ok() {
        auth.redeem(code).await?;
        return Ok(see_other(query.destination()));
    }
    let user = auth.handoff_user::<User>(code).await?;
    // Whatever is wrong with the browser's own credential, this page replaces it.
    let here = current_user(&request).await;
    Ok(pages::respond(StatusCode::OK, &HandoffPage { user: &user, here: here.as_deref() }))
}

/// Who is signed in in this browser.
async fn current_user(request: &HttpRequest) -> Option<CurrentUser<User>> {
    CurrentUser::extract(request).await.ok()
}

/// `POST /handoff/{code}`, by the button of the page.
pub(crate) async fn redeem(
    request: HttpRequest,
    auth: Auth,
    query: Query<PageQuery>,
) -> Result<HttpResponse, AuthError> {
    auth.redeem(code(&request)).await?;
    Ok(see_other(query.destination()))
}

/// The code in the path. It is a secret: nothing else may be done with it than to redeem it.
fn code(request: &HttpRequest) -> &str {
    request.match_info().get("code").unwrap_or_default()
}
