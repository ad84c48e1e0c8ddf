//! From a token to a session of the same login, by a one-time code: an app opens a page in a browser or web view.

use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use actix_session::SessionExt as _;
use actix_web::http::Method;
use actix_web::http::header::HeaderMap;

use super::auth_handle::Auth;
use super::extractors::{CurrentLogin, user_of};
use super::previous_login;
use crate::bridge::credential::raw_cookies;
use crate::bridge::error::AuthError;
use crate::bridge::model::{
    AuthEvent, CodeHash, CodeStore, CredentialLocation, KnownUser, Login, OneTimeCode, UnixTime, Via, random, sha256,
};
use crate::bridge::resolve::{Engine, Principal, Proof, Verdict, find_live, genuine_logins};
use crate::bridge::session::{SessionMetadata, face};

/// How long a code is valid, in seconds: the time to open a page and press a button.
const CODE_TTL: u32 = 60;

/// The length of a code as text: 128 bits in base64url.
const CODE_LENGTH: usize = 22;

/// A one-time code that opens a session of a login; from [`Auth::handoff`]. It is a secret until it has been used.
pub struct Handoff {
    code: String,
}

impl Handoff {
    /// The code, for the path of a page: 22 characters of base64url.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// How long the code is valid, in seconds.
    pub fn expires_in(&self) -> u32 {
        CODE_TTL
    }
}

impl fmt::Debug for Handoff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handoff").field("expires_in", &CODE_TTL).finish_non_exhaustive()
    }
}

impl Auth {
    /// Makes a one-time code for the login of this request's access token. A page of your application takes it to
    /// [`redeem`](Self::redeem), which opens a session of the same login. It needs
    /// [`handoff_codes`](crate::BridgeBuilder::handoff_codes).
    ///
    /// The code can be used once, for 60 seconds, while the login is live and its password unchanged. The session that it
    /// opens is fresh only if this token is, and ends with the login.
    ///
    /// # Errors
    ///
    /// [`LoginRequired`](AuthError::LoginRequired) without an access token, a session does not count;
    /// [`TooManyAttempts`](AuthError::TooManyAttempts) when the login has made
    /// [`MAX_CODES_OF_LOGIN`](crate::MAX_CODES_OF_LOGIN) codes within their lifetime; and the other refusals of a token.
    pub async fn handoff(&self) -> Result<Handoff, AuthError> {
        let codes = self.codes()?;
        self.state.demand_token();
        let principal = self.state.principal(&self.req).await?;
        if principal.via != Via::Token {
            return Err(AuthError::LoginRequired);
        }
        let (engine, now) = (self.engine(), self.engine().clock.now());
        let (_, login) = find_live(engine, &principal.identity, principal.full_login()?, now).await?;
        let token = principal.token.as_deref();
        // The password may have been changed since the token was checked, against copies of it.
        if token.and_then(|token| token.generation).is_some_and(|generation| login.is_of_earlier_series(generation)) {
            return Err(AuthError::TokenRevoked);
        }
        let code = random::base64url::<16>();
        let record = OneTimeCode {
            hash: CodeHash(sha256(code.as_bytes())),
            login: login.id.clone(),
            credential_epoch: login.credential_epoch,
            auth_time: principal.proof.authenticated_at(),
            expires_at: now + UnixTime::from(CODE_TTL),
        };
        if !codes.insert_code(&record, &engine.act_of(&self.req, &principal), now).await? {
            // The reason, if the login has just ended.
            find_live(engine, &login.identity, &login.id, now).await?;
            return Err(AuthError::TooManyAttempts { retry_after: CODE_TTL });
        }
        tracing::info!(login.id = %login.id, "handoff begun");
        Ok(Handoff { code })
    }

