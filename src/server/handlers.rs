//! The handlers of the paths in [`routes`](super::routes), one file for each noun: extract, one call, respond.

pub(crate) mod account;
pub(crate) mod api_tokens;
pub(crate) mod exchange;
pub(crate) mod login;
pub(crate) mod logins;
pub(crate) mod logout;
pub(crate) mod oauth;
pub(crate) mod operations;
pub(crate) mod reauth;
mod see_other;
pub(crate) mod session;
pub(crate) mod token;
