//! Where the bridge differs from Flask-Login on purpose: the one table of it.
//!
//! An entry says what it is about and why. It changes what is expected of a step, or ends the comparison where the two
//! can no longer be compared. One that is not needed for a case must not touch it: the test sees to that.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::fixture::is_known;
use crate::own_credential::own_credential;
use crate::recording::{Case, Exchange, text};
use crate::state::Theirs;

pub(crate) struct Difference {
    pub(crate) name: &'static str,
    pub(crate) why: &'static str,
    pub(crate) apply: fn(&Step<'_>, &mut Expected, &mut Memory) -> Effect,
}

/// The step that is to be compared.
pub(crate) struct Step<'a> {
    pub(crate) case: &'a Case,
    pub(crate) exchange: &'a Exchange,
    /// What the client held before.
    pub(crate) before: &'a Theirs,
}

/// What is expected of us.
pub(crate) struct Expected {
    pub(crate) signals: Vec<String>,
    pub(crate) body: String,
    pub(crate) after: Theirs,
}

/// What is remembered from step to step.
#[derive(Default)]
pub(crate) struct Memory {
    /// Session values that are gone here, and are still there with them.
    gone: BTreeSet<String>,
    /// Whether the last who signed in did not ask to be remembered.
    unasked: bool,
    /// When a remember cookie ends whose login said so.
    own_end: Option<i64>,
    /// Whether somebody has looked for the user of this session.
    sought: bool,
    /// Whether the client ever spoke through a proxy.
    proxied: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    None,
    Changed,
    /// From here on the two cannot be compared.
    Ends,
}

