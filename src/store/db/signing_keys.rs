//! The ring of the keys that sign tokens. Every change has a new version, which each node reads with the logins.

use std::fmt;
use std::sync::atomic::Ordering;

use diesel::prelude::*;

use super::audit;
use super::connection::{Connection, each};
use super::database::Database;
#[cfg(feature = "server")]
use super::key_ring_watch::KeyRingWatch;
use super::schema::{key_ring, signing_keys};
use crate::{Act, Action, AuditRecord, StoreError, UnixTime};

/// A key of the ring. Its private half or secret is sealed.
#[derive(Clone, PartialEq, Eq, Queryable, Selectable, Insertable)]
#[diesel(table_name = signing_keys, treat_none_as_default_value = false)]
pub struct SealedKey {
    /// The id.
    pub kid: String,
    /// The name of the algorithm.
    pub algorithm: String,
    /// The sealed key.
    pub sealed: Vec<u8>,
    /// When it came into the ring.
    pub created_at: UnixTime,
    /// From when on it signs. `None`: it only verifies.
    pub signs_from: Option<UnixTime>,
    /// Until when it verifies: its last token has expired then. `None` for the latest key.
    pub verifies_until: Option<UnixTime>,
}

impl Database {
    /// The keys of the ring, the first one first, and the version of the ring.
    ///
    /// # Errors
    ///
    /// When the database is unavailable.
    pub async fn signing_keys(&self) -> Result<(i64, Vec<SealedKey>), StoreError> {
        // The version first: if the ring changes in between, its keys are newer, and the next look finds that.
        let keys = |connection: &mut Connection| {
            each!(connection, c => {
                let version = key_ring::table.select(key_ring::version).first(c)?;
                let keys = signing_keys::table
                    .order((signing_keys::signs_from, signing_keys::kid))
                    .select(SealedKey::as_select())
                    .load(c)?;
                Ok((version, keys))
            })
        };
        self.read(keys).await
    }

    /// The version of the ring.
    ///
    /// # Errors
    ///
    /// When the database is unavailable.
    pub async fn key_ring_version(&self) -> Result<i64, StoreError> {
        self.read(|connection| each!(connection, c => key_ring::table.select(key_ring::version).first(c))).await
    }

    /// Adds the first key. `false`: there are some already, and nothing is changed.
    ///
    /// # Errors
    ///
    /// When the database is unavailable.
    pub async fn add_first_signing_key(&self, key: SealedKey, act: &Act) -> Result<bool, StoreError> {
        let added = added(&key, act);
        let add = move |connection: &mut Connection| {
            advance(connection)?;
            let is_first = each!(connection, c => {
                let is_first = signing_keys::table.count().get_result::<i64>(c)? == 0;
                if is_first {
                    diesel::insert_into(signing_keys::table).values(&key).execute(c)?;
                }
                QueryResult::Ok(is_first)
            })?;
            if is_first {
                audit::write(connection, &added)?;
            }
            Ok(is_first)
        };
        self.write(move |connection| connection.transaction(add)).await
    }

    /// Adds a key that signs, also in the place of those that were to sign later; every other key of the ring verifies until `others_until`, if it has no end yet. `false`: its id
    /// is there already, and nothing is changed.
    ///
    /// # Errors
    ///
    /// When the database is unavailable.
    pub async fn add_signing_key(&self, key: SealedKey, others_until: UnixTime, act: &Act) -> Result<bool, StoreError> {
        let added = added(&key, act);
        let add = move |connection: &mut Connection| {
            // First, so that of two that add keys the second waits and sees that of the first.
            advance(connection)?;
            let is_new = each!(connection, c => {
                let rows = diesel::insert_into(signing_keys::table).values(&key).on_conflict_do_nothing().execute(c)?;
                if rows == 1 {
                    diesel::update(signing_keys::table)
                        .filter(signing_keys::kid.ne(&key.kid))
                        .filter(signing_keys::verifies_until.is_null())
                        .set(signing_keys::verifies_until.eq(others_until))
                        .execute(c)?;
                    // A key that was to sign later than this one has been overtaken: it has signed nothing.
                    diesel::update(signing_keys::table)
                        .filter(signing_keys::kid.ne(&key.kid))
                        .filter(signing_keys::signs_from.gt(key.signs_from))
                        .set(signing_keys::signs_from.eq(None::<UnixTime>))
                        .execute(c)?;
                    // Of two that begin in the same second the one that came last signs.
                    diesel::update(signing_keys::table)
                        .filter(signing_keys::kid.ne(&key.kid))
                        .filter(signing_keys::signs_from.eq(key.signs_from))
                        .set(signing_keys::signs_from.eq(signing_keys::signs_from - 1))
                        .execute(c)?;
                }
                QueryResult::Ok(rows == 1)
            })?;
            if is_new {
                audit::write(connection, &added)?;
            }
            Ok(is_new)
        };
        self.write(move |connection| connection.transaction(add)).await
    }

