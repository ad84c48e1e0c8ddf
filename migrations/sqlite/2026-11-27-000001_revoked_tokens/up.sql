-- Access tokens that were revoked one by one, until they would have expired. A change has a new version of key_ring, which
-- nodes read with each login.
CREATE TABLE revoked_tokens (
    jti text PRIMARY KEY NOT NULL,
    expires_at bigint NOT NULL
);
CREATE INDEX revoked_tokens_expires_at ON revoked_tokens (expires_at);
