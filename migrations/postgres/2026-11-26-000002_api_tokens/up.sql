-- `created_by` is no reference: a token outlives the login that made it, whose row is deleted some time after its end.
CREATE TABLE api_tokens (
    id text COLLATE "C" PRIMARY KEY,
    user_id bigint NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    credential_epoch bigint NOT NULL,
    secret_hash bytea NOT NULL CHECK (length(secret_hash) = 32),
    name text NOT NULL,
    abilities text NOT NULL,
    created_at bigint NOT NULL,
    created_by text COLLATE "C",
    expires_at bigint,
    last_used_at bigint,
    revoked_at bigint
);

CREATE INDEX api_tokens_user_id ON api_tokens (user_id);
CREATE INDEX api_tokens_expires_at ON api_tokens (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX api_tokens_revoked_at ON api_tokens (revoked_at) WHERE revoked_at IS NOT NULL;
