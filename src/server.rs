//! The application: the server and the command line, built on the [bridge layer](crate) and the
//! [store](crate::store).
//!
//! [`cli`] parses the command line, [`config`] loads the configuration, [`secrets`] reads or generates the keys, and
//! [`Application`] assembles them and serves. Every request passes these middlewares, from the outside in:
//! [`telemetry`] logs it, [`headers`] sets the security headers, [`recover`] answers a panic, and the bridge
//! authenticates the user.

mod accounts;
mod application;
mod assets;
mod bridge_settings;
pub mod cli;
pub mod config;
mod date;
mod demo;
mod device;
mod device_cookie;
mod error_responses;
mod handlers;
pub mod headers;
mod json_object;
mod key_advice;
mod key_text;
mod keys;
mod metrics;
pub mod pages;
mod password_policy;
mod private_file;
pub mod recover;
mod resources;
pub mod routes;
pub mod secrets;
mod shared_keys;
mod start_error;
mod state;
mod strict_form;
pub mod telemetry;
mod token_inspection;
mod token_templates;

pub use application::Application;
pub use demo::DemoError;
pub use key_text::KeyWeakness;
pub use metrics::Metrics;
pub use password_policy::{BreachedFile, BreachedService, BreachedServiceError, PasswordPolicy};
pub use start_error::StartError;
pub use state::AppState;
pub use token_templates::TokenTemplates;
