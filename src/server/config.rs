//! The configuration: defaults, then `tollbridge.toml`, then the `TOLLBRIDGE_*` environment, then flags.
//!
//! It is loaded in three steps. `raw_config` collects the written values with their origins. `setting_reader` takes the
//! keys out one at a time, parses each as its type, and records every fault with its origin. The files named after
//! sections define the keys, their meaning, and the valid combinations. A key that no section takes is unknown. So one
//! run reports all faults, and every value that leaves this module is valid.
//!
//! Secrets are held in `secrecy` types and shown as `(set)`.

mod audit;
mod bounds;
mod client;
mod database;
mod database_url;
mod effective;
mod fault;
mod load;
mod log;
mod login;
mod origin;
mod password;
mod raw_config;
mod raw_value;
mod sections;
mod server;
mod session;
mod setting;
mod setting_reader;
mod template;
mod throttle;
mod token;

pub use audit::AuditConfig;
pub use client::ClientConfig;
pub(crate) use client::hash_text;
pub use database::DatabaseConfig;
pub use database_url::DatabaseUrl;
pub use effective::EffectiveConfig;
pub use fault::{ConfigError, Fault};
pub use load::{DEFAULT_FILE, Loaded, Sources};
pub use log::{LogConfig, LogFormat};
pub use login::LoginConfig;
pub use origin::Origin;
pub use password::PasswordConfig;
pub use sections::Config;
pub use server::{ErrorFormat, ServerConfig};
pub use session::SessionConfig;
pub use template::TemplateConfig;
pub use throttle::ThrottleConfig;
pub use token::{TokenConfig, TokenKeyConfig};
