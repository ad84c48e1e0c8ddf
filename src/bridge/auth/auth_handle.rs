//! The handle with which a handler signs users in and out.

use std::any::Any;
use std::fmt;
use std::future::{Future, IntoFuture, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::time::Duration;

use actix_session::SessionExt as _;
use actix_web::dev::Payload;
use actix_web::http::header::USER_AGENT;
use actix_web::{FromRequest, HttpRequest};

use crate::bridge::auth::new_tokens::NewTokens;
use crate::bridge::auth::request_state::RequestAuth;
use crate::bridge::credential::double_submit;
use crate::bridge::credential::presented::Location;
use crate::bridge::error::auth_error::AuthError;
use crate::bridge::model::clock::UnixTime;
use crate::bridge::model::erased_users::Described;
use crate::bridge::model::events::AuthEvent;
use crate::bridge::model::login::{Login, LoginId};
use crate::bridge::resolve::engine::{Core, seconds};
use crate::bridge::resolve::principal::{Principal, Verdict, Via};
use crate::bridge::response::redirect::safe_next;
use crate::bridge::response::views::NEXT_KEY;
use crate::bridge::session::face::{self, Face};
use crate::bridge::token::TokenPair;

/// Browsers keep no cookie for longer (RFC 6265bis section 5.5).
pub(crate) const LONGEST_REMEMBER: Duration = Duration::from_secs(400 * 24 * 60 * 60);

/// This request's sign-in desk: `login_user`, `logout_user` and refreshing.
///
/// ```
/// use actix_web::{HttpResponse, post, web::Json};
/// use tollbridge::{Auth, AuthError};
/// # #[derive(Clone)] struct User;
/// # #[derive(serde::Deserialize)] struct Form { remember: bool }
/// # async fn check(_: &Form) -> Result<User, AuthError> { Ok(User) }
///
/// #[post("/login")]
/// async fn login(form: Json<Form>, auth: Auth) -> Result<HttpResponse, AuthError> {
///     let user = check(&form).await?;
///     let login = auth.login_user(&user).remember(form.remember).await?; // the browser face
///     Ok(HttpResponse::Ok().json(login.issue_tokens()?)) // the API face
/// }
/// ```
pub struct Auth {
    pub(crate) req: HttpRequest,
    pub(crate) state: Rc<RequestAuth>,
}

impl Auth {
    /// Signs a user in (Flask-Login's `login_user`): starts a new login, and opens a browser session for it unless
    /// [`tokens_only`](LoginUser::tokens_only) is asked for. Await the result to do it. From then on the request has
    /// this current user.
    ///
    /// An inactive user is refused with [`UserDisabled`](AuthError::UserDisabled), a 401 `user_disabled`. It tells that
    /// the account exists, and that the password was right. To answer as for a wrong password:
    ///
    /// ```
    /// # use tollbridge::{Auth, AuthError, NewLogin};
    /// # async fn sign_in<'a>(auth: &'a Auth, user: String) -> Result<NewLogin<'a>, AuthError> {
    /// let login = auth.login_user(&user).await.map_err(|error| match error {
    ///     AuthError::UserDisabled => AuthError::InvalidCredentials,
    ///     other => other,
    /// })?;
    /// # Ok(login)
    /// # }
    /// ```
    pub fn login_user<U: Clone + 'static>(&self, user: &U) -> LoginUser<'_> {
        LoginUser {
            auth: self,
            described: self.state.core.users.describe(user),
            user: Rc::new(user.clone()),
            remember: false,
            duration: None,
            force: false,
            fresh: true,
            session: true,
            amr: "pwd",
        }
    }

    /// Refuses what [`login_user`](Self::login_user) will refuse whoever signs in, if a session is to be opened. Call it
    /// before you check a password: else every other site can make its visitors' browsers cost you one.
    ///
    /// # Errors
    ///
    /// [`CsrfRejected`](AuthError::CsrfRejected) when another site sent the request, and
    /// [`CredentialConflict`](AuthError::CredentialConflict) when it brings a token.
    pub fn may_open_session(&self) -> Result<(), AuthError> {
        if self.state.presented.is_token() {
            return Err(AuthError::CredentialConflict(
                "A request that brings a token cannot open a session. Leave the token out.",
            ));
        }
        // Nobody may be signed in to somebody else's account by another site (login CSRF).
        double_submit::check(self.req.method(), self.req.headers(), self.core().own_origin.as_deref())
    }

    /// The refusal of a handler that wants a login which is fresh: Flask-Login's `needs_refresh()`. It says how long a
    /// login is ([`fresh_window`](crate::BridgeBuilder::fresh_window)), and a browser is redirected to the
    /// [`refresh_view`](crate::BridgeBuilder::refresh_view).
    ///
    /// ```
    /// use actix_web::{HttpResponse, post};
    /// use tollbridge::{Auth, AuthError, CurrentLogin};
    /// # fn is_large() -> bool { true }
    ///
    /// #[post("/transfer")]
    /// async fn transfer(by: CurrentLogin, auth: Auth) -> Result<HttpResponse, AuthError> {
    ///     if is_large() && !by.fresh {
    ///         return Err(auth.needs_refresh());
    ///     }
    ///     Ok(HttpResponse::NoContent().finish())
    /// }
    /// ```
    pub fn needs_refresh(&self) -> AuthError {
        self.core().reauth_required()
    }

    /// The page that the browser wanted before it was sent to sign in, once: after that it is forgotten. `None` unless
    /// [`next_in_session`](crate::BridgeBuilder::next_in_session) keeps it. It is a path of this site.
    pub fn take_next(&self) -> Option<String> {
        let next = self.req.get_session().remove_as::<String>(NEXT_KEY)?.ok()?;
        safe_next(&next).map(str::to_owned)
    }

    pub(crate) fn core(&self) -> &Core {
        &self.state.core
    }

    fn ip(&self) -> Option<String> {
        self.req.peer_addr().map(|peer| peer.ip().to_string())
    }

    fn user_agent(&self) -> Option<String> {
        let agent = self.req.headers().get(USER_AGENT)?.to_str().ok()?;
        Some(agent.chars().take(256).collect())
    }
}

/// A sign-in that is about to happen; from [`Auth::login_user`].
#[must_use = "nobody is signed in until this is awaited"]
pub struct LoginUser<'a> {
    auth: &'a Auth,
    user: Rc<dyn Any>,
    described: Result<Described, AuthError>,
    remember: bool,
    duration: Option<Duration>,
    force: bool,
    fresh: bool,
    session: bool,
    amr: &'a str,
}

