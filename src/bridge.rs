//! The bridge layer: the middleware for an actix-web application, and what its handlers use.
//!
//! The layer consists of rooms with ranks. A room imports only rooms of lower ranks and its own files:
//!
//! | rank | room | content |
//! |---|---|---|
//! | 1 | `model` | the records, the clock, the events, and the traits of the stores |
//! | 2 | `token` | tokens: keys, signing, verification, claims |
//! | 2 | `password` | password hashing, with a bounded queue; counting of failed attempts |
//! | 3 | `error` | the error of every refusal |
//! | 4 | `credential` | the credentials that a request presents, and where they are found |
//! | 5 | `session` | the session and the remember cookie of a browser |
//! | 6 | `resolve` | from a credential to a principal |
//! | 7 | `auth` | extractors, guards, login and logout |
//! | 8 | `response` | the response: refusals, redirects, cookies |
//! | 9 | `gate`, `service`, `handle`, `builder` | the middleware, and its construction |
//!
//! `tests/house.rs` checks the ranks.

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
