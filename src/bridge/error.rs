//! The error of every refused request, its response body, and the error of building a bridge.
//!
//! This room may import `model`, `token` and `password`.

mod auth_error;
mod body_fault;
mod build_error;
mod csrf_fault;
mod problem;

pub use auth_error::AuthError;
pub(crate) use auth_error::NO_LOGIN;
pub use body_fault::BodyFault;
pub use build_error::BuildError;
pub use csrf_fault::CsrfFault;
pub use problem::ProblemDetails;
