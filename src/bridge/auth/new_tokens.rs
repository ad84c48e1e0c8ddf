//! The issue of a token pair, with the embedder's claims and headers.

use std::borrow::Cow;
use std::time::Duration;

use serde_json::Value;

use crate::bridge::error::AuthError;
use crate::bridge::model::{Abilities, InvalidAbilities, Login, UnixTime};
use crate::bridge::token::{AccessToken, Extras, Issuer, PairOptions, TokenPair, TokenTemplate};

/// The builder of a login's token pair; from [`NewLogin::tokens`](crate::NewLogin::tokens) and
/// [`Auth::issue_for_session`](crate::Auth::issue_for_session).
///
/// ```
/// # use std::time::Duration;
/// # use tollbridge::{AuthError, NewLogin, TokenPair};
/// # fn issue(login: &NewLogin<'_>) -> Result<TokenPair, AuthError> {
/// login.tokens().claim("role", "editor").expires_in(Duration::from_secs(60)).issue()
/// # }
/// ```
#[must_use = "nothing is issued until `issue` is called"]
pub struct NewTokens<'a> {
    issuer: &'a Issuer,
    login: Cow<'a, Login>,
    fresh: bool,
    now: UnixTime,
    extras: Extras,
    access_ttl: Option<Duration>,
    audiences: Vec<String>,
    /// Whether the use of the access token shows that the client has received the latest rotation.
    confirms: bool,
    /// What the tokens may do at most.
    widest: Option<&'a Abilities>,
    scope: Option<Result<Abilities, InvalidAbilities>>,
}

impl<'a> NewTokens<'a> {
    pub(crate) fn new(
        issuer: &'a Issuer,
        login: Cow<'a, Login>,
        fresh: bool,
        now: UnixTime,
        widest: Option<&'a Abilities>,
    ) -> Self {
        Self {
            issuer,
            login,
            fresh,
            now,
            extras: Extras::default(),
            access_ttl: None,
            audiences: Vec::new(),
            confirms: true,
            widest,
            scope: None,
        }
    }

    /// Lets the use of the access token say nothing about a rotation, whose answer may have gone to another client.
    pub(super) fn without_confirmation(mut self) -> Self {
        self.confirms = false;
        self
    }

    /// Takes the lifetime, the audience, the scope and the claims of a template. What is set before is replaced, what is
    /// set later replaces that of the template.
    pub fn template(mut self, template: &TokenTemplate) -> Self {
        self.access_ttl = template.access_ttl.or(self.access_ttl);
        if !template.audiences.is_empty() {
            self.audiences.clone_from(&template.audiences);
        }
        if template.scope.is_some() {
            self.scope.clone_from(&template.scope);
        }
        self.extras.claims.extend(template.claims.clone());
        self
    }

    /// Adds a claim to both tokens (`additional_claims`). It replaces the claim with this name of
    /// [`extra_claims`](crate::BridgeBuilder::extra_claims).
    ///
    /// The tokens that follow after a refresh do not contain it, because issued tokens are not stored. For a claim that
    /// all tokens contain use [`extra_claims`](crate::BridgeBuilder::extra_claims).
    pub fn claim(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extras.claims.insert(name.into(), value.into());
        self
    }

    /// Adds a member to the header of both tokens (`additional_headers`). It follows the rules of
    /// [`claim`](Self::claim).
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.extras.headers.insert(name.into(), value.into());
        self
    }

    /// The lifetime of the access token (`expires_delta`), instead of [`access_ttl`](crate::BridgeBuilder::access_ttl):
    /// at least a second. No token expires after the end of its login.
    pub fn expires_in(mut self, ttl: Duration) -> Self {
        self.access_ttl = Some(ttl);
        self
    }

    /// Narrows both tokens to these abilities, in the claim `scope` (RFC 8693 section 4.2). The tokens that follow after
    /// a refresh have the same scope. [`Principal::can`](crate::Principal::can) and
    /// [`Require::ability`](crate::Require::ability) read it, and operations on the account are refused.
    ///
    /// Without this the tokens can do all that the user may. A login whose request had a narrowed token issues tokens
    /// with its scope, or a narrower one.
    pub fn scope<A: AsRef<str>>(mut self, abilities: impl IntoIterator<Item = A>) -> Self {
        self.scope = Some(Abilities::new(abilities));
        self
    }

    /// Issues an access token only. The refresh token of the login stays as it is. For a login that was
    /// [confirmed](crate::Auth::confirm_login), whose client has its refresh token already.
    ///
    /// # Errors
    ///
    /// Those of [`issue`](Self::issue).
    pub fn issue_access(self) -> Result<AccessToken, AuthError> {
        self.issue().map(AccessToken::from)
    }

    /// Issues the tokens.
    ///
    /// # Errors
    ///
    /// [`Misconfigured`](AuthError::Misconfigured) when a claim or a header member is one that the bridge writes
    /// itself, when the lifetime of the access token is less than a second, when a token is longer than 8 KiB (the
    /// longest that the bridge reads), or when the key cannot sign. [`InvalidRequest`](AuthError::InvalidRequest) when a
    /// word of the scope is no ability, and [`InsufficientScope`](AuthError::InsufficientScope) when it is wider than that
    /// of the request's token.
    pub fn issue(self) -> Result<TokenPair, AuthError> {
        if self.access_ttl.is_some_and(|ttl| ttl.as_secs() == 0) {
            return Err(AuthError::Misconfigured("`expires_in` is less than a second: give it a second or more"));
        }
        let asked = self.scope.transpose()?;
        if let (Some(widest), Some(asked)) = (self.widest, &asked)
            && let Some(lacking) = widest.first_lacking(asked)
        {
            return Err(AuthError::InsufficientScope { scope: lacking.to_owned().into() });
        }
        let scope = asked.as_ref().or(self.widest);
        let signer = self.issuer.signer(&self.login.identity, self.extras)?;
        let options = PairOptions {
            access_ttl: self.access_ttl,
            audiences: &self.audiences,
            generation: if self.confirms { None } else { Some(self.login.first_refresh_generation()) },
            scope,
        };
        Ok(self.issuer.pair(&signer, &self.login, self.fresh, self.now, &options)?)
    }
}
