//! The logins that handlers watch, which go on after their request was authenticated, such as streams.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::bridge::error::AuthError;
use crate::bridge::model::{ApiTokenId, LoginId, UnixTime};

/// The watched logins of all workers.
#[derive(Default)]
pub(crate) struct EndWatch(Mutex<State>);

#[derive(Default)]
struct State {
    watched: HashMap<Watched, Vec<oneshot::Sender<AuthError>>>,
    has_task: bool,
}

/// What is watched: a login, an API token, or the user of a credential that has none.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Watched {
    pub(super) identity: String,
    pub(super) login: Option<LoginId>,
    pub(super) api_token: Option<ApiTokenId>,
    /// When a credential without a login expires.
    pub(super) expires_at: Option<UnixTime>,
}

impl EndWatch {
    /// Adds somebody who waits. Returns what they wait for, and whether there is no task yet that looks.
    pub(super) fn add(&self, watched: Watched) -> (oneshot::Receiver<AuthError>, bool) {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.state();
        state.watched.entry(watched).or_default().push(sender);
        (receiver, !std::mem::replace(&mut state.has_task, true))
    }

    /// What somebody still waits for. `None`, and the task is over, if there is nothing.
    pub(super) fn still_watched(&self) -> Option<Vec<Watched>> {
        let mut state = self.state();
        state.watched.retain(|_, waiting| {
            waiting.retain(|sender| !sender.is_closed());
            !waiting.is_empty()
        });
        state.has_task = !state.watched.is_empty();
        state.has_task.then(|| state.watched.keys().cloned().collect())
    }

    /// Tells all who wait for it.
    pub(super) fn end(&self, watched: &Watched, reason: &AuthError) {
        for waiting in self.state().watched.remove(watched).unwrap_or_default() {
            // Who does not wait any more need not know.
            let _ = waiting.send(reason.clone());
        }
    }

    /// Forgets all who wait, whose task is gone. The next to watch starts another task.
    pub(super) fn abandon(&self) {
        *self.state() = State::default();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_is_asked_for_as_long_as_somebody_waits() {
        let ends = EndWatch::default();
        let watched =
            |user: &str| Watched { identity: user.to_owned(), login: None, api_token: None, expires_at: None };
        let watch = |user: &str| ends.add(watched(user)).0;
        let (first, second, other) = (watch("1"), watch("1"), watch("2"));
        drop((first, other));
        assert!(ends.still_watched() == Some(vec![watched("1")]));
        drop(second);
        assert!(ends.still_watched().is_none());
        assert!(!ends.state().has_task && ends.state().watched.is_empty());
    }
}
