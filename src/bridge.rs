//! The bridge layer: what an actix-web application wraps around itself.
//!
//! It is built of rooms with ranks. A room imports rooms of lower ranks, and its own files:
//!
//! | rank | room | one idea |
//! |---|---|---|
//! | 1 | `model` | the nouns, and what a store must do |
//! | 2 | `token` | from text to verified claims and back, and keys |
//! | 2 | `password` | what a password costs |
//! | 3 | `error` | the error of every refusal |
//! | 4 | `credential` | what a request presents |
//! | 5 | `session` | the browser's face of a login |
//! | 6 | `resolve` | who a request is |
//! | 7 | `auth` | what a handler holds |
//! | 8 | `response` | how a request is answered |
//! | 9 | `gate`, `service`, `handle`, `builder` | the layer put together |
//!
//! `tests/house.rs` keeps the ranks.

pub(crate) mod auth;
pub(crate) mod builder;
pub(crate) mod credential;
pub(crate) mod error;
mod gate;
pub(crate) mod handle;
pub(crate) mod model;
pub(crate) mod password;
pub(crate) mod resolve;
pub(crate) mod response;
pub(crate) mod service;
pub(crate) mod session;
pub(crate) mod token;
