//! Extractors: the type of a handler's argument is its policy.
//!
//! The first extractor of a request resolves the credential, and the others share the result. `Option<CurrentUser<U>>`
//! is not for optional users: actix-web would turn an invalid token, or a store that is unavailable, into `None`.
//! [`MaybeUser`] refuses both.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::{Serialize, Serializer};

use super::request_state::RequestState;
use crate::bridge::error::AuthError;
use crate::bridge::model::{NotLookedUp, Via};
use crate::bridge::resolve::{BROWSER_SESSION_ONLY, Engine, Principal, Verdict, ended};
use crate::bridge::token::Claims;

type ExtractFuture<T> = Pin<Box<dyn Future<Output = Result<T, AuthError>>>>;

/// Resolves the request, and extracts from the principal.
///
/// This is the only future of an extractor, so it is small: a future that is moved into another one takes its space twice.
fn extract<T: 'static>(
    req: &HttpRequest,
    from: impl FnOnce(Rc<Principal>) -> Result<T, AuthError> + 'static,
) -> ExtractFuture<T> {
    let req = req.clone();
    Box::pin(async move { from(RequestState::of(&req)?.principal(&req).await?) })
}

/// The same, for an extractor that accepts tokens only.
fn extract_from_token<T: 'static>(
    req: &HttpRequest,
    from: impl FnOnce(Rc<Principal>) -> Result<T, AuthError> + 'static,
) -> ExtractFuture<T> {
    // Set before the future is polled: an earlier extractor of the same handler may refuse first, and the form of its
    // refusal depends on this.
    if let Ok(state) = RequestState::of(req) {
        state.demand_token();
    }
    extract(req, from)
}

pub(crate) fn user_of<U: 'static>(user: &Rc<dyn Any>) -> Result<Rc<U>, AuthError> {
    Rc::clone(user).downcast().map_err(|user| {
        AuthError::Misconfigured(if user.is::<NotLookedUp>() {
            "a handler extracts the user of a token, but `JwtManagerBuilder::without_user_lookup` is set: remove that, or \
             extract `CurrentLogin` or `Claims`"
        } else {
            "a handler extracts a user of another type than the bridge's `UserStore::User`"
        })
    })
}

macro_rules! user_extractor {
    ($(#[$doc:meta])* $name:ident, $extract:ident, $accepts:expr) => {
        $(#[$doc])*
        pub struct $name<U>(Rc<U>);

        impl<U> $name<U> {
            /// The user by value.
            pub fn into_inner(self) -> U
            where
                U: Clone,
            {
                Rc::unwrap_or_clone(self.0)
            }
        }

        impl<U> Deref for $name<U> {
            type Target = U;

            fn deref(&self) -> &U {
                &self.0
            }
        }

        impl<U: Serialize> Serialize for $name<U> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.0.serialize(serializer)
            }
        }

        impl<U: 'static> FromRequest for $name<U> {
            type Error = AuthError;
            type Future = ExtractFuture<Self>;

            fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
                $extract(req, |principal| {
                    let accepts: fn(Via) -> Result<(), AuthError> = $accepts;
                    accepts(principal.via)?;
                    user_of(&principal.user).map(Self)
                })
            }
        }
    };
}

user_extractor! {
    /// The user of this request, by session or by token: `current_user` under `login_required` or `jwt_required`.
    CurrentUser, extract, |_| Ok(())
}

user_extractor! {
    /// The user of this request, by a browser's cookies. A request with a token is refused with a 400
    /// `credential_conflict`.
    BrowserUser, extract, |via| match via {
        Via::Token | Via::ApiToken | Via::Request => Err(BROWSER_SESSION_ONLY),
        Via::Session | Via::Remember => Ok(()),
    }
}

user_extractor! {
    /// The user of this request, by an access token or an API token. A browser's session and remember cookies are not accepted: a
    /// request without a token is refused with a 401 `login_required`.
    TokenUser, extract_from_token, |via| match via {
        Via::Token | Via::ApiToken => Ok(()),
        Via::Session | Via::Remember | Via::Request => Err(AuthError::LoginRequired),
    }
}

/// The user of this request, or none for an anonymous request: `jwt_required(optional=True)`.
///
/// A request is anonymous only if no credential was presented, or if the login of a browser's session has ended. An
/// invalid token is refused with a 401. When a store is unavailable, the request is refused with a 503.
pub struct MaybeUser<U>(Option<Rc<U>>);

impl<U> MaybeUser<U> {
    /// The user, if there is one.
    pub fn as_ref(&self) -> Option<&U> {
        self.0.as_deref()
    }

    /// The user by value, if there is one.
    pub fn into_inner(self) -> Option<U>
    where
        U: Clone,
    {
        self.0.map(Rc::unwrap_or_clone)
    }
}

/// Serializes as the user, or as `null`.
impl<U: Serialize> Serialize for MaybeUser<U> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.as_ref().serialize(serializer)
    }
}

impl<U: 'static> FromRequest for MaybeUser<U> {
    type Error = AuthError;
    type Future = ExtractFuture<Self>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            match RequestState::of(&req)?.verdict(&req).await {
                Verdict::Accepted(principal) => Ok(Self(Some(user_of(&principal.user)?))),
                Verdict::Absent(_) => Ok(Self(None)),
                Verdict::Rejected(error) => Err(error),
            }
        })
    }
}

/// Another extractor, for a fresh login: `fresh_login_required`, `jwt_required(fresh=True)`. A login that is not fresh
/// is refused with a 401 `reauth_required` and the challenge of RFC 9470.
pub struct Fresh<T>(T);

