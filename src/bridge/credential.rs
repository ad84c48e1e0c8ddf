//! What a request presents, and how it is read.

pub(crate) mod custom_credential;
pub(crate) mod double_submit;
pub(crate) mod find;
pub(crate) mod locations;
pub(crate) mod presented;
pub(crate) mod token_cookies;
