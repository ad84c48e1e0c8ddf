//! For other services that have received a token: what it says (RFC 7662), and its revocation (RFC 7009).

use actix_web::http::StatusCode;
use actix_web::http::header::{AUTHORIZATION, CACHE_CONTROL, WWW_AUTHENTICATE};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};
use aws_lc_rs::constant_time;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde_json::json;

use crate::bridge::model::sha256;
use crate::server::config::ClientConfig;
use crate::server::state::AppState;
use crate::server::strict_form::StrictForm;
use crate::{Act, Actor, AttemptBy, Auth, AuthError};

/// The longest name of a client that is looked up.
const MAX_NAME: usize = 200;

#[derive(Deserialize)]
pub(crate) struct TokenRequest {
    token: String,
    /// Nothing is needed to tell our tokens.
    #[serde(rename = "token_type_hint")]
    _hint: Option<String>,
    client_id: Option<String>,
    client_secret: Option<String>,
}

/// Why a service gets no answer (RFC 6749 section 5.2).
enum Refused {
    /// The client is unknown, or its secret is wrong.
    InvalidClient,
    /// The client may not do this.
    Unauthorized(&'static str),
    /// It authenticates in two ways.
    TwoWays,
    /// Anything that is not of OAuth.
    Other(AuthError),
}

impl From<AuthError> for Refused {
    fn from(error: AuthError) -> Self {
        Self::Other(error)
    }
}

/// `POST /introspect` (RFC 7662).
pub(crate) async fn introspect(
    auth: Auth,
    req: HttpRequest,
    StrictForm(form): StrictForm<TokenRequest>,
    state: Data<AppState>,
) -> Result<HttpResponse, AuthError> {
    let answer = async {
        let (_, client) = authenticate(&state, &auth, &req, &form).await?;
        if !client.may_introspect {
            return Err(Refused::Unauthorized("This client may not ask about tokens."));
        }
        let found = state.bridge.introspect(&form.token).await?;
        // Who is not meant by a token learns nothing of it (section 4).
        Ok(found.filter(|found| client.audience.is_empty() || found.is_for(&client.audience)))
    };
    match answer.await {
        Ok(Some(found)) => Ok(respond(StatusCode::OK).json(found)),
        Ok(None) => Ok(respond(StatusCode::OK).json(json!({ "active": false }))),
        Err(refused) => refuse(refused),
    }
}

/// `POST /revoke` (RFC 7009). The answer is the same for a token that is good for nothing any more.
pub(crate) async fn revoke(
    auth: Auth,
    req: HttpRequest,
    StrictForm(form): StrictForm<TokenRequest>,
    state: Data<AppState>,
) -> Result<HttpResponse, AuthError> {
    let answer = async {
        let (name, client) = authenticate(&state, &auth, &req, &form).await?;
        if !client.may_revoke {
            return Err(Refused::Unauthorized("This client may not revoke tokens."));
        }
        let token = &*form.token;
        if !client.audience.is_empty() {
            let found = state.bridge.introspect(token).await?;
            if found.is_some_and(|found| !found.is_for(&client.audience)) {
                return Err(Refused::Unauthorized("This token is for another audience."));
            }
        }
        state.bridge.revoke(token, &act_of(&auth, name)).await?;
        Ok(())
    };
    match answer.await {
        Ok(()) => Ok(respond(StatusCode::OK).finish()),
        Err(refused) => refuse(refused),
    }
}

/// The client of the request: by HTTP Basic, or by the fields of the form (RFC 6749 section 2.3.1). Wrong credentials are
/// throttled. Right ones are not counted, so that a service that asks often needs no write.
async fn authenticate<'a>(
    state: &'a AppState,
    auth: &Auth,
    req: &HttpRequest,
    form: &TokenRequest,
) -> Result<(&'a str, &'a ClientConfig), Refused> {
    let (name, secret) = match (basic(req), &form.client_id, &form.client_secret) {
        (Some(_), _, Some(_)) => return Err(Refused::TwoWays),
        (Some(basic), ..) => basic.ok_or(Refused::InvalidClient)?,
        (None, Some(name), Some(secret)) => (name.clone(), SecretString::from(secret.as_str())),
        (None, ..) => return Err(Refused::InvalidClient),
    };
    // An unknown name is compared too.
    let client = state.clients.get_key_value(&name);
    let expected = client.map_or([0; 32], |(_, client)| client.secret_hash);
    let presented = sha256(secret.expose_secret().as_bytes());
    let is_right = constant_time::verify_slices_are_equal(&presented, &expected).is_ok();
    if let Some((name, client)) = client.filter(|_| is_right) {
        return Ok((name, client));
    }
    auth.sign_in_failed(None, "invalid_client");
    if let Some(throttle) = &state.throttle {
        let account: String = format!("client {}", name.chars().take(MAX_NAME).collect::<String>());
        let by = AttemptBy { account: &account, address: auth.client().address, known_as: None };
        let _stays_counted = throttle.begin(by).await.map_err(AuthError::from)?;
    }
    tracing::info!("a client was refused: unknown, or the secret is wrong");
    Err(Refused::InvalidClient)
}

/// The act of a service.
fn act_of(auth: &Auth, name: &str) -> Act {
    let mut act = auth.act();
    act.by = Actor::Service(name.to_owned());
    act
}

/// The credentials of HTTP Basic, if the request has any; the inner `None` for those that cannot be read.
fn basic(req: &HttpRequest) -> Option<Option<(String, SecretString)>> {
    let value = req.headers().get(AUTHORIZATION)?;
    let read = || {
        let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let decoded = SecretString::from(String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?);
        let (name, secret) = decoded.expose_secret().split_once(':')?;
        // Both are URL-encoded before.
        let decode = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8().ok().map(String::from);
        Some((decode(name)?, SecretString::from(decode(secret)?)))
    };
    Some(read())
}

/// Nothing of a token is kept by caches; a service may remember an answer for as long as it may be wrong (RFC 7662 section 4).
fn respond(status: StatusCode) -> HttpResponseBuilder {
    let mut response = HttpResponse::build(status);
    response.insert_header((CACHE_CONTROL, "no-store"));
    response
}

fn refuse(refused: Refused) -> Result<HttpResponse, AuthError> {
    let (status, error, description) = match refused {
        Refused::Other(error) => return Err(error),
        Refused::InvalidClient => {
            (StatusCode::UNAUTHORIZED, "invalid_client", "The client is unknown, or its secret is wrong.")
        }
        Refused::Unauthorized(description) => (StatusCode::FORBIDDEN, "unauthorized_client", description),
        Refused::TwoWays => (StatusCode::BAD_REQUEST, "invalid_request", "Authenticate in one way only."),
    };
    let mut response = respond(status);
    if status == StatusCode::UNAUTHORIZED {
        response.insert_header((WWW_AUTHENTICATE, r#"Basic realm="tollbridge", charset="UTF-8""#));
    }
    Ok(response.json(json!({ "error": error, "error_description": description })))
}
