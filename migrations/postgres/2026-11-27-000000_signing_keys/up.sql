-- The keys that sign tokens, if they are in the ring of the database. Private halves are sealed (src/server/keys/sealing.rs).
CREATE TABLE signing_keys (
    kid text PRIMARY KEY NOT NULL,
    algorithm text NOT NULL,
    sealed bytea NOT NULL,
    created_at bigint NOT NULL,
    signs_from bigint,
    verifies_until bigint
);
-- Changes with the ring, so that every node notices. One row.
CREATE TABLE key_ring (
    id integer PRIMARY KEY NOT NULL CHECK (id = 1),
    version bigint NOT NULL
);
INSERT INTO key_ring (id, version) VALUES (1, 0);
