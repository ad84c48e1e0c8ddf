//! The error responses that are not about authentication: unknown paths, methods not allowed, and invalid bodies.
//!
//! Their texts are fixed. The message of a parser quotes the input, which may be a password.

use std::io::ErrorKind;

use actix_web::error::{InternalError, JsonPayloadError, PayloadError, QueryPayloadError, UrlencodedError};
use actix_web::http::header::{ALLOW, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{Error, HttpRequest, HttpResponse};
use serde_json::error::Category;

use crate::{ProblemDetails, prefers_html};

use super::pages;

/// An error as a page for browsers, or a problem document for other clients.
pub(crate) fn refuse(request: &HttpRequest, status: StatusCode, code: &'static str, detail: String) -> HttpResponse {
    if prefers_html(request) {
        pages::error(status, &detail)
    } else {
        ProblemDetails::new(status, code, detail).respond()
    }
}

/// The response to an unknown path: 404, or 405 for a method that no path has, such as TRACE.
pub(crate) async fn not_found(request: HttpRequest) -> HttpResponse {
    const METHODS: [Method; 7] =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS];
    if METHODS.contains(request.method()) {
        refuse(&request, StatusCode::NOT_FOUND, "not_found", "There is nothing at this address.".to_owned())
    } else {
        method_not_allowed(&request, "GET, HEAD, POST")
    }
}

/// The response to a method that a path does not have. `allow` lists its methods (RFC 9110 section 15.5.6).
pub(crate) fn method_not_allowed(request: &HttpRequest, allow: &str) -> HttpResponse {
    let detail = format!("This address answers to {allow}.");
    let mut response = refuse(request, StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail);
    if let Ok(allow) = HeaderValue::from_str(allow) {
        response.headers_mut().insert(ALLOW, allow);
    }
    response
}

/// The error handler of every JSON body.
pub(crate) fn json(error: JsonPayloadError, request: &HttpRequest) -> Error {
    body(
        request,
        match &error {
            JsonPayloadError::OverflowKnownLength { limit, .. } | JsonPayloadError::Overflow { limit } => {
                too_large(*limit)
            }
            JsonPayloadError::ContentType => wrong_type("application/json"),
            JsonPayloadError::Payload(error) => payload(error),
            JsonPayloadError::Deserialize(error) => match error.classify() {
                Category::Syntax | Category::Eof => invalid("The body is not valid JSON.".to_owned()),
                Category::Io | Category::Data => invalid(missing_field(&error.to_string(), "The body")),
            },
            _ => invalid("The body is not valid JSON.".to_owned()),
        },
    )
}

/// The error handler of every form.
pub(crate) fn form(error: UrlencodedError, request: &HttpRequest) -> Error {
    body(
        request,
        match &error {
            UrlencodedError::Overflow { limit, .. } => too_large(*limit),
            UrlencodedError::ContentType => wrong_type("application/x-www-form-urlencoded"),
            UrlencodedError::Chunked | UrlencodedError::UnknownLength => {
                invalid("A form needs a Content-Length.".to_owned())
            }
            UrlencodedError::Payload(error) => payload(error),
            UrlencodedError::Parse(error) => invalid(missing_field(&error.to_string(), "The form")),
            _ => invalid("The form is not valid: send UTF-8, URL-encoded.".to_owned()),
        },
    )
}

/// The error handler of every query string.
pub(crate) fn query(error: QueryPayloadError, request: &HttpRequest) -> Error {
    let QueryPayloadError::Deserialize(error) = &error else {
        return body(request, invalid("The query string is not valid.".to_owned()));
    };
    body(request, invalid(missing_field(&error.to_string(), "The query string")))
}

type ErrorParts = (StatusCode, &'static str, String);

fn body(request: &HttpRequest, (status, code, detail): ErrorParts) -> Error {
    let response = refuse(request, status, code, detail);
    InternalError::from_response(code, response).into()
}

fn invalid(detail: String) -> ErrorParts {
    (StatusCode::BAD_REQUEST, "invalid_request", detail)
}

fn too_large(limit: usize) -> ErrorParts {
    let detail = format!("The body is larger than {limit} bytes.");
    (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", detail)
}

fn wrong_type(expected: &str) -> ErrorParts {
    let detail = format!("Send the body as {expected}, and say so in Content-Type.");
    (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail)
}

fn not_as_encoded() -> ErrorParts {
    invalid("The body is not encoded as its Content-Encoding says.".to_owned())
}

fn payload(error: &PayloadError) -> ErrorParts {
    match error {
        PayloadError::Io(error) if error.kind() == ErrorKind::TimedOut => {
            (StatusCode::REQUEST_TIMEOUT, "request_timeout", "The body did not arrive in time.".to_owned())
        }
        PayloadError::Overflow => {
            (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "The body is too large.".to_owned())
        }
        PayloadError::EncodingCorrupted => not_as_encoded(),
        // The decoders of actix-http fail like this.
        PayloadError::Incomplete(Some(error))
            if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::InvalidData) =>
        {
            not_as_encoded()
        }
        _ => invalid("The body ended too early.".to_owned()),
    }
}

/// Names a missing or duplicate field. Only the name of the field is taken from serde's message, and it is not input.
fn missing_field(text: &str, place: &str) -> String {
    let named = |prefix| text.strip_prefix(prefix).and_then(|rest: &str| rest.split('`').next());
    if let Some(field) = named("missing field `") {
        format!("{place} lacks the field \"{field}\".")
    } else if let Some(field) = named("duplicate field `") {
        format!("{place} has the field \"{field}\" twice.")
    } else {
        format!("{place} has a field of the wrong type. /openapi.json says what is expected.")
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;
    use crate::server::json_object::JsonObject;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    struct Both {
        #[expect(dead_code, reason = "only the errors matter")]
        username: String,
        #[expect(dead_code, reason = "only the errors matter")]
        password: String,
    }

    fn sentence(json: &str) -> String {
        missing_field(&serde_json::from_str::<JsonObject<Both>>(json).unwrap_err().to_string(), "The body")
    }

    #[test]
    fn faults_are_named_without_the_input() {
        assert_eq!(sentence(r#"{"username":"a"}"#), r#"The body lacks the field "password"."#);
        assert_eq!(sentence(r#"{"username":"a","username":"b"}"#), r#"The body has the field "username" twice."#);
        for json in [r#"{"username":"a","password":["hunter2"]}"#, r#"["hunter2","hunter2"]"#, r#""hunter2""#] {
            assert_eq!(sentence(json), "The body has a field of the wrong type. /openapi.json says what is expected.");
        }
    }
}
