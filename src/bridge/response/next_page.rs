//! The page that a browser wanted before it was sent to sign in, where the session keeps it.

use actix_session::{Session, SessionExt as _};

use super::redirect::safe_next;
use crate::bridge::auth::Auth;

/// The key of the session value that holds the path of the page.
const NEXT_KEY: &str = "tollbridge.next";

/// Keeps the page that was wanted.
pub(super) fn keep(session: &Session, page: &str) {
    // A session that cannot be written to loses the way back, and nothing else.
    let _ = session.insert(NEXT_KEY, page);
}

impl Auth {
    /// The page that the browser wanted before it was sent to sign in, once: after that it is forgotten. `None` unless
    /// [`next_in_session`](crate::BridgeBuilder::next_in_session) keeps it. It is a path of this site.
    pub fn take_next(&self) -> Option<String> {
        let next = self.req.get_session().remove_as::<String>(NEXT_KEY)?.ok()?;
        safe_next(&next).map(str::to_owned)
    }
}
