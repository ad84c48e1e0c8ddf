//! Access and refresh tokens, and the keys that sign and verify them.
//!
//! The format is a compact JWS (RFC 7515) whose payload is a JWT claims set (RFC 7519). Tokens are explicitly typed, as
//! RFC 9068 and RFC 8725 section 3.11 require. jsonwebtoken holds the keys, signs and verifies. Header and claims are
//! parsed here, more strictly than general libraries do: a token with an unknown `crit`, another `typ`, or a missing or
//! mistyped claim is refused.
//!
//! This room does not know HTTP; its errors are faults. It may import `model`.

mod access_successor;
mod access_token;
mod algorithm;
mod api_token_text;
mod authority;
mod claims;
mod compact;
mod extras;
mod fault;
mod issuer;
mod jwk;
mod key_ring;
mod key_set;
mod keys;
mod pem;
mod raw_claims;
mod readable;
mod ring_key;
mod roca;
mod signature;
mod signer;
mod soundness;
mod template;
mod thumbprint;
mod token_error;
mod token_hooks;
mod token_type;
mod verified;
mod verified_token_cache;
mod verifier;
mod written_claims;

pub use access_token::AccessToken;
pub use algorithm::{Algorithm, UnknownAlgorithm};
pub(crate) use api_token_text::{ApiTokenText, generate as generate_api_token};
pub(crate) use authority::TokenAuthority;
pub use claims::Claims;
pub(crate) use compact::unverified_header;
pub(crate) use extras::Extras;
pub use fault::{Malformation, TokenFault, TokenPart};
pub use issuer::TokenPair;
pub(crate) use issuer::{Issuer, PairOptions, TokenProfile};
pub use key_ring::{KeyRing, KeySource};
pub(crate) use key_set::KeySet;
pub use keys::{KeyError, TokenKey};
pub use ring_key::{KeyRingError, RingKey};
#[cfg(feature = "server")]
pub(crate) use signer::Signer;
pub use template::TokenTemplate;
pub(crate) use token_error::TokenError;
pub(crate) use token_hooks::{IssueHooks, KeyFinder};
pub use token_type::TokenType;
pub(crate) use verified::{Freshness, Verification, VerifiedToken};
pub(crate) use verified_token_cache::VerifiedTokenCache;
pub(crate) use verifier::Verifier;
