//! Whoever it is: for pages that everybody may see.

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
/// Three may come: a user who is signed in; one who is inactive and was signed in all the same, by
/// [`force`](crate::LoginUser::force), and is let in nowhere; and nobody. Ask [`is_authenticated`](Self::is_authenticated)
/// before you show what is not for everybody.
///
/// It refuses what [`MaybeUser`](crate::MaybeUser) refuses: an invalid token is a 401, a store that is down a 503.
pub struct AnyUser<U> {
    user: Option<Rc<U>>,
    active: bool,
}

impl<U> AnyUser<U> {
    /// Whether this is a user who may be here: signed in and active.
    pub fn is_authenticated(&self) -> bool {
        self.user.is_some() && self.active
    }

    /// Whether the user is active; nobody is not.
    pub fn is_active(&self) -> bool {
        self.is_authenticated()
    }

    /// Whether this is nobody.
    pub fn is_anonymous(&self) -> bool {
        self.user.is_none()
    }

    /// The user, also one who is inactive.
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
                    let inactive = state.disabled_user();
                    Ok(Self { user: inactive.map(|user| user_of(&user)).transpose()?, active: false })
                }
                Verdict::Rejected(error) => Err(error),
            }
        })
    }
}
