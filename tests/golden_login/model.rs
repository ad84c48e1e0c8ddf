//! What Flask-Login 0.6.3 does, told as a program over the keys of its session, and what the bridge does instead where a
//! [`Difference`] is on. It says what is to be expected where a recording cannot, because the two parted before.

mod routes;
mod sign;
mod user;

use std::collections::{BTreeSet, HashMap};

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::client::LOCALHOST;
use crate::differences::Difference::{self, *};
use crate::own_credential::own_credential;
use crate::recording::{self, Act, Case, Exchange};
use crate::settings::Settings;
use crate::state::{Kept, Meaning, Recorded, signed_by, told};

/// An application, with what is different about it.
pub(crate) struct Model<'a> {
    case: &'a Case,
    settings: &'a Settings,
    secret: &'a str,
    on: BTreeSet<Difference>,
}

/// What a client holds, and what is behind it.
#[derive(Clone, Debug, Default)]
struct State {
    session: Map<String, Value>,
    /// The login that the session names, and whose it is. Flask-Login knows of none.
    login: Option<Login>,
    /// How many there were.
    logins: usize,
    /// When the session's time began anew.
    since: i64,
    remember: Option<Kept>,
}

#[derive(Clone, Debug)]
struct Login {
    number: usize,
    user: String,
}

/// What is answered.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) signals: Vec<String>,
    /// What the application says, if it is the one that speaks.
    pub(crate) text: Option<Value>,
}

/// What comes of a request, and what Flask-Login's cookies meant then.
#[derive(PartialEq)]
pub(crate) struct Step {
    pub(crate) outcome: Outcome,
    pub(crate) meaning: Meaning,
    pub(crate) recorded: Meaning,
}

/// Who a request is.
#[derive(Clone, PartialEq)]
enum Current {
    Nobody,
    User(String),
    /// It brings something that does not hold.
    Refused,
}

/// How long a session lives: `PERMANENT_SESSION_LIFETIME`.
const SESSION_TIME: i64 = 31 * 24 * 60 * 60;

/// One request.
struct Turn<'t> {
    model: &'t Model<'t>,
    state: &'t mut State,
    exchange: &'t Exchange,
    now: i64,
    path: String,
    arguments: HashMap<String, String>,
    client: String,
    /// What it brings of the application's own, and whose that is.
    credential: Option<Option<String>>,
    current: Option<Current>,
    signals: Vec<String>,
    is_written: bool,
}

impl<'a> Model<'a> {
    /// With these differences.
    pub(crate) fn new(case: &'a Case, settings: &'a Settings, secret: &'a str, on: BTreeSet<Difference>) -> Self {
        Self { case, settings, secret, on }
    }

    fn is(&self, difference: Difference) -> bool {
        self.on.contains(&difference)
    }

    /// What happens at each step, but for those that are the client's own.
    pub(crate) fn run(&self) -> Result<Vec<Option<Step>>, String> {
        let (mut states, mut recorded) = (HashMap::<String, State>::new(), HashMap::<String, Recorded>::new());
        let mut steps = Vec::new();
        for (now, step) in self.case.timed() {
            let exchange = match step {
                recording::Step::Exchange(exchange) => exchange,
                recording::Step::Client(what) => {
                    let state = states.entry(LOCALHOST.to_owned()).or_default();
                    let theirs = recorded.entry(LOCALHOST.to_owned()).or_default();
                    self.act(state, theirs, Act::parse(what)?, now);
                    steps.push(None);
                    continue;
                }
            };
            let (host, client) = (exchange.request.host().to_owned(), exchange.request.client(false));
            let theirs = recorded.entry(host.clone()).or_default();
            theirs.take(&exchange.set_cookie, &self.settings.remember_name, self.secret, now);
            let state = states.entry(host).or_default();
            let mut outcome = self.answer(state, exchange, now);
            if exchange.status == 500 && !self.is(TheirFailures) {
                // Nobody can tell where it broke off.
                outcome = Outcome { status: 500, signals: exchange.signals.clone(), ..Outcome::default() };
                state.session = theirs.session.clone();
                state.session.entry("_id").and_modify(|id| *id = client.clone().into());
                state.remember = theirs.remember.clone();
            }
            let meaning = self.meaning(state, &client);
            steps.push(Some(Step { outcome, meaning, recorded: theirs.meaning() }));
        }
        Ok(steps)
    }

    fn act(&self, state: &mut State, theirs: &mut Recorded, act: Act, now: i64) {
        match act {
            Act::Drops { session, remember } => {
                if session {
                    state.drop_session();
                    theirs.session.clear();
                }
                if remember {
                    state.remember = None;
                    theirs.remember = None;
                }
            }
            Act::SetsCookie(set) => {
                let holder = signed_by(set.split_once('=').map_or("", |(_, value)| value), self.secret);
                // For how long, and how, is the fixture's business.
                let cookie = self.settings.remember_cookie(now + self.settings.remember_seconds);
                state.remember = Some(Kept { holder, cookie, since: now, login: state.new_login() });
                theirs.remember = state.remember.clone();
            }
            Act::NamesItself(user) => {
                for session in [&mut state.session, &mut theirs.session] {
                    session.insert("_user_id".to_owned(), user.clone().into());
                }
                state.since = now;
            }
            Act::Waits(_) => {
                state.expire(now);
                theirs.remember = theirs.remember.take().filter(|kept| !kept.cookie.is_over(now));
                if state.session.is_empty() || now - state.since > SESSION_TIME {
                    state.drop_session();
                    theirs.session.clear();
                }
            }
        }
    }

