//! The bridge layer as its first embedder uses it and as an attacker meets it: a real server on a real socket, built
//! with the public API alone.

mod app;
#[path = "../support/clients.rs"]
mod clients;
mod guarded;
#[cfg(feature = "server")]
#[path = "../support/recorded_log.rs"]
mod recorded_log;
mod store;
#[path = "../support/vectors.rs"]
mod vectors;

mod api_tokens;
mod client;
mod confirm;
mod conflict;
mod csrf;
mod double_submit;
mod duplicate_cookies;
mod ended;
mod errors;
mod events;
mod explain;
mod extractors;
mod freshness;
mod handoff;
mod hooks;
mod hostile;
mod implicit_refresh;
mod key_ring;
mod loader;
mod locations;
mod logins;
mod logout;
#[cfg(feature = "server")]
mod logs;
mod messages;
mod one_reader;
mod protection;
mod redirect;
mod refresh;
mod refusal;
mod refusing_middleware;
mod remember;
mod remember_cookie;
mod replaced_login;
mod request_loader;
mod require;
mod revoked_tokens;
mod rules;
mod scope;
mod session_secrets;
mod sessions;
mod silence;
mod token_claims;
mod token_cookies;
mod token_keys;
mod tokens;
mod uploads;
mod views;
mod waiting;
mod withheld_cookies;
mod wycheproof;
