//! Extractors: what a handler asks for is the policy it has.
//!
//! Each resolves the request's credential when it is first asked for, and all of them share the answer. There is no
//! `Option<CurrentUser<U>>` among them on purpose: actix-web would turn an invalid token, and a store that is down,
//! into `None`. [`MaybeUser`] does not.

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
use crate::bridge::resolve::{NOT_A_BROWSER, Principal, Verdict, Via};
use crate::bridge::token::Claims;

type ExtractFuture<T> = Pin<Box<dyn Future<Output = Result<T, AuthError>>>>;

/// The principal, for an extractor that is for tokens alone.
fn principal_of_token(req: &HttpRequest) -> impl Future<Output = Result<Rc<Principal>, AuthError>> + 'static {
    // At once, and not when it is its turn: an extractor before it in the same handler may be the one that refuses.
    if let Ok(auth) = RequestState::of(req) {
        auth.demand_token();
    }
    principal(req)
}

fn principal(req: &HttpRequest) -> impl Future<Output = Result<Rc<Principal>, AuthError>> + 'static {
    let req = req.clone();
    async move { RequestState::of(&req)?.principal(&req).await }
}

pub(crate) fn user_of<U: 'static>(user: &Rc<dyn Any>) -> Result<Rc<U>, AuthError> {
    Rc::clone(user).downcast().map_err(|user| {
        AuthError::Misconfigured(if user.is::<NotLookedUp>() {
            "a handler asks for the user of a token, whom `JwtManagerBuilder::without_user_lookup` keeps from being \
             looked up: leave that out, or ask for `CurrentLogin` or `Claims`"
        } else {
            "a handler asks for a user of another type than the bridge's `UserStore::User`"
        })
    })
}

macro_rules! user_extractor {
    ($(#[$doc:meta])* $name:ident, $principal:ident, $accepts:expr) => {
        $(#[$doc])*
        pub struct $name<U>(Rc<U>);

        impl<U> $name<U> {
            /// The user themselves.
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
                let principal = $principal(req);
                Box::pin(async move {
                    let principal = principal.await?;
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
    CurrentUser, principal, |_| Ok(())
}

user_extractor! {
    /// The user of this request, if a browser's cookies say so. A request with a token is refused with a 400
    /// `credential_conflict`.
    BrowserUser, principal, |via| match via {
        Via::Token | Via::Request => Err(NOT_A_BROWSER),
        Via::Session | Via::Remember => Ok(()),
    }
}

user_extractor! {
    /// The user of this request, if an access token says so. A browser's cookies do not count: without a token it is
    /// a 401 `login_required`, cookies or not.
    TokenUser, principal_of_token, |via| match via {
        Via::Token => Ok(()),
        Via::Session | Via::Remember | Via::Request => Err(AuthError::LoginRequired),
    }
}

/// The user of this request, or nobody: `jwt_required(optional=True)`.
///
/// It is nobody only if no credential was presented (or a browser's session has run out). An invalid token is a 401,
/// and a store that is down a 503.
pub struct MaybeUser<U>(Option<Rc<U>>);

impl<U> MaybeUser<U> {
    /// The user, if there is one.
    pub fn as_ref(&self) -> Option<&U> {
        self.0.as_deref()
    }

    /// The user themselves, if there is one.
    pub fn into_inner(self) -> Option<U>
    where
        U: Clone,
    {
        self.0.map(Rc::unwrap_or_clone)
    }
}

/// As the user, or `null`.
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

/// Another extractor, for users who proved who they are lately: `fresh_login_required`, `jwt_required(fresh=True)`.
/// Everybody else gets 401 `reauth_required` with the challenge of RFC 9470.
pub struct Fresh<T>(T);

impl<T> Fresh<T> {
    /// The extractor inside.
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

/// How this request is authenticated: the [`Principal`].
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
        let principal = principal(req);
        Box::pin(async move { principal.await.map(Self) })
    }
}

/// How this request is authenticated, or nobody: as [`MaybeUser`], with all that is known of the login.
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

impl FromRequest for Claims {
    type Error = AuthError;
    type Future = ExtractFuture<Self>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let principal = principal_of_token(req);
        Box::pin(async move { principal.await?.claims().ok_or(AuthError::LoginRequired) })
    }
}
