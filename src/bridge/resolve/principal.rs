//! The principal: the user and the login of a request, and the credential that proves them.

use std::any::Any;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use super::freshness::Proof;
use crate::bridge::credential::FoundCredential;
use crate::bridge::error::{AuthError, NO_LOGIN};
use crate::bridge::model::{Abilities, ApiToken, CredentialLocation, Login, LoginId, UnixTime, Via};
use crate::bridge::token::{Claims, Freshness, VerifiedToken};

/// The refusal of an API token where a login is needed.
pub(crate) const NEEDS_LOGIN: AuthError =
    AuthError::CredentialConflict("An API token cannot do this. Sign in with the password.");

/// An authenticated request: the user, the login, and the credential.
#[derive(Clone)]
#[non_exhaustive]
pub struct Principal {
    /// The user's identity: [`UserStore::identity`](crate::UserStore::identity).
    pub identity: String,
    /// The login. `None` for an API token, an external token and a custom credential.
    pub login_id: Option<LoginId>,
    /// Which credential authenticated the request.
    pub via: Via,
    /// Where the credential was found.
    pub location: CredentialLocation,
    /// Whether the login is fresh: the user authenticated in it within the freshness window, and not by a remember
    /// cookie or a refresh token (Flask-Login's `login_fresh()`).
    pub fresh: bool,
    /// When the user last authenticated. Without a login: when the token was issued or made, or for a custom credential the
    /// time of the request.
    pub auth_time: UnixTime,
    /// How the user authenticated: RFC 8176 values separated by spaces. Empty without a login.
    pub amr: String,
    /// When the login began. Without a login: as [`auth_time`](Self::auth_time).
    pub login_started_at: UnixTime,
    /// When the credential expires: a token's `exp`; for a session, the end of its login. `None`: never.
    pub expires_at: Option<UnixTime>,
    /// When the login ends, if there is one. No token of the login expires later.
    pub(crate) login_expires_at: Option<UnixTime>,
    pub(crate) proof: Proof,
    pub(crate) user: Rc<dyn Any>,
    pub(crate) token: Option<Rc<VerifiedToken>>,
    pub(crate) api_token: Option<Rc<ApiToken>>,
    pub(crate) custom: Option<Rc<dyn Any>>,
}

impl Principal {
    /// The id of the login, for operations that need a login.
    ///
    /// # Errors
    ///
    /// [`CredentialConflict`](AuthError::CredentialConflict) if the credential belongs to no login.
    pub fn login(&self) -> Result<&LoginId, AuthError> {
        self.login_id.as_ref().ok_or(NO_LOGIN)
    }

    /// Whether the user authenticated within this time, and not by a remember cookie, a refresh token or a custom
    /// credential. The window may be shorter or longer than that of [`fresh`](Self::fresh).
    ///
    /// The refusal for a login that is not fresh enough is
    /// [`Auth::needs_refresh_within`](crate::Auth::needs_refresh_within).
    pub fn fresh_within(&self, window: Duration) -> bool {
        self.proof.is_within(window)
    }

    /// The id of the login, for operations on the account or on logins, such as a change of password. A credential that
    /// may not do everything that its user may cannot do these.
    ///
    /// # Errors
    ///
    /// [`InsufficientScope`](AuthError::InsufficientScope) for a narrowed token, and
    /// [`CredentialConflict`](AuthError::CredentialConflict) for an API token and if the credential belongs to no login.
    pub fn full_login(&self) -> Result<&LoginId, AuthError> {
        if self.api_token.is_some() {
            return Err(NEEDS_LOGIN);
        }
        match self.abilities() {
            Some(abilities) if !abilities.are_all() => Err(AuthError::InsufficientScope { scope: "*".into() }),
            _ => self.login(),
        }
    }

    /// Whether the credential of this request may do this. A session, and a token that is not narrowed, may do all that
    /// the user may; whether the user may is for the application to say. An API token has its
    /// [abilities](ApiToken::abilities), a narrowed access token its [scope](crate::NewTokens::scope).
    ///
    /// ```
    /// use actix_web::{HttpResponse, delete};
    /// use tollbridge::{AuthError, CurrentLogin};
    ///
    /// #[delete("/notes/{id}")]
    /// async fn delete_note(login: CurrentLogin) -> Result<HttpResponse, AuthError> {
    ///     login.require_ability("notes:write")?; // 403 `insufficient_scope`
    ///     let for_ever = login.can("notes:purge");
    ///     Ok(HttpResponse::Ok().json(for_ever))
    /// }
    /// ```
    pub fn can(&self, ability: &str) -> bool {
        self.abilities().is_none_or(|abilities| abilities.allow(ability))
    }

