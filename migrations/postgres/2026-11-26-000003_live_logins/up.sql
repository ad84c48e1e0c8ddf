-- The live logins of a user are counted at each sign-in, and listed. Most logins of a user have ended.
CREATE INDEX logins_live_of_user ON logins (user_id, created_at) WHERE ended_at IS NULL;
