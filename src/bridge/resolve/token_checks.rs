//! What an application decides about tokens: which are revoked, which claims it wants to see, what its own say besides,
//! and which keys are whose. A hook that is not there costs nothing.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use serde_json::{Map, Value};

use crate::bridge::error::auth_error::AuthError;
use crate::bridge::model::store_error::{StoreError, StoreFuture};
use crate::bridge::token::{TokenKey, TokenType, VerifiedToken};

/// What a token says: what [`TokenBlocklist`] and [`check_claims`](crate::BridgeBuilder::check_claims) are told of one
/// that has been verified.
///
/// As an extractor it is the token that authenticated the request, with its header (`get_jwt_header`), and refuses requests
/// that bring none, as [`Claims`](crate::Claims) does.
#[derive(Clone)]
#[non_exhaustive]
pub struct TokenClaims {
    /// What the token is for.
    pub token_type: TokenType,
    /// Its header: Flask-JWT-Extended's `jwt_header`.
    pub header: Map<String, Value>,
    /// Its claims: Flask-JWT-Extended's `jwt_payload`.
    pub all: Map<String, Value>,
}

impl TokenClaims {
    /// The token's unique id. Our own tokens always have one.
    pub fn jti(&self) -> Option<&str> {
        self.text("jti")
    }

    /// Whose it is.
    pub fn sub(&self) -> Option<&str> {
        self.text("sub")
    }

    /// A claim.
    pub fn get(&self, name: &str) -> Option<&Value> {
        self.all.get(name)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.all.get(name).and_then(Value::as_str)
    }
}

impl fmt::Debug for TokenClaims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenClaims")
            .field("token_type", &self.token_type)
            .field("jti", &self.jti())
            .finish_non_exhaustive()
    }
}

/// Tokens that are refused although they are valid: Flask-JWT-Extended's `token_in_blocklist_loader`.
///
/// A login that ends takes its tokens with it, so signing out needs no blocklist. It is for revoking one token of a
/// login, or tokens that belong to none.
///
/// ```
/// use std::collections::HashSet;
/// use std::sync::RwLock;
/// use tollbridge::{StoreError, TokenBlocklist, TokenClaims};
///
/// struct Revoked(RwLock<HashSet<String>>);
///
/// impl TokenBlocklist for Revoked {
///     async fn is_revoked(&self, token: &TokenClaims) -> Result<bool, StoreError> {
///         let revoked = self.0.read().map_err(|_| StoreError::new("the list of revoked tokens is broken"))?;
///         Ok(token.jti().is_none_or(|jti| revoked.contains(jti)))
///     }
/// }
/// ```
pub trait TokenBlocklist: Send + Sync + 'static {
    /// Whether this token is refused. A list that cannot answer is an error, and the request gets 503
    /// `store_unavailable`: it is never taken for "not revoked".
    fn is_revoked(&self, token: &TokenClaims) -> impl Future<Output = Result<bool, StoreError>>;
}

/// [`TokenBlocklist`] without its future's type.
trait Blocklist: Send + Sync {
    fn is_revoked<'a>(&'a self, token: &'a TokenClaims) -> StoreFuture<'a, bool>;
}

impl<B: TokenBlocklist> Blocklist for B {
    fn is_revoked<'a>(&'a self, token: &'a TokenClaims) -> StoreFuture<'a, bool> {
        Box::pin(TokenBlocklist::is_revoked(self, token))
    }
}

/// The answer of the hooks about a token.
type Check<'a> = Pin<Box<dyn Future<Output = Result<(), AuthError>> + 'a>>;

type ClaimsCheck = dyn Fn(&TokenClaims) -> bool + Send + Sync;

/// The hooks that judge tokens which have been verified.
#[derive(Default)]
pub(crate) struct Hooks {
    blocklist: Option<Box<dyn Blocklist>>,
    claims_check: Option<Box<ClaimsCheck>>,
}

impl Hooks {
    pub(crate) fn set_blocklist(&mut self, blocklist: impl TokenBlocklist) {
        self.blocklist = Some(Box::new(blocklist));
    }

    pub(crate) fn set_claims_check(&mut self, check: Box<ClaimsCheck>) {
        self.claims_check = Some(check);
    }

    /// Asks the hooks about a token; `None` when there are none to ask. Every request asks anew, however often the token
    /// has been seen.
    pub(crate) fn check<'a>(&'a self, token: &VerifiedToken, with_blocklist: bool) -> Option<Check<'a>> {
        let blocklist = self.blocklist.as_deref().filter(|_| with_blocklist);
        let claims_check = self.claims_check.as_deref();
        if blocklist.is_none() && claims_check.is_none() {
            return None;
        }
        let claims = token.token_claims();
        Some(Box::pin(async move {
            let claims = claims.ok_or(AuthError::Misconfigured("the claims of a token could not be read again"))?;
            if let Some(blocklist) = blocklist
                && blocklist.is_revoked(&claims).await?
            {
                return Err(AuthError::TokenRevoked);
            }
            match claims_check {
                Some(accepts) if !accepts(&claims) => Err(AuthError::ClaimsRejected),
                _ => Ok(()),
            }
        }))
    }
}

/// A hook that is asked about a user.
pub(crate) type OfIdentity<T> = Option<Box<dyn Fn(&str) -> T + Send + Sync>>;

/// The hooks that have a say in new tokens.
#[derive(Default)]
pub(crate) struct IssueHooks {
    pub(crate) extra_claims: OfIdentity<Map<String, Value>>,
    pub(crate) extra_headers: OfIdentity<Map<String, Value>>,
    pub(crate) signing_key: OfIdentity<Option<TokenKey>>,
}

/// Finds the key for a token with this header and these claims, none of which is verified.
pub(crate) type KeyFinder = dyn Fn(&Map<String, Value>, &Map<String, Value>) -> Option<TokenKey> + Send + Sync;
