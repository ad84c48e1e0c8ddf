//! Settings: hooks for refusals, and listeners for events.

use actix_web::HttpResponse;

use super::BridgeBuilder;
use crate::bridge::model::AuthEvent;
use crate::bridge::response::Refusal;

impl BridgeBuilder {
    /// Adds a hook that answers refusals. It replaces `unauthorized_handler` and `needs_refresh_handler` of Flask-Login,
    /// and the error loaders of Flask-JWT-Extended.
    ///
    /// The hook gets every [`AuthError`](crate::AuthError) of a handler, a guard or an extractor, before the redirect to a
    /// view and before the error page. With `None` the bridge answers as it does without the hook.
    ///
    /// It may be called several times. The hook that was added last is asked first, and the first response is used. So a
    /// hook that is added after [`flask_jwt`](Self::flask_jwt) takes precedence over the error profile, and a hook that is
    /// added before gets what the profile does not answer.
    ///
    /// As every response to a token, the response of the hook loses the session and remember cookies. Not seen are errors
    /// that the session layer or a middleware inside the bridge returns as `Err`, because these no longer have a request.
    ///
    /// ```
    /// use actix_web::HttpResponse;
    /// use tollbridge::{AuthError, BridgeBuilder};
    ///
    /// fn custom_texts(bridge: BridgeBuilder) -> BridgeBuilder {
    ///     bridge.on_refusal(|refusal| match refusal.error() {
    ///         AuthError::TokenExpired => Some(HttpResponse::Unauthorized().body("Log in again, please.")),
    ///         _ => None,
    ///     })
    /// }
    /// ```
    pub fn on_refusal(mut self, answer: impl Fn(&Refusal<'_>) -> Option<HttpResponse> + Send + Sync + 'static) -> Self {
        self.on_refusal.push(Box::new(answer));
        self
    }

    /// Adds a listener for the events of logins: Flask-Login's signals. It may be called several times; every listener gets
    /// every event.
    ///
    /// The listener runs inside the request, so it should be fast. [`event_stream`](crate::event_stream) is for slow work.
    pub fn on_event(mut self, listener: impl Fn(&AuthEvent) + Send + Sync + 'static) -> Self {
        self.listeners.push(Box::new(listener));
        self
    }
}
