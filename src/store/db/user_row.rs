//! The row of an account.

use diesel::prelude::*;
use serde::Serialize;

use super::schema::users;
use crate::UnixTime;

/// An account. Serialized, it is what others may see: `id`, `full_name`, `username`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct User {
    /// Its number, which no other user ever gets. In decimal it is the user's [identity](crate::UserStore::identity).
    pub id: i64,
    /// The name to be shown.
    pub full_name: String,
    /// The name to sign in with: exact, case-sensitive, unique.
    pub username: String,
    /// Whether the user may be signed in.
    #[serde(skip)]
    pub active: bool,
    /// How often the password has been changed.
    #[serde(skip)]
    pub credential_epoch: i64,
}

/// An account to be created.
#[derive(Clone, Insertable)]
#[diesel(table_name = users)]
pub struct NewUser {
    /// The id that it is to have; `None` for the next one.
    pub id: Option<i64>,
    /// The name to sign in with.
    pub username: String,
    /// The name to be shown.
    pub full_name: String,
    /// The password's hash, as a PHC string.
    pub password_hash: String,
    /// When the account was created.
    pub created_at: UnixTime,
}
