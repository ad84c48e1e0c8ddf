//! The confirmation of a rotation: the client has been seen to use what the rotation gave it.
//!
//! It is written in the background, so no request waits for it or fails with it. If it fails, the next use writes it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use crate::bridge::model::{Login, LoginId, LoginStore, UnixTime};

/// The logins with a confirmation that is being written, at most one each. All workers share it. It is locked only for
/// a rotation that the store does not know to be confirmed, so not on most requests.
#[derive(Clone, Default)]
pub(crate) struct PendingConfirmations(Arc<Mutex<HashSet<LoginId>>>);

impl PendingConfirmations {
    /// Records that a token of the login's current generation was used.
    pub(super) fn confirm_refresh(&self, logins: &Arc<dyn LoginStore>, login: &Login, now: UnixTime) {
        let Some(pending) = self.add(&login.id) else { return };
        let (logins, generation) = (Arc::clone(logins), login.refresh_generation);
        actix_web::rt::spawn(async move {
            if let Err(error) = logins.confirm_refresh(&pending.login, generation, now).await {
                tracing::warn!(login.id = %pending.login, %error, "the use of a new token pair could not be recorded");
            }
        });
    }

    /// `None` if the login has a pending confirmation.
    fn add(&self, login: &LoginId) -> Option<Pending> {
        let added = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(login.clone());
        added.then(|| Pending { all: self.clone(), login: login.clone() })
    }
}

/// The place of a login among the pending confirmations. It is given up on drop.
struct Pending {
    all: PendingConfirmations,
    login: LoginId,
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.all.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.login);
    }
}
