//! How refusals are answered. Every [`AuthError`] passes here, whichever handler, guard or extractor raised it, and is
//! rendered as the embedder wants it: the answer of a hook, a redirect to a view, a page, or the problem document that it
//! is already.

use std::time::Duration;

use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, SET_COOKIE};
use actix_web::{HttpRequest, HttpResponse};

use super::accept::prefers_html;
use super::refusal::Refusal;
use super::views::Views;
use crate::bridge::credential::body_paused;
use crate::bridge::error::AuthError;
use crate::bridge::model::{AuthEvent, Events};

/// Answers a refusal, or leaves it to the bridge.
pub(crate) type OnRefusal = dyn Fn(&Refusal<'_>) -> Option<HttpResponse> + Send + Sync;

/// Renders an error for a browser.
pub(crate) type ErrorPage = dyn Fn(&HttpRequest, &AuthError) -> HttpResponse + Send + Sync;

/// The settings of what is answered.
pub(crate) struct Answers {
    pub(crate) views: Views,
    pub(crate) error_page: Option<Box<ErrorPage>>,
    /// In the order in which they were given; the last is asked first.
    pub(crate) on_refusal: Vec<Box<OnRefusal>>,
    /// An access token from a cookie gets a successor when it expires within this.
    pub(crate) implicit_refresh: Option<Duration>,
    /// The origin of the public URL, if one is configured.
    pub(crate) own_origin: Option<String>,
    pub(crate) events: Events,
}

impl Answers {
    /// Renders a refusal; every other response passes.
    pub(crate) fn render<B: MessageBody>(&self, res: ServiceResponse<B>) -> ServiceResponse<EitherBody<B>> {
        let renders =
            !self.on_refusal.is_empty() || self.views.any() || self.error_page.is_some() || self.events.has_listeners();
        let error = res.response().error().filter(|_| renders).and_then(|error| error.as_error::<AuthError>());
        // What a handler makes of a body that broke off is not what is answered.
        let answer = error.filter(|_| !body_paused(res.request())).and_then(|error| {
            let has_view = self.views.are_for(res.request());
            self.answer(&Refusal::new(res.request(), error, has_view))
        });
        match answer {
            None => res.map_into_left_body(),
            Some(answer) => replaced(res, answer).map_into_right_body(),
        }
    }

    /// The answer in place of the problem document.
    fn answer(&self, refusal: &Refusal<'_>) -> Option<HttpResponse> {
        self.tell(refusal);
        if let Some(answer) = self.on_refusal.iter().rev().find_map(|hook| hook(refusal)) {
            return Some(answer);
        }
        let (req, error) = (refusal.request(), refusal.error());
        // A request that presented a token is not sent to sign in: a rejected token is a 401. Nor is one that should have
        // presented one.
        if refusal.has_view()
            && !refusal.presents_token()
            && !refusal.demands_token()
            && !refusal.is_of_a_sign_in()
            && let Some(redirect) = self.views.redirect(req, error, self.own_origin.as_deref())
        {
            return Some(redirect);
        }
        self.error_page.as_ref().filter(|_| prefers_html(req)).map(|page| page(req, error))
    }

    /// Tells the listeners. A wrong password lacks no credential, and has no event of its own.
    fn tell(&self, refusal: &Refusal<'_>) {
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

/// Another response in the place of this one, for the same request. What the session layer has set stays set.
pub(crate) fn replaced<B>(res: ServiceResponse<B>, mut by: HttpResponse) -> ServiceResponse<BoxBody> {
    for cookie in res.headers().get_all(SET_COOKIE) {
        by.headers_mut().append(SET_COOKIE, cookie.clone());
    }
    by.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    res.into_response(by)
}
