//! Tokens: a new pair for a refresh token, and the public keys that verify them.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Json};

use crate::server::metrics::RefreshOutcome;
use crate::server::state::AppState;
use crate::{Auth, AuthError, TokenPair};

/// `POST /refresh`: the bridge finds the refresh token in the header or the body.
pub(crate) async fn refresh(auth: Auth, state: Data<AppState>) -> Result<Json<TokenPair>, AuthError> {
    let pair = auth.refresh().await;
    state.metrics.count_refresh(match &pair {
        Ok(_) => RefreshOutcome::Ok,
        Err(AuthError::TokenReused) => RefreshOutcome::Reused,
        Err(_) => RefreshOutcome::Refused,
    });
    pair.map(Json)
}

/// `GET /.well-known/jwks.json` (RFC 7517): public, and cached for five minutes, so that clients learn of a new key
/// soon.
pub(crate) async fn jwks(state: Data<AppState>) -> HttpResponse {
    // A node that nobody uses has not heard of a new key yet. While the database is unavailable the known keys are better
    // than none.
    if let Err(error) = state.bridge.learn_keys().await {
        tracing::warn!(%error, "the keys that are published may not be the latest");
    }
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .content_type("application/jwk-set+json")
        .json(state.bridge.jwks())
}