impl<'a> LoginUser<'a> {
    /// Whether the browser stays signed in after it is closed, by a remember cookie.
    pub fn remember(mut self, remember: bool) -> Self {
        self.remember = remember;
        self
    }

    /// How long the browser is [remembered](Self::remember), in the place of
    /// [`remember_ttl`](crate::BridgeBuilder::remember_ttl): at least a second, and at most 400 days.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration.min(LONGEST_REMEMBER));
        self
    }

    /// Signs the user in even if they are inactive. An inactive user is still let in nowhere; but
    /// [`AnyUser`](crate::AnyUser) knows them, to tell them why.
    pub fn force(mut self) -> Self {
        self.force = true;
        self
    }

    /// Whether the user has proved who they are just now. Default `true`. With `false` the session and the tokens are
    /// not fresh until [`confirm_login`](Auth::confirm_login), as if they had been remembered.
    pub fn fresh(mut self, fresh: bool) -> Self {
        self.fresh = fresh;
        self
    }

    /// Opens no session and sets no cookie: the login has tokens only.
    pub fn tokens_only(mut self) -> Self {
        self.session = false;
        self
    }

    /// How the user proved who they are, RFC 8176 values separated by spaces. Default `pwd`.
    pub fn amr(mut self, amr: &'a str) -> Self {
        self.amr = amr;
        self
    }

    async fn start(self) -> Result<NewLogin<'a>, AuthError> {
        let described = self.described?;
        let (req, state, core) = (&self.auth.req, &self.auth.state, self.auth.core());
        if self.session {
            self.auth.may_open_session()?;
        }
        if !described.active && !self.force {
            return Err(AuthError::UserDisabled);
        }
        let remembered_for = self.duration.unwrap_or(core.lifetimes.remember);
        if remembered_for.as_secs() == 0 {
            return Err(AuthError::Misconfigured("`duration` is less than a second: no browser would be remembered"));
        }
        let now = core.clock.now();
        let lifetime = match (self.session, self.remember) {
            (false, _) => core.lifetimes.refresh,
            (true, false) => core.lifetimes.absolute,
            (true, true) => core.lifetimes.absolute.max(remembered_for),
        };
        let expires_at = now + seconds(lifetime);
        let remember = (self.session && self.remember)
            .then(|| core.remember.issue(now, expires_at.min(now + seconds(remembered_for))));
        let login = Login {
            id: LoginId::random(),
            identity: described.identity,
            credential_epoch: described.credential_epoch,
            created_at: now,
            auth_time: now,
            amr: self.amr.to_owned(),
            expires_at,
            last_seen_at: now,
            ended: None,
            user_agent: self.auth.user_agent(),
            ip: self.auth.ip(),
            refresh_generation: 0,
            refresh_rotated_at: now,
            remember: remember.as_ref().map(|(record, _)| record.clone()),
        };
        core.logins.insert(&login).await?;
        if self.session {
            let remembered_for = self.duration.filter(|_| self.remember).map(seconds);
            let face = Face { stale: !self.fresh, forced: !described.active, remembered_for };
            face::open(core, req, &req.get_session(), &login, face)?;
            let cookies = &core.cookies;
            match remember {
                Some((record, value)) => state.set_cookie(cookies.remember(value, now, record.expires_at)),
                // A remember cookie of an earlier login must not outlive this choice.
                None if crate::bridge::session::cookies::value_of(req.headers(), cookies.remember_name()).is_some() => {
                    state.set_cookie(cookies.remember_removal());
                }
                None => {}
            }
        }
        tracing::info!(login.id = %login.id, user.id = %login.identity, session = self.session, "login started");
        if described.active {
            let principal = started(&login, self.session, self.fresh, self.user);
            state.set_verdict(Verdict::Accepted(Rc::new(principal)));
        } else {
            state.set_verdict(Verdict::Absent(AuthError::UserDisabled));
            state.set_inactive_user(self.user);
        }
        core.events.emit(|| AuthEvent::UserLoggedIn { user: login.identity.clone(), login: login.id.clone() });
        Ok(NewLogin::new(self.auth, login, self.fresh, now))
    }
}