    /// The user for whom a code opens a session, for a page that names them and asks. Nothing is used up. It needs no
    /// credential.
    ///
    /// # Errors
    ///
    /// [`CodeInvalid`](AuthError::CodeInvalid) when the code is not valid any more.
    pub async fn handoff_user<U: 'static>(&self, code: &str) -> Result<Rc<U>, AuthError> {
        let (engine, now) = (self.engine(), self.engine().clock.now());
        let hash = hash_of(code)?;
        let found = self.codes()?.find_code(&hash, now).await?.ok_or(AuthError::CodeInvalid)?;
        let (user, _) = find_login(engine, &found, now).await?;
        user_of(&user.user)
    }

    /// Checks whether this request may [redeem](Self::redeem) a code, which makes the same checks. A page that redeems at
    /// once, without asking, calls this to decide whether it must ask after all.
    ///
    /// # Errors
    ///
    /// Those of [`may_open_session`](Self::may_open_session) and [`check_body`](Self::check_body), and for a request that is only a look:
    /// [`CsrfRejected`](AuthError::CsrfRejected) when another site sent it, also as a link, and
    /// [`InvalidRequest`](AuthError::InvalidRequest) for `HEAD` and for a prefetch.
    pub fn may_redeem(&self) -> Result<(), AuthError> {
        self.may_open_session()?;
        self.check_body()?;
        if self.req.method() == Method::HEAD || is_prefetch(self.req.headers()) {
            return Err(AuthError::InvalidRequest("A look ahead does not use a code. Open the page.".into()));
        }
        self.engine().reader.check_origin_of_any_method(&self.req)
    }

    /// Uses a one-time code of [`handoff`](Self::handoff): opens a session of its login in this browser. If the browser
    /// had another login, that one ends with [`Replaced`](crate::EndReason::Replaced).
    ///
    /// Call it for a `POST` from a page that has named the user ([`handoff_user`](Self::handoff_user)). Otherwise another
    /// site can lead its visitors into an account of the attacker by a link.
    ///
    /// # Errors
    ///
    /// [`CodeInvalid`](AuthError::CodeInvalid) when the code is not valid any more, and those of
    /// [`may_redeem`](Self::may_redeem). The code is used up only if neither applies.
    pub async fn redeem(&self, code: &str) -> Result<CurrentLogin, AuthError> {
        let codes = self.codes()?;
        self.may_redeem()?;
        let (engine, browser) = (self.engine(), &self.engine().browser);
        let hash = hash_of(code)?;
        // Whose code it is, for the record of its use.
        let now = engine.clock.now();
        let found = codes.find_code(&hash, now).await?.ok_or(AuthError::CodeInvalid)?;
        let (_, login) = find_login(engine, &found, now).await?;
        let act = engine.act(&self.req).by_user(&login.identity).by_login(&login.id, Some(Via::Session));
        let taken = codes.take_code(&hash, &act, engine.clock.now()).await?.ok_or(AuthError::CodeInvalid)?;
        // After the code was taken: what has ended before is seen here.
        let now = engine.clock.now();
        let (user, login) = find_login(engine, &taken, now).await?;
        let remembered = genuine_logins(engine, self.req.headers(), now).await?;
        previous_login::end(engine, &self.req, Some(&login.id), &act, now).await?;
        // A later authentication, in another face, was not this one's.
        let stale = taken.auth_time != Some(login.auth_time);
        let metadata = SessionMetadata { stale, bound: true, ..SessionMetadata::default() };
        face::open(browser, &self.req, &self.req.get_session(), &login, metadata)?;
        let has_remember_cookie = raw_cookies::value_of(self.req.headers(), browser.cookies.remember_name()).is_some();
        if has_remember_cookie && !remembered.contains(&login.id) {
            browser.cookies.remember_removals().for_each(|removal| self.state.set_cookie(removal));
        }
        tracing::info!(login.id = %login.id, user.id = %login.identity, "handoff redeemed");
        engine.events.emit(|| AuthEvent::HandoffRedeemed { user: login.identity.clone(), login: login.id.clone() });
        let fresh = !stale && engine.is_fresh(login.auth_time, now);
        let proof = Proof::new((!stale).then_some(login.auth_time), now);
        let location = CredentialLocation::Cookie;
        let principal = Rc::new(Principal::of_login(login, user.user, Via::Session, location, fresh, proof));
        self.state.set_resolution(Verdict::Accepted(Rc::clone(&principal)));
        Ok(CurrentLogin::new(principal, &self.state))
    }

    fn codes(&self) -> Result<&Arc<dyn CodeStore>, AuthError> {
        self.engine().codes.as_ref().ok_or(AuthError::Misconfigured(
            "a handoff has no store for its codes: call `BridgeBuilder::handoff_codes`",
        ))
    }
}

/// The hash of a code. A text that cannot be a code is refused without asking the store.
fn hash_of(code: &str) -> Result<CodeHash, AuthError> {
    let is_code =
        code.len() == CODE_LENGTH && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    if is_code { Ok(CodeHash(sha256(code.as_bytes()))) } else { Err(AuthError::CodeInvalid) }
}

/// Finds the user and the login of a code. Whatever has ended makes the code invalid.
async fn find_login(engine: &Engine, code: &OneTimeCode, now: UnixTime) -> Result<(KnownUser, Login), AuthError> {
    let login = engine.logins.find(&code.login).await?.ok_or(AuthError::CodeInvalid)?;
    match find_live(engine, &login.identity, &login.id, now).await {
        Ok((user, login)) if login.credential_epoch == code.credential_epoch => Ok((user, login)),
        Err(unusable) if unusable.reason.status().is_server_error() => Err(unusable.reason),
        Ok(_) | Err(_) => Err(AuthError::CodeInvalid),
    }
}

/// Whether the browser sends this request before its user has asked for the page.
fn is_prefetch(headers: &HeaderMap) -> bool {
    ["sec-purpose", "purpose", "x-purpose", "x-moz"].iter().any(|name| {
        let mut values = headers.get_all(*name).filter_map(|value| value.to_str().ok());
        values.any(|value| ["prefetch", "prerender", "preview"].iter().any(|word| value.contains(word)))
    })
}
