//! Operations: liveness, readiness, metrics, and the description of the API.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;

use crate::server::state::AppState;
use crate::{AuthError, ProblemDetails};

/// The description of the API, written by hand. A test compares it with the table of routes.
pub(crate) const OPENAPI: &str = include_str!("../openapi.json");

/// `GET /healthz`: liveness. It does not check the database, so that an unavailable database restarts no server.
pub(crate) async fn healthz() -> &'static str {
    "ok"
}

/// `GET /readyz`: readiness, including the database.
pub(crate) async fn readyz(state: Data<AppState>) -> Result<&'static str, AuthError> {
    state.db.ping().await?;
    Ok("ok")
}

/// `GET /metrics`, as OpenMetrics text.
pub(crate) async fn metrics(state: Data<AppState>) -> HttpResponse {
    match state.metrics.encode() {
        Ok(text) => {
            HttpResponse::Ok().content_type("application/openmetrics-text; version=1.0.0; charset=utf-8").body(text)
        }
        Err(_) => {
            let detail = "The counters could not be written out.";
            ProblemDetails::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", detail).respond()
        }
    }
}

/// `GET /openapi.json`.
pub(crate) async fn openapi() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=300"))
        .content_type("application/json")
        .body(OPENAPI)
}
