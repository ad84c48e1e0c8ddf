//! The extractor for a user whom a rule allows, such as an administrator.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::rc::Rc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::extractors::user_of;
use super::request_state::RequestState;
use crate::bridge::error::AuthError;
use crate::bridge::resolve::Rule;

/// The user of this request, by session or by token, if the [`Rule`] allows them. Others are refused with a 403
/// `forbidden`, and anonymous requests with a 401 as by [`CurrentUser`](crate::CurrentUser).
///
/// It combines with the other extractors: `Fresh<Allowed<Admin>>`.
pub struct Allowed<R: Rule>(Rc<R::User>);

impl<R: Rule> Allowed<R> {
    /// The user by value.
    pub fn into_inner(self) -> R::User
    where
        R::User: Clone,
    {
        Rc::unwrap_or_clone(self.0)
    }
}

impl<R: Rule> Deref for Allowed<R> {
    type Target = R::User;

    fn deref(&self) -> &R::User {
        &self.0
    }
}

impl<R: Rule> FromRequest for Allowed<R> {
    type Error = AuthError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, AuthError>>>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        Box::pin(async move {
            let principal = RequestState::of(&req)?.principal(&req).await?;
            let user = user_of::<R::User>(&principal.user)?;
            if R::allows(&user) { Ok(Self(user)) } else { Err(AuthError::Forbidden) }
        })
    }
}
