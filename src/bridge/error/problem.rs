//! The body of error responses: `application/problem+json` (RFC 9457).

use std::borrow::Cow;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde::Serialize;

/// A problem document. Its member `msg` repeats `detail`, because clients of Flask-JWT-Extended read `msg`.
///
/// ```
/// use actix_web::http::StatusCode;
/// use tollbridge::ProblemDetails;
///
/// let response = ProblemDetails::new(StatusCode::NOT_FOUND, "not_found", "There is nothing here.").respond();
/// assert_eq!(response.status(), 404);
/// ```
#[derive(Clone, Debug, Serialize)]
pub struct ProblemDetails {
    #[serde(rename = "type")]
    type_uri: &'static str,
    title: &'static str,
    status: u16,
    detail: Cow<'static, str>,
    code: &'static str,
    msg: Cow<'static, str>,
}

impl ProblemDetails {
    /// A problem with a status, a stable code and a sentence for users. The title is the standard phrase of the status,
    /// as RFC 9457 section 4.2.1 requires for the type `about:blank`.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        let detail = detail.into();
        Self {
            type_uri: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            msg: detail.clone(),
            detail,
            code,
        }
    }

    /// The response with this document as its body.
    pub fn respond(&self) -> HttpResponse {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        match serde_json::to_vec(self) {
            Ok(body) => HttpResponse::build(status).content_type("application/problem+json").body(body),
            Err(_) => HttpResponse::build(status).finish(),
        }
    }
}
