//! Signing out. Every face of a login leads to its end, also a token that has expired and a refresh token alone.

use actix_session::SessionExt as _;

use super::auth_handle::Auth;
use crate::bridge::credential::{Choice, WantedType, raw_cookies};
use crate::bridge::error::{AuthError, NO_LOGIN};
use crate::bridge::model::{AuthEvent, CredentialLocation, EndReason, LoginId, UnixTime};
use crate::bridge::resolve::{Engine, Verdict, live};
use crate::bridge::session::SessionLogin;
use crate::bridge::token::Verification;

/// Which of a user's logins to end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogoutScope {
    /// The one that this request belongs to.
    #[default]
    This,
    /// All but that one.
    Others,
    /// All.
    All,
}

impl Auth {
    /// Signs out (Flask-Login's `logout_user`): ends the login with its session, remember cookie and tokens, at once.
    /// Without a credential, or with one whose login is over, there is nothing to end and nothing goes wrong.
    ///
    /// # Errors
    ///
    /// When a token was presented that is not one of ours, or belongs to no login; when other logins are to end and this
    /// one is over, or its token has expired or was revoked; when the store cannot answer.
    pub async fn logout_user(&self, scope: LogoutScope) -> Result<(), AuthError> {
        let engine = self.engine();
        let now = engine.clock.now();
        let presented = match self.state.choose(WantedType::Access) {
            Choice::Nothing => self.state.choose(WantedType::Refresh),
            access => access,
        };
        let signed_out = match presented {
            Choice::Refused(error) => return Err(error),
            Choice::Token(presented) => {
                let in_cookie = presented.location == CredentialLocation::Cookie;
                let verified = self.verify(&presented, now);
                if in_cookie && matches!(verified, Err(AuthError::TokenInvalid(_))) {
                    // It ends nothing, but who wants to be signed out does not want to keep it either.
                    self.state.end_token_cookies();
                }
                let Verification { token, expired } = verified?;
                let current = Current { identity: token.sub.clone(), login_id: token.login_id().ok_or(NO_LOGIN)? };
                // A token that has expired or was revoked may end its own login, and that is all it may do.
                if scope != LogoutScope::This {
                    if expired {
                        return Err(AuthError::TokenExpired);
                    }
                    if let Some(check) = engine.checks.check(&token, true, now) {
                        check.await?;
                    }
                }
                end(engine, &current, scope, now).await?;
                if in_cookie && scope != LogoutScope::Others {
                    self.state.end_token_cookies();
                }
                Some(current)
            }
            // A token that this route does not look for.
            Choice::Nothing if self.state.presented.has_token() => return Ok(()),
            Choice::Nothing => {
                // Another site may not sign its visitors out either.
                engine.reader.check_origin(&self.req)?;
                let current = self.by_cookies(scope).await?;
                if let Some(current) = &current {
                    end(engine, current, scope, now).await?;
                }
                if scope != LogoutScope::Others {
                    self.forget();
                }
                current
            }
        };
        if scope != LogoutScope::Others {
            self.state.note_access();
            engine.events.emit(|| {
                let (user, login) = signed_out.map(|current| (current.identity, current.login_id)).unzip();
                AuthEvent::UserLoggedOut { user, login }
            });
            self.state.set_answer(Verdict::Absent(AuthError::LoginRequired));
        }
        Ok(())
    }

    /// The login that the cookies belong to, live or not.
    async fn by_cookies(&self, scope: LogoutScope) -> Result<Option<Current>, AuthError> {
        let session = match scope {
            LogoutScope::This => SessionLogin::of(&self.req, &self.req.get_session()),
            // Whoever has stolen the session must not reach the user's other logins.
            LogoutScope::Others | LogoutScope::All => self.protected_session().await?,
        };
        if let Some(found) = session {
            return Ok(Some(Current { identity: found.identity, login_id: found.login_id }));
        }
        // No session, but perhaps a remember cookie.
        match self.state.verdict(&self.req).await {
            Verdict::Accepted(found) => {
                Ok(Some(Current { identity: found.identity.clone(), login_id: found.login()?.clone() }))
            }
            Verdict::Absent(_) => Ok(None),
            Verdict::Rejected(error) => Err(error),
        }
    }

    /// Takes its cookies from the browser.
    fn forget(&self) {
        let names = &self.engine().browser.cookies;
        drop(self.state.take_cookies());
        let session = self.req.get_session();
        session.purge();
        for removal in [names.session_removal(), names.remember_removal()] {
            if raw_cookies::value_of(self.req.headers(), removal.name()).is_some() {
                self.state.set_cookie(removal);
            }
        }
    }
}

struct Current {
    identity: String,
    login_id: LoginId,
}

async fn end(engine: &Engine, current: &Current, scope: LogoutScope, now: UnixTime) -> Result<(), AuthError> {
    // "Others" and "all" are for who is still signed in: a dead credential must not reach the user's other logins.
    if scope != LogoutScope::This {
        live(engine, &current.identity, &current.login_id, now).await?;
    }
    let login = engine.logins.find(&current.login_id).await?;
    let Some(login) = login.filter(|login| login.identity == current.identity) else { return Ok(()) };
    let ended = match scope {
        LogoutScope::This => u64::from(engine.logins.end(&login.id, EndReason::Logout, now).await?),
        LogoutScope::Others => engine.logins.end_all(&login.identity, Some(&login.id), EndReason::Logout, now).await?,
        LogoutScope::All => engine.logins.end_all(&login.identity, None, EndReason::Logout, now).await?,
    };
    tracing::info!(login.id = %login.id, user.id = %login.identity, ended, "logout");
    Ok(())
}