fn started(login: &Login, session: bool, fresh: bool, user: Rc<dyn Any>) -> Principal {
    Principal {
        identity: login.identity.clone(),
        login_id: Some(login.id.clone()),
        via: if session { Via::Session } else { Via::Token },
        location: if session { Location::Cookie } else { Location::Json },
        fresh,
        auth_time: login.auth_time,
        amr: login.amr.clone(),
        login_started_at: login.created_at,
        expires_at: Some(login.expires_at),
        login_expires_at: Some(login.expires_at),
        user,
        token: None,
    }
}

impl<'a> IntoFuture for LoginUser<'a> {
    type Output = Result<NewLogin<'a>, AuthError>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.start())
    }
}

/// A login that has just begun, or has been [confirmed](Auth::confirm_login).
pub struct NewLogin<'a> {
    auth: &'a Auth,
    login: Login,
    fresh: bool,
    now: UnixTime,
}

impl<'a> NewLogin<'a> {
    pub(crate) fn new(auth: &'a Auth, login: Login, fresh: bool, now: UnixTime) -> Self {
        Self { auth, login, fresh, now }
    }

    /// Its id.
    pub fn id(&self) -> &LoginId {
        &self.login.id
    }

    /// An access token, fresh as the login is, and the refresh token of this login (Flask-JWT-Extended's
    /// `create_access_token` and `create_refresh_token`).
    ///
    /// # Errors
    ///
    /// When the token key cannot sign.
    pub fn issue_tokens(&self) -> Result<TokenPair, AuthError> {
        self.tokens().issue()
    }

    /// The same, with claims and headers of your own: [`issue`](NewTokens::issue) makes them.
    pub fn tokens(&self) -> NewTokens<'_> {
        NewTokens::new(&self.auth.core().issuer, &self.login, self.fresh, self.now)
    }
}

impl FromRequest for Auth {
    type Error = AuthError;
    type Future = Ready<Result<Self, AuthError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(RequestAuth::of(req).map(|state| Self { req: req.clone(), state }))
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Auth")
    }
}
