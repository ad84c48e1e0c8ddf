//! Why a request is authenticated as it is: every place that was looked at, what was there, and what decided.

use std::fmt;

use serde::Serialize;

use crate::bridge::model::UnixTime;

/// Why a request is authenticated as it is, from [`Auth::explain`](crate::Auth::explain). It contains no secret.
///
/// Its [`Display`](fmt::Display) text is one line for the log. It names the exact fault of a token, which the serialized
/// form does not: clients must not learn which check a forged token has passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Explanation {
    /// Whether the request is authenticated: `accepted`, `anonymous` or `refused`.
    pub outcome: &'static str,
    /// The name of the place whose credential decided. `None`: none did.
    pub decided_by: Option<&'static str>,
    /// Every place that was looked at: the locations of tokens in their order, then the cookies of browsers.
    pub places: Vec<ExplainedPlace>,
    /// The identity of the user. Also of a refused token, if its signature is right.
    pub identity: Option<String>,
    /// The id of the login.
    pub login_id: Option<String>,
    /// The id of the API token that decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_token_id: Option<String>,
    /// Until when the login is or was fresh by this credential, within the window of the bridge. `None`: the credential
    /// proves no authentication.
    pub fresh_until: Option<UnixTime>,
    /// The [code](crate::AuthError::code) of the refusal. For an anonymous request that of a handler that needs a user.
    pub code: Option<&'static str>,
    /// The exact reason of the refusal.
    #[serde(skip)]
    pub reason: Option<String>,
}

/// One place of an [`Explanation`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ExplainedPlace {
    /// The name: `header`, `query`, `json`, `cookie` (of tokens), `custom`, `session_cookie` or `remember_cookie`.
    pub place: &'static str,
    /// What was there: `nothing`, `token`, `malformed`, `credential` or `cookie`.
    pub found: &'static str,
    /// The type that the header of a token states: `access`, `refresh` or `other`; or `api_token`. Nothing of it is
    /// verified.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    /// Why it did not decide, in one word such as `missing`, `not_read_here` or `token_decides`. `None` for the place that
    /// decided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why_not: Option<&'static str>,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {}", self.outcome, self.decided_by.unwrap_or("nothing"))?;
        for place in &self.places {
            write!(f, "; {place}")?;
        }
        if let Some(identity) = &self.identity {
            write!(f, "; user {}", identity.escape_debug())?;
        }
        if let Some(login) = &self.login_id {
            write!(f, "; login {}", login.escape_debug())?;
        }
        if let Some(token) = &self.api_token_id {
            write!(f, "; API token {token}")?;
        }
        if let Some(until) = self.fresh_until {
            write!(f, "; fresh until {until}")?;
        }
        match &self.reason {
            Some(reason) => write!(f, "; {reason}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for ExplainedPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if let Some(token_type) = self.token_type {
            write!(f, "{token_type} ")?;
        }
        write!(f, "{}", self.found)?;
        match self.why_not {
            Some(why) => write!(f, " ({why})"),
            None => f.write_str(" (decided)"),
        }
    }
}
