//! The credentials of a request and how they are read: tokens in every location, cookies by their raw name, and custom
//! credentials. This room also holds the CSRF checks.
//!
//! The credentials are read here and verified in later rooms. This room may import `model`, `token` and `error`.

mod choice;
mod client;
mod cookie_attributes;
mod custom_credential;
pub(crate) mod double_submit;
mod find;
mod grammar;
mod locations;
mod presented;
pub(crate) mod raw_cookies;
mod reader;
mod request_id;
mod same_origin;
mod search;
pub(crate) mod set_cookie;
mod token_cookies;
pub(crate) mod unread;

pub(crate) use choice::{Choice, Chosen, TWO_TOKENS, WantedType};
pub use client::{Client, InvalidNetwork, TrustedProxies};
pub(crate) use cookie_attributes::CookieAttributes;
pub(crate) use custom_credential::DynRequestLoader;
pub use custom_credential::{FoundCredential, RequestLoader};
pub(crate) use double_submit::Csrf;
pub(crate) use find::body::{ArrivingBody, BodyLimits, BodyTimeout};
pub(crate) use find::query::{parameter_values, token_after_prefix};
pub(crate) use grammar::{BodyKind, HeaderPlace, JsonPlace, QueryPlace, TokenGrammar};
pub use locations::TokenLocations;
pub(crate) use presented::{Absence, ByType, Found, Malformed, Presented};
pub(crate) use raw_cookies::{name_of, pairs, value_of};
pub(crate) use reader::CredentialReader;
pub use request_id::RequestId;
pub(crate) use search::Search;
pub use token_cookies::TokenCookies;
