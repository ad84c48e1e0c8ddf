//! Resolves a custom credential to a principal.

use super::engine::Engine;
use super::principal::Principal;
use crate::bridge::error::AuthError;

/// Finds the principal of a custom credential.
pub(super) async fn resolve(engine: &Engine, credential: &str) -> Result<Principal, AuthError> {
    let Some(loader) = &engine.reader.custom else { return Err(AuthError::LoginRequired) };
    let found = loader.find(credential).await?.ok_or(AuthError::LoginRequired)?;
    let user = engine.users.find(&found.identity).await?.ok_or(AuthError::UserNotFound)?;
    if !user.active {
        return Err(AuthError::UserDisabled);
    }
    Ok(Principal::of_custom(found, user.user, loader.location(), engine.clock.now()))
}
