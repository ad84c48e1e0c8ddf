-- One-time codes that open a session of a login. A code that was taken is kept until it expires, to bound their number.
CREATE TABLE login_codes (
    hash bytea PRIMARY KEY CHECK (length(hash) = 32),
    login_id text COLLATE "C" NOT NULL REFERENCES logins (id) ON DELETE CASCADE,
    credential_epoch bigint NOT NULL,
    auth_time bigint,
    taken boolean NOT NULL DEFAULT false,
    expires_at bigint NOT NULL
);

CREATE INDEX login_codes_login_id ON login_codes (login_id);
CREATE INDEX login_codes_expires_at ON login_codes (expires_at);
