DROP INDEX logins_live_of_user;
