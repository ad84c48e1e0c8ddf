//! Flash messages. The session keeps the message of a redirect until the next page shows it.

use std::future::{Ready, ready};

use actix_session::{Session, SessionExt as _};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::{Deserialize, Serialize};

use crate::bridge::auth::{Auth, RequestState};
use crate::bridge::error::AuthError;

/// The key of the messages in the session.
const MESSAGES_KEY: &str = "tollbridge.messages";

/// The number of messages that a session keeps. Without a limit, a browser that never shows them would fill the store.
const MAX_MESSAGES: usize = 16;

/// A message to the user, for the next page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FlashMessage {
    /// The category, for a style sheet for example.
    pub category: String,
    /// The text. It is not HTML: a page must escape it.
    pub text: String,
}

/// The messages for this browser: Flask's `get_flashed_messages`.
///
/// Extracting them removes them from the session, so the handler must show them. A request with a token has none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Messages(Vec<FlashMessage>);

impl Messages {
    /// Whether there are no messages.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The messages, the oldest first.
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

impl Auth {
    /// Adds a message for the next page that this browser shows: Flask's `flash`. [`Messages`] has it then. Of more than 16
    /// messages the oldest are dropped.
    ///
    /// ```
    /// use actix_web::web::Redirect;
    /// use actix_web::{Responder, post};
    /// use tollbridge::{Auth, AuthError, FlashMessage};
    ///
    /// #[post("/notes")]
    /// async fn save(auth: Auth) -> Result<impl Responder, AuthError> {
    ///     auth.flash(FlashMessage { category: "success".into(), text: "The note is saved.".into() })?;
    ///     Ok(Redirect::to("/notes").see_other())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`may_open_session`](Self::may_open_session): a request that presents a token has no session, and another
    /// site must not write into that of its visitors.
    pub fn flash(&self, message: FlashMessage) -> Result<(), AuthError> {
        self.may_open_session()?;
        push(&self.req.get_session(), message);
        Ok(())
    }
}

/// Adds a message to a session.
pub(crate) fn push(session: &Session, message: FlashMessage) {
    let mut all = session.get::<Vec<FlashMessage>>(MESSAGES_KEY).ok().flatten().unwrap_or_default();
    all.push(message);
    let latest = all.split_off(all.len().saturating_sub(MAX_MESSAGES));
    // A session that cannot be written loses the message. The request goes on.
    let _ = session.insert(MESSAGES_KEY, latest);
}
