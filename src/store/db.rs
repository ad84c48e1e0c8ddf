//! Users, logins, sessions and API tokens in SQLite or PostgreSQL, through Diesel.
//!
//! On SQLite a read by key runs on the calling thread, on that thread's own connection: it takes a few microseconds,
//! less than a change of threads. Everything else, and everything on PostgreSQL, runs on threads of the
//! database, at most one for each connection of the pool.
//!
//! Text is compared byte by byte, so usernames are case-sensitive. An application that treats names as equal (case,
//! Unicode normalization) normalizes them before it queries.

mod address;
mod agreement;
mod api_token_row;
mod api_tokens;
mod attempts;
mod audit;
mod audit_row;
mod codes;
mod connection;
mod database;
mod error;
mod everybody;
mod file_identity;
mod identity;
mod key_ring_watch;
mod login_ends;
mod login_row;
mod logins;
mod maintenance;
mod migrations;
mod password_change;
mod password_source;
mod pool;
mod read;
mod read_cache;
mod reauthentication;
mod retention;
mod revoked_tokens;
mod schema;
mod sessions;
mod signing_keys;
mod snapshot;
mod storable;
mod thread_reader;
mod touch_writer;
mod touches;
mod twins;
mod user_row;
mod username;
mod username_backfill;
mod users;
mod write;
mod write_probe;

pub use audit::AuditFilter;
pub use database::Database;
pub use error::DatabaseError;
#[cfg(feature = "server")]
pub(crate) use key_ring_watch::KeyRingWatch;
pub use password_change::{ChangePasswordError, PasswordChange};
pub use retention::Retention;
pub use signing_keys::SealedKey;
pub use twins::Twins;
pub use user_row::{NewUser, User};
#[cfg(feature = "server")]
pub(crate) use username::username_key;
pub use users::CreateUserError;
