//! The authentication API of handlers: extractors, guards, and the handle that signs users in and out.
//!
//! This room may import all rooms up to `resolve`.

mod allowed;
mod any_user;
pub(crate) mod api_tokens;
mod audit;
mod auth_handle;
mod confirm;
mod explain;
mod extractors;
mod guard;
mod handoff;
mod known_client;
pub(crate) mod logins;
mod new_api_token;
mod new_tokens;
mod previous_login;
mod protected_session;
mod refresh;
#[cfg(feature = "server")]
mod renewal;
mod request_state;
mod session_tokens;
mod sign_in;
mod sign_out;

pub use allowed::Allowed;
pub use any_user::AnyUser;
pub use auth_handle::Auth;
pub use extractors::{BrowserUser, CurrentLogin, CurrentUser, Fresh, FreshWithin, MaybeLogin, MaybeUser, TokenUser};
pub use guard::{Require, RequireService};
pub use handoff::Handoff;
pub use new_api_token::{IssuedApiToken, NewApiToken};
pub use new_tokens::NewTokens;
pub(crate) use request_state::RequestState;
pub use sign_in::{LoginUser, NewLogin};
pub use sign_out::LogoutScope;
