//! Signing users in.

use std::any::Any;
use std::borrow::Cow;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use actix_session::SessionExt as _;

use super::auth_handle::Auth;
use super::new_tokens::NewTokens;
use super::previous_login;
use crate::bridge::credential::raw_cookies;
use crate::bridge::error::AuthError;
use crate::bridge::model::{
    Abilities, AuthEvent, CredentialLocation, Login, LoginId, UnixTime, UserFacts, Via, seconds,
};
use crate::bridge::resolve::{Engine, Principal, Proof, Resolution, Verdict};
use crate::bridge::session::{MAX_REMEMBER_TTL, SessionMetadata, face};
use crate::bridge::token::TokenPair;

impl Auth {
    /// Signs a user in (Flask-Login's `login_user`): starts a new login, and opens a browser session for it unless
    /// [`tokens_only`](LoginUser::tokens_only) is set. The sign-in happens when the result is awaited. After that the
    /// user is the current user of the request.
    ///
    /// A disabled user is refused with [`UserDisabled`](AuthError::UserDisabled), a 401 `user_disabled`. A user who has
    /// been deleted, disabled or given a new password since `user` was read is refused with a 401, too, if the store of
    /// logins [knows the users](crate::LoginStore::insert): [`UserNotFound`](AuthError::UserNotFound), `UserDisabled` or
    /// [`LoginEnded`](AuthError::LoginEnded). These responses reveal that the account exists and that the password was
    /// correct. To respond as for a wrong password:
    ///
    /// ```
    /// # use tollbridge::{Auth, AuthError, NewLogin};
    /// # async fn sign_in<'a>(auth: &'a Auth, user: String) -> Result<NewLogin<'a>, AuthError> {
    /// let login = auth.login_user(&user).await.map_err(|error| match error {
    ///     AuthError::UserNotFound | AuthError::UserDisabled | AuthError::LoginEnded => AuthError::InvalidCredentials,
    ///     other => other,
    /// })?;
    /// # Ok(login)
    /// # }
    /// ```
    pub fn login_user<U: Clone + 'static>(&self, user: &U) -> LoginUser<'_> {
        LoginUser {
            auth: self,
            facts: self.engine().users.facts(user),
            user: Rc::new(user.clone()),
            remember: false,
            duration: None,
            force: false,
            fresh: true,
            opens_session: true,
            keeps_previous: false,
            amr: "pwd",
        }
    }
}

/// The options of a sign-in, which happens when this is awaited; from [`Auth::login_user`].
#[must_use = "the user is signed in only when this is awaited"]
pub struct LoginUser<'a> {
    auth: &'a Auth,
    user: Rc<dyn Any>,
    facts: Option<UserFacts>,
    remember: bool,
    duration: Option<Duration>,
    force: bool,
    fresh: bool,
    opens_session: bool,
    keeps_previous: bool,
    amr: &'a str,
}

impl<'a> LoginUser<'a> {
    /// Whether the browser stays signed in after it is closed, with a remember cookie. Default `false`.
    pub fn remember(mut self, remember: bool) -> Self {
        self.remember = remember;
        self
    }

