//! Moving in from Flask: what exists only to be as it was there.

mod login;

pub use login::LoginManager;
