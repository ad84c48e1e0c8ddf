//! The extractor for pages that every request may see: it also gives a disabled user.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::extractors::user_of;
use super::request_state::RequestState;
use crate::bridge::error::AuthError;
use crate::bridge::resolve::Verdict;

/// The user of this request, or an anonymous one: Flask-Login's `current_user` where no login is required.
///
/// There are three cases:
///
/// - a user who is signed in and active;
/// - a disabled user who was signed in with [`force`](crate::LoginUser::force). For guards and the other extractors this
///   request is anonymous;
/// - an anonymous request.
///
/// Check [`is_authenticated`](Self::is_authenticated) before you show what only signed-in users may see.
///
/// The refusals are those of [`MaybeUser`](crate::MaybeUser): 401 for an invalid token, 503 when a store is
/// unavailable.
pub struct AnyUser<U> {
    user: Option<Rc<U>>,
    active: bool,
}

impl<U> AnyUser<U> {
    /// Whether the user is signed in and active.
    pub fn is_authenticated(&self) -> bool {
        self.user.is_some() && self.active
    }

    /// Whether the user is active (Flask-Login's `is_active`). `false` for an anonymous request.
    pub fn is_active(&self) -> bool {
        self.is_authenticated()
    }

    /// Whether the request is anonymous.
    pub fn is_anonymous(&self) -> bool {
        self.user.is_none()
    }

    /// The user, active or disabled.
    pub fn get(&self) -> Option<&U> {
        self.user.as_deref()
    }
}

impl<U: 'static> FromRequest for AnyUser<U> {
    type Error = AuthError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, AuthError>>>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let state = RequestState::of(&req)?;
            match state.verdict(&req).await {
                Verdict::Accepted(principal) => Ok(Self { user: Some(user_of(&principal.user)?), active: true }),
                Verdict::Absent(_) => {
                    let disabled = state.disabled_user();
                    Ok(Self { user: disabled.map(|user| user_of(&user)).transpose()?, active: false })
                }
                Verdict::Rejected(error) => Err(error),
            }
        })
    }
}
