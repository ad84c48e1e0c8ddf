//! A new API token.

use std::fmt;
use std::time::Duration;

use crate::bridge::error::AuthError;
use crate::bridge::model::{Abilities, ApiToken, InvalidAbilities, LoginId, UnixTime, UserFacts, seconds};
use crate::bridge::token::generate_api_token;

/// The longest name, in characters.
const MAX_NAME: usize = 100;

/// An API token that is to be made, by [`Auth::create_api_token`](crate::Auth::create_api_token) or
/// [`Bridge::create_api_token`](crate::Bridge::create_api_token).
///
/// ```
/// # use std::time::Duration;
/// # use tollbridge::{Auth, AuthError, NewApiToken};
/// # async fn create(auth: &Auth) -> Result<String, AuthError> {
/// let new = NewApiToken::named("nightly backup").abilities(["notes:read"]).expires_in(Duration::from_secs(86_400));
/// let issued = auth.create_api_token(new).await?;
/// Ok(issued.into_text()) // shown once: the store has only a hash
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "no token is made until this is given to `create_api_token`"]
pub struct NewApiToken {
    name: String,
    abilities: Result<Abilities, InvalidAbilities>,
    expires_in: Option<Duration>,
}

impl NewApiToken {
    /// A token with this name, by which its user recognizes it: 1 to 100 characters. It need not be unique.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), abilities: Ok(Abilities::all()), expires_in: None }
    }

    /// What the token may do. Default: all that its user may, except operations on the account.
    pub fn abilities<A: AsRef<str>>(mut self, abilities: impl IntoIterator<Item = A>) -> Self {
        self.abilities = Abilities::new(abilities);
        self
    }

    /// How long the token lives: at least a second. Default: until it is revoked.
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        self.expires_in = Some(lifetime);
        self
    }

    /// Makes the token and its record. The record is not stored yet.
    pub(crate) fn issue(
        self,
        user: UserFacts,
        created_by: Option<LoginId>,
        now: UnixTime,
    ) -> Result<IssuedApiToken, AuthError> {
        let invalid = |detail: &'static str| AuthError::InvalidRequest(detail.into());
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME || name.chars().any(char::is_control) {
            return Err(invalid("The name of an API token has 1 to 100 characters, and no control characters."));
        }
        if self.expires_in.is_some_and(|lifetime| lifetime.as_secs() == 0) {
            return Err(invalid("An API token lives for a second or more."));
        }
        let (text, id, secret_hash) = generate_api_token();
        let record = ApiToken {
            id,
            identity: user.identity,
            credential_epoch: user.credential_epoch,
            secret_hash,
            name: name.to_owned(),
            abilities: self.abilities?,
            created_at: now,
            created_by,
            expires_at: self.expires_in.map(|lifetime| now.saturating_add(seconds(lifetime))),
            last_used_at: None,
            revoked_at: None,
        };
        Ok(IssuedApiToken { record, text })
    }
}

/// An API token that has just been made. This is the only time that its text is known.
#[derive(Clone)]
pub struct IssuedApiToken {
    record: ApiToken,
    text: String,
}

impl IssuedApiToken {
    /// The text of the token, which is a secret: for its user only, once.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text of the token by value.
    pub fn into_text(self) -> String {
        self.text
    }

    /// What the server keeps of it.
    pub fn record(&self) -> &ApiToken {
        &self.record
    }
}

/// Omits the text.
impl fmt::Debug for IssuedApiToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedApiToken").field("record", &self.record).finish_non_exhaustive()
    }
}
