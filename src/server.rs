//! The application: the server and the command line, built on the [bridge layer](crate::bridge) and the
//! [store](crate::store).
//!
//! [`cli`] parses what was asked for, [`config`] says how it is to be done, [`secrets`] finds or makes the keys, and
//! [`Application`] puts them together and serves. What wraps every request, from the outside in: [`telemetry`] names
//! and logs it, [`headers`] keeps browsers from doing harm, [`recover`] survives a panic, and the bridge knows who is
//! asking.

mod accounts;
mod application;
mod assets;
mod bridge_settings;
pub mod cli;
pub mod config;
mod demo;
mod error_responses;
mod handlers;
pub mod headers;
mod json_object;
mod key_text;
mod metrics;
pub mod pages;
mod password_policy;
pub mod recover;
mod resources;
pub mod routes;
pub mod secrets;
mod start_error;
mod state;
pub mod telemetry;

pub use application::Application;
pub use demo::DemoError;
pub use key_text::KeyWeakness;
pub use metrics::Metrics;
pub use password_policy::PasswordPolicy;
pub use start_error::StartError;
pub use state::AppState;
