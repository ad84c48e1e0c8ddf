//! The one error of every refusal, the body in which it is answered, and why a bridge cannot be built.
//!
//! This room may import `model`, `token` and `password`.

mod auth_error;
mod build_error;
mod csrf_fault;
mod problem;

pub use auth_error::AuthError;
pub(crate) use auth_error::NO_LOGIN;
pub use build_error::BuildError;
pub use csrf_fault::CsrfFault;
pub use problem::ProblemDetails;
