//! The answers of Flask-JWT-Extended: its statuses, its texts, its seven error loaders.

use std::fmt;
use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::{Map, Value};

use super::config::FlaskLocation;
use super::python_json::escaped;
use crate::bridge::credential::{Absence, Found, Search};
use crate::bridge::error::{AuthError, CsrfFault};
use crate::bridge::model::CredentialLocation;
use crate::bridge::resolve::Requirement;
use crate::bridge::response::Refusal;
use crate::bridge::token::{Malformation, TokenFault, TokenPart, TokenType};

/// Refusals in the form that clients of Flask-JWT-Extended know: its statuses (422 for a token that is not valid, 401,
/// 400) and a body such as `{"msg":"Token has expired"}`, without a challenge. What it has no answer for is left to the
/// bridge: a store that is down, a request from another site, and, where there is a
/// [`login_view`](crate::BridgeBuilder::login_view), a browser that brings no token to a route that does not ask for one.
///
/// It comes with [`BridgeBuilder::flask_jwt`](crate::BridgeBuilder::flask_jwt), and serves an application whose tokens are
/// our own as well:
///
/// ```
/// use actix_web::HttpResponse;
/// use tollbridge::BridgeBuilder;
/// use tollbridge::flask::ErrorProfile;
///
/// fn as_before(bridge: BridgeBuilder) -> BridgeBuilder {
///     let errors = ErrorProfile::default()
///         .unauthorized_loader(|reason| HttpResponse::Unauthorized().body(format!("Who are you? {reason}")));
///     bridge.on_refusal(move |refusal| errors.answer(refusal))
/// }
/// ```
///
/// These texts tell who forges tokens how far they got. Flask-JWT-Extended tells them the same.
#[derive(Clone, Default)]
pub struct ErrorProfile {
    message_key: Option<String>,
    unauthorized: Option<Arc<ReasonLoader>>,
    invalid_token: Option<Arc<ReasonLoader>>,
    expired_token: Option<Arc<TokenLoader>>,
    needs_fresh_token: Option<Arc<TokenLoader>>,
    revoked_token: Option<Arc<TokenLoader>>,
    token_verification_failed: Option<Arc<TokenLoader>>,
    user_lookup_error: Option<Arc<TokenLoader>>,
}

type ReasonLoader = dyn Fn(&str) -> HttpResponse + Send + Sync;
type TokenLoader = dyn Fn(&Map<String, Value>, &Map<String, Value>) -> HttpResponse + Send + Sync;

