//! One error for every refusal, and the body in which it is answered.

pub(crate) mod auth_error;
pub(crate) mod problem;
