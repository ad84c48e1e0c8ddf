//! Logins and sessions in SQLite by rusqlite. Each method is one conditional statement or one transaction, and the answer
//! says whether it happened.

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, named_params, params};
use tollbridge::store::blocking::BlockingStore;
use tollbridge::{
    Act, Clock, EndReason, Login, LoginId, MAX_SESSIONS_OF_LOGIN, RememberRecord, SessionHash, SessionRecord,
    StoreError, UnixTime,
};

pub(crate) struct SqliteStore(Mutex<Connection>);

/// What is true of a login that may still do something.
const LIVE: &str = "ended_at IS NULL AND :now < expires_at";

impl SqliteStore {
    pub(crate) fn open(path: &Path) -> Result<Self, rusqlite::Error> {
        let connection = Connection::open(path)?;
        // What is acknowledged is on the disk.
        connection
            .execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 1500;")?;
        connection.execute_batch(include_str!("schema.sql"))?;
        Ok(Self(Mutex::new(connection)))
    }

    /// A transaction that is dropped is rolled back, so a panic leaves nothing half-way.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        read(&self.connection()).map_err(StoreError::new)
    }

    /// Runs a transaction that has the write lock from the beginning, so nobody writes between its reads and its writes.
    fn write<T>(&self, write: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let mut connection = self.connection();
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(StoreError::new)?;
        let written = write(&transaction).map_err(StoreError::new)?;
        transaction.commit().map_err(StoreError::new)?;
        Ok(written)
    }

    /// Changes a live login, if `condition` holds for it too.
    fn change(
        &self,
        set: &str,
        condition: &str,
        parameters: &[(&str, &dyn rusqlite::ToSql)],
    ) -> Result<bool, StoreError> {
        let statement = format!("UPDATE logins SET {set} WHERE id = :id AND {LIVE} AND {condition}");
        self.read(|connection| Ok(connection.execute(&statement, parameters)? == 1))
    }
}

/// This store keeps no audit, so it ignores the acts. One that does writes a record in each of these transactions:
/// [`AuditStore`](tollbridge::AuditStore).
impl BlockingStore for SqliteStore {
    fn insert(&self, login: &Login, most: usize, _act: &Act) -> Result<bool, StoreError> {
        let remember = login.remember.as_ref();
        self.write(|transaction| {
            // Of one user no more than `most` are live.
            let others = logins_of(transaction, &login.identity, login.created_at)?;
            for oldest in others.iter().skip(most.saturating_sub(1)) {
                end(transaction, oldest.id.as_str(), EndReason::TooMany, login.created_at)?;
            }
            transaction.execute(
                "INSERT INTO logins VALUES
                 (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    login.id.as_str(),
                    login.identity,
                    login.credential_epoch,
                    login.created_at,
                    login.auth_time,
                    login.amr,
                    login.expires_at,
                    login.last_seen_at,
                    login.ended.map(|(at, _)| at),
                    login.ended.map(|(_, reason)| reason.as_str()),
                    login.user_agent,
                    login.ip,
                    login.refresh_generation,
                    login.refresh_rotated_at,
                    login.refresh_confirmed,
                    remember.map(|remember| &remember.selector),
                    remember.map(|remember| remember.validator_hash),
                    remember.map(|remember| remember.generation),
                    remember.map(|remember| remember.rotated_at),
                    remember.map(|remember| remember.confirmed),
                    remember.map(|remember| remember.expires_at),
                ],
            )?;
            // With your users in the same database: insert nothing and answer `false` if the user is gone or has
            // another credential epoch.
            Ok(true)
        })
    }

    fn find(&self, id: &LoginId) -> Result<Option<Login>, StoreError> {
        self.read(|connection| {
            connection.query_row("SELECT * FROM logins WHERE id = ?", [id.as_str()], login_of).optional()
        })
    }

    fn find_remembered(&self, selector: &str) -> Result<Option<Login>, StoreError> {
        self.read(|connection| {
            connection.query_row("SELECT * FROM logins WHERE remember_selector = ?", [selector], login_of).optional()
        })
    }

    fn rotate_refresh(
        &self,
        id: &LoginId,
        generation: i64,
        _act: &Act,
        clock: &Clock,
    ) -> Result<Option<UnixTime>, StoreError> {
        self.write(|transaction| {
            // Only now, because the lock may have been waited for.
            let now = clock.now();
            let changed = transaction.execute(
                &format!(
                    "UPDATE logins SET refresh_generation = refresh_generation + 1, refresh_confirmed = 0,
                            refresh_rotated_at = :now, last_seen_at = :now
                     WHERE id = :id AND {LIVE} AND refresh_generation = :generation"
                ),
                named_params! { ":id": id.as_str(), ":now": now, ":generation": generation },
            )?;
            Ok((changed == 1).then_some(now))
        })
    }

