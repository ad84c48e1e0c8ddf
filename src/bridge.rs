//! The bridge layer.

mod clock;
mod login;
mod password;
mod random;
mod session_store;
mod store_error;
mod user;

pub use clock::{Clock, UnixTime};
pub use login::{EndReason, Login, LoginId, LoginStore, Remember};
pub use password::{PasswordActivity, PasswordError, PasswordHasher, PasswordParams, Verified};
pub use session_store::{SessionHash, SessionRecord, SessionStore};
pub use store_error::{StoreError, StoreFuture};
pub use user::UserStore;
