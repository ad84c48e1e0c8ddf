//! The confirmation of a rotation: the client has been seen to use what the rotation gave it.
//!
//! It is written in the background, so no request waits for it or fails with it. If it fails, the next use writes it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::bridge::model::{Login, LoginId, LoginStore, StoreError, UnixTime};

/// What was rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Rotated {
    Refresh,
    Remember,
}

/// The confirmations that are being written, at most one of each kind for a login. All workers share it. It is locked only for
/// a rotation that the store does not know to be confirmed, so not on most requests.
#[derive(Clone, Default)]
pub(crate) struct PendingConfirmations(Arc<Mutex<HashSet<(Rotated, LoginId)>>>);

impl PendingConfirmations {
    /// Records that a token of the login's current generation was used.
    pub(super) fn confirm_refresh(&self, logins: &Arc<dyn LoginStore>, login: &Login, now: UnixTime) {
        let Some(pending) = self.add(Rotated::Refresh, &login.id) else { return };
        let (logins, generation) = (Arc::clone(logins), login.refresh_generation);
        actix_web::rt::spawn(async move {
            let confirmed = logins.confirm_refresh(&pending.login, generation, now).await;
            pending.finish(confirmed);
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
        let Some(pending) = self.add(Rotated::Remember, login) else { return };
        let logins = Arc::clone(logins);
        actix_web::rt::spawn(async move {
            let confirmed = logins.confirm_remember(&pending.login, generation, now).await;
            pending.finish(confirmed);
        });
    }

    /// `None` if the login has such a pending confirmation.
    fn add(&self, rotated: Rotated, login: &LoginId) -> Option<Pending> {
        let added = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert((rotated, login.clone()));
        added.then(|| Pending { all: self.clone(), rotated, login: login.clone() })
    }
}

/// The place of a login among the pending confirmations. It is given up on drop.
struct Pending {
    all: PendingConfirmations,
    rotated: Rotated,
    login: LoginId,
}

impl Pending {
    fn finish(self, confirmed: Result<bool, StoreError>) {
        if let Err(error) = confirmed {
            tracing::warn!(login.id = %self.login, rotated = ?self.rotated, %error, "a rotation could not be confirmed");
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&(self.rotated, self.login.clone()));
    }
}
