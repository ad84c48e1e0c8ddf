//! The handle for signing users in and out, and for refreshing.

use std::fmt;
use std::future::{Ready, ready};
use std::rc::Rc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::request_state::RequestState;
use crate::bridge::credential::{Chosen, TokenCookies};
use crate::bridge::error::{AuthError, CsrfFault};
use crate::bridge::model::UnixTime;
use crate::bridge::resolve::{Engine, by_token};
use crate::bridge::token::{TokenFault, Verification};

/// The handle of a request for signing in, signing out and refreshing: `login_user`, `logout_user`, `refresh`.
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
    pub(crate) state: Rc<RequestState>,
}

impl Auth {
    /// Checks whether this request may open a session. [`login_user`](Self::login_user) makes the same checks. Call
    /// this before you check a password: otherwise another site can use its visitors' browsers to make your server hash
    /// passwords.
    ///
    /// # Errors
    ///
    /// [`CsrfRejected`](AuthError::CsrfRejected) when another site sent the request, and
    /// [`CredentialConflict`](AuthError::CredentialConflict) when the request presents a token.
    pub fn may_open_session(&self) -> Result<(), AuthError> {
        if self.state.presented.has_token() {
            return Err(AuthError::CredentialConflict(
                "A request that brings a token cannot open a session. Leave the token out.",
            ));
        }
        // Login CSRF: another site signs its visitors in to an account of the attacker.
        if self.state.cookies_withheld {
            return Err(AuthError::CsrfRejected(CsrfFault::CrossSite));
        }
        self.engine().reader.check_origin(&self.req)
    }

    /// Checks whether a body that says it is JSON or a form could be searched for a token. Whatever asks who the request is
    /// makes the same check. Call this in a handler that does not ask, and must not accept such a body.
    ///
    /// # Errors
    ///
    /// [`BodyNotSearched`](AuthError::BodyNotSearched) with the reason.
    pub fn check_body(&self) -> Result<(), AuthError> {
        self.state.presented.body_fault().map_or(Ok(()), |fault| Err(AuthError::BodyNotSearched(fault)))
    }

    /// The refusal of a handler that needs a fresh login: Flask-Login's `needs_refresh()`. It contains the
    /// [`fresh_window`](crate::BridgeBuilder::fresh_window), and a browser is redirected to the
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
        self.engine().reauth_required()
    }

    /// The same for a login that was authenticated longer ago than `window`, as
    /// [`Principal::fresh_within`](crate::Principal::fresh_within) tells.
    pub fn needs_refresh_within(&self, window: Duration) -> AuthError {
        AuthError::reauth_required(window)
    }

    /// The cookies that hold tokens. With them a handler sets tokens on a response (`set_access_cookies`,
    /// `set_refresh_cookies`) or removes them (`unset_jwt_cookies`).
    ///
    /// ```
    /// use actix_web::{HttpResponse, post};
    /// use tollbridge::{Auth, AuthError};
    /// # #[derive(Clone)] struct User;
    /// # async fn check() -> Result<User, AuthError> { Ok(User) }
    ///
    /// #[post("/login")]
    /// async fn login(auth: Auth) -> Result<HttpResponse, AuthError> {
    ///     let user = check().await?;
    ///     let tokens = auth.login_user(&user).tokens_only().await?.issue_tokens()?;
    ///     let mut response = HttpResponse::NoContent().finish();
    ///     let cookies = auth.token_cookies()?;
    ///     cookies.set_access(&mut response, &tokens.access_token)?;
    ///     cookies.set_refresh(&mut response, &tokens.refresh_token)?;
    ///     Ok(response)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`CsrfRejected`](AuthError::CsrfRejected) when another site sent the request, because it must not sign users in
    /// or out. [`Misconfigured`](AuthError::Misconfigured) when the [`TokenLocations`](crate::TokenLocations) contain
    /// no cookies.
    pub fn token_cookies(&self) -> Result<&TokenCookies, AuthError> {
        let cookies = self.engine().reader.token_cookies().ok_or(AuthError::Misconfigured(
            "token cookies are used but not configured: add `CredentialLocation::Cookie` to the `TokenLocations`",
        ))?;
        self.engine().reader.check_origin(&self.req)?;
        Ok(cookies)
    }

    /// The stores, keys and settings of the bridge.
    pub(crate) fn engine(&self) -> &Engine {
        &self.state.engine
    }

    /// Verifies a token that this request presents, and records it in the state.
    pub(super) async fn verify(&self, token: &Chosen<'_>, now: UnixTime) -> Result<Verification, AuthError> {
        let state = &self.state;
        let (engine, cache) = (&state.engine, &state.token_cache);
        let verified = match by_token::verify(engine, cache, &state.presented, &self.req, token, now) {
            Err(AuthError::TokenInvalid(TokenFault::UnknownKey)) => {
                by_token::learn_and_verify(engine, cache, &state.presented, &self.req, token, now).await
            }
            verified => verified,
        }?;
        state.record_verified(Rc::clone(&verified.token));
        Ok(verified)
    }
}

impl FromRequest for Auth {
    type Error = AuthError;
    type Future = Ready<Result<Self, AuthError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(RequestState::of(req).map(|state| Self { req: req.clone(), state }))
    }
}

impl fmt::Debug for Auth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Auth")
    }
}
