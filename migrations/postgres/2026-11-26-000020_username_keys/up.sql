-- How a name is compared, and what it looks like (src/store/db/username.rs). The program fills them for the accounts that
-- there are. Names from before may lack a key, and may have the key of another one.
ALTER TABLE users ADD COLUMN username_key text;
ALTER TABLE users ADD COLUMN username_skeleton text;
CREATE INDEX users_by_username_key ON users (username_key);
CREATE INDEX users_by_username_skeleton ON users (username_skeleton);
