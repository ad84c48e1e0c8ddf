ALTER TABLE logins DROP COLUMN refresh_confirmed;
