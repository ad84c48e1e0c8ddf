-- Counters of failed attempts, of which there is a fixed number (src/bridge/model/attempts.rs). No name or address is in them.
CREATE TABLE attempts (
    counter integer PRIMARY KEY NOT NULL,
    forgotten_at bigint NOT NULL,
    blocked_until bigint NOT NULL
);
