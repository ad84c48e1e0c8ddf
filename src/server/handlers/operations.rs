//! Operations: liveness, readiness, metrics, and the description of the API.

use std::sync::atomic::Ordering;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER};
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use crate::server::error_responses;
use crate::server::state::AppState;
use crate::{ProblemDetails, StoreError};

/// The description of the API, written by hand. A test compares it with the table of routes.
pub(crate) const OPENAPI: &str = include_str!("../openapi.json");

/// `GET /healthz`: liveness. It does not check the database, so that an unavailable database restarts no server.
pub(crate) async fn healthz() -> &'static str {
    "ok"
}

/// `GET /readyz`: readiness, including the database, and which part of it is not ready. A server that is about to stop is not.
pub(crate) async fn readyz(request: HttpRequest, state: Data<AppState>) -> HttpResponse {
    if state.draining.load(Ordering::Relaxed) {
        return refuse(&request, "draining", "The server is about to stop.");
    }
    if let Err(error) = state.db.ping().await {
        return not_ready(&request, "The database cannot be read.", &error);
    }
    if let Err(error) = state.db.probe_write().await {
        return not_ready(&request, "The database can be read, but not written.", &error);
    }
    HttpResponse::Ok().content_type("text/plain; charset=utf-8").body("ok")
}

fn not_ready(request: &HttpRequest, detail: &str, error: &StoreError) -> HttpResponse {
    tracing::error!(%error, "not ready");
    refuse(request, "store_unavailable", detail)
}

fn refuse(request: &HttpRequest, code: &'static str, detail: &str) -> HttpResponse {
    let mut response = error_responses::refuse(request, StatusCode::SERVICE_UNAVAILABLE, code, detail.to_owned());
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("5"));
    response
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