    /// What a request does.
    fn answer(&self, state: &mut State, exchange: &Exchange, now: i64) -> Outcome {
        let request = &exchange.request;
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        let mut turn = Turn {
            model: self,
            state,
            exchange,
            now,
            path: percent_decode_str(path).decode_utf8_lossy().into_owned(),
            arguments: url::form_urlencoded::parse(query.as_bytes()).into_owned().collect(),
            client: request.client(!self.is(ForwardedForIsNotBelieved)),
            credential: own_credential(self.case, request),
            current: None,
            signals: Vec::new(),
            is_written: false,
        };
        turn.begin();
        let mut outcome = turn.route();
        turn.end();
        outcome.signals = turn.signals;
        outcome
    }

    /// What the cookies of a client mean, to this client.
    fn meaning(&self, state: &State, client: &str) -> Meaning {
        let holder = state.remember.as_ref().filter(|kept| kept.holder.is_some());
        Meaning { told: self.told(state, client), remembered: holder.map(|kept| kept.cookie.manner()) }
    }

    fn told(&self, state: &State, client: &str) -> Value {
        let mut session = state.session.clone();
        if self.is(ANameIsNoLogin) && state.login.is_none() {
            session.remove("_user_id");
        }
        session.insert("_fresh".to_owned(), self.is_fresh(state, client).into());
        told(&session)
    }

    fn is_fresh(&self, state: &State, client: &str) -> bool {
        let of_login = !self.is(ANameIsNoLogin) || state.is_of_login();
        let of_client = !self.is(FreshnessIsProtected)
            || !self.settings.is_protected()
            || state.session.get("_id").is_some_and(|id| id == client);
        of_login && of_client && state.session.get("_fresh") == Some(&Value::Bool(true))
    }
}

impl State {
    fn user(&self) -> Option<&str> {
        self.session.get("_user_id")?.as_str()
    }

    /// Whether the session is that of its login's user.
    fn is_of_login(&self) -> bool {
        self.login.as_ref().is_some_and(|login| Some(&*login.user) == self.user())
    }

    fn new_login(&mut self) -> usize {
        self.logins += 1;
        self.logins
    }

    /// The client forgets its session.
    fn drop_session(&mut self) {
        self.session.clear();
        self.login = None;
    }

    /// What is over at this time is not sent any more.
    fn expire(&mut self, now: i64) {
        self.remember = self.remember.take().filter(|kept| !kept.cookie.is_over(now));
    }
}

impl Turn<'_> {
    fn is(&self, difference: Difference) -> bool {
        self.model.is(difference)
    }

    fn signal(&mut self, name: &str) {
        self.signals.push(name.to_owned());
    }

    fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.state.session.insert(key.to_owned(), value.into());
        self.is_written = true;
    }

    fn remove(&mut self, key: &str) -> Option<Value> {
        let value = self.state.session.remove(key);
        self.is_written |= value.is_some();
        value
    }

    fn clear(&mut self) {
        self.state.drop_session();
        self.is_written = true;
    }

    /// The login is over, with every face of it.
    fn end_login(&mut self) {
        let number = self.state.login.take().map(|login| login.number);
        if let Some(kept) = &mut self.state.remember
            && self.model.is(ALoginEndsAsAWhole)
            && number == Some(kept.login)
        {
            kept.holder = None;
        }
    }

    fn is_told_to_forget(&self) -> bool {
        self.state.session.get("_remember").is_some_and(|op| op == "clear")
    }

    /// Whether an own credential decides, and keeps the session out.
    fn is_by_credential(&self) -> bool {
        self.credential.is_some() && self.is(AnExplicitCredentialWins)
    }

    /// Whose the remember cookie of this request is, if it holds.
    fn brought(&self) -> Option<Option<String>> {
        let name = &self.model.settings.remember_name;
        let header = self.exchange.request.header("cookie");
        if let Some(value) = header.as_deref().and_then(|header| header.strip_prefix(&format!("{name}="))) {
            return Some(signed_by(value, self.model.secret));
        }
        let kept = self.state.remember.as_ref()?;
        kept.cookie.is_for(&self.path).then(|| kept.holder.clone())
    }

    /// Opens what the client sent.
    fn begin(&mut self) {
        if self.now - self.state.since > SESSION_TIME {
            self.clear();
            self.is_written = false;
        }
    }

    /// `_update_remember_cookie`, and what becomes of the session's time.
    fn end(&mut self) {
        let settings = self.model.settings;
        let difference = if self.state.remember.is_some() { RenewedWhenSomebodyAsks } else { OnlyWhoAsksIsRemembered };
        let renews = settings.renews && !self.state.session.contains_key("_remember") && !self.is(difference);
        if renews {
            self.set("_remember", "set");
        }
        match self.remove("_remember") {
            Some(op) if op == "set" => {
                if let Some(user) = self.state.user().map(str::to_owned) {
                    let cookie = settings.remember_cookie(self.now + self.remember_seconds());
                    let login = self.state.login.as_ref().map_or(0, |login| login.number);
                    self.state.remember = Some(Kept { holder: Some(user), cookie, since: self.now, login });
                }
            }
            Some(_) => self.state.remember = None,
            None => {}
        }
        let permanent = self.state.session.contains_key("_permanent");
        if self.is_written || permanent || self.is(ASessionLivesWhileItIsUsed) {
            self.state.since = self.now;
        }
    }

    fn remember_seconds(&self) -> i64 {
        let of_login = self.state.session.get("_remember_seconds").and_then(Value::as_f64);
        of_login.map_or(self.model.settings.remember_seconds, |seconds| seconds as i64)
    }
}

fn text(says: &str) -> Outcome {
    Outcome { status: 200, text: Some(says.into()), ..Outcome::default() }
}

fn refused(status: u16) -> Outcome {
    Outcome { status, ..Outcome::default() }
}
