//! How a refusal is rendered. Every [`AuthError`] of a handler, a guard, an extractor or a middleware passes here. The
//! response is the first of these that is configured and applies:
//!
//! 1. the response of an [`OnRefusal`] hook;
//! 2. a redirect to a view;
//! 3. the error page;
//! 4. the problem document (RFC 9457), which every [`AuthError`] is by itself.

use std::time::Duration;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH, CONTENT_LOCATION,
    CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue, LAST_MODIFIED, SET_COOKIE,
    TRANSFER_ENCODING, VARY, WWW_AUTHENTICATE,
};
use actix_web::{Error, HttpRequest, HttpResponse};

use super::accept::prefers_html;
use super::kept_request::KeptRequest;
use super::refusal::Refusal;
use super::refusal_code::note_refusal;
use super::views::Views;
use crate::bridge::credential::ArrivingBody;
use crate::bridge::error::AuthError;
use crate::bridge::model::{AuthEvent, Events};

/// A hook that answers a refusal. With `None` the bridge answers it.
pub(crate) type OnRefusal = dyn Fn(&Refusal<'_>) -> Option<HttpResponse> + Send + Sync;

/// A function that renders an error as a page for a browser.
pub(crate) type ErrorPage = dyn Fn(&HttpRequest, &AuthError) -> HttpResponse + Send + Sync;

/// The settings that decide how requests are answered.
pub(crate) struct ResponseSettings {
    pub(crate) views: Views,
    pub(crate) error_page: Option<Box<ErrorPage>>,
    /// The hooks in the order of registration. The last one is asked first.
    pub(crate) on_refusal: Vec<Box<OnRefusal>>,
    /// An access token in a cookie is renewed when it expires within this time.
    pub(crate) implicit_refresh: Option<Duration>,
    /// The origin of the public URL, if one is configured.
    pub(crate) own_origin: Option<String>,
    pub(crate) events: Events,
}

impl ResponseSettings {
    /// What is kept of a request for an error that a middleware returns as `Err`. `None` if such an error would be answered
    /// as the problem document anyway.
    pub(crate) fn keep(&self, req: &ServiceRequest) -> Option<Box<KeptRequest>> {
        let wants_page = || self.error_page.is_some() && prefers_html(req.request());
        let is_needed = !self.on_refusal.is_empty()
            || self.events.has_listeners()
            || self.views.apply_to(req.request())
            || wants_page();
        is_needed.then(|| Box::new(KeptRequest::of(req)))
    }

    /// Renders a refusal, also one that a middleware has returned as `Err`. Every other result passes unchanged.
    pub(crate) fn render_result<B: MessageBody>(
        &self,
        result: Result<ServiceResponse<B>, Error>,
        kept: Option<Box<KeptRequest>>,
    ) -> Result<ServiceResponse<EitherBody<B>>, Error> {
        match (result, kept) {
            (Ok(res), _) => Ok(self.render_refusal(res)),
            (Err(error), Some(kept)) if error.as_error::<AuthError>().is_some() => {
                let answer = kept.answer(error, |refused| self.render_refusal(refused));
                Ok(answer.map_into_boxed_body().map_into_right_body())
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Renders a refusal. Every other response passes unchanged.
    pub(crate) fn render_refusal<B: MessageBody>(&self, res: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
        let is_configured = !self.on_refusal.is_empty()
            || self.views.has_views()
            || self.error_page.is_some()
            || self.events.has_listeners();
        let error = res.response().error().filter(|_| is_configured).and_then(|error| error.as_error::<AuthError>());
        // A body that timed out gets a 408 from the service, whatever error the handler returned.
        let has_timed_out = || ArrivingBody::of(res.request()).is_some_and(|body| body.has_timed_out());
        let answer = error.filter(|_| !has_timed_out()).and_then(|error| {
            let has_view = self.views.apply_to(res.request());
            let mut answer = self.respond(&Refusal::new(res.request(), error, has_view))?;
            note_refusal(&mut answer, error);
            Some(answer)
        });
        match answer {
            None => res.map_into_left_body(),
            Some(answer) => replace_response(res, answer).map_into_right_body(),
        }
    }

    /// The response that replaces the problem document, if there is one.
    fn respond(&self, refusal: &Refusal<'_>) -> Option<HttpResponse> {
        self.emit_event(refusal);
        if let Some(answer) = self.on_refusal.iter().rev().find_map(|hook| hook(refusal)) {
            return Some(answer);
        }
        let (req, error) = (refusal.request(), refusal.error());
        // No redirect for a request that presented a token, because a rejected token is a 401, and none where a token is
        // required.
        if refusal.has_view()
            && !refusal.presents_token()
            && !refusal.demands_token()
            && !refusal.is_failed_sign_in()
            && let Some(redirect) = self.views.redirect(req, error, self.own_origin.as_deref())
        {
            return Some(redirect);
        }
        self.error_page.as_ref().filter(|_| prefers_html(req)).map(|page| page(req, error))
    }

    /// Emits the event of a refusal. A wrong password emits none, because the request lacks no credential.
    fn emit_event(&self, refusal: &Refusal<'_>) {
        match refusal.error() {
            AuthError::ReauthRequired { .. } => {
                self.events.emit(|| AuthEvent::NeedsRefresh { user: refusal.identity() });
            }
            AuthError::InvalidCredentials => {}
            error if error.status() == StatusCode::UNAUTHORIZED => {
                self.events.emit(|| AuthEvent::Unauthorized { code: error.code() });
            }
            _ => {}
        }
    }
}

/// The headers that belong to the body of a response.
const OF_THE_BODY: [HeaderName; 10] = [
    CONTENT_DISPOSITION,
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LENGTH,
    CONTENT_LOCATION,
    CONTENT_RANGE,
    CONTENT_TYPE,
    ETAG,
    LAST_MODIFIED,
    TRANSFER_ENCODING,
];

/// An extension of a response that replaces a refusal: it has no challenge. Flask-JWT-Extended sends none.
pub(crate) struct WithoutChallenge;

/// Replaces the response to a request. The new response gets the headers of the old one, unless it has set them itself
/// or they belong to the old body: the challenge, and what inner middleware has set. Both may set cookies and `Vary`. A
/// redirect has no challenge, because it asks for no credential.
pub(crate) fn replace_response<B>(res: ServiceResponse<B>, mut by: HttpResponse) -> ServiceResponse<BoxBody> {
    let challenges = !by.status().is_redirection() && by.extensions().get::<WithoutChallenge>().is_none();
    for (name, value) in inherited(res.headers(), by.headers()) {
        if name == WWW_AUTHENTICATE && !challenges {
            continue;
        }
        by.headers_mut().append(name, value);
    }
    by.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    res.into_response(by)
}

fn inherited(old: &HeaderMap, new: &HeaderMap) -> Vec<(HeaderName, HeaderValue)> {
    let is_inherited = |name: &HeaderName| {
        let adds_up = *name == SET_COOKIE || *name == VARY;
        adds_up || (!new.contains_key(name) && !OF_THE_BODY.contains(name))
    };
    let inherited = old.iter().filter(|(name, _)| is_inherited(name));
    inherited.map(|(name, value)| (name.clone(), value.clone())).collect()
}
