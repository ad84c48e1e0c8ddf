//! Moving in from Flask-JWT-Extended.

mod bridge;
mod config;
mod foreign;
mod keys;
mod manager;
mod messages;
pub(super) mod places;
mod pyjwt;
mod python_json;
mod tokens;

pub use config::{FlaskConfig, FlaskConfigError};
pub use manager::{JwtManager, JwtManagerBuilder};
pub use messages::ErrorProfile;
pub use tokens::{DecodeToken, NewToken};
