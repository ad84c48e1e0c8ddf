-- Logins and sessions. A row may go when nothing can refer to it any more:
-- a session from `expires_at` on; a login one refresh lifetime after `expires_at` or `ended_at`, because its tokens are
-- refused with the true reason until then; without its row they are refused all the same.
CREATE TABLE IF NOT EXISTS logins (
    id TEXT NOT NULL PRIMARY KEY,
    identity TEXT NOT NULL,
    credential_epoch INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    auth_time INTEGER NOT NULL,
    amr TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    last_seen_at INTEGER NOT NULL,
    ended_at INTEGER,
    end_reason TEXT,
    user_agent TEXT,
    ip TEXT,
    refresh_generation INTEGER NOT NULL,
    refresh_rotated_at INTEGER NOT NULL,
    refresh_confirmed INTEGER NOT NULL,
    remember_selector TEXT UNIQUE,
    remember_hash BLOB,
    remember_generation INTEGER,
    remember_rotated_at INTEGER,
    remember_confirmed INTEGER,
    remember_expires_at INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS logins_identity ON logins (identity);

CREATE TABLE IF NOT EXISTS sessions (
    key_hash BLOB NOT NULL PRIMARY KEY,
    state TEXT NOT NULL,
    login_id TEXT REFERENCES logins (id),
    expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS sessions_login_id ON sessions (login_id);
