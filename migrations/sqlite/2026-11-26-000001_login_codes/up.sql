-- One-time codes that open a session of a login. A code that was taken is kept until it expires, to bound their number.
CREATE TABLE login_codes (
    hash BLOB NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
    login_id TEXT NOT NULL REFERENCES logins (id) ON DELETE CASCADE,
    credential_epoch INTEGER NOT NULL,
    auth_time INTEGER,
    taken INTEGER NOT NULL DEFAULT 0 CHECK (taken IN (0, 1)),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX login_codes_login_id ON login_codes (login_id);
CREATE INDEX login_codes_expires_at ON login_codes (expires_at);
