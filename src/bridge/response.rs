//! How a request is answered: refusals, views, messages, cookies, and silence for tokens.
//!
//! This room may import all rooms up to `auth`.

mod accept;
pub(crate) mod answers;
mod messages;
mod next_page;
mod redirect;
mod refusal;
mod rendered;
pub(crate) mod silence;
pub(crate) mod token_cookie_renewal;
mod views;

pub use accept::prefers_html;
pub(crate) use answers::{Answers, ErrorPage, OnRefusal};
pub use messages::{FlashMessage, Messages};
pub use redirect::{login_url, safe_next};
pub use refusal::Refusal;
pub(crate) use rendered::Rendered;
pub(crate) use views::{Localize, RedirectPolicy, ViewConfig};
