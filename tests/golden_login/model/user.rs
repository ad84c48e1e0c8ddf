//! Who a request is.

use super::{Current, Login, Turn};
use crate::differences::Difference::*;
use crate::fixture::{INACTIVE, is_known};

impl Turn<'_> {
    /// `current_user`.
    pub(super) fn current(&mut self) -> Current {
        if self.current.is_none() {
            self.signal("user_accessed");
            self.current = Some(self.load());
        }
        self.current.clone().unwrap_or(Current::Nobody)
    }

    /// `_load_user`.
    fn load(&mut self) -> Current {
        if self.is_by_credential() {
            return match self.credential.clone().flatten() {
                Some(user) if user != INACTIVE => self.load_from_request(user),
                _ => Current::Refused,
            };
        }
        if !self.protect() {
            return Current::Nobody;
        }
        let named = self.state.user().map(str::to_owned);
        let session = match (named, &self.state.login) {
            (Some(_), Some(_)) if self.is(ANameIsNoLogin) && !self.state.is_of_login() => {
                self.clear();
                return Current::Nobody;
            }
            (_, None) if self.is(ANameIsNoLogin) => None,
            (named, _) => named,
        };
        if let Some(user) = session {
            if is_known(&user) {
                if user != INACTIVE {
                    self.renew();
                }
                return Current::User(user);
            }
            if self.is(WhoIsNotThereIsNotSignedIn) {
                self.clear();
                return Current::Nobody;
            }
        }
        match (self.brought().filter(|_| !self.is_told_to_forget()), self.credential.clone()) {
            (Some(holder), _) => self.restore(holder),
            (None, Some(Some(user))) => self.load_from_request(user),
            (None, _) => Current::Nobody,
        }
    }

    fn load_from_request(&mut self, user: String) -> Current {
        let of_header = self.model.settings.has_header_loader && !self.is(OneNameForWhatARequestBrings);
        self.signal(if of_header { "user_loaded_from_header" } else { "user_loaded_from_request" });
        Current::User(user)
    }

    /// `_load_user_from_remember_cookie`.
    fn restore(&mut self, holder: Option<String>) -> Current {
        let Some(user) = holder else { return Current::Nobody };
        let is_gone = self.is(WhoIsNotThereIsNotSignedIn) && !is_known(&user);
        if is_gone || self.is(WhoIsInactiveIsNotRemembered) && user == INACTIVE {
            self.state.remember = None;
            return Current::Nobody;
        }
        self.set("_user_id", user.clone());
        self.set("_fresh", false);
        let number = self.state.remember.as_ref().map_or(0, |kept| kept.login);
        self.state.login = Some(Login { number, user: user.clone() });
        if self.is(RestoredSessionsAreMarked) {
            self.set("_id", self.client.clone());
        }
        let usual = self.model.settings.remember_seconds;
        if let Some(kept) = &mut self.state.remember
            && self.model.is(ATimeBelongsToItsLogin)
        {
            let end = kept.cookie.expires_at.unwrap_or_default();
            let seconds = usual.min(end - kept.since);
            kept.since = self.now;
            if self.model.settings.renews {
                kept.cookie.expires_at = Some(end.max(self.now + seconds));
                self.set("_remember_seconds", seconds as f64);
            }
        }
        if !is_known(&user) {
            return Current::Nobody;
        }
        self.signal("user_loaded_from_cookie");
        Current::User(user)
    }

    /// The time of the remember cookie begins anew, where that is not left to the end.
    fn renew(&mut self) {
        let end = self.now + self.remember_seconds();
        let is_brought = self.brought().flatten().is_some();
        let login = self.state.login.as_ref().map(|login| login.number);
        if self.model.settings.renews
            && self.is(RenewedWhenSomebodyAsks)
            && is_brought
            && let Some(kept) = &mut self.state.remember
            && login == Some(kept.login)
            && end - kept.cookie.expires_at.unwrap_or_default() >= 60
        {
            kept.cookie.expires_at = Some(end);
        }
    }

    /// `_session_protection_failed`: whether the session is still there.
    pub(super) fn protect(&mut self) -> bool {
        let session = &self.state.session;
        let is_protected = match self.is(OnlyLoginsAreProtected) {
            true => self.state.login.is_some() && self.state.user().is_some(),
            false => !session.is_empty(),
        };
        if !self.model.settings.is_protected()
            || !is_protected
            || session.get("_id").is_some_and(|id| *id == self.client)
        {
            return true;
        }
        let permanent = session.contains_key("_permanent") && !self.is(NoPermanentSessions);
        self.signal("session_protected");
        if !self.model.settings.is_strong() || permanent {
            self.set("_fresh", false);
            return true;
        }
        self.end_login();
        if self.is(ASessionEndsAsAWhole) {
            self.clear();
        }
        for key in ["_user_id", "_remember", "_remember_seconds", "_id", "_fresh", "next"] {
            self.remove(key);
        }
        self.set("_remember", "clear");
        false
    }
}
