//! The browser's face of a login: its session and its cookies.

pub(crate) mod actix_store;
pub(crate) mod cookies;
pub(crate) mod face;
pub(crate) mod protection;
pub(crate) mod remember_cookie;
pub(crate) mod remember_token;
