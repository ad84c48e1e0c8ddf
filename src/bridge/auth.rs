//! What a handler holds: extractors, guards, and the handle that signs users in and out.

pub(crate) mod any_user;
pub(crate) mod auth_handle;
pub(crate) mod confirm;
pub(crate) mod extractors;
pub(crate) mod guard;
pub(crate) mod new_tokens;
pub(crate) mod refresh;
pub(crate) mod request_state;
pub(crate) mod sign_out;
