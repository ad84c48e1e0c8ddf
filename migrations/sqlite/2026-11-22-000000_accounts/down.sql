DROP TABLE sessions;
DROP TABLE logins;
DROP TABLE users;
