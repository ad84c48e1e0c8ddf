//! Resolves the credential of a request to a principal.
//!
//! The resolver keeps no state of the request: it gets a credential and a requirement, and returns a `Resolution`. This
//! room may import all rooms up to `session`.

pub(crate) mod by_api_token;
mod by_custom_credential;
mod by_remember_cookie;
pub(crate) mod by_session;
pub(crate) mod by_token;
mod confirmation;
pub(crate) mod conflict;
mod conflict_policy;
mod end_watch;
mod ended;
mod engine;
mod explain;
mod explanation;
mod external_tokens;
mod freshness;
pub(crate) mod introspection;
mod live_login;
mod principal;
mod remember_choice;
mod request_act;
mod requirement;
mod resolution;
pub(crate) mod resolver;
mod revoked_tokens;
pub(crate) mod rotation;
mod rule;
mod session_choice;
mod token_checks;
mod token_cookie_choice;
pub(crate) mod two_tokens;
pub(crate) mod unread;

pub(crate) use confirmation::Confirmations;
pub use conflict_policy::ConflictPolicy;
pub(crate) use end_watch::EndWatch;
pub(crate) use ended::ended;
pub(crate) use engine::{ApiTokens, Audit, Engine};
pub(crate) use explain::explain;
pub use explanation::{ExplainedPlace, Explanation};
pub(crate) use external_tokens::ExternalTokens;
pub(crate) use freshness::{Proof, RequiredFreshness};
pub use introspection::Introspection;
pub(crate) use live_login::find_live;
pub(crate) use principal::NEEDS_LOGIN;
pub use principal::Principal;
pub(crate) use remember_choice::genuine_logins;
pub(crate) use requirement::{RequiredFace, Requirement};
pub(crate) use resolution::{Resolution, Verdict};
pub(crate) use resolver::BROWSER_SESSION_ONLY;
pub(crate) use revoked_tokens::RevokedTokens;
pub use rule::Rule;
pub(crate) use rule::UserCheck;
pub(crate) use session_choice::choose_session;
pub use token_checks::TokenBlocklist;
pub(crate) use token_checks::TokenChecks;
pub(crate) use token_cookie_choice::choose_token_cookies;
