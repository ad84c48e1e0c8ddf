//! What all workers share: the stores, the keys and the settings.

use std::sync::Arc;
use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse};

use crate::bridge::credential::custom_credential::Loads;
use crate::bridge::credential::find::LoaderConfig;
use crate::bridge::error::auth_error::AuthError;
use crate::bridge::model::clock::{Clock, UnixTime};
use crate::bridge::model::erased_users::Users;
use crate::bridge::model::events::Events;
use crate::bridge::model::login::LoginStore;
use crate::bridge::model::session_store::SessionStore;
use crate::bridge::resolve::foreign::ForeignTokens;
use crate::bridge::resolve::token_checks::Hooks;
use crate::bridge::response::refusal::OnRefusal;
use crate::bridge::response::views::Views;
use crate::bridge::session::cookies::CookieConfig;
use crate::bridge::session::protection::SessionProtection;
use crate::bridge::session::remember_token::RememberKey;
use crate::bridge::token::{Issuer, Verifier};

/// Renders an error for a browser.
pub(crate) type ErrorPage = dyn Fn(&HttpRequest, &AuthError) -> HttpResponse + Send + Sync;

/// The inside of a [`Bridge`](crate::Bridge).
pub(crate) struct Core {
    pub(crate) users: Box<dyn Users>,
    pub(crate) logins: Arc<dyn LoginStore>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) issuer: Issuer,
    pub(crate) verifier: Verifier,
    pub(crate) hooks: Hooks,
    /// Who judges tokens that are not of our own format. Without it they are invalid.
    pub(crate) foreign: Option<Box<dyn ForeignTokens>>,
    pub(crate) remember: RememberKey,
    pub(crate) session_key: actix_web::cookie::Key,
    pub(crate) cookies: CookieConfig,
    pub(crate) protection: SessionProtection,
    pub(crate) request_loader: Option<Box<dyn Loads>>,
    pub(crate) loader: LoaderConfig,
    pub(crate) lifetimes: Lifetimes,
    /// An access token from a cookie gets a successor when it expires within this.
    pub(crate) implicit_refresh: Option<Duration>,
    /// The origin of the public URL, if one is configured.
    pub(crate) own_origin: Option<String>,
    pub(crate) views: Views,
    pub(crate) error_page: Option<Box<ErrorPage>>,
    /// In the order in which they were given; the last is asked first.
    pub(crate) on_refusal: Vec<Box<OnRefusal>>,
    pub(crate) events: Events,
    pub(crate) clock: Clock,
}

/// How long things last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lifetimes {
    pub(crate) refresh: Duration,
    pub(crate) refresh_grace: Duration,
    pub(crate) idle: Duration,
    pub(crate) absolute: Duration,
    pub(crate) remember: Duration,
    pub(crate) fresh: Duration,
}

impl Core {
    /// What somebody is told who is not fresh and has to be.
    pub(crate) fn reauth_required(&self) -> AuthError {
        AuthError::ReauthRequired { max_age: seconds(self.lifetimes.fresh).unsigned_abs() }
    }

    /// Whether somebody who proved who they are at `auth_time` counts as fresh now.
    pub(crate) fn is_fresh(&self, auth_time: UnixTime, now: UnixTime) -> bool {
        now - auth_time < seconds(self.lifetimes.fresh)
    }
}

/// A duration in whole seconds. The longest is one that, from now on, ends at a time that tokens can say: later ones
/// our own verifier refuses.
pub(crate) fn seconds(duration: Duration) -> UnixTime {
    const LONGEST: UnixTime = 1 << 52;
    UnixTime::try_from(duration.as_secs()).unwrap_or(LONGEST).min(LONGEST)
}
