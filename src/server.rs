//! The application: the server and the command line, built on the [bridge layer](crate::bridge) and the
//! [store](crate::store).
//!
//! [`cli`] parses what was asked for, [`config`] says how it is to be done, [`secrets`] finds or makes the keys, and
//! [`Application`] puts them together and serves. What wraps every request, from the outside in: [`telemetry`] names
//! and logs it, [`headers`] keeps browsers from doing harm, [`recover`] survives a panic, and the bridge knows who is
//! asking.

mod application;
mod bridge;
pub mod cli;
pub mod config;
mod demo;
pub mod headers;
pub mod recover;
pub mod secrets;
pub mod telemetry;

pub use application::{Application, StartError};
pub use demo::DemoError;
