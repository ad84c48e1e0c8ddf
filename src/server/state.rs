//! The shared state of handlers, created once for all workers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::store::db::Database;
use crate::{Bridge, Clock, PasswordHasher, Throttle};

use super::config::ClientConfig;
use super::metrics::Metrics;
use super::password_policy::PasswordPolicy;
use super::token_templates::TokenTemplates;

/// The shared state of handlers, as `web::Data<AppState>`.
pub struct AppState {
    /// The database of accounts, logins and sessions.
    pub db: Database,
    /// The password hasher, with its own threads.
    pub passwords: PasswordHasher,
    /// The bridge that wraps the application, for its public keys.
    pub bridge: Bridge,
    /// The clock, shared with the bridge.
    pub clock: Clock,
    /// Counts the attempts to guess a password; `None` if that is off.
    pub throttle: Option<Throttle>,
    /// The policy for passwords.
    pub password_policy: PasswordPolicy,
    /// The largest request body, in bytes.
    pub body_limit: usize,
    /// The origin of the server as its clients see it, if it is configured.
    pub public_url: Option<String>,
    /// Whether a handoff is redeemed only after a page has asked.
    pub handoff_confirm: bool,
    /// The services that may ask about tokens or revoke them.
    pub clients: BTreeMap<String, ClientConfig>,
    /// The kinds of tokens for other services.
    pub templates: TokenTemplates,
    /// Whether the server runs with `--demo`, so that the login page names the demo users.
    pub demo: bool,
    /// Whether the routes for operators are at another address.
    pub operations_elsewhere: bool,
    /// Whether the server has been told to stop. It goes on for a while, and says so to its proxy.
    pub draining: Arc<AtomicBool>,
    /// The metrics.
    pub metrics: Arc<Metrics>,
}
