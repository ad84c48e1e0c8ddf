//! From a credential to a principal: who a request is.
//!
//! The resolver is a function of what it is given, and answers a `Resolution`. This room may import all rooms up to
//! `session`.

mod by_custom_credential;
mod by_remember_cookie;
pub(crate) mod by_session;
pub(crate) mod by_token;
mod engine;
mod external_tokens;
mod live_login;
mod principal;
mod requirement;
mod resolution;
pub(crate) mod resolver;
pub(crate) mod rotation;
mod token_checks;

pub(crate) use by_remember_cookie::REMEMBER_GRACE;
pub(crate) use engine::Engine;
pub(crate) use external_tokens::ExternalTokens;
pub(crate) use live_login::live;
pub use principal::{Principal, Via};
pub(crate) use requirement::{RequiredFace, Requirement};
pub(crate) use resolution::{Resolution, Verdict};
pub(crate) use resolver::NOT_A_BROWSER;
pub use token_checks::TokenBlocklist;
pub(crate) use token_checks::TokenChecks;
