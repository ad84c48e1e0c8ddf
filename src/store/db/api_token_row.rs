//! The row of an API token, and its conversion.

use diesel::prelude::*;

use super::schema::api_tokens;
use crate::{Abilities, ApiToken, StoreError, UnixTime};

/// An API token as the table stores it.
#[derive(Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = api_tokens)]
pub(super) struct ApiTokenRow {
    id: String,
    user_id: i64,
    credential_epoch: i64,
    secret_hash: Vec<u8>,
    name: String,
    abilities: String,
    created_at: UnixTime,
    created_by: Option<String>,
    expires_at: Option<UnixTime>,
    last_used_at: Option<UnixTime>,
    revoked_at: Option<UnixTime>,
}

impl ApiTokenRow {
    /// The row of a token of this user.
    pub(super) fn new(user_id: i64, token: &ApiToken) -> Self {
        Self {
            id: token.id.as_str().to_owned(),
            user_id,
            credential_epoch: token.credential_epoch,
            secret_hash: token.secret_hash.to_vec(),
            name: token.name.clone(),
            abilities: token.abilities.as_str().to_owned(),
            created_at: token.created_at,
            created_by: token.created_by.as_ref().map(|login| login.as_str().to_owned()),
            expires_at: token.expires_at,
            last_used_at: token.last_used_at,
            revoked_at: token.revoked_at,
        }
    }

    /// The token of the row; an error when the hash is unreadable.
    pub(super) fn into_token(self) -> Result<ApiToken, StoreError> {
        let secret_hash = self.secret_hash.try_into();
        Ok(ApiToken {
            secret_hash: secret_hash.map_err(|_hash| {
                StoreError::new(format!("the stored API token {} has a hash that is not SHA-256", self.id))
            })?,
            id: self.id.into(),
            identity: self.user_id.to_string(),
            credential_epoch: self.credential_epoch,
            name: self.name,
            abilities: Abilities::from_text(self.abilities),
            created_at: self.created_at,
            created_by: self.created_by.map(Into::into),
            expires_at: self.expires_at,
            last_used_at: self.last_used_at,
            revoked_at: self.revoked_at,
        })
    }
}
