//! The routes of the application, and what they answer whom they refuse.

use serde_json::{Value, json};

use super::{Current, Outcome, State, Turn, refused, text};
use crate::address::{login_url, way_back};
use crate::differences::Difference::*;
use crate::fixture::INACTIVE;
use crate::state::{said, told};

impl Turn<'_> {
    /// `login_required`, and `fresh_login_required`.
    fn guarded(&mut self, fresh: bool, says: &str) -> Outcome {
        let method = self.exchange.request.method.as_deref();
        if method == Some("OPTIONS") || self.model.settings.login_disabled {
            return text(says);
        }
        match self.current() {
            Current::User(user) if user != INACTIVE => {}
            _ => return self.unauthorized(),
        }
        let is_fresh = !self.is_by_credential() && self.state.session.get("_fresh") == Some(&Value::Bool(true));
        match fresh && !is_fresh {
            true => self.needs_refresh(),
            false => text(says),
        }
    }

    pub(super) fn unauthorized(&mut self) -> Outcome {
        let settings = self.model.settings;
        let answer = self.turned_away();
        match settings.unauthorized_handler {
            Some(_) => answer,
            None => self.redirect(settings.login_view_of(&self.path), &settings.login_message),
        }
    }

    /// Unauthorized, and redirected nowhere.
    pub(super) fn turned_away(&mut self) -> Outcome {
        self.signal("user_unauthorized");
        match &self.model.settings.unauthorized_handler {
            Some((status, says)) => Outcome { status: *status, ..text(says) },
            None => refused(401),
        }
    }

    fn needs_refresh(&mut self) -> Outcome {
        self.signal("user_needs_refresh");
        let settings = self.model.settings;
        match &settings.needs_refresh_handler {
            Some((status, says)) => Outcome { status: *status, ..text(says) },
            None => self.redirect(settings.refresh_view.as_deref(), &settings.refresh_message),
        }
    }

    fn redirect(&mut self, view: Option<&str>, message: &Option<(String, String)>) -> Outcome {
        let Some(view) = view else { return refused(401) };
        let view_path = view.split(['?', '#']).next().unwrap_or_default();
        if self.is_by_credential() || self.is(NoRedirectsInCircles) && view_path == self.path {
            return refused(401);
        }
        if let Some((category, says)) = message {
            let mut flashes = self.state.session.get("_flashes").and_then(Value::as_array).cloned().unwrap_or_default();
            flashes.push(json!({ " t": [category, says] }));
            self.set("_flashes", flashes);
        }
        let settings = self.model.settings;
        let request = &self.exchange.request;
        let by_text = !self.is(ADefaultPortIsNoOtherHost);
        let next = way_back(view, request.host(), &request.path, by_text);
        let host = settings.forced_host.as_deref();
        let location = if settings.next_in_session {
            if !self.is(RefusingMarksNoClient) {
                self.set("_id", self.client.clone());
            }
            self.set("next", if self.is(TheWayBackIsAPath) { request.path.clone() } else { next });
            let host = host.filter(|_| self.is(TheForcedHostIsForAll));
            login_url(view, None, host)
        } else {
            login_url(view, Some(&next), host)
        };
        Outcome { status: 302, location: Some(location), ..Outcome::default() }
    }

    /// The routes of the application.
    pub(super) fn route(&mut self) -> Outcome {
        let path = self.path.clone();
        let segments: Vec<&str> = path.split('/').skip(1).collect();
        let mut outcome = match segments[..] {
            [""] => text("index"),
            ["whoami"] => self.who_am_i(),
            ["login", user] => self.log_in(user),
            ["login-logout", user] => {
                let outcome = self.log_in(user);
                if outcome.status == 400 { outcome } else { self.log_out() }
            }
            ["logout"] => self.log_out(),
            ["confirm"] => self.confirm(),
            ["secret"] => self.guarded(false, "secret"),
            ["very"] => self.guarded(true, "very"),
            [scope, "x"] if ["first", "second", "third"].contains(&scope) => self.guarded(false, "x"),
            ["fresh"] => self.how_fresh(),
            ["state"] => {
                let nothing = State::default();
                let state = if self.is_by_credential() { &nothing } else { &*self.state };
                let told = self.model.told(state, &self.client);
                Outcome { status: 200, text: Some(told), ..Outcome::default() }
            }
            // Beside a credential there is no session.
            ["set", ..] if self.is_by_credential() && segments.len() == 3 => text("ok"),
            ["flash"] if self.is_by_credential() => text("[]"),
            ["set", key, value] => {
                self.set(key, value);
                text("ok")
            }
            ["flash"] => {
                let flashes = told(&self.state.session)["flashes"].to_string();
                self.remove("_flashes");
                text(&flashes.replace(",\"", ", \"").replace("],[", "], ["))
            }
            ["auth", "login"] => {
                let session = Some(&self.state.session).filter(|_| !self.is_by_credential());
                let kept = session.and_then(|session| session.get("next")?.as_str());
                let next = self.arguments.get("next").map(String::as_str).or(kept);
                let body = format!("form next={}", next.unwrap_or("None"));
                Outcome { status: 200, text: Some(said(&path, 200, &body)), ..Outcome::default() }
            }
            ["auth", "reauth"] => text("reauth"),
            _ => refused(404),
        };
        if self.exchange.request.method.as_deref() == Some("HEAD") {
            outcome.text = None;
        }
        outcome
    }

    fn who_am_i(&mut self) -> Outcome {
        match self.current() {
            Current::Nobody => text("anon"),
            Current::User(user) => {
                let active = if user == INACTIVE { "False" } else { "True" };
                text(&format!("{user} auth={active} active={active}"))
            }
            Current::Refused => self.unauthorized(),
        }
    }

    fn how_fresh(&mut self) -> Outcome {
        let python = |is_so: bool| if is_so { "True" } else { "False" };
        let remembered = !self.is_told_to_forget() && self.brought().flatten().is_some() && !self.is_by_credential();
        let fresh = self.model.is_fresh(self.state, &self.client) && !self.is_by_credential();
        text(&format!("fresh={} remembered={}", python(fresh), python(remembered)))
    }
}
