//! Session protection: a session is for the client that it was opened for.
//!
//! What is compared is the address from which the request came and its `User-Agent`, as one hash; `X-Forwarded-For`
//! is what anybody may write, and is not believed.

use actix_session::{Session, SessionExt as _};
use actix_web::HttpRequest;
use actix_web::http::header::USER_AGENT;
use aws_lc_rs::digest;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::bridge::auth::auth_handle::Auth;
use crate::bridge::auth::request_state::RequestAuth;
use crate::bridge::error::auth_error::AuthError;
use crate::bridge::model::events::AuthEvent;
use crate::bridge::model::login::EndReason;
use crate::bridge::session::cookies;
use crate::bridge::session::face::SessionLogin;

/// The key of the session value that says which client the session was opened for.
const CLIENT_KEY: &str = "tollbridge.client";

/// What becomes of a session that comes from another address or with another `User-Agent` than the one that it was
/// opened with (Flask-Login's `SESSION_PROTECTION`).
///
/// The default is `None`, other than there. Phones change their address when they leave the house, so an honest user
/// would have to prove themselves again several times a day; and who can steal a cookie knows the `User-Agent` with it.
/// Behind a proxy, whose address is that of every request, nothing but the `User-Agent` is left to compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionProtection {
    /// Nothing.
    #[default]
    None,
    /// It is no longer fresh, until [`confirm_login`](crate::Auth::confirm_login).
    Basic,
    /// Its login ends, with every face of it: the remember cookie and the tokens too.
    Strong,
}

impl SessionProtection {
    /// Notes which client a session is opened for.
    pub(crate) fn mark(self, req: &HttpRequest, session: &Session) -> Result<(), AuthError> {
        if self == Self::None {
            session.remove(CLIENT_KEY);
            return Ok(());
        }
        let failed = |_| AuthError::Misconfigured("the session could not be written");
        session.insert(CLIENT_KEY, client_of(req)).map_err(failed)
    }

    /// Whether the session comes from another client than it was opened for. One that does not say for which, because
    /// it was opened before it was protected, does.
    pub(crate) fn sees_another(self, req: &HttpRequest, session: &Session) -> bool {
        self != Self::None && session.get::<String>(CLIENT_KEY).ok().flatten().is_none_or(|of| of != client_of(req))
    }
}

impl Auth {
    /// The login of this request's session, live or not, for what a session may do without anybody asking who the
    /// request is.
    ///
    /// # Errors
    ///
    /// [`LoginEnded`](AuthError::LoginEnded) when the session is another client's, and its login was ended for that.
    pub(crate) async fn protected_session(&self) -> Result<Option<SessionLogin>, AuthError> {
        if self.state.presented.is_token() {
            return Ok(None);
        }
        let session = self.req.get_session();
        let Some(mut found) = SessionLogin::of(&self.req, &session) else { return Ok(None) };
        // Who has asked already has seen to it.
        if self.state.accepted().is_none() && !enforce(&self.state, &self.req, &session, &mut found).await? {
            return Err(AuthError::LoginEnded);
        }
        Ok(Some(found))
    }
}

/// Protects the session of a request. `false` when its login has been ended.
pub(crate) async fn enforce(
    auth: &RequestAuth,
    req: &HttpRequest,
    session: &Session,
    found: &mut SessionLogin,
) -> Result<bool, AuthError> {
    let core = &*auth.core;
    if !core.protection.sees_another(req, session) {
        return Ok(true);
    }
    tracing::warn!(login.id = %found.login_id, mode = ?core.protection, "a session came from another client");
    core.events.emit(|| AuthEvent::SessionProtected { user: found.identity.clone(), login: found.login_id.clone() });
    if core.protection == SessionProtection::Basic {
        found.make_stale(session)?;
        return Ok(true);
    }
    core.logins.end(&found.login_id, EndReason::SessionProtected, core.clock.now()).await?;
    // What is put into the session from now on is for nobody who was in it before.
    session.clear();
    session.renew();
    if cookies::value_of(req.headers(), core.cookies.remember_name()).is_some() {
        auth.set_cookie(core.cookies.remember_removal());
    }
    Ok(false)
}

fn client_of(req: &HttpRequest) -> String {
    let mut hash = digest::Context::new(&digest::SHA256);
    if let Some(peer) = req.peer_addr() {
        hash.update(peer.ip().to_string().as_bytes());
    }
    hash.update(b"\n");
    if let Some(agent) = req.headers().get(USER_AGENT) {
        hash.update(agent.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(hash.finish())
}