macro_rules! loaders {
    ($($(#[$doc:meta])* $name:ident, $field:ident, $($argument:ty),+;)*) => {
        impl ErrorProfile {
            $($(#[$doc])*
            pub fn $name(mut self, answer: impl Fn($($argument),+) -> HttpResponse + Send + Sync + 'static) -> Self {
                self.$field = Some(Arc::new(answer));
                self
            })*
        }
    };
}

loaders! {
    /// Answers who brings no token, or one in a cookie without its `csrf` value. It is given the reason.
    unauthorized_loader, unauthorized, &str;
    /// Answers who brings a token that is not valid. It is given the reason.
    invalid_token_loader, invalid_token, &str;
    /// Answers who brings a token that has expired. It is given the token's header and claims.
    expired_token_loader, expired_token, &Map<String, Value>, &Map<String, Value>;
    /// Answers who brings a token that is not fresh to where it has to be. It is given the token's header and claims.
    needs_fresh_token_loader, needs_fresh_token, &Map<String, Value>, &Map<String, Value>;
    /// Answers who brings a revoked token. It is given the token's header and claims.
    revoked_token_loader, revoked_token, &Map<String, Value>, &Map<String, Value>;
    /// Answers who brings a token that the check of its claims rejects. It is given the token's header and claims.
    token_verification_failed_loader, token_verification_failed, &Map<String, Value>, &Map<String, Value>;
    /// Answers who brings a token of somebody who does not exist. It is given the token's header and claims.
    user_lookup_error_loader, user_lookup_error, &Map<String, Value>, &Map<String, Value>;
}

impl ErrorProfile {
    /// The name of the only member of the bodies (`JWT_ERROR_MESSAGE_KEY`). Default `msg`.
    pub fn message_key(mut self, key: &str) -> Self {
        self.message_key = Some(key.to_owned());
        self
    }

    /// The answer to a refusal, for [`BridgeBuilder::on_refusal`](crate::BridgeBuilder::on_refusal). `None` for what
    /// Flask-JWT-Extended knows nothing of.
    pub fn answer(&self, refusal: &Refusal<'_>) -> Option<HttpResponse> {
        if !is_about_tokens(refusal) {
            return None;
        }
        match refusal.error() {
            AuthError::LoginRequired => Some(self.unauthorized(&missing(refusal)?)),
            AuthError::CsrfRejected(CsrfFault::Missing) => Some(self.unauthorized("Missing CSRF token")),
            AuthError::CsrfRejected(CsrfFault::Mismatch) => {
                Some(self.unauthorized("CSRF double submit tokens do not match"))
            }
            AuthError::CsrfRejected(CsrfFault::NoClaim) => Some(self.invalid("Missing claim: csrf")),
            AuthError::TokenInvalid(fault) => Some(self.invalid(&reason(fault, refusal))),
            AuthError::TokenWrongType { wanted: TokenType::Access } => {
                Some(self.invalid("Only non-refresh tokens are allowed"))
            }
            AuthError::TokenWrongType { wanted: TokenType::Refresh } => {
                Some(self.invalid("Only refresh tokens are allowed"))
            }
            AuthError::TokenExpired => {
                Some(self.about_token(refusal, &self.expired_token, StatusCode::UNAUTHORIZED, "Token has expired"))
            }
            AuthError::ReauthRequired { .. } => {
                let status = StatusCode::UNAUTHORIZED;
                Some(self.about_token(refusal, &self.needs_fresh_token, status, "Fresh token required"))
            }
            AuthError::TokenRevoked | AuthError::TokenReused | AuthError::LoginEnded => {
                let status = StatusCode::UNAUTHORIZED;
                Some(self.about_token(refusal, &self.revoked_token, status, "Token has been revoked"))
            }
            AuthError::ClaimsRejected => {
                let status = StatusCode::BAD_REQUEST;
                let text = "User claims verification failed";
                Some(self.about_token(refusal, &self.token_verification_failed, status, text))
            }
            AuthError::UserNotFound | AuthError::UserDisabled => {
                let text = format!("Error loading the user {}", refusal.identity().unwrap_or_default());
                Some(self.about_token(refusal, &self.user_lookup_error, StatusCode::UNAUTHORIZED, &text))
            }
            _ => None,
        }
    }

    fn unauthorized(&self, reason: &str) -> HttpResponse {
        match &self.unauthorized {
            Some(loader) => loader(reason),
            None => self.message(StatusCode::UNAUTHORIZED, reason),
        }
    }

    fn invalid(&self, reason: &str) -> HttpResponse {
        match &self.invalid_token {
            Some(loader) => loader(reason),
            None => self.message(StatusCode::UNPROCESSABLE_ENTITY, reason),
        }
    }

    fn about_token(
        &self,
        refusal: &Refusal<'_>,
        loader: &Option<Arc<TokenLoader>>,
        status: StatusCode,
        text: &str,
    ) -> HttpResponse {
        match (loader, refusal.token_header(), refusal.claims()) {
            (Some(loader), Some(header), Some(claims)) => loader(header, claims),
            _ => self.message(status, text),
        }
    }

    /// `jsonify({key: text}), status`.
    fn message(&self, status: StatusCode, text: &str) -> HttpResponse {
        let key = self.message_key.as_deref().unwrap_or("msg");
        let body = format!("{{{}:{}}}\n", escaped(key), escaped(text));
        HttpResponse::build(status).content_type("application/json").body(body)
    }
}

/// Whether a token was presented or asked for. A browser that lacks a login elsewhere is sent to a view, if there is one.
fn is_about_tokens(refusal: &Refusal<'_>) -> bool {
    let has_state = refusal.state().is_some();
    has_state && (refusal.demands_token() || refusal.presents_token() || !refusal.has_view())
}

/// Where the request was searched for a token, and what was there instead.
fn missing(refusal: &Refusal<'_>) -> Option<String> {
    let (state, search) = (refusal.state()?, refusal.search()?);
    let of_guard = state.guard_requirement();
    let requirement = of_guard.as_deref().unwrap_or(&Requirement::DEFAULT);
    let wanted = requirement.wanted.first_type();
    let searched = search.searched(&state.presented, requirement.locations.as_deref(), requirement.wanted);
    let details: Vec<_> = searched.iter().map(|(location, found)| absence(search, *location, found, wanted)).collect();
    let names: Vec<_> = searched.iter().map(|(location, _)| FlaskLocation::from(*location).as_str()).collect();
    match (&names[..], &details[..]) {
        ([], _) | (_, []) => None,
        ([_], [detail]) => Some(detail.clone()),
        ([first @ .., last], details) => {
            Some(format!("Missing JWT in {} or {last} ({})", first.join(", "), details.join("; ")))
        }
    }
}

fn absence(search: &Search, location: CredentialLocation, found: &Found, wanted: TokenType) -> String {
    let other_scheme = matches!(found, Found::Nothing(Absence::OtherScheme | Absence::Ignored));
    let not_json = matches!(found, Found::Nothing(Absence::NotJson));
    match (location, &search.header, &search.query, &search.json, &search.cookies) {
        (CredentialLocation::Header, Some(header), ..) if other_scheme => {
            let (name, scheme) = (&header.configured_name, &header.scheme);
            format!("Missing '{scheme}' type in '{name}' header. Expected '{name}: {scheme} <JWT>'")
        }
        (CredentialLocation::Header, Some(header), ..) => format!("Missing {} Header", header.configured_name),
        (CredentialLocation::Query, _, Some(query), ..) => format!("Missing '{}' query paramater", query.name),
        (CredentialLocation::Json, ..) if not_json => "Invalid content-type. Must be application/json.".to_owned(),
        (CredentialLocation::Json, _, _, Some(json), _) => {
            let key = if wanted == TokenType::Refresh { &json.refresh } else { &json.access };
            format!("Missing \"{key}\" key in json data.")
        }
        (CredentialLocation::Cookie, .., Some(cookies)) => {
            format!("Missing cookie \"{}\"", cookies.cookie_name(wanted))
        }
        _ => "Missing JWT".to_owned(),
    }
}

/// What PyJWT and Flask-JWT-Extended say of a token that is not valid.
fn reason(fault: &TokenFault, refusal: &Refusal<'_>) -> String {
    let search = refusal.search();
    match fault {
        TokenFault::NotAToken(location) => misplaced(search, *location),
        TokenFault::Segments => "Not enough segments".to_owned(),
        TokenFault::TooLong => "Token is too long".to_owned(),
        TokenFault::Malformed { part, why } => malformed(*part, why),
        TokenFault::AlgorithmMissing => "Algorithm not specified".to_owned(),
        TokenFault::AlgorithmNotAllowed => "The specified alg value is not allowed".to_owned(),
        TokenFault::HeaderType("kid") => "Key ID header parameter must be a string".to_owned(),
        TokenFault::HeaderType("crit") => "Invalid 'crit' header: must be a non-empty list".to_owned(),
        TokenFault::HeaderType("crit[0]") => "Invalid 'crit' header: values must be strings".to_owned(),
        TokenFault::CriticalExtension(name) => format!("Unsupported critical extension: {name}"),
        TokenFault::UnknownKey | TokenFault::Signature => "Signature verification failed".to_owned(),
        TokenFault::NotYetValid(claim) => format!("The token is not yet valid ({claim})"),
        TokenFault::MissingClaim(claim) if matches!(&**claim, "aud" | "iss") => {
            format!("Token is missing the \"{claim}\" claim")
        }
        TokenFault::MissingClaim(claim) => format!("Missing claim: {claim}"),
        TokenFault::ClaimType(claim) => claim_type(claim),
        TokenFault::Audience => "Audience doesn't match".to_owned(),
        TokenFault::Issuer => "Invalid issuer".to_owned(),
        other => format!("Invalid token: {other}"),
    }
}

fn misplaced(search: Option<&Search>, location: CredentialLocation) -> String {
    match (location, search.and_then(|search| search.header.as_ref()), search.and_then(|search| search.query.as_ref()))
    {
        (CredentialLocation::Header, Some(header), _) => {
            let (name, scheme) = (&header.configured_name, &header.scheme);
            let space = if scheme.is_empty() { "" } else { " " };
            format!("Bad {name} header. Expected '{name}: {scheme}{space}<JWT>'")
        }
        (CredentialLocation::Query, _, Some(query)) => format!(
            "Invalid value for query parameter '{}'. Expected the value to start with '{}'",
            query.name, query.prefix
        ),
        (CredentialLocation::Json, ..) => "Invalid token type. Token must be a <class 'bytes'>".to_owned(),
        _ => "Not enough segments".to_owned(),
    }
}

fn malformed(part: TokenPart, why: &Malformation) -> String {
    let name = match part {
        TokenPart::Header => "header",
        TokenPart::Payload => "payload",
        TokenPart::Signature => "crypto",
    };
    match why {
        Malformation::Base64 => format!("Invalid {name} padding"),
        Malformation::Json(fault) => format!("Invalid {name} string: {fault}"),
        Malformation::NotAnObject => format!("Invalid {name} string: must be a json object"),
        other => format!("Invalid {name} string: it {other}"),
    }
}

fn claim_type(claim: &str) -> String {
    match claim {
        "exp" => "Expiration Time claim (exp) must be an integer.".to_owned(),
        "iat" => "Issued At claim (iat) must be an integer.".to_owned(),
        "nbf" => "Not Before claim (nbf) must be an integer.".to_owned(),
        "aud" => "Invalid claim format in token".to_owned(),
        "iss" => "Payload Issuer (iss) must be a string".to_owned(),
        "sub" => "Subject must be a string".to_owned(),
        "jti" => "JWT ID must be a string".to_owned(),
        other => format!("Invalid token: the claim {other} is of the wrong type"),
    }
}

impl fmt::Debug for ErrorProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ErrorProfile").field("message_key", &self.message_key).finish_non_exhaustive()
    }
}
