//! The error of every refused request. It has a stable code, a status, a challenge, and a sentence for users.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};

use super::body_fault::BodyFault;
use super::csrf_fault::CsrfFault;
use super::problem::ProblemDetails;
use crate::bridge::model::{InvalidAbilities, StoreError, is_ability, seconds};
use crate::bridge::password::{PasswordError, ThrottleError};
use crate::bridge::token::{TokenError, TokenFault, TokenType};

/// The reason why a request was refused.
///
/// The response is `application/problem+json` (RFC 9457) with the [`code`](Self::code). Every 401 has a
/// `WWW-Authenticate` challenge (RFC 6750 section 3). Browsers get a page or a redirect instead if the
/// [`BridgeBuilder`](crate::BridgeBuilder) configures one.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AuthError {
    /// The request is anonymous, and a credential is needed.
    LoginRequired,
    /// The request is anonymous, but a token is in a place that is not read. The text gives the place. It has the code and
    /// the status of [`LoginRequired`](Self::LoginRequired).
    TokenNotRead(Cow<'static, str>),
    /// The user name or the password is wrong, or the account may not sign in. The error does not tell which.
    InvalidCredentials,
    /// The token has expired.
    TokenExpired,
    /// The token was not issued by this bridge, or was changed. The fault is logged and not sent.
    TokenInvalid(TokenFault),
    /// The token was revoked.
    TokenRevoked,
    /// The token is valid, but the application does not accept its claims
    /// ([`check_claims`](crate::BridgeBuilder::check_claims)).
    ClaimsRejected,
    /// A refresh token was presented where an access token is needed, or an access token where a refresh token is
    /// needed.
    TokenWrongType {
        /// The type that is needed.
        wanted: TokenType,
    },
    /// A refresh token was used again after its successor had been used. The login has been ended.
    TokenReused,
    /// The login that the credential belongs to is over.
    LoginEnded,
    /// The user no longer exists.
    UserNotFound,
    /// The user has been disabled.
    UserDisabled,
    /// The user must re-authenticate: the last authentication is more than `max_age` seconds ago, or the login was
    /// remembered or refreshed (RFC 9470).
    ReauthRequired {
        /// The time for which a login counts as fresh, in seconds.
        max_age: u64,
    },
    /// The user is known, and may not do this: a rule of the application refuses it
    /// ([`Require::when`](crate::Require::when), [`Allowed`](crate::Allowed)).
    Forbidden,
    /// The credential may not do this: it is an API token without the ability, or an access token that is narrowed to a
    /// scope without it (RFC 6750 section 3.1).
    InsufficientScope {
        /// The ability that is needed.
        scope: Cow<'static, str>,
    },
    /// The body says that it is JSON or a form and could not be searched for a token, and no token in a header decides.
    BodyNotSearched(BodyFault),
    /// The operation is not possible with the credential of the request. The text gives the reason.
    CredentialConflict(&'static str),
    /// A one-time code is unknown, was used before, has expired, or its login has ended. The error does not tell which.
    CodeInvalid,
    /// The request failed the CSRF check: it does not show that it comes from the application's own pages.
    CsrfRejected(CsrfFault),
    /// The request is malformed. The text gives the place.
    InvalidRequest(Cow<'static, str>),
    /// A store is unavailable. The cause is logged and not sent.
    StoreUnavailable(Arc<StoreError>),
    /// The server has more work than it can queue. Try again after `retry_after` seconds.
    Overloaded {
        /// The waiting time in seconds.
        retry_after: u32,
    },
    /// Too many attempts to guess a password, or too many one-time codes of a login. Try again after `retry_after` seconds.
    TooManyAttempts {
        /// The waiting time in seconds.
        retry_after: u32,
    },
    /// The application is misconfigured. The text describes the mistake; it is logged and not sent.
    Misconfigured(&'static str),
}

/// The error for a token that belongs to no login, where a login is needed.
pub(crate) const NO_LOGIN: AuthError =
    AuthError::CredentialConflict("This token belongs to no login: nothing is there to end, refresh or confirm.");

impl AuthError {
    /// The refusal of a user whose last authentication was not within this time.
    pub(crate) fn reauth_required(window: Duration) -> Self {
        Self::ReauthRequired { max_age: seconds(window).unsigned_abs() }
    }

    /// The stable code by which clients distinguish errors.
    pub fn code(&self) -> &'static str {
        match self {
            Self::LoginRequired | Self::TokenNotRead(_) => "login_required",
            Self::InvalidCredentials => "invalid_credentials",
            Self::TokenExpired => "token_expired",
            Self::TokenInvalid(_) | Self::ClaimsRejected => "token_invalid",
            Self::TokenRevoked => "token_revoked",
            Self::TokenWrongType { .. } => "token_wrong_type",
            Self::TokenReused => "token_reused",
            Self::LoginEnded => "login_ended",
            Self::UserNotFound => "user_not_found",
            Self::UserDisabled => "user_disabled",
            Self::ReauthRequired { .. } => "reauth_required",
            Self::Forbidden => "forbidden",
            Self::InsufficientScope { .. } => "insufficient_scope",
            Self::CredentialConflict(_) => "credential_conflict",
            Self::BodyNotSearched(fault) => fault.code(),
            Self::CodeInvalid => "code_invalid",
            Self::CsrfRejected(_) => "csrf_rejected",
            Self::InvalidRequest(_) => "invalid_request",
            Self::StoreUnavailable(_) => "store_unavailable",
            Self::Overloaded { .. } => "overloaded",
            Self::TooManyAttempts { .. } => "too_many_attempts",
            Self::Misconfigured(_) => "internal_error",
        }
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::LoginRequired
            | Self::TokenNotRead(_)
            | Self::InvalidCredentials
            | Self::TokenExpired
            | Self::TokenInvalid(_)
            | Self::ClaimsRejected
            | Self::TokenRevoked
            | Self::TokenWrongType { .. }
            | Self::TokenReused
            | Self::LoginEnded
            | Self::UserNotFound
            | Self::UserDisabled
            | Self::ReauthRequired { .. } => StatusCode::UNAUTHORIZED,
            Self::CredentialConflict(_) | Self::InvalidRequest(_) => StatusCode::BAD_REQUEST,
            Self::BodyNotSearched(fault) => fault.status(),
            Self::CodeInvalid => StatusCode::GONE,
            Self::CsrfRejected(_) | Self::Forbidden | Self::InsufficientScope { .. } => StatusCode::FORBIDDEN,
            Self::StoreUnavailable(_) | Self::Overloaded { .. } => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooManyAttempts { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Misconfigured(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The sentence for users: what is wrong and what to do.
    pub fn detail(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::LoginRequired => "Sign in, or send an access token.",
            Self::InvalidCredentials => "The user name or the password is wrong.",
            Self::TokenExpired => "The token has expired. Get a new one: with the refresh token, or by signing in.",
            Self::TokenInvalid(TokenFault::NotYetValid(_)) => {
                "The token is not valid yet: the clocks of the server that issued it and of this one differ. Set the clocks."
            }
            Self::TokenInvalid(TokenFault::ApiTokenForm | TokenFault::Checksum) => {
                "The API token is mistyped or cut. Copy it again."
            }
            Self::TokenInvalid(TokenFault::ApiTokenInCookie) => "An API token is not accepted in a cookie.",
            Self::TokenInvalid(_) | Self::ClaimsRejected => "The token is not valid. Sign in again.",
            Self::TokenRevoked => "The token has been revoked. Sign in again.",
            Self::TokenWrongType { .. } => {
                "This is the wrong type of token: refresh tokens are only for refreshing, access tokens for all else."
            }
            Self::TokenReused => "The refresh token had been used before, so its login was ended. Sign in again.",
            Self::LoginEnded => "This login has ended. Sign in again.",
            Self::UserNotFound => "The user no longer exists.",
            Self::UserDisabled => "The account is disabled.",
            Self::ReauthRequired { .. } => "This needs a recent sign-in. Sign in again with the password.",
            Self::Forbidden => {
                "Your account may not do this. Sign in with one that may, or ask those who run this service for access."
            }
            Self::InsufficientScope { scope } if *scope == "*" => {
                "The token is narrowed, and this needs one that is not. Sign in with the password."
            }
            Self::InsufficientScope { scope } => {
                return format!("The token may not do this: it lacks \"{scope}\". Use a token with this ability.")
                    .into();
            }
            Self::TokenNotRead(detail) => return detail.clone(),
            Self::BodyNotSearched(fault) => return fault.detail(),
            Self::CredentialConflict(detail) => detail,
            Self::CodeInvalid => {
                "This link is no longer valid: it was used, it is too old, or the login that made it has ended. Make a new one."
            }
            Self::CsrfRejected(CsrfFault::CrossSite) => {
                "The request came from another site. Use this site's own pages."
            }
            Self::CsrfRejected(CsrfFault::OtherOrigin { origin, own }) => {
                return format!(
                    "The request came from {origin}, and the address of this site is {own}. If both are this site, set \
                     `public_url` to the address that browsers use."
                )
                .into();
            }
            Self::CsrfRejected(CsrfFault::Missing) => {
                "The token in the cookie needs its CSRF value beside it. Send that in the header or the form field for it."
            }
            Self::CsrfRejected(CsrfFault::Mismatch) => {
                "The CSRF value is not that of the token in the cookie. Read it again and send that."
            }
            Self::CsrfRejected(CsrfFault::NoClaim) => {
                "The token in the cookie has no CSRF value, so it cannot be used from there. Sign in again."
            }
            Self::InvalidRequest(detail) => return detail.clone(),
            Self::StoreUnavailable(_) => "The service is not available now. Try again later.",
            Self::Overloaded { .. } => "The service is busy. Try again later.",
            Self::TooManyAttempts { .. } => "That was too often in a short time. Try again later.",
            Self::Misconfigured(_) => "The server made a mistake.",
        })
    }

    /// The challenge of RFC 6750 section 3. It has no error code when the request has no token.
    fn challenge(&self) -> Option<HeaderValue> {
        Some(match self {
            Self::LoginRequired | Self::TokenNotRead(_) | Self::InvalidCredentials => HeaderValue::from_static("Bearer"),
            Self::TokenExpired => HeaderValue::from_static(
                r#"Bearer error="invalid_token", error_description="The token has expired""#,
            ),
            Self::ReauthRequired { max_age } => HeaderValue::try_from(format!(
                r#"Bearer error="insufficient_user_authentication", error_description="A recent sign-in is needed", max_age="{max_age}""#,
            ))
            .ok()?,
            Self::InsufficientScope { scope } => HeaderValue::try_from(match is_ability(scope) {
                true => format!(r#"Bearer error="insufficient_scope", scope="{scope}""#),
                false => r#"Bearer error="insufficient_scope""#.to_owned(),
            })
            .ok()?,
            Self::InvalidRequest(_) | Self::CredentialConflict(_) => {
                HeaderValue::from_static(r#"Bearer error="invalid_request""#)
            }
            _ if self.status() == StatusCode::UNAUTHORIZED => {
                HeaderValue::from_static(r#"Bearer error="invalid_token""#)
            }
            _ => return None,
        })
    }

    /// The seconds of `Retry-After`.
    fn retry_after(&self) -> Option<u32> {
        match self {
            Self::Overloaded { retry_after } | Self::TooManyAttempts { retry_after } => Some(*retry_after),
            Self::StoreUnavailable(_) => Some(5),
            _ => None,
        }
    }
}

impl fmt::Display for AuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StoreUnavailable(cause) => write!(f, "{cause}"),
            Self::Misconfigured(how) => f.write_str(how),
            Self::ClaimsRejected => write!(f, "{}: the application does not accept its claims", self.code()),
            Self::TokenInvalid(fault) => write!(f, "{}: {fault}", self.code()),
            _ => write!(f, "{}: {}", self.code(), self.detail()),
        }
    }
}

impl std::error::Error for AuthError {}

impl From<StoreError> for AuthError {
    fn from(error: StoreError) -> Self {
        Self::StoreUnavailable(Arc::new(error))
    }
}

impl From<InvalidAbilities> for AuthError {
    fn from(invalid: InvalidAbilities) -> Self {
        Self::InvalidRequest(invalid.detail())
    }
}

/// With `?` in a handler that returns [`actix_web::Error`], a store that is unavailable is answered as it is everywhere: 503
/// `store_unavailable`, through [`on_refusal`](crate::BridgeBuilder::on_refusal).
impl From<StoreError> for actix_web::Error {
    fn from(error: StoreError) -> Self {
        AuthError::from(error).into()
    }
}

impl From<TokenError> for AuthError {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::Invalid(fault) => Self::TokenInvalid(fault),
            TokenError::Misconfigured(how) => Self::Misconfigured(how),
        }
    }
}

impl From<ThrottleError> for AuthError {
    fn from(error: ThrottleError) -> Self {
        match error {
            ThrottleError::TooMany { retry_after } => Self::TooManyAttempts { retry_after },
            ThrottleError::Store(error) => error.into(),
        }
    }
}

impl From<PasswordError> for AuthError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::Overloaded => Self::Overloaded { retry_after: 2 },
            PasswordError::Unusable(fault) => {
                tracing::error!(fault, "a password could not be checked");
                Self::Misconfigured("a password could not be checked")
            }
            // The user cannot help it, and the response must not tell that there is such a user.
            PasswordError::UnusableHash(fault) => {
                tracing::error!(fault, "a stored password hash cannot be used");
                Self::InvalidCredentials
            }
        }
    }
}

impl ResponseError for AuthError {
    fn status_code(&self) -> StatusCode {
        self.status()
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Overloaded { .. } = self {
            // No fault of the service, and a crowd causes it at any rate.
            tracing::debug!(code = self.code(), "request failed");
        } else if self.status().is_server_error() {
            tracing::error!(code = self.code(), error = %self, "request failed");
        }
        let mut response = ProblemDetails::new(self.status(), self.code(), self.detail()).respond();
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = self.challenge() {
            headers.insert(WWW_AUTHENTICATE, challenge);
        }
        if let Some(seconds) = self.retry_after() {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
