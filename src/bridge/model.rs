//! The basic types of the bridge (users, logins, sessions, events), the traits of the stores, the clock, random values
//! and the digest.
//!
//! This room knows neither HTTP nor tokens. It imports no other room.

mod abilities;
mod act;
mod api_token;
mod attempts;
mod audit;
mod background_notes;
mod clock;
mod digest;
mod erased_users;
mod events;
mod failed_sign_ins;
mod location;
mod login;
mod login_id;
mod login_info;
mod one_time_code;
pub(crate) mod random;
mod revoked_tokens;
mod session_store;
mod store_error;
mod user_functions;
mod user_store;

pub(crate) use abilities::is_ability;
pub use abilities::{Abilities, InvalidAbilities};
pub use act::{Act, Actor, Via};
pub use api_token::{ApiToken, ApiTokenId, ApiTokenInsertion, ApiTokenStore, MAX_API_TOKENS_OF_USER};
pub use attempts::{AttemptChange, AttemptStore, Attempts, MAX_ATTEMPT_COUNTERS};
pub use audit::{Action, AuditRecord, AuditStore};
pub(crate) use background_notes::BackgroundNotes;
pub(crate) use clock::seconds;
pub use clock::{Clock, UnixTime};
pub(crate) use digest::{DigestHasher, sha256};
pub(crate) use erased_users::{DynUserStore, Erased, KnownUser, NotLookedUp, UserFacts};
pub use events::{AuthEvent, EventStream, event_stream};
pub(crate) use events::{Events, Listener};
pub(crate) use failed_sign_ins::FailedSignIns;
pub use location::CredentialLocation;
pub use login::{EndReason, Login, LoginStore, RememberRecord};
pub use login_id::LoginId;
pub use login_info::LoginInfo;
pub use one_time_code::{CodeHash, CodeStore, MAX_CODES_OF_LOGIN, OneTimeCode};
pub use revoked_tokens::{RevokedToken, RevokedTokenStore};
pub use session_store::{MAX_SESSIONS_OF_LOGIN, SessionHash, SessionRecord, SessionStore};
pub use store_error::{StoreError, StoreFuture};
pub use user_functions::{UserFunctions, user_loader};
pub use user_store::UserStore;