    /// Refuses a credential that may not do this. [`Require::ability`](crate::Require::ability) is the same for a whole
    /// route.
    ///
    /// # Errors
    ///
    /// [`InsufficientScope`](AuthError::InsufficientScope).
    pub fn require_ability(&self, ability: &str) -> Result<(), AuthError> {
        if self.can(ability) { Ok(()) } else { Err(AuthError::InsufficientScope { scope: ability.to_owned().into() }) }
    }

    /// What the credential of this request may do. `None`: all that the user may.
    pub fn abilities(&self) -> Option<&Abilities> {
        match (&self.api_token, &self.token) {
            (Some(api_token), _) => Some(&api_token.abilities),
            (None, Some(token)) => token.scope.as_ref(),
            (None, None) => None,
        }
    }

    /// The API token, if one authenticated the request: its name, its abilities and its expiry.
    pub fn api_token(&self) -> Option<&ApiToken> {
        self.api_token.as_deref()
    }

    /// The claims of the token, if a token authenticated the request. With [`MaybeLogin`](crate::MaybeLogin) this is
    /// `get_jwt()` under `jwt_required(optional=True)`.
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

    /// The value that a [`RequestLoader`](crate::RequestLoader) has given to its credential. `None` for another credential, and
    /// for a value of another type.
    pub fn custom<T: 'static>(&self) -> Option<&T> {
        self.custom.as_deref()?.downcast_ref()
    }

    /// The principal of a login, for its session or one of its tokens.
    pub(crate) fn of_login(
        login: Login,
        user: Rc<dyn Any>,
        via: Via,
        location: CredentialLocation,
        fresh: bool,
        proof: Proof,
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
            proof,
            user,
            token: None,
            api_token: None,
            custom: None,
        }
    }

    /// The principal of a token that belongs to no login.
    pub(crate) fn of_token(
        token: &Rc<VerifiedToken>,
        user: Rc<dyn Any>,
        location: CredentialLocation,
        fresh: bool,
        proof: Proof,
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
            proof,
            user,
            token: Some(Rc::clone(token)),
            api_token: None,
            custom: None,
        }
    }

    /// The principal of an API token. It is never fresh.
    pub(crate) fn of_api_token(
        token: Rc<ApiToken>,
        user: Rc<dyn Any>,
        location: CredentialLocation,
        proof: Proof,
    ) -> Self {
        Self {
            identity: token.identity.clone(),
            login_id: None,
            via: Via::ApiToken,
            location,
            fresh: false,
            auth_time: token.created_at,
            amr: String::new(),
            login_started_at: token.created_at,
            expires_at: token.expires_at,
            login_expires_at: None,
            proof,
            user,
            token: None,
            api_token: Some(token),
            custom: None,
        }
    }

    /// The principal of a custom credential.
    pub(crate) fn of_custom(
        found: FoundCredential,
        user: Rc<dyn Any>,
        location: CredentialLocation,
        now: UnixTime,
    ) -> Self {
        Self {
            identity: found.identity,
            login_id: None,
            via: Via::Request,
            location,
            fresh: false,
            auth_time: now,
            amr: String::new(),
            login_started_at: now,
            expires_at: None,
            login_expires_at: None,
            proof: Proof::new(None, now),
            user,
            token: None,
            api_token: None,
            custom: found.value,
        }
    }

    /// Whether both principals have the same login. Without logins: the same user.
    pub(crate) fn is_of_same_login(&self, other: &Self) -> bool {
        self.identity == other.identity && self.login_id == other.login_id
    }

    /// The same principal after its user has re-authenticated.
    pub(crate) fn reauthenticated(&self, auth_time: UnixTime) -> Self {
        Self { fresh: true, auth_time, proof: Proof::new(Some(auth_time), auth_time), ..self.clone() }
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