impl<T> Fresh<T> {
    /// The inner extractor.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Fresh<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: FromRequest<Error = AuthError> + 'static> FromRequest for Fresh<T> {
    type Error = AuthError;
    type Future = ExtractFuture<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let inner = T::from_request(req, payload);
        let req = req.clone();
        Box::pin(async move {
            let inner = inner.await?;
            let state = RequestState::of(&req)?;
            if !state.principal(&req).await?.fresh {
                return Err(state.engine.reauth_required());
            }
            Ok(Self(inner))
        })
    }
}

/// Another extractor, for a login whose user authenticated within `SECONDS`: [`Fresh`] with a window of the handler's own.
/// The `max_age` of the refusal is this window. [`Require::fresh_within`](crate::Require::fresh_within) is the same as a
/// guard.
///
/// ```
/// use actix_web::{HttpResponse, post};
/// use tollbridge::{CurrentUser, FreshWithin};
/// # struct User;
///
/// #[post("/payments")]
/// async fn pay(user: FreshWithin<300, CurrentUser<User>>) -> HttpResponse {
///     let user: CurrentUser<User> = user.into_inner();
/// #   drop(user);
///     HttpResponse::NoContent().finish()
/// }
/// ```
pub struct FreshWithin<const SECONDS: u64, T>(T);

impl<const SECONDS: u64, T> FreshWithin<SECONDS, T> {
    /// The inner extractor.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<const SECONDS: u64, T> Deref for FreshWithin<SECONDS, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<const SECONDS: u64, T: FromRequest<Error = AuthError> + 'static> FromRequest for FreshWithin<SECONDS, T> {
    type Error = AuthError;
    type Future = ExtractFuture<Self>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        const { assert!(SECONDS > 0, "no login is fresh within 0 seconds") };
        let inner = T::from_request(req, payload);
        let req = req.clone();
        Box::pin(async move {
            let inner = inner.await?;
            let window = Duration::from_secs(SECONDS);
            if !RequestState::of(&req)?.principal(&req).await?.fresh_within(window) {
                return Err(AuthError::reauth_required(window));
            }
            Ok(Self(inner))
        })
    }
}

/// The [`Principal`] of this request: the login, and the credential that authenticated it.
#[derive(Clone)]
pub struct CurrentLogin {
    principal: Rc<Principal>,
    engine: Arc<Engine>,
}

impl CurrentLogin {
    pub(super) fn new(principal: Rc<Principal>, state: &RequestState) -> Self {
        Self { principal, engine: Arc::clone(&state.engine) }
    }

    /// Waits until the login has ended, and returns the reason. For what goes on after the request was authenticated: a
    /// stream of server-sent events, a WebSocket, a long download. The future does not hold the request.
    ///
    /// It sees every end within two seconds, on whichever node it happened: a logout, the expiry, a disabled or deleted
    /// user, a changed password. One task asks the stores about all watched logins once a second; if they take longer
    /// than that to answer, the bound grows by as much. When a store has been unavailable for ten looks, the login counts as
    /// ended, with [`StoreUnavailable`](AuthError::StoreUnavailable). For an API token it waits for its end, for another
    /// credential without a login for its expiry, or the end of its user. The expiry of an access token ends no login.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use actix_web::web::Bytes;
    /// use actix_web::{Error, HttpResponse, rt::time::interval};
    /// use futures_util::stream::{self, StreamExt as _};
    /// use tollbridge::CurrentLogin;
    ///
    /// async fn ticks(login: CurrentLogin) -> HttpResponse {
    ///     let ticks = stream::unfold(interval(Duration::from_secs(5)), |mut interval| async move {
    ///         interval.tick().await;
    ///         Some((Ok::<_, Error>(Bytes::from_static(b"data: tick\n\n")), interval))
    ///     });
    ///     HttpResponse::Ok().content_type("text/event-stream").streaming(ticks.take_until(login.ended()))
    /// }
    /// ```
    pub fn ended(&self) -> impl Future<Output = AuthError> + 'static {
        ended(&self.engine, &self.principal)
    }
}

impl Deref for CurrentLogin {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.principal
    }
}

impl fmt::Debug for CurrentLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CurrentLogin").field(&self.principal).finish()
    }
}

impl FromRequest for CurrentLogin {
    type Error = AuthError;
    type Future = ExtractFuture<Self>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let state = RequestState::of(&req)?;
            Ok(Self::new(state.principal(&req).await?, &state))
        })
    }
}

/// The [`Principal`] of this request, or none for an anonymous request. The refusals are those of [`MaybeUser`].
#[derive(Clone, Debug)]
pub struct MaybeLogin(Option<Rc<Principal>>);

impl MaybeLogin {
    /// The principal, if there is one.
    pub fn as_ref(&self) -> Option<&Principal> {
        self.0.as_deref()
    }
}

impl FromRequest for MaybeLogin {
    type Error = AuthError;
    type Future = ExtractFuture<Self>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            match RequestState::of(&req)?.verdict(&req).await {
                Verdict::Accepted(principal) => Ok(Self(Some(principal))),
                Verdict::Absent(_) => Ok(Self(None)),
                Verdict::Rejected(error) => Err(error),
            }
        })
    }
}

/// The refusal of an API token where claims are needed.
const API_TOKEN_WITHOUT_CLAIMS: AuthError =
    AuthError::CredentialConflict("An API token has no claims. Send an access token.");

impl FromRequest for Claims {
    type Error = AuthError;
    type Future = ExtractFuture<Self>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract_from_token(req, |principal| match principal.claims() {
            None if principal.api_token().is_some() => Err(API_TOKEN_WITHOUT_CLAIMS),
            claims => claims.ok_or(AuthError::LoginRequired),
        })
    }
}
