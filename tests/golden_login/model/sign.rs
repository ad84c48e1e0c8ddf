//! Signing in and out, and proving it again.

use super::{Current, Login, Outcome, Turn, refused, text};
use crate::differences::Difference::*;
use crate::fixture::{INACTIVE, is_known};

impl Turn<'_> {
    pub(super) fn log_in(&mut self, user: &str) -> Outcome {
        let asked = |turn: &Self, name: &str| turn.arguments.get(name).is_some_and(|value| !value.is_empty());
        if self.credential.is_some() && self.is(AnOwnCredentialHasNoLogin) {
            return refused(400);
        }
        let duration = self.arguments.get("duration").filter(|_| asked(self, "remember")).cloned();
        let seconds = duration.map(|duration| duration.parse::<f64>());
        if matches!(seconds, Some(Err(_))) && self.is(TheirFailures) {
            return refused(400);
        }
        if user == INACTIVE && !asked(self, "force") {
            return text("False");
        }
        if self.is(ASessionEndsAsAWhole) && self.state.user().is_some_and(|old| old != user) {
            self.clear();
        }
        if self.is(ATimeBelongsToItsLogin) {
            self.remove("_remember_seconds");
        }
        if asked(self, "permanent") {
            self.set("_permanent", true);
        }
        self.set("_user_id", user);
        self.set("_fresh", !asked(self, "stale"));
        self.set("_id", self.client.clone());
        self.state.login = Some(Login { number: self.state.new_login(), user: user.to_owned() });
        if asked(self, "remember") {
            self.set("_remember", "set");
            if let Some(Ok(seconds)) = seconds {
                self.set("_remember_seconds", seconds);
            }
        } else if self.is(OnlyWhoAsksIsRemembered) && self.brought().is_some() {
            self.set("_remember", "clear");
        }
        self.current = Some(Current::User(user.to_owned()));
        self.signal("user_logged_in");
        text("True")
    }

    pub(super) fn log_out(&mut self) -> Outcome {
        if self.credential.is_some() && self.is(AnOwnCredentialHasNoLogin) {
            return text("True");
        }
        let by_session = self.state.login.is_some() && self.state.user().is_some();
        if !(self.is(SigningOutIsNotProtected) && by_session) {
            self.current();
        } else if self.current.is_none() {
            self.signal("user_accessed");
        }
        let forgets = self.is_told_to_forget();
        match self.state.is_of_login() {
            true => self.end_login(),
            false => self.state.login = None,
        }
        for key in ["_user_id", "_fresh", "_id"] {
            self.remove(key);
        }
        let has_cookie = self.brought().is_some();
        if self.is(ASessionEndsAsAWhole) {
            self.clear();
        }
        if has_cookie {
            self.remove("_remember_seconds");
        }
        if has_cookie || forgets {
            self.set("_remember", "clear");
        }
        self.current = Some(Current::Nobody);
        self.signal("user_logged_out");
        text("True")
    }

    pub(super) fn confirm(&mut self) -> Outcome {
        if self.is_by_credential() && self.is(AnOwnCredentialHasNoLogin) {
            return match self.current() {
                Current::User(_) => refused(400),
                _ if self.credential == Some(Some(INACTIVE.to_owned())) => self.unauthorized(),
                _ => text("ok"),
            };
        }
        if self.is(NobodyIsConfirmed) && self.state.login.is_none() {
            if self.brought().is_none() || self.current() == Current::Nobody {
                return text("ok");
            }
        } else if self.state.login.is_some() && self.is(ConfirmingIsProtected) && !self.protect() {
            return self.unauthorized();
        }
        if self.is(ANameIsNoLogin) && !self.state.is_of_login() {
            return self.unauthorized();
        }
        if self.is(OnlyWhoMayComeInIsConfirmed) {
            match self.state.user() {
                // Whoever proves themselves in vain is sent nowhere to do it again.
                Some(INACTIVE) => return self.turned_away(),
                Some(user) if is_known(user) => {}
                _ => return self.unauthorized(),
            }
        }
        self.set("_fresh", true);
        self.set("_id", self.client.clone());
        self.signal("user_login_confirmed");
        text("ok")
    }
}
