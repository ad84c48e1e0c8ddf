//! What should be true of a user's logins and credentials.

use std::fmt;

use crate::app::{PASSWORD, TestApp};
use crate::clients::{Anonymous, Browser, Call, Client};

/// How long a login is fresh, an access token valid, and a login live at most, in seconds.
const FRESH: i64 = 50;
pub(super) const ACCESS_TTL: i64 = 100;
pub(super) const LOGIN_TTL: i64 = 1000;
pub(super) const MAX_LOGINS: usize = 4;

/// A login, as it should be.
#[derive(Debug)]
pub(super) struct LoginModel {
    pub(super) id: String,
    pub(super) ended: bool,
    pub(super) created_at: i64,
    pub(super) auth_time: i64,
    /// The current refresh token, if a client has it.
    pub(super) refresh: Option<String>,
    pub(super) used_refresh: Vec<String>,
    /// Every `Cookie` header that a browser of the login had.
    pub(super) cookies: Vec<String>,
}

/// What a client presents.
pub(super) enum Face<'a> {
    Browser(Browser<'a>),
    Token(String),
    ApiToken(String),
    /// A copy of a browser's cookies.
    Cookies(String),
}

/// What a client has been given, and what it should be good for.
pub(super) struct Credential<'a> {
    pub(super) face: Face<'a>,
    /// The index of the login. `None` for an API token.
    pub(super) login: Option<usize>,
    /// When it expires, besides the end of its login.
    pub(super) expires_at: i64,
    /// Whether something else than time and the end of the login has made it void.
    pub(super) void: bool,
    /// Whether it proves an authentication: of a token the time, of a session that of its login.
    pub(super) proof: Option<i64>,
}

/// One user, and everything that they have been given.
pub(super) struct World<'a> {
    pub(super) app: &'a TestApp,
    pub(super) logins: Vec<LoginModel>,
    pub(super) credentials: Vec<Credential<'a>>,
    pub(super) active: bool,
    pub(super) password: String,
    /// How many passwords were tried after the first.
    pub(super) passwords: u32,
}

impl<'a> World<'a> {
    pub(super) fn new(app: &'a TestApp) -> Self {
        let password = PASSWORD.to_owned();
        Self { app, logins: Vec::new(), credentials: Vec::new(), active: true, password, passwords: 0 }
    }

    pub(super) fn now(&self) -> i64 {
        self.app.clock.now()
    }

    pub(super) fn login_lives(&self, login: &LoginModel) -> bool {
        !login.ended && self.now() < login.created_at + LOGIN_TTL
    }

    pub(super) fn lives(&self, credential: &Credential<'_>) -> bool {
        let of_login = credential.login.is_none_or(|login| self.login_lives(&self.logins[login]));
        self.active && of_login && !credential.void && self.now() < credential.expires_at
    }

    pub(super) fn is_fresh(&self, credential: &Credential<'_>) -> bool {
        let at = match (&credential.face, credential.login) {
            (Face::Browser(_), Some(login)) => credential.proof.map(|_| self.logins[login].auth_time),
            _ => credential.proof,
        };
        at.is_some_and(|at| self.now() - at < FRESH)
    }

    /// The credential that an arbitrary number selects, live or not.
    pub(super) fn pick(&self, number: usize) -> Option<usize> {
        number.checked_rem(self.credentials.len())
    }

    /// Ends the logins that meet `condition`.
    pub(super) fn end(&mut self, mut condition: impl FnMut(usize) -> bool) {
        for (number, login) in self.logins.iter_mut().enumerate() {
            login.ended |= condition(number);
        }
    }

    pub(super) fn void_api_tokens(&mut self) {
        self.credentials.iter_mut().filter(|one| one.login.is_none()).for_each(|one| one.void = true);
    }
}

impl fmt::Debug for Credential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.face {
            Face::Browser(_) => "session",
            Face::Token(_) => "access token",
            Face::ApiToken(_) => "API token",
            Face::Cookies(_) => "cookies",
        };
        let Self { login, expires_at, void, proof, .. } = self;
        write!(f, "{kind} of login {login:?} (expires_at {expires_at}, void {void}, proof {proof:?})")
    }
}

impl<'a> Face<'a> {
    pub(super) fn client(&self, app: &'a TestApp) -> FaceClient<'_, 'a> {
        FaceClient { face: self, anonymous: Anonymous(app) }
    }
}

/// Sends what the face presents.
pub(super) struct FaceClient<'f, 'a> {
    face: &'f Face<'a>,
    anonymous: Anonymous<'a>,
}

impl Client for FaceClient<'_, '_> {
    fn call(&self, method: &str, path: &str) -> Call<'_> {
        match self.face {
            Face::Browser(browser) => browser.call(method, path),
            Face::Token(token) | Face::ApiToken(token) => self.anonymous.call(method, path).bearer(token),
            Face::Cookies(cookies) => self.anonymous.call(method, path).header("cookie", cookies),
        }
    }
}
