//! The API tokens of the user of a request: making, listing and revoking them.

use super::auth_handle::Auth;
use super::new_api_token::{IssuedApiToken, NewApiToken};
use crate::bridge::error::AuthError;
use crate::bridge::model::{
    Act, ApiToken, ApiTokenId, ApiTokenInsertion, AuthEvent, LoginId, MAX_API_TOKENS_OF_USER, UnixTime, UserFacts,
};
use crate::bridge::resolve::{Engine, Principal};

impl Auth {
    /// Makes an API token for the user of this request. Require a fresh login for it: whoever finds an open session must
    /// not leave with a credential that outlives it.
    ///
    /// # Errors
    ///
    /// [`CredentialConflict`](AuthError::CredentialConflict) for an API token and for a credential without a login,
    /// [`InsufficientScope`](AuthError::InsufficientScope) for a narrowed token,
    /// [`InvalidRequest`](AuthError::InvalidRequest) for a name or abilities that are not allowed and for one token too
    /// many, [`LoginEnded`](AuthError::LoginEnded) when the login or the user's password has changed meanwhile,
    /// [`Misconfigured`](AuthError::Misconfigured) without
    /// [`BridgeBuilder::api_tokens`](crate::BridgeBuilder::api_tokens), and the refusal of the request.
    pub async fn create_api_token(&self, new: NewApiToken) -> Result<IssuedApiToken, AuthError> {
        let principal = self.state.principal(&self.req).await?;
        let login = principal.full_login()?.clone();
        let act = self.engine().act_of(&self.req, &principal);
        create(self.engine(), facts(self.engine(), &principal)?, new, Some(login), &act).await
    }

    /// The API tokens of the user of this request that are neither revoked nor expired, the newest first.
    ///
    /// # Errors
    ///
    /// Those of [`create_api_token`](Self::create_api_token) about the credential.
    pub async fn api_tokens(&self) -> Result<Vec<ApiToken>, AuthError> {
        let principal = self.state.principal(&self.req).await?;
        principal.full_login()?;
        list(self.engine(), &facts(self.engine(), &principal)?).await
    }

    /// Revokes an API token of the user of this request: it is refused from the next request on. `false` when the user
    /// has no such token, or it is revoked already. An API token may revoke itself, and no other.
    ///
    /// # Errors
    ///
    /// Those of [`create_api_token`](Self::create_api_token) about the credential.
    pub async fn revoke_api_token(&self, id: &ApiTokenId) -> Result<bool, AuthError> {
        let principal = self.state.principal(&self.req).await?;
        match principal.api_token() {
            Some(own) if own.id == *id => {}
            _ => drop(principal.full_login()?),
        }
        let act = self.engine().act_of(&self.req, &principal);
        revoke(self.engine(), id, &principal.identity, &act, self.engine().clock.now()).await
    }
}

/// What the tokens of the principal's user are made from.
fn facts(engine: &Engine, principal: &Principal) -> Result<UserFacts, AuthError> {
    let facts = engine.users.facts(&*principal.user);
    facts.ok_or(AuthError::Misconfigured("the user of an API token is not looked up in the `UserStore`"))
}

/// Makes an API token for a user and stores it.
pub(crate) async fn create(
    engine: &Engine,
    user: UserFacts,
    new: NewApiToken,
    created_by: Option<LoginId>,
    act: &Act,
) -> Result<IssuedApiToken, AuthError> {
    let tokens = engine.required_api_tokens()?;
    if !user.active {
        return Err(AuthError::UserDisabled);
    }
    let issued = new.issue(user, created_by, engine.clock.now())?;
    let record = issued.record();
    match tokens.store.insert_api_token(record, act).await? {
        ApiTokenInsertion::Inserted => {}
        ApiTokenInsertion::Outdated => return Err(AuthError::LoginEnded),
        ApiTokenInsertion::TooMany => return Err(too_many()),
    }
    tracing::info!(api_token.id = %record.id, user.id = %record.identity, "API token made");
    engine.events.emit(|| AuthEvent::ApiTokenCreated { user: record.identity.clone(), token: record.id.clone() });
    Ok(issued)
}

/// The refusal of one token too many.
pub(crate) fn too_many() -> AuthError {
    AuthError::InvalidRequest(
        format!("There are {MAX_API_TOKENS_OF_USER} API tokens already, which is the most. Revoke one first.").into(),
    )
}

/// The live tokens of a user. Those of an earlier credential epoch are over, whatever the store says.
pub(crate) async fn list(engine: &Engine, user: &UserFacts) -> Result<Vec<ApiToken>, AuthError> {
    let (now, tokens) = (engine.clock.now(), engine.required_api_tokens()?);
    let mut all = tokens.store.api_tokens_of(&user.identity).await?;
    all.retain(|token| token.credential_epoch == user.credential_epoch && token.is_live(now));
    Ok(all)
}

/// Revokes a token, if it is this user's.
pub(crate) async fn revoke(
    engine: &Engine,
    id: &ApiTokenId,
    identity: &str,
    act: &Act,
    now: UnixTime,
) -> Result<bool, AuthError> {
    let revoked = engine.required_api_tokens()?.store.revoke_api_token(id, identity, act, now).await?;
    if revoked {
        tracing::info!(api_token.id = %id, user.id = %identity, "API token revoked");
        engine.events.emit(|| AuthEvent::ApiTokenRevoked { user: identity.to_owned(), token: id.clone() });
    }
    Ok(revoked)
}

/// Revokes all tokens of a user, if the application has API tokens.
pub(crate) async fn revoke_all(engine: &Engine, identity: &str, act: &Act, now: UnixTime) -> Result<u64, AuthError> {
    let Some(tokens) = &engine.api_tokens else { return Ok(0) };
    let revoked = tokens.store.revoke_api_tokens_of(identity, act, now).await?;
    if revoked > 0 {
        tracing::info!(user.id = %identity, revoked, "API tokens revoked");
    }
    Ok(revoked)
}
