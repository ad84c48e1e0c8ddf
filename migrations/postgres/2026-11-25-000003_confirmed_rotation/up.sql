-- A rotation before this migration counts as confirmed, as it did then: the previous secret is good for the grace only.
ALTER TABLE logins ADD COLUMN refresh_confirmed boolean NOT NULL DEFAULT true;
ALTER TABLE logins ADD COLUMN remember_confirmed boolean NOT NULL DEFAULT true;
