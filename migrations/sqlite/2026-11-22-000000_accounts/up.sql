-- AUTOINCREMENT: the id of a deleted user is never given to another one.
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    username TEXT NOT NULL UNIQUE,
    full_name TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    active INTEGER NOT NULL DEFAULT 1 CHECK (active IN (0, 1)),
    credential_epoch INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT;

-- Found by their text keys alone, so the key is the table: WITHOUT ROWID saves the second lookup.
CREATE TABLE logins (
    id TEXT NOT NULL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
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
    remember_selector TEXT UNIQUE,
    remember_hash BLOB,
    remember_generation INTEGER,
    remember_rotated_at INTEGER,
    remember_expires_at INTEGER,
    CHECK ((ended_at IS NULL) = (end_reason IS NULL)),
    CHECK ((remember_selector IS NULL) = (remember_hash IS NULL)),
    CHECK ((remember_selector IS NULL) = (remember_generation IS NULL)),
    CHECK ((remember_selector IS NULL) = (remember_rotated_at IS NULL)),
    CHECK ((remember_selector IS NULL) = (remember_expires_at IS NULL)),
    CHECK (length(remember_hash) = 32)
) STRICT, WITHOUT ROWID;

CREATE INDEX logins_user_id ON logins (user_id);
CREATE INDEX logins_expires_at ON logins (expires_at);
CREATE INDEX logins_ended_at ON logins (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE sessions (
    key_hash BLOB NOT NULL PRIMARY KEY CHECK (length(key_hash) = 32),
    state TEXT NOT NULL,
    login_id TEXT REFERENCES logins (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX sessions_login_id ON sessions (login_id);
CREATE INDEX sessions_expires_at ON sessions (expires_at);