    /// Adds a key that only verifies. `false`: its id is there already.
    ///
    /// # Errors
    ///
    /// When the database is unavailable.
    pub async fn add_verifying_key(&self, key: SealedKey, act: &Act) -> Result<bool, StoreError> {
        let added = added(&key, act);
        let add = move |connection: &mut Connection| {
            advance(connection)?;
            let rows = each!(connection, c => {
                diesel::insert_into(signing_keys::table).values(&key).on_conflict_do_nothing().execute(c)
            })?;
            if rows == 1 {
                audit::write(connection, &added)?;
            }
            Ok(rows == 1)
        };
        self.write(move |connection| connection.transaction(add)).await
    }

    /// Removes a key, so that no token of it is accepted by any request from now on. `false`: there is none, or no other key
    /// would sign.
    ///
    /// # Errors
    ///
    /// When the database is unavailable.
    pub async fn remove_signing_key(&self, kid: &str, act: &Act, now: UnixTime) -> Result<bool, StoreError> {
        let kid = kid.to_owned();
        let retired = AuditRecord::new(now, Action::KeyRetired, act.clone()).about(kid.as_str());
        let remove = move |connection: &mut Connection| {
            advance(connection)?;
            let is_removed = each!(connection, c => {
                let others: i64 = signing_keys::table
                    .filter(signing_keys::kid.ne(&kid))
                    .filter(signing_keys::signs_from.is_not_null())
                    .count()
                    .get_result(c)?;
                if others == 0 {
                    return Ok(false);
                }
                // Of those that are left one must have no end.
                let removed = diesel::delete(signing_keys::table.filter(signing_keys::kid.eq(&kid))).execute(c)?;
                let endless: i64 = signing_keys::table
                    .filter(signing_keys::signs_from.is_not_null())
                    .filter(signing_keys::verifies_until.is_null())
                    .count()
                    .get_result(c)?;
                if endless == 0 {
                    let latest: Option<String> = signing_keys::table
                        .filter(signing_keys::signs_from.is_not_null())
                        .order(signing_keys::signs_from.desc())
                        .select(signing_keys::kid)
                        .first(c)
                        .optional()?;
                    diesel::update(signing_keys::table.filter(signing_keys::kid.eq(latest.unwrap_or_default())))
                        .set(signing_keys::verifies_until.eq(None::<UnixTime>))
                        .execute(c)?;
                }
                QueryResult::Ok(removed == 1)
            })?;
            if is_removed {
                audit::write(connection, &retired)?;
            }
            Ok(is_removed)
        };
        self.write(move |connection| connection.transaction(remove)).await
    }

    /// From now on `watch` learns of a new version before the login that it was read with is handed out. Once only.
    #[cfg(feature = "server")]
    pub(crate) fn watch_key_ring(&self, watch: KeyRingWatch) {
        // A second one would be that of another server of the same process, which has a database of its own.
        let _ = self.0.key_ring.set(watch);
    }

    /// Hands a version on that was read with a login.
    pub(super) async fn learn_key_ring(&self, version: i64) -> Result<(), StoreError> {
        match self.0.key_ring.get() {
            Some(watch) if watch.known.load(Ordering::Acquire) != version => (watch.learn)().await,
            _ => Ok(()),
        }
    }
}

/// The record of a key that is added.
fn added(key: &SealedKey, act: &Act) -> AuditRecord {
    AuditRecord::new(key.created_at, Action::KeyAdded, act.clone()).about(key.kid.as_str())
}

/// Deletes the keys whose last token has expired.
pub(super) fn delete_over(connection: &mut Connection, now: UnixTime) -> QueryResult<usize> {
    let rows = each!(connection, c => {
        diesel::delete(signing_keys::table.filter(signing_keys::verifies_until.le(now).assume_not_null())).execute(c)
    })?;
    if rows > 0 {
        advance(connection)?;
    }
    Ok(rows)
}

/// Makes a new version, in the transaction of the change.
pub(super) fn advance(connection: &mut Connection) -> QueryResult<()> {
    each!(connection, c => diesel::update(key_ring::table).set(key_ring::version.eq(key_ring::version + 1)).execute(c))
        .map(|_rows| ())
}

impl fmt::Debug for SealedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SealedKey").field("kid", &self.kid).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}
