-- A rotation before this migration counts as confirmed, as it did then: the previous secret is good for the grace only.
ALTER TABLE logins ADD COLUMN refresh_confirmed INTEGER NOT NULL DEFAULT 1 CHECK (refresh_confirmed IN (0, 1));
ALTER TABLE logins ADD COLUMN remember_confirmed INTEGER NOT NULL DEFAULT 1 CHECK (remember_confirmed IN (0, 1));
