//! The accounts of the database, and its [`UserStore`].

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel::sql_query;
use diesel::sql_types::BigInt;

use super::api_tokens::revoke_of_user;
use super::connection::{Connection, each};
use super::database::Database;
use super::identity::user_id;
use super::login_row::LoginRow;
use super::logins::end_of_user;
use super::schema::{logins, users};
use super::storable::is_storable;
use super::user_row::{NewUser, User};
use crate::{
    ApiToken, ApiTokenId, ApiTokenStore, EndReason, Login, LoginId, LoginStore, StoreError, UnixTime, UserStore,
};

/// An account could not be created.
#[derive(Debug, thiserror::Error)]
pub enum CreateUserError {
    /// Another user has the username.
    #[error("the username is taken: choose another one")]
    UsernameTaken,
    /// The requested id is not above every id given before, so it is or was another user's.
    #[error("the user id {0} cannot be given: it must be positive and above every id given before")]
    IdNotNew(i64),
    /// The database is unavailable.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<QueryError> for CreateUserError {
    fn from(error: QueryError) -> Self {
        match error {
            // The violated constraint is that of the username, because the id is new.
            QueryError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Self::UsernameTaken,
            error => Self::Store(StoreError::new(error)),
        }
    }
}

impl Database {
    /// Creates an active account with the credential epoch 0.
    ///
    /// # Errors
    ///
    /// [`CreateUserError`]. Nothing is created then.
    pub async fn create_user(&self, user: NewUser) -> Result<User, CreateUserError> {
        if !(is_storable(&user.username) && is_storable(&user.full_name)) {
            return Err(StoreError::new("a user's names must not contain the character U+0000").into());
        }
        let create = move |connection: &mut Connection| {
            if let Some(id) = user.id {
                claim_id(connection, id)?;
            }
            let created = each!(connection, c => {
                diesel::insert_into(users::table).values(&user).returning(User::as_returning()).get_result(c)
            });
            created.map_err(CreateUserError::from)
        };
        self.try_write(move |connection| connection.transaction(create)).await
    }

    /// The user with this username, and the hash of their password.
    ///
    /// # Errors
    ///
    /// When the database is unavailable.
    pub async fn find_by_username(&self, username: &str) -> Result<Option<(User, String)>, StoreError> {
        if !is_storable(username) {
            return Ok(None);
        }
        let username = username.to_owned();
        let found = self.read(move |connection| {
            each!(connection, c => {
                users::table
                    .filter(users::username.eq(&username))
                    .select((User::as_select(), users::password_hash))
                    .get_result(c)
                    .optional()
            })
        });
        found.await
    }

    /// All users, ordered by id.
    ///
    /// # Errors
    ///
    /// When the database is unavailable.
    pub async fn list_users(&self) -> Result<Vec<User>, StoreError> {
        let all = |connection: &mut Connection| each!(connection, c => users::table.order(users::id).select(User::as_select()).load(c));
        self.read_in_pool(all).await
    }

    /// Enables a user, or disables them, in one transaction: all their logins end, their API tokens are revoked, and the credential epoch grows by one,
    /// so that a sign-in that is under way gets no login. `false` when there is no such user.
    ///
    /// # Errors
    ///
    /// When the database is unavailable.
    pub async fn set_active(&self, user: i64, active: bool, now: UnixTime) -> Result<bool, StoreError> {
        let set = move |connection: &mut Connection| {
            let epochs = i64::from(!active);
            let updated = each!(connection, c => {
                diesel::update(users::table.filter(users::id.eq(user)))
                    .set((users::active.eq(active), users::credential_epoch.eq(users::credential_epoch + epochs)))
                    .execute(c)
            })?;
            if !active {
                end_of_user(connection, user, None, EndReason::UserDisabled, now)?;
                revoke_of_user(connection, user, now)?;
            }
            Ok(updated == 1)
        };
        self.write(move |connection| connection.transaction(set)).await
    }

    /// Replaces the hash of an unchanged password, if it is still `old_hash`. No login ends.
    ///
    /// # Errors
    ///
    /// When the database is unavailable.
    pub async fn set_password_hash(&self, user: i64, old_hash: &str, new_hash: &str) -> Result<(), StoreError> {
        let (old_hash, new_hash) = (old_hash.to_owned(), new_hash.to_owned());
        let set = move |connection: &mut Connection| {
            each!(connection, c => {
                diesel::update(users::table.filter(users::id.eq(user)).filter(users::password_hash.eq(&old_hash)))
                    .set(users::password_hash.eq(&new_hash))
                    .execute(c)
            })
        };
        self.write(set).await.map(|_rows| ())
    }

