//! The confirmation of a rotation: the client has been seen to use what the rotation gave it.
//!
//! It is written in the background, so no request waits for it or fails with it. If it fails, the next use writes it.

use std::sync::Arc;

use crate::bridge::model::{BackgroundNotes, Login, LoginId, LoginStore, UnixTime};

/// What was rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Rotated {
    Refresh,
    Remember,
}

/// The confirmations that are being written, at most one of each kind for a login. All workers share it. It is locked only for
/// a rotation that the store does not know to be confirmed, so not on most requests.
#[derive(Clone, Default)]
pub(crate) struct Confirmations(BackgroundNotes<(Rotated, LoginId)>);

impl Confirmations {
    /// Records that a token of the login's current generation was used.
    pub(super) fn confirm_refresh(&self, logins: &Arc<dyn LoginStore>, login: &Login, now: UnixTime) {
        let (logins, generation) = (Arc::clone(logins), login.refresh_generation);
        self.0.record(&(Rotated::Refresh, login.id.clone()), |(_, id)| async move {
            logins.confirm_refresh(&id, generation, now).await.map(|_confirmed| ())
        });
    }

    /// Records that the session was used that came with the login's current remember cookie, which has this generation.
    pub(super) fn confirm_remember(
        &self,
        logins: &Arc<dyn LoginStore>,
        login: &LoginId,
        generation: i64,
        now: UnixTime,
    ) {
        let logins = Arc::clone(logins);
        self.0.record(&(Rotated::Remember, login.clone()), |(_, id)| async move {
            logins.confirm_remember(&id, generation, now).await.map(|_confirmed| ())
        });
    }
}
