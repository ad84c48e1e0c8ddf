//! Session protection: detects that a session is used by another client than the one that opened it.
//!
//! A client is identified by one hash of its address and its `User-Agent`. Its address is that of [`TrustedProxies`].

use actix_session::Session;
use actix_web::HttpRequest;
use actix_web::http::header::USER_AGENT;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::bridge::credential::TrustedProxies;
use crate::bridge::error::AuthError;
use crate::bridge::model::sha256;

/// The key of the session value that identifies the client that opened the session.
const CLIENT_KEY: &str = "tollbridge.client";

/// The reaction to a session that comes from another address, or with another `User-Agent`, than at its opening
/// (Flask-Login's `SESSION_PROTECTION`).
///
/// The default is [`None`](Self::None), unlike in Flask-Login. The address of a phone changes often, so its user would
/// have to authenticate again several times a day. An attacker who steals a cookie usually also knows the `User-Agent`.
/// Behind a proxy that is not [trusted](TrustedProxies) all requests come from the address of the proxy, so only the
/// `User-Agent` is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SessionProtection {
    /// No reaction.
    #[default]
    None,
    /// The session is not fresh until [`confirm_login`](crate::Auth::confirm_login).
    Basic,
    /// The login of the session ends, with its remember cookie and its tokens.
    Strong,
}

impl SessionProtection {
    /// Records the current client as the one that the session is opened for.
    pub(crate) fn record_client(
        self,
        proxies: &TrustedProxies,
        req: &HttpRequest,
        session: &Session,
    ) -> Result<(), AuthError> {
        if self == Self::None {
            session.remove(CLIENT_KEY);
            return Ok(());
        }
        session
            .insert(CLIENT_KEY, client_hash(proxies, req))
            .map_err(|_insert_error| AuthError::Misconfigured("the session could not be written"))
    }

    /// Whether the session is used by another client than the one that it was opened for. A session without a recorded
    /// client counts as used by another one, because it was opened before the protection was configured.
    pub(crate) fn detects_other_client(self, proxies: &TrustedProxies, req: &HttpRequest, session: &Session) -> bool {
        self != Self::None
            && session
                .get::<String>(CLIENT_KEY)
                .ok()
                .flatten()
                .is_none_or(|recorded| recorded != client_hash(proxies, req))
    }
}

/// The hash that identifies the client of a request.
fn client_hash(proxies: &TrustedProxies, req: &HttpRequest) -> String {
    let mut client = Vec::new();
    if let Some(address) = proxies.client(req).address {
        client.extend_from_slice(address.to_string().as_bytes());
    }
    client.push(b'\n');
    if let Some(agent) = req.headers().get(USER_AGENT) {
        client.extend_from_slice(agent.as_bytes());
    }
    URL_SAFE_NO_PAD.encode(sha256(&client))
}
