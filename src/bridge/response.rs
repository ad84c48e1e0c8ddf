//! How a request is answered: refusals, redirects, cookies, silence.

pub(crate) mod messages;
pub(crate) mod redirect;
pub(crate) mod refusal;
pub(crate) mod silence;
pub(crate) mod token_cookie_renewal;
pub(crate) mod views;
