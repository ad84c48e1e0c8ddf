//! Watches logins for handlers that go on after their request was authenticated, such as streams.
//!
//! One task asks the stores about every watched login once a second. So it sees each end, on whichever node and for whatever
//! reason: a logout, the expiry, a disabled user, a new password. Nothing is asked while nobody watches.

use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::rt::{spawn, time::sleep};
use tokio::sync::oneshot;

use super::by_api_token;
use super::engine::Engine;
use super::live_login::check_live;
use super::principal::Principal;
use crate::bridge::error::AuthError;
use crate::bridge::model::{ApiTokenId, LoginId, UnixTime};

/// The time between two looks at a login.
const INTERVAL: Duration = Duration::from_secs(1);

/// How many looks in succession may fail because a store is unavailable. After that nobody knows whether a login goes on.
const MAX_FAILURES: u32 = 10;

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
struct Watched {
    identity: String,
    login: Option<LoginId>,
    api_token: Option<ApiTokenId>,
    /// When a credential without a login expires.
    expires_at: Option<UnixTime>,
}

impl EndWatch {
    /// Waits for the end of the login of a principal, and returns the reason.
    pub(crate) fn ended(engine: &Arc<Engine>, principal: &Principal) -> impl Future<Output = AuthError> + 'static {
        let login = principal.login_id.clone();
        let expires_at = principal.expires_at.filter(|_| login.is_none());
        let api_token = principal.api_token().map(|token| token.id.clone());
        let watched = Watched { identity: principal.identity.clone(), login, api_token, expires_at };
        let (sender, receiver) = oneshot::channel();
        let mut state = engine.ends.state();
        state.watched.entry(watched).or_default().push(sender);
        if !state.has_task {
            state.has_task = true;
            spawn(Task { engine: Arc::clone(engine), is_needed: true }.run());
        }
        drop(state);
        // The task is dropped with its worker. A login that nobody watches any more counts as ended.
        async move { receiver.await.unwrap_or(AuthError::LoginEnded) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The logins for which somebody still waits. `None`, and the task is over, if there are none.
    fn still_watched(&self) -> Option<Vec<Watched>> {
        let mut state = self.state();
        state.watched.retain(|_, waiting| {
            waiting.retain(|sender| !sender.is_closed());
            !waiting.is_empty()
        });
        state.has_task = !state.watched.is_empty();
        state.has_task.then(|| state.watched.keys().cloned().collect())
    }

    fn end(&self, watched: &Watched, reason: &AuthError) {
        for waiting in self.state().watched.remove(watched).unwrap_or_default() {
            // Who does not wait any more need not know.
            let _ = waiting.send(reason.clone());
        }
    }
}

/// The task that watches.
struct Task {
    engine: Arc<Engine>,
    is_needed: bool,
}

impl Task {
    async fn run(mut self) {
        let engine = &self.engine;
        let mut failures = 0;
        loop {
            sleep(INTERVAL).await;
            let Some(all) = engine.ends.still_watched() else {
                self.is_needed = false;
                return;
            };
            let mut failure = None;
            for watched in &all {
                match look_at(engine, watched).await {
                    Ok(()) => {}
                    Err(error @ AuthError::StoreUnavailable(_)) => {
                        failure = Some(error);
                        break;
                    }
                    Err(reason) => engine.ends.end(watched, &reason),
                }
            }
            let Some(error) = failure else {
                failures = 0;
                continue;
            };
            failures += 1;
            if failures >= MAX_FAILURES {
                tracing::error!(%error, watched = all.len(), "watched logins count as ended: a store is unavailable");
                all.iter().for_each(|watched| engine.ends.end(watched, &error));
                failures = 0;
            }
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        if self.is_needed {
            // The worker is stopping. The next to watch starts another task.
            *self.engine.ends.state() = State::default();
        }
    }
}

/// The reason for which a login is over, as an error. This is no use of the login.
async fn look_at(engine: &Engine, watched: &Watched) -> Result<(), AuthError> {
    let now = engine.clock.now();
    let identity = &watched.identity;
    if let Some(login) = &watched.login {
        let found = engine.users.find_with_login(identity, login, &*engine.logins).await?;
        check_live(identity, found, now)?;
        return Ok(());
    }
    if let (Some(id), Some(tokens)) = (&watched.api_token, &engine.api_tokens) {
        let (user, token) = engine.users.find_with_api_token(id, &*tokens.store).await?;
        let token = token.ok_or(AuthError::TokenRevoked)?;
        by_api_token::check_live(user, &token, now)?;
        return Ok(());
    }
    if watched.expires_at.is_some_and(|expires_at| expires_at <= now) {
        return Err(AuthError::TokenExpired);
    }
    match engine.users.find(identity).await? {
        None => Err(AuthError::UserNotFound),
        Some(user) if !user.active => Err(AuthError::UserDisabled),
        Some(_) => Ok(()),
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
        let watch = |user: &str| {
            let (sender, receiver) = oneshot::channel();
            ends.state().watched.entry(watched(user)).or_default().push(sender);
            receiver
        };
        let (first, second, other) = (watch("1"), watch("1"), watch("2"));
        drop((first, other));
        assert!(ends.still_watched() == Some(vec![watched("1")]));
        drop(second);
        assert!(ends.still_watched().is_none());
        assert!(!ends.state().has_task && ends.state().watched.is_empty());
    }
}
