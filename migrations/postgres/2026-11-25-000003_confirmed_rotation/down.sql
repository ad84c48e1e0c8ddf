ALTER TABLE logins DROP COLUMN remember_confirmed;
ALTER TABLE logins DROP COLUMN refresh_confirmed;
