//! The response to a request: how a refusal is rendered, where a browser is redirected, which messages and cookies it
//! gets, and that the response to a token has no session cookie.
//!
//! This room may import all rooms up to `auth`.

mod accept;
pub(crate) mod answers;
mod kept_request;
mod messages;
mod next_page;
mod redirect;
mod refusal;
mod refusal_code;
mod rendered;
pub(crate) mod silence;
pub(crate) mod token_cookie_renewal;
pub(crate) mod unread_body;
mod views;

pub use accept::prefers_html;
pub(crate) use answers::{ErrorPage, OnRefusal, ResponseSettings, WithoutChallenge};
pub use messages::{FlashMessage, Messages};
pub use redirect::{login_url, safe_next};
pub use refusal::Refusal;
pub use refusal_code::{note_refusal, refusal_code};
pub(crate) use rendered::RefusalRenderer;
pub(crate) use views::{Localize, RedirectPolicy, ViewConfig};