    /// How long the browser is [remembered](Self::remember), instead of
    /// [`remember_ttl`](crate::BridgeBuilder::remember_ttl): at least a second, and at most 400 days.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration.min(MAX_REMEMBER_TTL));
        self
    }

    /// Signs the user in even if they are disabled (Flask-Login's `force`). For guards and extractors the requests of a
    /// disabled user are still anonymous. Only [`AnyUser`](crate::AnyUser) gives the user, for a page that explains why.
    pub fn force(mut self) -> Self {
        self.force = true;
        self
    }

    /// Whether the user has authenticated just now. Default `true`. With `false` the session and the tokens are not
    /// fresh until [`confirm_login`](Auth::confirm_login), as after a remember cookie.
    pub fn fresh(mut self, fresh: bool) -> Self {
        self.fresh = fresh;
        self
    }

    /// Does not end the login that this browser had before. By default it ends with
    /// [`Replaced`](crate::EndReason::Replaced), with its remember cookie and its tokens: nobody could sign it out
    /// here any more, and a copied cookie would live on.
    pub fn keep_previous(mut self) -> Self {
        self.keeps_previous = true;
        self
    }

    /// Opens no session and sets no cookies: the login has tokens only.
    pub fn tokens_only(mut self) -> Self {
        self.opens_session = false;
        self
    }

    /// How the user authenticated: RFC 8176 values separated by spaces. Default `pwd`.
    pub fn amr(mut self, amr: &'a str) -> Self {
        self.amr = amr;
        self
    }

    async fn start(self) -> Result<NewLogin<'a>, AuthError> {
        let facts = self.facts.ok_or(AuthError::Misconfigured(
            "login_user got a value of another type than the bridge's `UserStore::User`",
        ))?;
        let (req, state, engine) = (&self.auth.req, &self.auth.state, self.auth.engine());
        let browser = &engine.browser;
        if self.opens_session {
            self.auth.may_open_session()?;
        }
        if !facts.active && !self.force {
            return Err(AuthError::UserDisabled);
        }
        let remembered_for = self.duration.unwrap_or(browser.remember_ttl);
        if remembered_for.as_secs() == 0 {
            return Err(AuthError::Misconfigured("`duration` is less than a second: no browser would be remembered"));
        }
        // Tokens of this login are signed without another look.
        engine.tokens.verifier.keys().learn().await?;
        let now = engine.clock.now();
        let lifetime = match (self.opens_session, self.remember) {
            (false, _) => engine.tokens.issuer.refresh_ttl(),
            (true, false) => browser.absolute_ttl,
            (true, true) => browser.absolute_ttl.max(remembered_for),
        };
        let expires_at = now + seconds(lifetime);
        let remember = (self.opens_session && self.remember)
            .then(|| browser.remember_key.issue(now, expires_at.min(now + seconds(remembered_for))));
        let (via, location) = match self.opens_session {
            true => (Via::Session, CredentialLocation::Cookie),
            false => (Via::Token, CredentialLocation::Json),
        };
        let id = LoginId::random();
        let act = engine.act(req).by_user(&facts.identity).by_login(&id, Some(via));
        let login = Login {
            id,
            identity: facts.identity,
            credential_epoch: facts.credential_epoch,
            created_at: now,
            auth_time: now,
            amr: self.amr.to_owned(),
            expires_at,
            last_seen_at: now,
            ended: None,
            user_agent: act.user_agent.clone(),
            ip: act.address.map(|address| address.to_string()),
            refresh_generation: 0,
            refresh_rotated_at: now,
            refresh_confirmed: true,
            remember: remember.as_ref().map(|(record, _)| record.clone()),
        };
        if !engine.logins.insert(&login, engine.max_logins, &act).await? {
            return Err(reason_of_refusal(engine, &login.identity).await?);
        }
        if self.opens_session && !self.keeps_previous {
            previous_login::end(engine, req, None, &act, now).await?;
        }
        if self.opens_session {
            let remembered_for = self.duration.filter(|_| self.remember).map(seconds);
            let metadata = SessionMetadata {
                stale: !self.fresh,
                forced: !facts.active,
                remembered_for,
                ..SessionMetadata::default()
            };
            face::open(browser, req, &req.get_session(), &login, metadata)?;
            let cookies = &browser.cookies;
            match remember {
                Some((record, value)) => state.set_cookie(cookies.remember(value, now, record.expires_at)),
                // The remember cookie of an earlier login would sign its user in again.
                None if raw_cookies::value_of(req.headers(), cookies.remember_name()).is_some() => {
                    cookies.remember_removals().for_each(|removal| state.set_cookie(removal));
                }
                None => {}
            }
        }
        tracing::info!(login.id = %login.id, user.id = %login.identity, session = self.opens_session, "login started");
        if facts.active {
            let proof = Proof::new(self.fresh.then_some(now), now);
            let principal = Principal::of_login(login.clone(), self.user, via, location, self.fresh, proof);
            state.set_resolution(Verdict::Accepted(Rc::new(principal)));
        } else {
            let verdict = Verdict::Absent(AuthError::UserDisabled);
            state.set_resolution(Resolution { disabled_user: Some(self.user), ..verdict.into() });
        }
        engine.events.emit(|| AuthEvent::UserLoggedIn { user: login.identity.clone(), login: login.id.clone() });
        Ok(NewLogin::new(self.auth, login, self.fresh, now))
    }
}

/// Why the store gave a user no login, although the user was read before.
async fn reason_of_refusal(engine: &Engine, identity: &str) -> Result<AuthError, AuthError> {
    let reason = match engine.users.find(identity).await? {
        None => AuthError::UserNotFound,
        Some(user) if !user.active => AuthError::UserDisabled,
        // The password changed, or the user was disabled and enabled again.
        Some(_) => AuthError::LoginEnded,
    };
    tracing::info!(user.id = identity, reason = reason.code(), "the user changed during the sign-in, no login started");
    Ok(reason)
}

impl<'a> IntoFuture for LoginUser<'a> {
    type Output = Result<NewLogin<'a>, AuthError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.start())
    }
}

/// A login that has just started or has just been [confirmed](Auth::confirm_login).
pub struct NewLogin<'a> {
    auth: &'a Auth,
    login: Login,
    fresh: bool,
    now: UnixTime,
    /// What the credential of the request may do, if it is narrowed.
    scope: Option<Abilities>,
}

impl<'a> NewLogin<'a> {
    pub(crate) fn new(auth: &'a Auth, login: Login, fresh: bool, now: UnixTime) -> Self {
        Self { auth, login, fresh, now, scope: None }
    }

    /// The tokens may do no more than this.
    pub(super) fn narrowed_to(mut self, scope: Option<Abilities>) -> Self {
        self.scope = scope;
        self
    }

    /// The id of the login.
    pub fn id(&self) -> &LoginId {
        &self.login.id
    }

    /// Issues an access token and a refresh token of this login (Flask-JWT-Extended's `create_access_token` and
    /// `create_refresh_token`). The access token is fresh if the login is.
    ///
    /// # Errors
    ///
    /// Those of [`NewTokens::issue`].
    pub fn issue_tokens(&self) -> Result<TokenPair, AuthError> {
        self.tokens().issue()
    }

    /// The same with additional claims and headers: [`NewTokens::issue`] issues the tokens.
    pub fn tokens(&self) -> NewTokens<'_> {
        let (issuer, widest) = (&self.auth.engine().tokens.issuer, self.scope.as_ref());
        NewTokens::new(issuer, Cow::Borrowed(&self.login), self.fresh, self.now, widest)
    }
}
