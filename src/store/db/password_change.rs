//! The change of a password by its user, and the renewal of the login that made it.

use diesel::prelude::*;
use diesel::result::Error as QueryError;

use super::api_tokens::revoke_of_user;
use super::audit;
use super::connection::{Connection, each};
use super::database::Database;
use super::login_ends::end_of_user;
use super::login_row::LoginRow;
use super::schema::{logins, users};
use super::sessions::delete_of_login;
use crate::{Act, Action, Clock, EndReason, Login, LoginId, RememberRecord, StoreError, UnixTime};

/// A change of password that has been verified and is to be carried out.
#[derive(Clone, Debug)]
pub struct PasswordChange {
    /// The hash that the current password was verified against.
    pub verified_hash: String,
    /// The hash of the new password.
    pub new_hash: String,
    /// The login that makes the change. It is kept.
    pub login: LoginId,
    /// The time until which that login is fresh.
    pub fresh_until: UnixTime,
    /// The remember cookie that replaces that of the login; `None` for no more cookie.
    pub remember: Option<RememberRecord>,
}

/// A change of password was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ChangePasswordError {
    /// There is no such user.
    #[error("the user no longer exists")]
    UserNotFound,
    /// The user has been disabled.
    #[error("the user is disabled")]
    UserDisabled,
    /// The login has ended, expired, or is not this user's.
    #[error("the login has ended")]
    LoginEnded,
    /// The login is not fresh any more.
    #[error("the login is not fresh")]
    LoginNotFresh,
    /// The password has been changed since it was verified.
    #[error("the password has been changed")]
    PasswordReplaced,
    /// The database is unavailable.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<QueryError> for ChangePasswordError {
    fn from(error: QueryError) -> Self {
        Self::Store(StoreError::new(error))
    }
}

impl Database {
    /// Changes a user's password in one transaction, if everything that the request was accepted for still holds: the
    /// user is active, the login is live and fresh, and the stored hash is the verified one. Then the hash is replaced,
    /// the credential epoch grows by one, all logins of the user end but that one, and all API tokens are revoked. It goes on under the new epoch and
    /// loses its sessions, and the audit gets [`Action::PasswordChanged`]; its remember cookie is replaced, and its refresh tokens begin a new
    /// [series](Login::next_refresh_series). Returns the login after that.
    ///
    /// # Errors
    ///
    /// [`ChangePasswordError`]. Nothing is changed then.
    pub async fn change_password(
        &self,
        user: i64,
        change: PasswordChange,
        act: &Act,
        clock: &Clock,
    ) -> Result<Login, ChangePasswordError> {
        let (act, clock) = (act.clone(), clock.clone());
        let carry_out = move |connection: &mut Connection| {
            let account = locked_account(connection, user)?;
            let login = locked_login(connection, user, change.login.as_str())?;
            // The transaction may have waited for its turn.
            let now = clock.now();
            let login = check(&change, account, login, now)?;
            let epoch = replace_hash(connection, user, &change.new_hash)?;
            end_of_user(connection, user, Some(login.id.as_str()), EndReason::PasswordChanged, now)?;
            revoke_of_user(connection, user, now)?;
            let renewed = Login {
                credential_epoch: epoch,
                refresh_generation: login.next_refresh_series(),
                refresh_rotated_at: now,
                refresh_confirmed: true,
                remember: change.remember,
                ..login
            };
            renew(connection, user, &renewed)?;
            audit::write(connection, &audit::of_user(user, Action::PasswordChanged, &act, now))?;
            Ok(renewed)
        };
        self.try_write(move |connection| connection.transaction(carry_out)).await
    }

