//! The embedder's checks on verified tokens: the blocklist of revoked tokens, and the claims check. A check that is not
//! configured costs nothing.

use std::future::Future;
use std::pin::Pin;

use crate::bridge::error::AuthError;
use crate::bridge::model::{StoreError, StoreFuture, UnixTime};
use crate::bridge::token::{Claims, VerifiedToken};

/// The list of revoked tokens (Flask-JWT-Extended's `token_in_blocklist_loader`). They are refused although they are
/// valid.
///
/// The tokens of a login end with the login, so signing out needs no blocklist. A blocklist revokes single tokens of a
/// login, and external tokens, which belong to no login.
///
/// ```
/// use std::collections::HashSet;
/// use std::sync::RwLock;
/// use tollbridge::{StoreError, TokenBlocklist, Claims};
///
/// struct Revoked(RwLock<HashSet<String>>);
///
/// impl TokenBlocklist for Revoked {
///     async fn is_revoked(&self, token: &Claims) -> Result<bool, StoreError> {
///         let revoked = self.0.read().map_err(|_poisoned| StoreError::new("the list of revoked tokens is broken"))?;
///         Ok(token.jti.as_deref().is_none_or(|jti| revoked.contains(jti)))
///     }
/// }
/// ```
pub trait TokenBlocklist: Send + Sync + 'static {
    /// Whether this token is revoked.
    ///
    /// # Errors
    ///
    /// When the list is unavailable. The request then gets 503 `store_unavailable`: the token never counts as not
    /// revoked.
    fn is_revoked(&self, token: &Claims) -> impl Future<Output = Result<bool, StoreError>>;
}

/// [`TokenBlocklist`] as a trait object: its future is boxed.
trait Blocklist: Send + Sync {
    fn is_revoked<'a>(&'a self, token: &'a Claims) -> StoreFuture<'a, bool>;
}

impl<B: TokenBlocklist> Blocklist for B {
    fn is_revoked<'a>(&'a self, token: &'a Claims) -> StoreFuture<'a, bool> {
        Box::pin(TokenBlocklist::is_revoked(self, token))
    }
}

/// The pending checks of one token.
type Check<'a> = Pin<Box<dyn Future<Output = Result<(), AuthError>> + 'a>>;

type ClaimsCheck = dyn Fn(&Claims) -> bool + Send + Sync;

/// The configured checks on verified tokens.
#[derive(Default)]
pub(crate) struct TokenChecks {
    blocklist: Option<Box<dyn Blocklist>>,
    claims_check: Option<Box<ClaimsCheck>>,
}

impl TokenChecks {
    pub(crate) fn set_blocklist(&mut self, blocklist: impl TokenBlocklist) {
        self.blocklist = Some(Box::new(blocklist));
    }

    pub(crate) fn set_claims_check(&mut self, check: Box<ClaimsCheck>) {
        self.claims_check = Some(check);
    }

    /// Checks a token; `None` when no check is configured. The result is not cached: every request checks again.
    pub(crate) fn check<'a>(&'a self, token: &VerifiedToken, with_blocklist: bool, now: UnixTime) -> Option<Check<'a>> {
        let blocklist = self.blocklist.as_deref().filter(|_| with_blocklist);
        let claims_check = self.claims_check.as_deref();
        if blocklist.is_none() && claims_check.is_none() {
            return None;
        }
        let claims = token.claims(now);
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