    fn confirm_refresh(&self, id: &LoginId, generation: i64, now: UnixTime) -> Result<bool, StoreError> {
        self.change(
            "refresh_confirmed = 1",
            "refresh_generation = :generation",
            named_params! { ":id": id.as_str(), ":now": now, ":generation": generation },
        )
    }

    fn rotate_remember(
        &self,
        id: &LoginId,
        next: &RememberRecord,
        _act: &Act,
        clock: &Clock,
    ) -> Result<bool, StoreError> {
        self.write(|transaction| {
            let changed = transaction.execute(
                &format!(
                    "UPDATE logins SET remember_hash = :hash, remember_generation = :generation,
                            remember_rotated_at = :now, remember_confirmed = :confirmed,
                            remember_expires_at = :expires_at
                     WHERE id = :id AND {LIVE} AND remember_selector = :selector
                       AND remember_generation = :generation - 1"
                ),
                named_params! {
                    ":id": id.as_str(),
                    ":now": clock.now(),
                    ":selector": next.selector,
                    ":hash": next.validator_hash,
                    ":generation": next.generation,
                    ":confirmed": next.confirmed,
                    ":expires_at": next.expires_at,
                },
            )?;
            Ok(changed == 1)
        })
    }

    fn confirm_remember(&self, id: &LoginId, generation: i64, now: UnixTime) -> Result<bool, StoreError> {
        self.change(
            "remember_confirmed = 1",
            "remember_generation = :generation",
            named_params! { ":id": id.as_str(), ":now": now, ":generation": generation },
        )
    }

    fn extend_remember(
        &self,
        id: &LoginId,
        generation: i64,
        expires_at: UnixTime,
        now: UnixTime,
    ) -> Result<bool, StoreError> {
        self.change(
            "remember_expires_at = :until",
            "remember_generation = :generation",
            named_params! { ":id": id.as_str(), ":now": now, ":generation": generation, ":until": expires_at },
        )
    }

    fn confirm(&self, id: &LoginId, _act: &Act, now: UnixTime) -> Result<bool, StoreError> {
        self.change("auth_time = :now, last_seen_at = :now", "TRUE", named_params! { ":id": id.as_str(), ":now": now })
    }

    fn touch(&self, id: &LoginId, now: UnixTime) -> Result<(), StoreError> {
        self.read(|connection| {
            connection.execute("UPDATE logins SET last_seen_at = ? WHERE id = ?", params![now, id.as_str()]).map(drop)
        })
    }

    fn end(&self, id: &LoginId, reason: EndReason, _act: &Act, now: UnixTime) -> Result<bool, StoreError> {
        self.write(|transaction| end(transaction, id.as_str(), reason, now))
    }

    fn logins_of(&self, identity: &str, now: UnixTime) -> Result<Vec<Login>, StoreError> {
        self.read(|connection| logins_of(connection, identity, now))
    }

    fn end_all(
        &self,
        identity: &str,
        except: Option<&LoginId>,
        reason: EndReason,
        _act: &Act,
        now: UnixTime,
    ) -> Result<Option<u64>, StoreError> {
        self.write(|transaction| {
            if let Some(except) = except {
                let is_live = format!("SELECT 1 FROM logins WHERE id = :id AND identity = :identity AND {LIVE}");
                let parameters = named_params! { ":id": except.as_str(), ":identity": identity, ":now": now };
                if !transaction.prepare(&is_live)?.exists(parameters)? {
                    return Ok(None);
                }
            }
            let mut others = transaction.prepare("SELECT id FROM logins WHERE identity = ? AND id IS NOT ?")?;
            let ids = others.query_map(params![identity, except.map(LoginId::as_str)], |row| row.get(0))?;
            let ids = ids.collect::<rusqlite::Result<Vec<String>>>()?;
            let mut ended = 0;
            for id in &ids {
                ended += u64::from(end(transaction, id, reason, now)?);
            }
            Ok(Some(ended))
        })
    }

    fn logins_with_session(&self, logins: &[LoginId], now: UnixTime) -> Result<Vec<LoginId>, StoreError> {
        self.read(|connection| {
            let mut open = connection.prepare("SELECT 1 FROM sessions WHERE login_id = ? AND ? < expires_at")?;
            let mut found = Vec::new();
            for id in logins {
                if open.exists(params![id.as_str(), now])? {
                    found.push(id.clone());
                }
            }
            Ok(found)
        })
    }

    fn load_session(&self, key: &SessionHash, now: UnixTime) -> Result<Option<SessionRecord>, StoreError> {
        self.read(|connection| {
            connection
                .query_row(
                    "SELECT state, login_id, expires_at FROM sessions WHERE key_hash = ? AND ? < expires_at",
                    params![key.0, now],
                    |row| {
                        let login = row.get::<_, Option<String>>(1)?.map(LoginId::from);
                        Ok(SessionRecord { state: row.get(0)?, login, expires_at: row.get(2)? })
                    },
                )
                .optional()
        })
    }

