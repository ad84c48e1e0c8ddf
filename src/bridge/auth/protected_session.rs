//! The login of a request's session, for what a session may do without being resolved.

use actix_session::SessionExt as _;

use super::auth_handle::Auth;
use crate::bridge::error::AuthError;
use crate::bridge::resolve::by_session;
use crate::bridge::session::SessionLogin;

impl Auth {
    /// The login of this request's session, live or not.
    ///
    /// # Errors
    ///
    /// [`LoginEnded`](AuthError::LoginEnded) when the session is another client's, and its login was ended for that.
    pub(super) async fn protected_session(&self) -> Result<Option<SessionLogin>, AuthError> {
        if self.state.presented.has_token() {
            return Ok(None);
        }
        let session = self.req.get_session();
        let Some(mut found) = SessionLogin::of(&self.req, &session) else { return Ok(None) };
        // A request that was accepted has passed this already.
        if self.state.accepted().is_some() {
            return Ok(Some(found));
        }
        let mut cookies = Vec::new();
        let protected = by_session::protect(self.engine(), &self.req, &session, &mut found, &mut cookies).await;
        cookies.into_iter().for_each(|cookie| self.state.set_cookie(cookie));
        if protected? { Ok(Some(found)) } else { Err(AuthError::LoginEnded) }
    }
}
