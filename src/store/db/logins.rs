//! The logins of the database, and its [`LoginStore`].

use diesel::prelude::*;

use super::audit;
use super::connection::{Connection, each};
use super::database::Database;
use super::identity::user_id;
use super::login_ends::{end_of_user, end_oldest};
use super::login_row::LoginRow;
use super::schema::{logins, users};
use super::sessions::delete_of_login;
use super::storable::is_storable;
use super::write::row_count;
use crate::{Act, Action, Clock, EndReason, Login, LoginId, LoginStore, RememberRecord, StoreFuture, UnixTime};

impl LoginStore for Database {
    fn insert<'a>(&'a self, login: &'a Login, most: usize, act: &'a Act) -> StoreFuture<'a, bool> {
        Box::pin(async move {
            let Some(user) = user_id(&login.identity) else { return Ok(false) };
            let row = LoginRow::new(user, login);
            let signed_in = audit::of_login(user, &login.id, Action::SignedIn, act, login.created_at);
            let (epoch, now) = (login.credential_epoch, login.created_at);
            let others = i64::try_from(most.saturating_sub(1)).unwrap_or(i64::MAX);
            let insert = move |connection: &mut Connection| {
                // Two sign-ins of one user at once must count each other's login.
                if lock_user(connection, user)? != Some(epoch) {
                    return Ok(false);
                }
                let ended = end_oldest(connection, user, others, now)?;
                each!(connection, c => diesel::insert_into(logins::table).values(&row).execute(c))?;
                audit::write(connection, &signed_in.counting(row_count(ended)))?;
                Ok(true)
            };
            self.write(move |connection| connection.transaction(insert)).await
        })
    }

    fn find<'a>(&'a self, id: &'a LoginId) -> StoreFuture<'a, Option<Login>> {
        Box::pin(async move {
            if !is_storable(id.as_str()) {
                return Ok(None);
            }
            let id = id.as_str().to_owned();
            let found = self.read(move |connection| {
                each!(connection, c => {
                    logins::table.filter(logins::id.eq(&id)).select(LoginRow::as_select()).get_result(c).optional()
                })
            });
            found.await?.map(LoginRow::into_login).transpose()
        })
    }

    fn find_remembered<'a>(&'a self, selector: &'a str) -> StoreFuture<'a, Option<Login>> {
        Box::pin(async move {
            if !is_storable(selector) {
                return Ok(None);
            }
            let selector = selector.to_owned();
            let found = self.read(move |connection| {
                each!(connection, c => {
                    logins::table
                        .filter(logins::remember_selector.eq(&selector))
                        .select(LoginRow::as_select())
                        .get_result(c)
                        .optional()
                })
            });
            found.await?.map(LoginRow::into_login).transpose()
        })
    }

    fn logins_of<'a>(&'a self, identity: &'a str, now: UnixTime) -> StoreFuture<'a, Vec<Login>> {
        Box::pin(async move {
            let Some(user) = user_id(identity) else { return Ok(Vec::new()) };
            let found = self.read(move |connection| {
                each!(connection, c => {
                    logins::table
                        .filter(logins::user_id.eq(user))
                        .filter(logins::ended_at.is_null())
                        .filter(logins::expires_at.gt(now))
                        .order((logins::created_at.desc(), logins::id.desc()))
                        .select(LoginRow::as_select())
                        .load(c)
                })
            });
            found.await?.into_iter().map(LoginRow::into_login).collect()
        })
    }

    fn rotate_refresh<'a>(
        &'a self,
        id: &'a LoginId,
        generation: i64,
        act: &'a Act,
        clock: &'a Clock,
    ) -> StoreFuture<'a, Option<UnixTime>> {
        let (id, act, clock) = (id.clone(), act.clone(), clock.clone());
        let rotate = move |connection: &mut Connection| {
            let now = clock.now();
            let user = each!(connection, c => {
                diesel::update(logins::table)
                    .filter(logins::id.eq(id.as_str()))
                    .filter(logins::refresh_generation.eq(generation))
                    .filter(logins::ended_at.is_null())
                    .filter(logins::expires_at.gt(now))
                    .set((
                        logins::refresh_generation.eq(logins::refresh_generation + 1),
                        logins::refresh_confirmed.eq(false),
                        logins::refresh_rotated_at.eq(now),
                        logins::last_seen_at.eq(now),
                    ))
                    .returning(logins::user_id)
                    .get_result(c)
                    .optional()
            })?;
            let Some(user) = user else { return Ok(None) };
            audit::write(connection, &audit::of_login(user, &id, Action::Refreshed, &act, now))?;
            Ok(Some(now))
        };
        Box::pin(self.write(move |connection| connection.transaction(rotate)))
    }

    fn confirm_refresh<'a>(&'a self, id: &'a LoginId, generation: i64, now: UnixTime) -> StoreFuture<'a, bool> {
        let id = id.as_str().to_owned();
        Box::pin(async move {
            let confirmed = self.write(move |connection| {
                each!(connection, c => {
                    diesel::update(logins::table)
                        .filter(logins::id.eq(&id))
                        .filter(logins::refresh_generation.eq(generation))
                        .filter(logins::ended_at.is_null())
                        .filter(logins::expires_at.gt(now))
                        .set(logins::refresh_confirmed.eq(true))
                        .execute(c)
                })
            });
            Ok(confirmed.await? == 1)
        })
    }

    fn rotate_remember<'a>(
        &'a self,
        id: &'a LoginId,
        next: &'a RememberRecord,
        act: &'a Act,
        clock: &'a Clock,
    ) -> StoreFuture<'a, bool> {
        let (id, next, act, clock) = (id.clone(), next.clone(), act.clone(), clock.clone());
        let rotate = move |connection: &mut Connection| {
            let now = clock.now();
            let user = each!(connection, c => {
                diesel::update(logins::table)
                    .filter(logins::id.eq(id.as_str()))
                    .filter(logins::remember_selector.eq(&next.selector))
                    .filter(logins::remember_generation.eq(next.generation.wrapping_sub(1)))
                    .filter(logins::ended_at.is_null())
                    .filter(logins::expires_at.gt(now))
                    .set((
                        logins::remember_hash.eq(&next.validator_hash[..]),
                        logins::remember_generation.eq(next.generation),
                        logins::remember_rotated_at.eq(now),
                        logins::remember_confirmed.eq(next.confirmed),
                        logins::remember_expires_at.eq(next.expires_at),
                    ))
                    .returning(logins::user_id)
                    .get_result(c)
                    .optional()
            })?;
            let Some(user) = user else { return Ok(false) };
            audit::write(connection, &audit::of_login(user, &id, Action::Remembered, &act, now))?;
            Ok(true)
        };
        Box::pin(self.write(move |connection| connection.transaction(rotate)))
    }

    fn confirm_remember<'a>(&'a self, id: &'a LoginId, generation: i64, now: UnixTime) -> StoreFuture<'a, bool> {
        let id = id.as_str().to_owned();
        Box::pin(async move {
            let confirmed = self.write(move |connection| {
                each!(connection, c => {
                    diesel::update(logins::table)
                        .filter(logins::id.eq(&id))
                        .filter(logins::remember_generation.eq(generation))
                        .filter(logins::ended_at.is_null())
                        .filter(logins::expires_at.gt(now))
                        .set(logins::remember_confirmed.eq(true))
                        .execute(c)
                })
            });
            Ok(confirmed.await? == 1)
        })
    }

    fn extend_remember<'a>(
        &'a self,
        id: &'a LoginId,
        generation: i64,
        expires_at: UnixTime,
        now: UnixTime,
    ) -> StoreFuture<'a, bool> {
        let id = id.as_str().to_owned();
        Box::pin(async move {
            let extended = self.write(move |connection| {
                each!(connection, c => {
                    diesel::update(logins::table)
                        .filter(logins::id.eq(&id))
                        .filter(logins::remember_generation.eq(generation))
                        .filter(logins::ended_at.is_null())
                        .filter(logins::expires_at.gt(now))
                        .set(logins::remember_expires_at.eq(expires_at))
                        .execute(c)
                })
            });
            Ok(extended.await? == 1)
        })
    }

    fn confirm<'a>(&'a self, id: &'a LoginId, act: &'a Act, now: UnixTime) -> StoreFuture<'a, bool> {
        let (id, act) = (id.clone(), act.clone());
        let confirm = move |connection: &mut Connection| {
            let user = each!(connection, c => {
                diesel::update(logins::table)
                    .filter(logins::id.eq(id.as_str()))
                    .filter(logins::ended_at.is_null())
                    .filter(logins::expires_at.gt(now))
                    .set((logins::auth_time.eq(now), logins::last_seen_at.eq(now)))
                    .returning(logins::user_id)
                    .get_result(c)
                    .optional()
            })?;
            let Some(user) = user else { return Ok(false) };
            audit::write(connection, &audit::of_login(user, &id, Action::Confirmed, &act, now))?;
            Ok(true)
        };
        Box::pin(self.write(move |connection| connection.transaction(confirm)))
    }

    /// Best effort: see [`Database`].
    fn touch<'a>(&'a self, id: &'a LoginId, now: UnixTime) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            self.note(|batch| &mut batch.logins, id.as_str().to_owned(), now).await;
            Ok(())
        })
    }

    fn end<'a>(&'a self, id: &'a LoginId, reason: EndReason, act: &'a Act, now: UnixTime) -> StoreFuture<'a, bool> {
        let (id, act) = (id.clone(), act.clone());
        let end = move |connection: &mut Connection| {
            let user = each!(connection, c => {
                diesel::update(logins::table.filter(logins::id.eq(id.as_str())).filter(logins::ended_at.is_null()))
                    .set((logins::ended_at.eq(now), logins::end_reason.eq(reason.as_str())))
                    .returning(logins::user_id)
                    .get_result(c)
                    .optional()
            })?;
            delete_of_login(connection, id.as_str())?;
            let Some(user) = user else { return Ok(false) };
            let ended = audit::of_login(user, &id, Action::LoginEnded, &act, now).because(reason.as_str());
            audit::write(connection, &ended)?;
            Ok(true)
        };
        Box::pin(self.write(move |connection| connection.transaction(end)))
    }

    fn end_all<'a>(
        &'a self,
        identity: &'a str,
        except: Option<&'a LoginId>,
        reason: EndReason,
        act: &'a Act,
        now: UnixTime,
    ) -> StoreFuture<'a, Option<u64>> {
        let act = act.clone();
        let except = except.map(|login| login.as_str().to_owned());
        Box::pin(async move {
            let Some(user) = user_id(identity) else { return Ok(except.is_none().then_some(0)) };
            let end = move |connection: &mut Connection| {
                lock_user(connection, user)?;
                if let Some(except) = &except
                    && !is_live(connection, user, except, now)?
                {
                    return Ok(None);
                }
                let ended = row_count(end_of_user(connection, user, except.as_deref(), reason, now)?);
                if ended > 0 {
                    let all = audit::of_user(user, Action::LoginsEnded, &act, now);
                    audit::write(connection, &all.because(reason.as_str()).counting(ended))?;
                }
                Ok(Some(ended))
            };
            self.write(move |connection| connection.transaction(end)).await
        })
    }
}

