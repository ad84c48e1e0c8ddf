//! From a token to a principal: found, verified, of the right type, fresh if it must be, of a login that lives and a
//! user who may use it.

use std::any::Any;
use std::rc::Rc;

use actix_web::HttpRequest;

use crate::bridge::auth::extractors::NotLookedUp;
use crate::bridge::auth::refresh;
use crate::bridge::auth::request_state::RequestAuth;
use crate::bridge::credential::double_submit::{self, Csrf};
use crate::bridge::credential::presented::{Chosen, Location};
use crate::bridge::error::auth_error::AuthError;
use crate::bridge::model::clock::UnixTime;
use crate::bridge::model::erased_users::KnownUser;
use crate::bridge::model::login::{Login, LoginId};
use crate::bridge::resolve::engine::Core;
use crate::bridge::resolve::principal::{Principal, Via};
use crate::bridge::resolve::requirement::Requirement;
use crate::bridge::resolve::resolver::live;
use crate::bridge::token::{TokenType, Verified, VerifiedToken};

/// Verifies a token that a request presents, for whatever purpose. One from a cookie must come from our own pages.
pub(crate) fn verify(
    auth: &RequestAuth,
    req: &HttpRequest,
    token: &Chosen<'_>,
    now: UnixTime,
) -> Result<Verified, AuthError> {
    let core = &*auth.core;
    let csrf = match &core.loader.search.cookies {
        Some(cookies) if token.location == Location::Cookie => {
            double_submit::check(req.method(), req.headers(), core.own_origin.as_deref())?;
            double_submit::of_cookie(cookies, token.presented_as, &auth.presented, req)?
        }
        _ => Csrf::NotNeeded,
    };
    let verified = match &core.foreign {
        Some(foreign) if !core.verifier.is_own(token.text) => foreign.verify(token.text, now, csrf)?,
        _ => {
            let verified = core.verifier.verify(token.text, &auth.known_tokens, now)?;
            csrf.check(verified.token.csrf.as_deref())?;
            verified
        }
    };
    auth.set_opened(&verified.token);
    Ok(verified)
}

/// Who a token says that the request is.
pub(super) async fn resolve(
    auth: &RequestAuth,
    req: &HttpRequest,
    presented: &Chosen<'_>,
    requirement: &Requirement,
) -> Result<Principal, AuthError> {
    let core = &*auth.core;
    let now = core.clock.now();
    let Verified { token, expired } = verify(auth, req, presented, now)?;
    if expired {
        return Err(AuthError::TokenExpired);
    }
    requirement.wanted.check(token.token_type)?;
    let fresh = is_fresh(core, &token, now);
    if requirement.fresh && !fresh {
        return Err(core.reauth_required());
    }
    if let Some(check) = core.hooks.check(&token, !requirement.skip_blocklist) {
        check.await?;
    }
    let Some(sid) = &token.sid else {
        let user = Box::pin(without_login(core, &token)).await?;
        return Ok(Principal {
            identity: token.sub.clone(),
            login_id: None,
            via: Via::Token,
            location: presented.location,
            fresh,
            auth_time: token.auth_time,
            amr: String::new(),
            login_started_at: token.auth_time,
            expires_at: token.exp,
            login_expires_at: None,
            user,
            token: Some(token),
        });
    };
    let login_id = LoginId::from(sid.clone());
    let (user, login) = match token.token_type {
        TokenType::Access => live(core, &token.sub, &login_id, now).await?,
        // Apart, so that the way of an access token carries no room for it.
        TokenType::Refresh => Box::pin(live_and_unused(core, &token, &login_id, now)).await?,
    };
    Ok(Principal {
        identity: login.identity,
        login_id: Some(login.id),
        via: Via::Token,
        location: presented.location,
        fresh,
        auth_time: login.auth_time,
        amr: login.amr,
        login_started_at: login.created_at,
        expires_at: token.exp,
        login_expires_at: Some(login.expires_at),
        user: user.user,
        token: Some(token),
    })
}

/// The user and the login of a refresh token that has no successor yet.
async fn live_and_unused(
    core: &Core,
    token: &VerifiedToken,
    login_id: &LoginId,
    now: UnixTime,
) -> Result<(KnownUser, Login), AuthError> {
    let (user, login) = live(core, &token.sub, login_id, now).await?;
    refresh::check_unused(core, token, &login, now).await?;
    Ok((user, login))
}

/// Whether a token shows that its user proved who they are lately. What our own tokens say of it ends with the window.
fn is_fresh(core: &Core, token: &VerifiedToken, now: UnixTime) -> bool {
    token.token_type == TokenType::Access
        && token.freshness.holds(now)
        && (token.sid.is_none() || core.is_fresh(token.auth_time, now))
}

/// The user of a token that belongs to no login.
async fn without_login(core: &Core, token: &VerifiedToken) -> Result<Rc<dyn Any>, AuthError> {
    if !core.foreign.as_ref().is_some_and(|foreign| foreign.finds_users()) {
        return Ok(Rc::new(NotLookedUp));
    }
    let user = core.users.find(&token.sub).await?.ok_or(AuthError::UserNotFound)?;
    if user.active { Ok(user.user) } else { Err(AuthError::UserDisabled) }
}
