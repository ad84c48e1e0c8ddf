//! From a session to tokens of the same login.
//!
//! A login has one chain of refresh tokens, which all its faces share. The exchange gives out the current refresh token
//! and rotates nothing, so it may be repeated any number of times: no token that another client has becomes an old one.
//! Its access token confirms no rotation, because the answer to the rotation may have gone to another client. Only a
//! refresh token that nobody can use any more, because it has expired unused, is replaced.

use std::borrow::Cow;

use actix_session::{SessionExt as _, SessionStatus};

use super::auth_handle::Auth;
use super::new_tokens::NewTokens;
use crate::bridge::error::AuthError;
use crate::bridge::model::{Act, Action, AuditRecord, Login, UnixTime, Via};
use crate::bridge::resolve::{BROWSER_SESSION_ONLY, Engine, Principal, find_live, genuine_logins};
use crate::bridge::session::SessionLogin;

impl Auth {
    /// Tokens for the login of this request's session. They have the same login id, `auth_time` and end; the access token
    /// is fresh only as the session is. [`NewTokens::issue`] issues them. The session stays as it is.
    ///
    /// It may be called any number of times: each call gives another access token and the current refresh token of the
    /// login. All clients of a login share that refresh token, so at most one of them should refresh; a page that has a
    /// session needs no refresh, because it can call this again. `docs/faces.md` says more.
    ///
    /// ```
    /// use actix_web::{Responder, post, web::Json};
    /// use tollbridge::{Auth, AuthError};
    ///
    /// #[post("/token")]
    /// async fn token(auth: Auth) -> Result<impl Responder, AuthError> {
    ///     Ok(Json(auth.issue_for_session().await?.claim("from", "web").issue()?))
    /// }
    /// # use actix_web::{App, HttpResponse, test};
    /// # use tollbridge::{Bridge, StoreError, TokenKey, UserStore, store::memory::MemoryStore};
    /// # #[derive(Clone)] struct User;
    /// # struct Users;
    /// # impl UserStore for Users {
    /// #     type User = User;
    /// #     fn identity(&self, _: &User) -> String { "7".to_owned() }
    /// #     async fn find(&self, id: &str) -> Result<Option<User>, StoreError> { Ok((id == "7").then_some(User)) }
    /// # }
    /// # #[post("/login")]
    /// # async fn login(auth: Auth) -> Result<HttpResponse, AuthError> {
    /// #     auth.login_user(&User).await?;
    /// #     Ok(HttpResponse::NoContent().finish())
    /// # }
    /// # #[actix_web::main]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let bridge = Bridge::builder(Users).token_key(TokenKey::hs256(&[0x5e; 32])?).store(MemoryStore::default());
    /// # let bridge = bridge.build()?;
    /// # let app = test::init_service(App::new().wrap(bridge.clone()).service(login).service(token)).await;
    /// # let signed_in = test::call_service(&app, test::TestRequest::post().uri("/login").to_request()).await;
    /// # let cookie = signed_in.response().cookies().next().ok_or("no cookie")?.into_owned();
    ///
    /// // In a test, with the cookie of a session:
    /// let request = test::TestRequest::post().uri("/token").cookie(cookie).to_request();
    /// let tokens: serde_json::Value = test::call_and_read_body_json(&app, request).await;
    /// let claims = bridge.decode_token(tokens["access_token"].as_str().ok_or("no token")?)?;
    /// assert!(claims.fresh && claims.get("from").is_some_and(|from| from == "web"));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`CredentialConflict`](AuthError::CredentialConflict) when the request presents a token or a custom credential,
    /// [`LoginRequired`](AuthError::LoginRequired) without a session, and the other refusals of a session.
    pub async fn issue_for_session(&self) -> Result<NewTokens<'_>, AuthError> {
        if self.state.presented.has_token() {
            return Err(BROWSER_SESSION_ONLY);
        }
        let principal = self.state.principal(&self.req).await?;
        if !matches!(principal.via, Via::Session | Via::Remember) {
            return Err(BROWSER_SESSION_ONLY);
        }
        let (engine, now) = (self.engine(), self.engine().clock.now());
        let (_, login) = find_live(engine, &principal.identity, principal.full_login()?, now).await?;
        if !self.still_has_session(&principal, &login, now).await? {
            return Err(AuthError::LoginEnded);
        }
        let act = engine.act_of(&self.req, &principal);
        let login = with_usable_refresh_token(engine, login, &act, now).await?;
        if let Some(audit) = &engine.audit {
            let issued = AuditRecord::new(now, Action::TokensIssued, act).of_user(&login.identity);
            audit.store.add_record(&issued.about(login.id.as_str())).await?;
        }
        tracing::info!(login.id = %login.id, "tokens for a session");
        let tokens = NewTokens::new(&engine.tokens.issuer, Cow::Owned(login), principal.fresh, now, None);
        Ok(tokens.without_confirmation())
    }

    /// Whether the session of this request is still one of the login, which was read after it. A change of password that
    /// keeps the login voids its sessions: whoever has a copy of one must not get tokens that are valid after that.
    async fn still_has_session(&self, principal: &Principal, login: &Login, now: UnixTime) -> Result<bool, AuthError> {
        let (engine, headers, session) = (self.engine(), self.req.headers(), self.req.get_session());
        // The remember cookie has opened the session, which is not stored yet.
        if principal.via == Via::Remember {
            return Ok(genuine_logins(engine, headers, now).await?.contains(&login.id));
        }
        if let Some(key) = engine.browser.session_in(headers)
            && let Some(record) = engine.browser.sessions.load_session(&key, now).await?
            && record.login.as_ref() == Some(&login.id)
        {
            return Ok(true);
        }
        // The handler has opened it.
        let found = SessionLogin::of(&self.req, &session).filter(|found| found.login_id == login.id);
        let is_new = session.status() == SessionStatus::Renewed;
        Ok(is_new && found.is_some_and(|found| !found.is_void(&session, login.credential_epoch)))
    }
}

/// Replaces the current refresh token if it has expired. Whoever had it has lost it, so this makes nobody a thief.
async fn with_usable_refresh_token(
    engine: &Engine,
    login: Login,
    act: &Act,
    now: UnixTime,
) -> Result<Login, AuthError> {
    let tokens = &engine.tokens;
    if !tokens.verifier.is_expired(tokens.issuer.refresh_expiry(&login, now), now) {
        return Ok(login);
    }
    let rotated = engine.logins.rotate_refresh(&login.id, login.refresh_generation, act, &engine.clock);
    if let Some(rotated_at) = rotated.await? {
        return Ok(Login {
            refresh_generation: login.refresh_generation + 1,
            refresh_rotated_at: rotated_at,
            refresh_confirmed: false,
            ..login
        });
    }
    // Another request has replaced it, unless the login has ended or its password has been changed.
    let (_, current) = find_live(engine, &login.identity, &login.id, now).await?;
    if current.credential_epoch == login.credential_epoch { Ok(current) } else { Err(AuthError::LoginEnded) }
}
