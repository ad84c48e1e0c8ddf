//! The re-authentication of a login by a password that has been verified.

use diesel::prelude::*;

use super::audit;
use super::connection::{Connection, each};
use super::database::Database;
use super::password_change::{ChangePasswordError, locked_account, locked_login, still_live};
use super::schema::logins;
use crate::{Act, Action, Clock, Login, LoginId};

impl Database {
    /// Records in one transaction that the user of a login has authenticated now, if everything that the password was
    /// verified for still holds: the user is active, the login is live, and the stored hash is the verified one. Returns
    /// the login after that.
    ///
    /// # Errors
    ///
    /// [`ChangePasswordError`]. Nothing is changed then.
    pub async fn reauthenticate(
        &self,
        user: i64,
        verified_hash: String,
        login: LoginId,
        act: &Act,
        clock: &Clock,
    ) -> Result<Login, ChangePasswordError> {
        let (act, clock) = (act.clone(), clock.clone());
        let carry_out = move |connection: &mut Connection| {
            let account = locked_account(connection, user)?;
            let login = locked_login(connection, user, login.as_str())?;
            // The transaction may have waited for its turn.
            let now = clock.now();
            let (account, login) = still_live(account, login, now)?;
            if account.password_hash != verified_hash {
                return Err(ChangePasswordError::PasswordReplaced);
            }
            each!(connection, c => {
                diesel::update(logins::table.filter(logins::id.eq(login.id.as_str())))
                    .set((logins::auth_time.eq(now), logins::last_seen_at.eq(now)))
                    .execute(c)
            })?;
            audit::write(connection, &audit::of_login(user, &login.id, Action::Confirmed, &act, now))?;
            Ok(Login { auth_time: now, last_seen_at: now, ..login })
        };
        self.try_write(move |connection| connection.transaction(carry_out)).await
    }
}
