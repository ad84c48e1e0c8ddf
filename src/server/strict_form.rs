//! Forms, decoded strictly: URL-encoded UTF-8.
//!
//! actix-web's `Form` replaces what is not UTF-8, so that several passwords would count as the same one.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::{Decompress, Payload};
use actix_web::error::{QueryPayloadError, UrlencodedError};
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::{Data, Query};
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest};
use futures_util::StreamExt as _;
use percent_encoding::percent_decode;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error as _};

use super::error_responses;
use super::state::AppState;

/// A `T` from a form.
#[derive(Debug)]
pub(crate) struct StrictForm<T>(pub(crate) T);

impl<T: DeserializeOwned + 'static> FromRequest for StrictForm<T> {
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Error>>>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (req, payload) = (req.clone(), payload.take());
        Box::pin(async move {
            let form = read(&req, payload).await.and_then(|body| parse(&body));
            form.map(Self).map_err(|error| error_responses::form(error, &req))
        })
    }
}

async fn read(req: &HttpRequest, payload: Payload) -> Result<Vec<u8>, UrlencodedError> {
    let limit = req.app_data::<Data<AppState>>().map_or(0, |state| state.body_limit);
    let is_form = req.content_type().trim().eq_ignore_ascii_case("application/x-www-form-urlencoded");
    if !is_form || req.headers().get_all(CONTENT_TYPE).count() != 1 {
        return Err(UrlencodedError::ContentType);
    }
    if req.encoding().map_err(|_unknown| UrlencodedError::Encoding)?.name() != "UTF-8" {
        return Err(UrlencodedError::Encoding);
    }
    let announced = req.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if let Some(size) = announced.filter(|size| *size > limit) {
        return Err(UrlencodedError::Overflow { size, limit });
    }
    let mut payload = Decompress::from_headers(payload, req.headers());
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        body.extend_from_slice(&chunk?);
        if body.len() > limit {
            return Err(UrlencodedError::Overflow { size: body.len(), limit });
        }
    }
    Ok(body)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, UrlencodedError> {
    let text = std::str::from_utf8(body).map_err(|_not_utf8| UrlencodedError::Encoding)?;
    let mut parts = text.split(['&', '=']);
    if parts.any(|part| percent_decode(part.as_bytes()).decode_utf8().is_err()) {
        return Err(UrlencodedError::Encoding);
    }
    match Query::<T>::from_query(text) {
        Ok(form) => Ok(form.into_inner()),
        Err(QueryPayloadError::Deserialize(error)) => Err(UrlencodedError::Parse(error)),
        Err(_other) => Err(UrlencodedError::Encoding),
    }
}

/// A checkbox, with the words that programs write for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Checked(pub(crate) bool);

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.to_ascii_lowercase().as_str() {
            "on" | "true" | "1" | "yes" => Ok(Self(true)),
            "" | "0" | "off" | "false" | "no" => Ok(Self(false)),
            _ => Err(D::Error::custom("not a checkbox")),
        }
    }
}
