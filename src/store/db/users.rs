//! The accounts of the database, and its [`UserStore`].

use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as QueryError};
use diesel::sql_query;
use diesel::sql_types::BigInt;

use super::api_tokens::revoke_of_user;
use super::audit;
use super::connection::{Connection, each};
use super::database::Database;
use super::identity::user_id;
use super::login_ends::end_of_user;
use super::login_row::LoginRow;
use super::read::unreadable;
use super::schema::{key_ring, logins, users};
use super::storable::is_storable;
use super::user_row::{NewUser, User};
use super::username::{skeleton, username_key};
use crate::{
    Act, Action, ApiToken, ApiTokenId, ApiTokenStore, EndReason, Login, LoginId, LoginStore, StoreError, UnixTime,
    UserStore,
};

/// An account could not be created.
#[derive(Debug, thiserror::Error)]
pub enum CreateUserError {
    /// Another user has the username, or one that is compared as equal.
    #[error("the username is taken: choose another one")]
    UsernameTaken,
    /// The name of another user looks the same. It is this one.
    #[error("the username can be taken for {0}: choose another one")]
    LooksLike(String),
    /// RFC 8265 does not allow this name.
    #[error(
        "a username has letters, digits and signs of ASCII, and no spaces (RFC 8265 section 3.3): choose another one"
    )]
    UsernameInvalid,
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
    pub async fn create_user(&self, user: NewUser, act: &Act) -> Result<User, CreateUserError> {
        if !(is_storable(&user.username) && is_storable(&user.full_name)) {
            return Err(StoreError::new("a user's names must not contain the character U+0000").into());
        }
        let (key, skeleton) = compared(&user.username)?;
        let (act, now) = (act.clone(), user.created_at);
        let create = move |connection: &mut Connection| {
            if let Connection::Postgres(c) = connection {
                // No other transaction may take a name or an id until this one ends. SQLite has one writer.
                sql_query("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE").execute(c)?;
            }
            claim_username(connection, &user.username, &key, &skeleton)?;
            if let Some(id) = user.id {
                claim_id(connection, id)?;
            }
            let created: User = each!(connection, c => {
                let compared = (users::username_key.eq(&key), users::username_skeleton.eq(&skeleton));
                diesel::insert_into(users::table)
                    .values((&user, compared))
                    .returning(User::as_returning())
                    .get_result(c)
            })?;
            let added = audit::of_user(created.id, Action::UserAdded, &act, now);
            audit::write(connection, &added.about(&*created.username))?;
            Ok(created)
        };
        self.try_write(move |connection| connection.transaction(create)).await
    }

    /// Whether an account with this name could be created now, for who asks for a password next.
    ///
    /// # Errors
    ///
    /// Those of [`create_user`](Self::create_user) about the name.
    pub async fn check_username(&self, username: &str) -> Result<(), CreateUserError> {
        let (key, skeleton) = compared(username)?;
        let username = username.to_owned();
        let claim = move |connection: &mut Connection| Ok(claim_username(connection, &username, &key, &skeleton));
        self.read(claim).await?
    }

    /// The user who signs in with this name, and the hash of their password: the one whose name is spelled so, or else the
    /// only one whose name is compared as equal by RFC 8265. Accounts from before this rule may have names that are.
    ///
    /// # Errors
    ///
    /// When the database is unavailable.
    pub async fn find_by_username(&self, username: &str) -> Result<Option<(User, String)>, StoreError> {
        if !is_storable(username) {
            return Ok(None);
        }
        let (username, key) = (username.to_owned(), username_key(username));
        let find = move |connection: &mut Connection| {
            let mut found: Vec<(User, String)> = each!(connection, c => {
                users::table
                    .filter(users::username.eq(&username).or(users::username_key.eq(&key).assume_not_null()))
                    .select((User::as_select(), users::password_hash))
                    .load(c)
            })?;
            let exact = found.iter().position(|(user, _)| user.username == username);
            let chosen = exact.or_else(|| (found.len() == 1).then_some(0));
            Ok(chosen.map(|index| found.swap_remove(index)))
        };
        self.read(find).await
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
    pub async fn set_active(&self, user: i64, active: bool, act: &Act, now: UnixTime) -> Result<bool, StoreError> {
        let action = if active { Action::UserEnabled } else { Action::UserDisabled };
        let record = audit::of_user(user, action, act, now);
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
            if updated == 1 {
                audit::write(connection, &record)?;
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
    pub async fn delete_user(&self, user: i64, act: &Act, now: UnixTime) -> Result<bool, StoreError> {
        let record = audit::of_user(user, Action::UserDeleted, act, now);
        let delete = move |connection: &mut Connection| {
            let username: Option<String> = each!(connection, c => {
                diesel::delete(users::table.filter(users::id.eq(user))).returning(users::username).get_result(c).optional()
            })?;
            let Some(username) = username else { return Ok(false) };
            audit::write(connection, &record.about(username))?;
            Ok(true)
        };
        self.write(move |connection| connection.transaction(delete)).await
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

    /// One query, for a login of this user. `logins` is ignored: the login is read from this database.
    async fn find_with_login(
        &self,
        identity: &str,
        login: &LoginId,
        _logins: &dyn LoginStore,
    ) -> Result<(Option<User>, Option<Login>), StoreError> {
        let Some(user) = user_id(identity) else { return Ok((None, None)) };
        if !is_storable(login.as_str()) {
            return Ok((Box::pin(UserStore::find(self, identity)).await?, None));
        }
        let find = |login: String| {
            move |connection: &mut Connection| {
                let found = each!(connection, c => {
                    users::table
                        .inner_join(logins::table)
                        .filter(logins::id.eq(&login))
                        .select((
                            User::as_select(),
                            LoginRow::as_select(),
                            key_ring::table.select(key_ring::version).single_value().assume_not_null(),
                        ))
                        .get_result(c)
                        .optional()
                })?;
                found
                    .map(|(user, login, version)| Ok((user, login.into_login().map_err(unreadable)?, version)))
                    .transpose()
            }
        };
        match self.read_cached(|cache| &mut cache.logins, login.as_str(), find).await? {
            Some((found, login, version)) if found.id == user => {
                self.learn_key_ring(version).await?;
                Ok((Some(found), Some(login)))
            }
            // Boxed, because few requests need it.
            _ => Ok((Box::pin(UserStore::find(self, identity)).await?, None)),
        }
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

/// The key and the skeleton of a new name.
fn compared(username: &str) -> Result<(String, String), CreateUserError> {
    let key = username_key(username).filter(|_| username.trim() == username);
    Ok((key.ok_or(CreateUserError::UsernameInvalid)?, skeleton(username)))
}

/// Makes sure, in a transaction, that no user has a name that is compared as equal, or that can be taken for it.
fn claim_username(
    connection: &mut Connection,
    username: &str,
    key: &str,
    skeleton: &str,
) -> Result<(), CreateUserError> {
    let found: Vec<(String, Option<String>)> = each!(connection, c => {
        let is_equal = users::username.eq(username).or(users::username_key.eq(key).assume_not_null());
        users::table
            .filter(is_equal.or(users::username_skeleton.eq(skeleton).assume_not_null()))
            .order(users::id)
            .select((users::username, users::username_key))
            .load(c)
    })?;
    let is_equal =
        |(other, other_key): &(String, Option<String>)| other == username || other_key.as_deref() == Some(key);
    if found.iter().any(is_equal) {
        return Err(CreateUserError::UsernameTaken);
    }
    found.into_iter().next().map_or(Ok(()), |(other, _)| Err(CreateUserError::LooksLike(other)))
}

/// Reserves an id for a new user, in a transaction: it must be above every id given before, and the next one follows
/// it.
fn claim_id(connection: &mut Connection, id: i64) -> Result<(), CreateUserError> {
    let highest = match connection {
        Connection::Sqlite(c) => sql_query("SELECT seq AS id FROM sqlite_sequence WHERE name = 'users'").get_result(c),
        Connection::Postgres(c) => sql_query("SELECT last_value AS id FROM users_id_seq WHERE is_called").get_result(c),
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
