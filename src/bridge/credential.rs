//! What a request presents, and how it is read: tokens in every place, cookies by their raw name, custom credentials; and
//! whether it shows that it comes from our own pages.
//!
//! Nothing is verified here. This room may import `model`, `token` and `error`.

mod choice;
mod cookie_attributes;
mod custom_credential;
pub(crate) mod double_submit;
mod find;
mod grammar;
mod locations;
mod presented;
pub(crate) mod raw_cookies;
mod reader;
mod same_origin;
mod search;
pub(crate) mod set_cookie;
mod token_cookies;

pub(crate) use choice::{Choice, Chosen, TWO_TOKENS, WantedType};
pub(crate) use cookie_attributes::CookieAttributes;
pub(crate) use custom_credential::DynRequestLoader;
pub use custom_credential::RequestLoader;
pub(crate) use double_submit::Csrf;
pub(crate) use find::body::{BodyLimits, BodyTimeout, body_paused};
pub(crate) use find::query::{after_prefix, parameter_values};
pub(crate) use grammar::{HeaderPlace, JsonPlace, QueryPlace, TokenGrammar};
pub use locations::TokenLocations;
pub(crate) use presented::{Absence, ByType, Found, Malformed, Presented};
pub(crate) use raw_cookies::{name_of, pairs, value_of};
pub(crate) use reader::CredentialReader;
pub(crate) use search::Search;
pub use token_cookies::TokenCookies;