pub(crate) const TABLE: &[Difference] = &[
    Difference {
        name: "their_500",
        why: "a 500 there is a mistake of theirs: a duration that is none cannot be written with types, and a remember \
              cookie with other characters is a cookie that does not hold",
        apply: |step, _, _| if step.exchange.status == 500 { Effect::Ends } else { Effect::None },
    },
    Difference {
        name: "forwarded_for_is_not_believed",
        why: "anybody can write X-Forwarded-For; Flask-Login has stopped to believe it too, after 0.6.3",
        apply: |step, expected, memory| {
            memory.proxied |= step.exchange.request.has_header("x-forwarded-for");
            if memory.proxied && expected.is_protected() { Effect::Ends } else { Effect::None }
        },
    },
    Difference {
        name: "restored_sessions_are_marked",
        why: "there a session that a remember cookie opened does not say for which client, and the next request is \
              taken for another's: basic protects it from its owner each time, strong signs them out (issues #248, #685)",
        apply: |step, expected, _| match (step.before.user(), step.before.session.contains_key("_id")) {
            (Some(_), false) if expected.is_protected() => {
                if is_strong(step.case) {
                    Effect::Ends
                } else {
                    expected.unprotected()
                }
            }
            _ => Effect::None,
        },
    },
    Difference {
        name: "only_logins_are_protected",
        why: "a session in which nobody is signed in has nothing to protect; there any value in it makes it suspicious, \
              and strong then throws away the remember cookie",
        apply: |step, expected, _| {
            if step.before.user().is_some() || !expected.is_protected() {
                Effect::None
            } else if is_strong(step.case) && step.before.remembered.is_some() {
                Effect::Ends
            } else {
                expected.unprotected()
            }
        },
    },
    Difference {
        name: "no_permanent_sessions",
        why: "what outlives the browser here is the remember cookie; strong protection has no exception",
        apply: |step, expected, _| {
            let permanent = step.before.session.get("_permanent") == Some(&Value::Bool(true));
            if permanent && is_strong(step.case) && expected.is_protected() { Effect::Ends } else { Effect::None }
        },
    },
    Difference {
        name: "nobody_is_not_confirmed",
        why: "there confirm_login() confirms whoever calls it, signed in or not; here it is the login that is confirmed, \
              and a remember cookie stands for one",
        apply: |step, expected, _| {
            if expected.after.user().is_some() || !expected.drop_signal("user_login_confirmed") {
                Effect::None
            } else if step.before.remembered.is_some() {
                Effect::Ends
            } else {
                Effect::Changed
            }
        },
    },
    Difference {
        name: "who_is_not_there_is_not_signed_in",
        why: "there a session and a remember cookie of a user who no longer exists stay as they are, and wait for \
              somebody to get the same id; here they are taken away when somebody asks",
        apply: |step, expected, memory| {
            let asked = step.exchange.signals.iter().any(|signal| signal == "user_accessed");
            memory.sought = asked || memory.sought && expected.after.user() == step.before.user();
            let mut effect = Effect::None;
            if memory.sought && expected.after.user().is_some_and(|user| !is_known(user)) {
                // With the login goes what its user left in the session.
                memory.gone.extend(expected.after.session.keys().filter(|key| !key.starts_with('_')).cloned());
                expected.after.session.retain(|key, _| !["_user_id", "_fresh", "_id"].contains(&key.as_str()));
                effect = Effect::Changed;
            }
            if expected.after.remembered.as_deref().is_some_and(|user| !is_known(user)) {
                expected.forget_remember();
                effect = Effect::Changed;
            }
            effect
        },
    },
    Difference {
        name: "only_who_asks_is_remembered",
        why: "there REMEMBER_COOKIE_REFRESH_EACH_REQUEST gives every user a remember cookie (issues #424, #684, #824; \
              mended after 0.6.3), and one from before outlives a login without it",
        apply: |step, expected, memory| {
            let path = &step.exchange.request.path;
            if expected.signals.iter().any(|signal| signal == "user_logged_in") {
                memory.unasked = !path.contains("remember=1");
            }
            if !memory.unasked || expected.after.remembered.is_none() {
                Effect::None
            } else if expected.signals.iter().any(|signal| signal == "user_loaded_from_cookie") {
                Effect::Ends
            } else {
                expected.forget_remember();
                Effect::Changed
            }
        },
    },
    Difference {
        name: "a_time_of_its_own_stays",
        why: "there the duration of a login is in its session, and a browser that is to be remembered for an hour is \
              remembered for a year once that is gone",
        apply: |step, expected, memory| {
            let logs_in = expected.signals.iter().any(|signal| signal == "user_logged_in");
            let Some(remember) = &mut expected.after.remember else { return Effect::None };
            if logs_in {
                memory.own_end = remember.expires_at.filter(|_| step.exchange.request.path.contains("duration="));
            }
            match memory.own_end {
                Some(end) if remember.expires_at > Some(end) => {
                    remember.expires_at = Some(end);
                    Effect::Changed
                }
                _ => Effect::None,
            }
        },
    },
    Difference {
        name: "a_session_ends_as_a_whole",
        why: "there what the application left in a session outlives the login, for whoever signs in next",
        apply: |step, expected, memory| {
            let after = &expected.after.session;
            if step.before.user().is_some() && step.before.user() != expected.after.user() {
                memory.gone.extend(after.keys().filter(|key| !key.starts_with('_') || *key == "_flashes").cloned());
            }
            memory.gone.retain(|key| after.contains_key(key));
            let before = after.len();
            expected.after.session.retain(|key, _| !memory.gone.contains(key));
            if expected.after.session.len() < before { Effect::Changed } else { Effect::None }
        },
    },
    Difference {
        name: "a_default_port_is_no_other_host",
        why: "there addresses are compared as text, so that the login view of this very site is told a whole URL, which \
              no careful application follows",
        apply: |step, _, _| {
            let default = |location: &String| location.contains(":80/") || location.contains(":443/");
            if step.exchange.location.as_ref().is_some_and(default) { Effect::Ends } else { Effect::None }
        },
    },
    Difference {
        name: "one_name_for_what_a_request_brings",
        why: "0.6.3 still tells headers from the rest of a request; its successor does not",
        apply: |_, expected, _| {
            let mut effect = Effect::None;
            for signal in expected.signals.iter_mut().filter(|signal| *signal == "user_loaded_from_header") {
                *signal = "user_loaded_from_request".to_owned();
                effect = Effect::Changed;
            }
            effect
        },
    },
    Difference {
        name: "an_explicit_credential_wins",
        why: "there a session comes before what a request brings by itself, and a remember cookie that does not hold \
              keeps it from being looked at; here it decides, and it is refused if it does not hold or its user is inactive",
        apply: |step, expected, _| {
            let Some(holds) = own_credential(step.case, &step.exchange.request) else { return Effect::None };
            let others = step.before.user().is_some() || step.before.remember.is_some();
            let is_let_in =
                step.exchange.status == 200 || expected.signals.iter().any(|it| it.contains("_from_request"));
            if others || !holds && is_let_in { Effect::Ends } else { Effect::None }
        },
    },
    Difference {
        name: "an_own_credential_has_no_login",
        why: "nobody is signed out of what a request brings by itself, and no session is opened beside it",
        apply: |step, _, _| {
            let path = &step.exchange.request.path;
            let signs = path.starts_with("/login") || path.starts_with("/logout");
            if signs && own_credential(step.case, &step.exchange.request).is_some() {
                Effect::Ends
            } else {
                Effect::None
            }
        },
    },
    Difference {
        name: "no_redirects_in_circles",
        why: "there a login view that needs a login is redirected to itself, until the browser gives up",
        apply: |step, _, _| {
            let path = step.exchange.request.path.split('?').next();
            let target = step.exchange.location.as_deref().and_then(|location| location.split('?').next());
            if target.is_some() && path == target { Effect::Ends } else { Effect::None }
        },
    },
];

impl Expected {
    fn is_protected(&self) -> bool {
        self.signals.iter().any(|signal| signal == "session_protected")
    }

    fn unprotected(&mut self) -> Effect {
        self.drop_signal("session_protected");
        Effect::Changed
    }

    fn drop_signal(&mut self, name: &str) -> bool {
        let before = self.signals.len();
        self.signals.retain(|signal| signal != name);
        self.signals.len() < before
    }

    fn forget_remember(&mut self) {
        self.after.remember = None;
        self.after.remembered = None;
        self.body = self.body.replace("remembered=True", "remembered=False");
    }
}

fn is_strong(case: &Case) -> bool {
    let mode = case.config.get("SESSION_PROTECTION").or_else(|| case.manager.get("session_protection"));
    mode.and_then(text).as_deref() == Some("strong")
}