/// Sets when these logins were last seen. It waits for no other transaction, so that it can be part of no deadlock: a
/// login that another one is changing stays as it is.
pub(super) fn touch(connection: &mut Connection, ids: &[String], seen_at: UnixTime) -> QueryResult<()> {
    match connection {
        Connection::Sqlite(c) => diesel::update(logins::table.filter(logins::id.eq_any(ids)))
            .set(logins::last_seen_at.eq(seen_at))
            .execute(c),
        Connection::Postgres(c) => {
            let free = logins::table.filter(logins::id.eq_any(ids)).select(logins::id);
            let free: Vec<String> = free.for_no_key_update().skip_locked().load(c)?;
            diesel::update(logins::table.filter(logins::id.eq_any(free)))
                .set(logins::last_seen_at.eq(seen_at))
                .execute(c)
        }
    }
    .map(|_rows| ())
}

/// Keeps other transactions that lock this user waiting until this one ends, and returns the credential epoch, which none changes
/// until then. `None` when there is no such user. Must be called in a transaction.
pub(super) fn lock_user(connection: &mut Connection, user: i64) -> QueryResult<Option<i64>> {
    let epoch = users::table.filter(users::id.eq(user)).select(users::credential_epoch);
    match connection {
        // The transaction holds the write lock from its start.
        Connection::Sqlite(c) => epoch.get_result(c).optional(),
        Connection::Postgres(c) => epoch.for_no_key_update().get_result(c).optional(),
    }
}

/// Whether a login is this user's, and live at `now`.
pub(super) fn is_live(connection: &mut Connection, user: i64, login: &str, now: UnixTime) -> QueryResult<bool> {
    each!(connection, c => {
        let live = logins::table
            .filter(logins::id.eq(login))
            .filter(logins::user_id.eq(user))
            .filter(logins::ended_at.is_null())
            .filter(logins::expires_at.gt(now));
        diesel::select(diesel::dsl::exists(live)).get_result(c)
    })
}