    /// Deletes a user with all their logins, sessions and API tokens. `false` when there is no such user.
    ///
    /// # Errors
    ///
    /// When the database is unavailable.
    pub async fn delete_user(&self, user: i64) -> Result<bool, StoreError> {
        let delete = move |connection: &mut Connection| each!(connection, c => diesel::delete(users::table.filter(users::id.eq(user))).execute(c));
        self.write(delete).await.map(|rows| rows == 1)
    }

    /// The hash of a user's password, `None` when there is no such user.
    ///
    /// # Errors
    ///
    /// When the database is unavailable.
    pub async fn current_password_hash(&self, user: i64) -> Result<Option<String>, StoreError> {
        let hash = move |connection: &mut Connection| {
            each!(connection, c => {
                users::table.filter(users::id.eq(user)).select(users::password_hash).get_result(c).optional()
            })
        };
        self.read(hash).await
    }
}

impl UserStore for Database {
    type User = User;

    fn identity(&self, user: &User) -> String {
        user.id.to_string()
    }

    async fn find(&self, identity: &str) -> Result<Option<User>, StoreError> {
        let Some(user) = user_id(identity) else { return Ok(None) };
        let find = move |connection: &mut Connection| {
            each!(connection, c => {
                users::table.filter(users::id.eq(user)).select(User::as_select()).get_result(c).optional()
            })
        };
        self.read(find).await
    }

    fn is_active(&self, user: &User) -> bool {
        user.active
    }

    fn credential_epoch(&self, user: &User) -> i64 {
        user.credential_epoch
    }

    /// One query. `logins` is ignored: the login is read from this database, and only if it is this user's.
    async fn find_with_login(
        &self,
        identity: &str,
        login: &LoginId,
        _logins: &dyn LoginStore,
    ) -> Result<(Option<User>, Option<Login>), StoreError> {
        let Some(user) = user_id(identity) else { return Ok((None, None)) };
        if !is_storable(login.as_str()) {
            return Ok((UserStore::find(self, identity).await?, None));
        }
        let key = (user, login.as_str().to_owned());
        let login = key.1.clone();
        let find = move |connection: &mut Connection| {
            let found = each!(connection, c => {
                let of_user = logins::id.eq(&login).and(logins::user_id.eq(users::id));
                users::table
                    .left_join(logins::table.on(of_user))
                    .filter(users::id.eq(user))
                    .select((User::as_select(), Option::<LoginRow>::as_select()))
                    .get_result(c)
                    .optional()
            })?;
            Ok(found.map_or((None, None), |(user, login)| (Some(user), login)))
        };
        let (user, login) = self.read_cached(|cache| &mut cache.logins, key, find).await?;
        Ok((user, login.map(LoginRow::into_login).transpose()?))
    }

    /// One query. `tokens` is ignored: the token is read from this database.
    async fn find_with_api_token(
        &self,
        token: &ApiTokenId,
        _tokens: &dyn ApiTokenStore,
    ) -> Result<(Option<User>, Option<ApiToken>), StoreError> {
        self.find_user_of_api_token(token).await
    }
}

#[derive(QueryableByName)]
struct HighestId {
    #[diesel(sql_type = BigInt)]
    id: i64,
}

/// Reserves an id for a new user, in a transaction: it must be above every id given before, and the next one follows
/// it.
fn claim_id(connection: &mut Connection, id: i64) -> Result<(), CreateUserError> {
    let highest = match connection {
        Connection::Sqlite(c) => sql_query("SELECT seq AS id FROM sqlite_sequence WHERE name = 'users'").get_result(c),
        Connection::Postgres(c) => {
            // No other transaction may take an id until this one ends.
            sql_query("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE").execute(c)?;
            sql_query("SELECT last_value AS id FROM users_id_seq WHERE is_called").get_result(c)
        }
    };
    let highest = highest.optional()?.map_or(0, |HighestId { id }| id);
    if id <= highest {
        return Err(CreateUserError::IdNotNew(id));
    }
    if let Connection::Postgres(c) = connection {
        // SQLite does this by itself.
        sql_query("SELECT setval('users_id_seq', $1)").bind::<BigInt, _>(id).execute(c)?;
    }
    Ok(())
}
