//! Messages for the next page: what a redirect has to say is kept in the session until a page shows it.

use std::future::{Ready, ready};

use actix_session::{Session, SessionExt as _};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::{Deserialize, Serialize};

use crate::bridge::auth::RequestState;
use crate::bridge::error::AuthError;

/// The key of the session value that has the messages.
const MESSAGES_KEY: &str = "tollbridge.messages";

/// So many are kept, the latest: a browser that shows none must not fill the store.
const KEPT: usize = 16;

/// Something to be said to a person on the next page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlashMessage {
    /// What kind it is, for a style sheet for example.
    pub category: String,
    /// What it says. It is text: a page must escape it.
    pub text: String,
}

/// The messages that the bridge left for this browser: `get_flashed_messages`. Whoever extracts them shows them; after
/// that they are gone. A request that brings a token has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Messages(Vec<FlashMessage>);

impl Messages {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Them, the oldest first.
    pub fn iter(&self) -> std::slice::Iter<'_, FlashMessage> {
        self.0.iter()
    }
}

impl IntoIterator for Messages {
    type Item = FlashMessage;
    type IntoIter = std::vec::IntoIter<FlashMessage>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a Messages {
    type Item = &'a FlashMessage;
    type IntoIter = std::slice::Iter<'a, FlashMessage>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl FromRequest for Messages {
    type Error = AuthError;
    type Future = Ready<Result<Self, AuthError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(RequestState::of(req).map(|state| {
            if state.presented.has_token() {
                return Self::default();
            }
            let taken = req.get_session().remove_as::<Vec<FlashMessage>>(MESSAGES_KEY);
            Self(taken.and_then(Result::ok).unwrap_or_default())
        }))
    }
}

/// Leaves a message in a session.
pub(crate) fn push(session: &Session, message: FlashMessage) {
    let mut all = session.get::<Vec<FlashMessage>>(MESSAGES_KEY).ok().flatten().unwrap_or_default();
    all.push(message);
    let latest = all.split_off(all.len().saturating_sub(KEPT));
    // A session that cannot be written to loses the message, and nothing else.
    let _ = session.insert(MESSAGES_KEY, latest);
}
