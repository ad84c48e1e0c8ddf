//! The nouns of the bridge, and what a store must do. No HTTP and no token here.

pub(crate) mod clock;
pub(crate) mod erased_users;
pub(crate) mod events;
pub(crate) mod login;
pub(crate) mod random;
pub(crate) mod session_store;
pub(crate) mod store_error;
pub(crate) mod user_store;
