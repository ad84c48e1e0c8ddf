//! Explains to a handler how its request is authenticated.

use super::auth_handle::Auth;
use crate::bridge::resolve::Explanation;

impl Auth {
    /// Explains how this request is authenticated: every place that was looked at, what was there, which credential
    /// decided and why the others did not. It resolves the request, and is never an error: a refusal is explained too.
    ///
    /// The log has the same text at the level `debug`.
    ///
    /// ```
    /// use actix_web::{Responder, get, web::Json};
    /// use tollbridge::Auth;
    ///
    /// #[get("/why")]
    /// async fn why(auth: Auth) -> impl Responder {
    ///     Json(auth.explain().await)
    /// }
    /// ```
    pub async fn explain(&self) -> Explanation {
        self.state.verdict(&self.req).await;
        self.state.explanation(&self.req)
    }
}
