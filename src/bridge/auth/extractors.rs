//! Extractors: the type of a handler's argument is its policy.
//!
//! The first extractor of a request resolves the credential, and the others share the result. `Option<CurrentUser<U>>`
//! is not for optional users: actix-web would turn an invalid token, or a store that is unavailable, into `None`.
//! [`MaybeUser`] refuses both.

use std::any::Any;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::{Serialize, Serializer};

use super::request_state::RequestState;
use crate::bridge::error::AuthError;
use crate::bridge::model::NotLookedUp;
use crate::bridge::resolve::{BROWSER_SESSION_ONLY, Principal, Verdict, Via};
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

/// The [`Principal`] of this request: the login, and the credential that authenticated it.
#[derive(Clone, Debug)]
pub struct CurrentLogin(Rc<Principal>);

impl Deref for CurrentLogin {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl FromRequest for CurrentLogin {
    type Error = AuthError;
    type Future = ExtractFuture<Self>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        extract(req, |principal| Ok(Self(principal)))
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
