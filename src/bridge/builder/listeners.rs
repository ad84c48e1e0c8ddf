//! Settings of who is told what became of a request, and of who answers it.

use actix_web::HttpResponse;

use super::BridgeBuilder;
use crate::bridge::model::AuthEvent;
use crate::bridge::response::Refusal;

impl BridgeBuilder {
    /// Answers refusals in the bridge's stead: Flask-Login's `unauthorized_handler` and `needs_refresh_handler`, and the
    /// error loaders of Flask-JWT-Extended, in one. It sees every [`AuthError`](crate::AuthError) with which a request
    /// is answered, whichever handler, guard or extractor raised it, before browsers are redirected or get a page.
    /// With `None` all is as without it.
    ///
    /// May be called several times: the hook that was given last is asked first, and the first answer counts. So one
    /// that is given after [`flask_jwt`](Self::flask_jwt) goes before the error profile, and one that is given earlier
    /// gets what the profile leaves.
    ///
    /// A response to a token leaves without the bridge's cookies, this one too. Only an error that the session layer or a
    /// middleware of yours gives up with (an `Err`, where there is no longer a request) does not come by.
    ///
    /// ```
    /// use actix_web::HttpResponse;
    /// use tollbridge::{AuthError, BridgeBuilder};
    ///
    /// fn own_words(bridge: BridgeBuilder) -> BridgeBuilder {
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

    /// Tells of what happens to logins: Flask-Login's signals. May be called several times, each listener hears all. It
    /// is called in the middle of a request and should be quick; [`event_stream`](crate::event_stream) is for work that
    /// is not.
    pub fn on_event(mut self, listener: impl Fn(&AuthEvent) + Send + Sync + 'static) -> Self {
        self.listeners.push(Box::new(listener));
        self
    }
}
