//! The row of an account.

use diesel::prelude::*;
use serde::Serialize;

use super::schema::users;
use crate::UnixTime;

/// An account. Its serialization is public: `id`, `full_name`, `username`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Queryable, Selectable)]
#[diesel(table_name = users)]
pub struct User {
    /// The number of the user, never used again. In decimal it is the user's [identity](crate::UserStore::identity).
    pub id: i64,
    /// The display name.
    pub full_name: String,
    /// The name to sign in with, as it was given. Names that RFC 8265 compares as equal sign in to the same account.
    pub username: String,
    /// Whether the user is active. A disabled user cannot sign in.
    #[serde(skip)]
    pub active: bool,
    /// How often the password has been changed or the user disabled.
    #[serde(skip)]
    pub credential_epoch: i64,
}

/// An account to create.
#[derive(Clone, Insertable)]
#[diesel(table_name = users)]
pub struct NewUser {
    /// The id; `None` for the next one.
    pub id: Option<i64>,
    /// The name to sign in with.
    pub username: String,
    /// The display name.
    pub full_name: String,
    /// The password's hash, as a PHC string.
    pub password_hash: String,
    /// When the account was created.
    pub created_at: UnixTime,
}
