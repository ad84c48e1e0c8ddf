//! What handlers share: opened once by the process, read by every worker.

use std::sync::Arc;

use crate::store::db::Database;
use crate::{Bridge, Clock, PasswordHasher};

use super::metrics::Metrics;
use super::password_policy::PasswordPolicy;

/// Everything that a handler needs, as `web::Data<AppState>`.
pub struct AppState {
    /// Accounts, logins and sessions.
    pub db: Database,
    /// Verifies and makes password hashes, on its own threads.
    pub passwords: PasswordHasher,
    /// The layer around the application; its public keys are published.
    pub bridge: Bridge,
    /// The clock that the bridge reads as well.
    pub clock: Clock,
    /// What a password may be.
    pub password_policy: PasswordPolicy,
    /// The largest request body that is read, in bytes.
    pub body_limit: usize,
    /// The server was started with `--demo`: the login page names the demo users.
    pub demo: bool,
    /// What has been counted so far.
    pub metrics: Arc<Metrics>,
}
