-- What was done, when, and by whom. A change writes its record in its own transaction. Records are never changed, and a user_id
-- stays when the user is deleted.
CREATE TABLE audit (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    at bigint NOT NULL,
    action text NOT NULL,
    user_id bigint,
    subject text,
    count bigint NOT NULL,
    reason text,
    actor text NOT NULL,
    actor_name text,
    login_id text,
    via text,
    address text,
    user_agent text,
    request_id text
);
CREATE INDEX audit_user_id ON audit (user_id, id);
