//! Who a request is, and how that was found out.

use std::any::Any;
use std::fmt;
use std::rc::Rc;

use crate::bridge::error::{AuthError, NO_LOGIN};
use crate::bridge::model::{CredentialLocation, Login, LoginId, UnixTime};
use crate::bridge::token::{Claims, Freshness, VerifiedToken};

/// Which credential authenticated the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// The cookie of a browser session.
    Session,
    /// A remember cookie. It opens a session, which serves the requests that follow and is never fresh.
    Remember,
    /// An access token.
    Token,
    /// A credential of the application's own: [`RequestLoader`](crate::RequestLoader).
    Request,
}

impl Via {
    /// The word for it: `session`, `remember`, `token` or `request`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Remember => "remember",
            Self::Token => "token",
            Self::Request => "request",
        }
    }
}

/// An authenticated request: the user, the login, and the credential that led there.
#[derive(Clone)]
#[non_exhaustive]
pub struct Principal {
    /// The user's identity: [`UserStore::identity`](crate::UserStore::identity).
    pub identity: String,
    /// The login. A token that was issued elsewhere belongs to none.
    pub login_id: Option<LoginId>,
    /// Which credential led to it.
    pub via: Via,
    /// Where the credential was found.
    pub location: CredentialLocation,
    /// Whether the user proved who they are in this login, within the freshness window, and not by remembering or
    /// refreshing: Flask-Login's `login_fresh()`.
    pub fresh: bool,
    /// When they last proved it; without a login, when the token was issued.
    pub auth_time: UnixTime,
    /// How, RFC 8176 values separated by spaces.
    pub amr: String,
    /// When the login began; without one, when the token was issued.
    pub login_started_at: UnixTime,
    /// When the credential ends: a token's `exp`, or the end of the login for a session. `None`: never.
    pub expires_at: Option<UnixTime>,
    /// When the login ends, if there is one: nothing that is issued for it lives longer.
    pub(crate) login_expires_at: Option<UnixTime>,
    pub(crate) user: Rc<dyn Any>,
    pub(crate) token: Option<Rc<VerifiedToken>>,
}

impl Principal {
    /// The login, for what can be done to a login only.
    ///
    /// # Errors
    ///
    /// [`CredentialConflict`](AuthError::CredentialConflict) for a token that belongs to none.
    pub fn login(&self) -> Result<&LoginId, AuthError> {
        self.login_id.as_ref().ok_or(NO_LOGIN)
    }

    /// What the token says, if it was one that led here: with [`MaybeLogin`](crate::MaybeLogin) this is `get_jwt()` under
    /// `jwt_required(optional=True)`.
    ///
    /// ```
    /// use actix_web::{Responder, get};
    /// use tollbridge::MaybeLogin;
    ///
    /// #[get("/prices")]
    /// async fn prices(login: MaybeLogin) -> impl Responder {
    ///     let claims = login.as_ref().and_then(|login| login.claims()); // a token that is not valid is a 401
    ///     claims.map_or("for everybody", |claims| if claims.all.contains_key("plan") { "yours" } else { "for users" })
    /// }
    /// ```
    pub fn claims(&self) -> Option<Claims> {
        let token = self.token.as_ref()?;
        token.claims_with_freshness(match token.freshness {
            Freshness::Bool(fresh) => fresh,
            Freshness::Until(_) => self.fresh,
        })
    }

    /// A principal of a login, by whichever face of it.
    pub(crate) fn of_login(
        login: Login,
        user: Rc<dyn Any>,
        via: Via,
        location: CredentialLocation,
        fresh: bool,
    ) -> Self {
        Self {
            identity: login.identity,
            login_id: Some(login.id),
            via,
            location,
            fresh,
            auth_time: login.auth_time,
            amr: login.amr,
            login_started_at: login.created_at,
            expires_at: Some(login.expires_at),
            login_expires_at: Some(login.expires_at),
            user,
            token: None,
        }
    }

    /// The principal of a token that belongs to no login.
    pub(crate) fn of_token(
        token: &Rc<VerifiedToken>,
        user: Rc<dyn Any>,
        location: CredentialLocation,
        fresh: bool,
    ) -> Self {
        Self {
            identity: token.sub.clone(),
            login_id: None,
            via: Via::Token,
            location,
            fresh,
            auth_time: token.auth_time,
            amr: String::new(),
            login_started_at: token.auth_time,
            expires_at: token.exp,
            login_expires_at: None,
            user,
            token: Some(Rc::clone(token)),
        }
    }

    /// The principal of a custom credential.
    pub(crate) fn of_custom(identity: String, user: Rc<dyn Any>, location: CredentialLocation, now: UnixTime) -> Self {
        Self {
            identity,
            login_id: None,
            via: Via::Request,
            location,
            fresh: false,
            auth_time: now,
            amr: String::new(),
            login_started_at: now,
            expires_at: None,
            login_expires_at: None,
            user,
            token: None,
        }
    }

    /// Whether another credential of the same request leads to the same login; without logins, to the same user.
    pub(crate) fn is_of_same_login(&self, other: &Self) -> bool {
        self.identity == other.identity && self.login_id == other.login_id
    }

    /// The same, after its user has re-authenticated.
    pub(crate) fn renewed(&self, auth_time: UnixTime) -> Self {
        Self { fresh: true, auth_time, ..self.clone() }
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("identity", &self.identity)
            .field("login_id", &self.login_id)
            .field("via", &self.via)
            .field("location", &self.location)
            .field("fresh", &self.fresh)
            .finish_non_exhaustive()
    }
}
