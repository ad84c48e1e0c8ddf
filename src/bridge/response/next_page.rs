//! The page that a browser requested before it was redirected to the login page, kept in the session.

use actix_session::{Session, SessionExt as _};

use super::redirect::safe_next;
use crate::bridge::auth::Auth;

/// The key of the page's path in the session.
const NEXT_KEY: &str = "tollbridge.next";

/// Stores the requested page in the session.
pub(super) fn store(session: &Session, page: &str) {
    // A session that cannot be written loses the page. The request goes on.
    let _ = session.insert(NEXT_KEY, page);
}

impl Auth {
    /// Takes the page that the browser requested before it was redirected to the login page. It is a path of this site.
    ///
    /// The page is removed from the session, so a second call returns `None`. `None` also without
    /// [`next_in_session`](crate::BridgeBuilder::next_in_session).
    pub fn take_next(&self) -> Option<String> {
        let next = self.req.get_session().remove_as::<String>(NEXT_KEY)?.ok()?;
        safe_next(&next).map(str::to_owned)
    }
}
