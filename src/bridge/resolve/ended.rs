//! Watches logins for handlers that go on after their request was authenticated, such as streams.
//!
//! One task asks the stores about every watched login once a second. So it sees each end, on whichever node and for whatever
//! reason: a logout, the expiry, a disabled user, a new password. Nothing is asked while nobody watches.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt::{spawn, time::sleep};

use super::by_api_token;
use super::end_watch::Watched;
use super::engine::Engine;
use super::live_login::check_live;
use super::principal::Principal;
use crate::bridge::error::AuthError;

/// The time between two looks at a login.
const INTERVAL: Duration = Duration::from_secs(1);

/// How many looks in succession may fail because a store is unavailable. After that nobody knows whether a login goes on.
const MAX_FAILURES: u32 = 10;

/// Waits for the end of the login of a principal, and returns the reason.
pub(crate) fn ended(engine: &Arc<Engine>, principal: &Principal) -> impl Future<Output = AuthError> + 'static {
    let login = principal.login_id.clone();
    let expires_at = principal.expires_at.filter(|_| login.is_none());
    let api_token = principal.api_token().map(|token| token.id.clone());
    let watched = Watched { identity: principal.identity.clone(), login, api_token, expires_at };
    let (receiver, needs_task) = engine.ends.add(watched);
    if needs_task {
        spawn(Task { engine: Arc::clone(engine), is_needed: true }.run());
    }
    // The task is dropped with its worker. A login that nobody watches any more counts as ended.
    async move { receiver.await.unwrap_or(AuthError::LoginEnded) }
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
            // The worker is stopping.
            self.engine.ends.abandon();
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
