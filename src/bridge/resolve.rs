//! From a credential to a principal: who a request is.

pub(crate) mod by_token;
pub(crate) mod engine;
pub(crate) mod foreign;
pub(crate) mod principal;
pub(crate) mod requirement;
pub(crate) mod resolver;
pub(crate) mod token_checks;