    fn insert_session(&self, key: &SessionHash, record: &SessionRecord) -> Result<(), StoreError> {
        self.write(|transaction| {
            transaction.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?)",
                params![key.0, record.state, record.login.as_ref().map(LoginId::as_str), record.expires_at],
            )?;
            let Some(login) = &record.login else { return Ok(()) };
            let others = MAX_SESSIONS_OF_LOGIN - 1;
            let delete = format!(
                "DELETE FROM sessions WHERE login_id = ?1 AND key_hash <> ?2 AND key_hash NOT IN
                 (SELECT key_hash FROM sessions WHERE login_id = ?1 AND key_hash <> ?2
                  ORDER BY expires_at DESC LIMIT {others})"
            );
            transaction.execute(&delete, params![login.as_str(), key.0]).map(drop)
        })
    }

    fn update_session(&self, key: &SessionHash, record: &SessionRecord) -> Result<bool, StoreError> {
        self.read(|connection| {
            let login = record.login.as_ref().map(LoginId::as_str);
            let changed = connection.execute(
                "UPDATE sessions SET state = ?, login_id = ?, expires_at = ? WHERE key_hash = ?",
                params![record.state, login, record.expires_at, key.0],
            )?;
            Ok(changed == 1)
        })
    }

    fn touch_session(&self, key: &SessionHash, expires_at: UnixTime) -> Result<(), StoreError> {
        self.read(|connection| {
            let statement = "UPDATE sessions SET expires_at = ? WHERE key_hash = ?";
            connection.execute(statement, params![expires_at, key.0]).map(drop)
        })
    }

    fn delete_session(&self, key: &SessionHash) -> Result<(), StoreError> {
        self.read(|connection| connection.execute("DELETE FROM sessions WHERE key_hash = ?", [key.0]).map(drop))
    }
}

/// Ends a login and deletes its sessions. The first time and reason stay.
/// The live logins of a user, those that began last first.
fn logins_of(connection: &Connection, identity: &str, now: UnixTime) -> rusqlite::Result<Vec<Login>> {
    let live = format!("SELECT * FROM logins WHERE identity = :identity AND {LIVE} ORDER BY created_at DESC");
    let mut live = connection.prepare(&live)?;
    live.query_map(named_params! { ":identity": identity, ":now": now }, login_of)?.collect()
}

fn end(transaction: &Transaction<'_>, id: &str, reason: EndReason, now: UnixTime) -> rusqlite::Result<bool> {
    transaction.execute("DELETE FROM sessions WHERE login_id = ?", [id])?;
    let ended = transaction.execute(
        "UPDATE logins SET ended_at = ?, end_reason = ? WHERE id = ? AND ended_at IS NULL",
        params![now, reason.as_str(), id],
    )?;
    Ok(ended == 1)
}

fn login_of(row: &Row<'_>) -> rusqlite::Result<Login> {
    let ended = match row.get::<_, Option<UnixTime>>("ended_at")? {
        None => None,
        // A reason that this version does not know is an error. The login has ended all the same.
        Some(at) => Some((at, end_reason_of(&row.get::<_, String>("end_reason")?)?)),
    };
    let remember = match row.get::<_, Option<String>>("remember_selector")? {
        None => None,
        Some(selector) => Some(RememberRecord {
            selector,
            validator_hash: row.get("remember_hash")?,
            generation: row.get("remember_generation")?,
            rotated_at: row.get("remember_rotated_at")?,
            confirmed: row.get("remember_confirmed")?,
            expires_at: row.get("remember_expires_at")?,
        }),
    };
    Ok(Login {
        id: row.get::<_, String>("id")?.into(),
        identity: row.get("identity")?,
        credential_epoch: row.get("credential_epoch")?,
        created_at: row.get("created_at")?,
        auth_time: row.get("auth_time")?,
        amr: row.get("amr")?,
        expires_at: row.get("expires_at")?,
        last_seen_at: row.get("last_seen_at")?,
        ended,
        user_agent: row.get("user_agent")?,
        ip: row.get("ip")?,
        refresh_generation: row.get("refresh_generation")?,
        refresh_rotated_at: row.get("refresh_rotated_at")?,
        refresh_confirmed: row.get("refresh_confirmed")?,
        remember,
    })
}

fn end_reason_of(word: &str) -> rusqlite::Result<EndReason> {
    EndReason::from_word(word).ok_or_else(|| {
        let fault = format!("{word} is no reason of an end");
        rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, fault.into())
    })
}
