//! The login of a request's session after the session protection, for operations that do not resolve the request.

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
    /// [`LoginEnded`](AuthError::LoginEnded) when the session came from another client and its login was ended.
    pub(super) async fn protected_session(&self) -> Result<Option<SessionLogin>, AuthError> {
        if self.state.presented.has_token() {
            return Ok(None);
        }
        let session = self.req.get_session();
        let Some(mut found) = by_session::session_login(self.engine(), &self.req).await? else { return Ok(None) };
        // The session of an accepted request has been checked already.
        if self.state.accepted().is_some() {
            return Ok(Some(found));
        }
        let mut cookies = Vec::new();
        let protected =
            by_session::enforce_protection(self.engine(), &self.req, &session, &mut found, &mut cookies).await;
        cookies.into_iter().for_each(|cookie| self.state.set_cookie(cookie));
        if protected? { Ok(Some(found)) } else { Err(AuthError::LoginEnded) }
    }
}
