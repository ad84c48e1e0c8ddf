//! Session protection: a session is for the client that it was opened for.
//!
//! What is compared is the address from which the request came and its `User-Agent`, as one hash; `X-Forwarded-For`
//! is what anybody may write, and is not believed.

use actix_session::Session;
use actix_web::HttpRequest;
use actix_web::http::header::USER_AGENT;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::bridge::error::AuthError;
use crate::bridge::model::sha256;

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

/// The client of a request, as one hash.
fn client_of(req: &HttpRequest) -> String {
    let mut client = Vec::new();
    if let Some(peer) = req.peer_addr() {
        client.extend_from_slice(peer.ip().to_string().as_bytes());
    }
    client.push(b'\n');
    if let Some(agent) = req.headers().get(USER_AGENT) {
        client.extend_from_slice(agent.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(sha256(&client))
}