    /// Replaces a user's password in one transaction, without the user: the hash is replaced, the credential epoch grows
    /// by one, all their logins end, their API tokens are revoked, and the audit gets [`Action::PasswordReset`]. `false` when there is no such user.
    ///
    /// # Errors
    ///
    /// When the database is unavailable.
    pub async fn reset_password(
        &self,
        user: i64,
        new_hash: &str,
        act: &Act,
        now: UnixTime,
    ) -> Result<bool, StoreError> {
        let (new_hash, reset) = (new_hash.to_owned(), audit::of_user(user, Action::PasswordReset, act, now));
        let carry_out = move |connection: &mut Connection| {
            if replace_hash(connection, user, &new_hash).optional()?.is_none() {
                return Ok(false);
            }
            end_of_user(connection, user, None, EndReason::PasswordChanged, now)?;
            revoke_of_user(connection, user, now)?;
            audit::write(connection, &reset)?;
            Ok(true)
        };
        self.write(move |connection| connection.transaction(carry_out)).await
    }
}

/// The columns of an account that decide about a change of its password.
pub(super) struct Account {
    active: bool,
    credential_epoch: i64,
    pub(super) password_hash: String,
}

/// The account and the login, if the account is active and the login is live at `now`.
pub(super) fn still_live(
    account: Option<Account>,
    login: Option<LoginRow>,
    now: UnixTime,
) -> Result<(Account, Login), ChangePasswordError> {
    let account = account.ok_or(ChangePasswordError::UserNotFound)?;
    if !account.active {
        return Err(ChangePasswordError::UserDisabled);
    }
    let login = login.map(LoginRow::into_login).transpose()?;
    let login = login
        .filter(|login| login.is_live(now) && login.credential_epoch == account.credential_epoch)
        .ok_or(ChangePasswordError::LoginEnded)?;
    Ok((account, login))
}

/// The login of a change, if everything that the request was accepted for holds at `now`.
fn check(
    change: &PasswordChange,
    account: Option<Account>,
    login: Option<LoginRow>,
    now: UnixTime,
) -> Result<Login, ChangePasswordError> {
    let (account, login) = still_live(account, login, now)?;
    if now >= change.fresh_until {
        return Err(ChangePasswordError::LoginNotFresh);
    }
    if account.password_hash != change.verified_hash {
        return Err(ChangePasswordError::PasswordReplaced);
    }
    Ok(login)
}

/// The account, which no other transaction changes until this one ends.
pub(super) fn locked_account(connection: &mut Connection, user: i64) -> QueryResult<Option<Account>> {
    let account =
        users::table.filter(users::id.eq(user)).select((users::active, users::credential_epoch, users::password_hash));
    let found: Option<(bool, i64, String)> = match connection {
        // The transaction holds the write lock from its start.
        Connection::Sqlite(c) => account.get_result(c).optional(),
        Connection::Postgres(c) => account.for_no_key_update().get_result(c).optional(),
    }?;
    Ok(found.map(|(active, credential_epoch, password_hash)| Account { active, credential_epoch, password_hash }))
}

/// The login of the user, which no other transaction changes until this one ends.
pub(super) fn locked_login(connection: &mut Connection, user: i64, login: &str) -> QueryResult<Option<LoginRow>> {
    let login = logins::table.filter(logins::id.eq(login)).filter(logins::user_id.eq(user));
    match connection {
        Connection::Sqlite(c) => login.select(LoginRow::as_select()).get_result(c).optional(),
        Connection::Postgres(c) => login.select(LoginRow::as_select()).for_no_key_update().get_result(c).optional(),
    }
}

/// Replaces the hash, and returns the new credential epoch.
fn replace_hash(connection: &mut Connection, user: i64, new_hash: &str) -> QueryResult<i64> {
    each!(connection, c => {
        diesel::update(users::table.filter(users::id.eq(user)))
            .set((users::password_hash.eq(new_hash), users::credential_epoch.eq(users::credential_epoch + 1)))
            .returning(users::credential_epoch)
            .get_result(c)
    })
}

/// Writes a renewed login, and deletes its sessions: the one that goes on gets a new key.
fn renew(connection: &mut Connection, user: i64, renewed: &Login) -> QueryResult<()> {
    delete_of_login(connection, renewed.id.as_str())?;
    let row = LoginRow::new(user, renewed);
    each!(connection, c => {
        diesel::update(logins::table.filter(logins::id.eq(renewed.id.as_str()))).set(&row).execute(c)
    })?;
    Ok(())
}
