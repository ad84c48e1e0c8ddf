//! The error responses of Flask-JWT-Extended: its statuses, its texts and its seven error loaders.

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
use crate::bridge::response::{Refusal, WithoutChallenge};
use crate::bridge::token::{Malformation, TokenFault, TokenPart, TokenType};

/// Answers refusals as Flask-JWT-Extended does: with its statuses (422 for an invalid token, otherwise 401 or 400) and a
/// body such as `{"msg":"Token has expired"}`, without a `WWW-Authenticate` challenge.
///
/// The bridge answers what Flask-JWT-Extended does not know: an unavailable store, and a request from another site. With a
/// [`login_view`](crate::BridgeBuilder::login_view), the bridge also answers a browser without a token on a route that
/// does not require one.
///
/// [`BridgeBuilder::flask_jwt`](crate::BridgeBuilder::flask_jwt) uses it. It also works for an application with the
/// bridge's own tokens:
///
/// ```
/// use actix_web::HttpResponse;
/// use tollbridge::BridgeBuilder;
/// use tollbridge::flask::ErrorProfile;
///
/// fn configure(bridge: BridgeBuilder) -> BridgeBuilder {
///     let errors = ErrorProfile::default()
///         .unauthorized_loader(|reason| HttpResponse::Unauthorized().body(format!("Who are you? {reason}")));
///     bridge.on_refusal(move |refusal| errors.answer(refusal))
/// }
/// ```
///
/// The texts tell an attacker which check a forged token has failed. Those of Flask-JWT-Extended do the same.
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
    /// Answers a request without a token, or with a token in a cookie but without its CSRF value. The argument is the
    /// reason.
    unauthorized_loader, unauthorized, &str;
    /// Answers a request with an invalid token. The argument is the reason.
    invalid_token_loader, invalid_token, &str;
    /// Answers a request with an expired token. The arguments are the header and the claims of the token.
    expired_token_loader, expired_token, &Map<String, Value>, &Map<String, Value>;
    /// Answers a request whose token must be fresh, but is not. The arguments are the header and the claims of the token.
    needs_fresh_token_loader, needs_fresh_token, &Map<String, Value>, &Map<String, Value>;
    /// Answers a request with a revoked token. The arguments are the header and the claims of the token.
    revoked_token_loader, revoked_token, &Map<String, Value>, &Map<String, Value>;
    /// Answers a request with a token whose claims the application rejects. The arguments are the header and the claims of
    /// the token.
    token_verification_failed_loader, token_verification_failed, &Map<String, Value>, &Map<String, Value>;
    /// Answers a request with the token of a user who does not exist or is disabled. The arguments are the header and the
    /// claims of the token.
    user_lookup_error_loader, user_lookup_error, &Map<String, Value>, &Map<String, Value>;
}

impl ErrorProfile {
    /// The name of the only member in the JSON body (`JWT_ERROR_MESSAGE_KEY`). Default: `msg`.
    pub fn message_key(mut self, key: &str) -> Self {
        self.message_key = Some(key.to_owned());
        self
    }

    /// The response to a refusal, for [`BridgeBuilder::on_refusal`](crate::BridgeBuilder::on_refusal). `None` for an error
    /// that Flask-JWT-Extended does not know.
    pub fn answer(&self, refusal: &Refusal<'_>) -> Option<HttpResponse> {
        let mut answer = self.answer_about_tokens(refusal)?;
        answer.extensions_mut().insert(WithoutChallenge);
        Some(answer)
    }

    fn answer_about_tokens(&self, refusal: &Refusal<'_>) -> Option<HttpResponse> {
        if !is_about_tokens(refusal) {
            return None;
        }
        match refusal.error() {
            AuthError::LoginRequired | AuthError::TokenNotRead(_) => {
                Some(self.respond_unauthorized(&describe_missing_token(refusal)?))
            }
            AuthError::CsrfRejected(CsrfFault::Missing) => Some(self.respond_unauthorized("Missing CSRF token")),
            AuthError::CsrfRejected(CsrfFault::Mismatch) => {
                Some(self.respond_unauthorized("CSRF double submit tokens do not match"))
            }
            AuthError::CsrfRejected(CsrfFault::NoClaim) => Some(self.respond_invalid("Missing claim: csrf")),
            AuthError::TokenInvalid(fault) => Some(self.respond_invalid(&describe_fault(fault, refusal))),
            AuthError::TokenWrongType { wanted: TokenType::Access } => {
                Some(self.respond_invalid("Only non-refresh tokens are allowed"))
            }
            AuthError::TokenWrongType { wanted: TokenType::Refresh } => {
                Some(self.respond_invalid("Only refresh tokens are allowed"))
            }
            AuthError::TokenExpired => Some(self.respond_about_token(
                refusal,
                &self.expired_token,
                StatusCode::UNAUTHORIZED,
                "Token has expired",
            )),
            AuthError::ReauthRequired { .. } => {
                let status = StatusCode::UNAUTHORIZED;
                Some(self.respond_about_token(refusal, &self.needs_fresh_token, status, "Fresh token required"))
            }
            AuthError::TokenRevoked | AuthError::TokenReused | AuthError::LoginEnded => {
                let status = StatusCode::UNAUTHORIZED;
                Some(self.respond_about_token(refusal, &self.revoked_token, status, "Token has been revoked"))
            }
            AuthError::ClaimsRejected => {
                let status = StatusCode::BAD_REQUEST;
                let text = "User claims verification failed";
                Some(self.respond_about_token(refusal, &self.token_verification_failed, status, text))
            }
            AuthError::UserNotFound | AuthError::UserDisabled => {
                let text = format!("Error loading the user {}", refusal.identity().unwrap_or_default());
                Some(self.respond_about_token(refusal, &self.user_lookup_error, StatusCode::UNAUTHORIZED, &text))
            }
            _ => None,
        }
    }

    fn respond_unauthorized(&self, reason: &str) -> HttpResponse {
        match &self.unauthorized {
            Some(loader) => loader(reason),
            None => self.respond(StatusCode::UNAUTHORIZED, reason),
        }
    }

    fn respond_invalid(&self, reason: &str) -> HttpResponse {
        match &self.invalid_token {
            Some(loader) => loader(reason),
            None => self.respond(StatusCode::UNPROCESSABLE_ENTITY, reason),
        }
    }

    fn respond_about_token(
        &self,
        refusal: &Refusal<'_>,
        loader: &Option<Arc<TokenLoader>>,
        status: StatusCode,
        text: &str,
    ) -> HttpResponse {
        match (loader, refusal.token_header(), refusal.claims()) {
            (Some(loader), Some(header), Some(claims)) => loader(header, claims),
            _ => self.respond(status, text),
        }
    }

    /// `jsonify({key: text}), status`.
    fn respond(&self, status: StatusCode, text: &str) -> HttpResponse {
        let key = self.message_key.as_deref().unwrap_or("msg");
        let body = format!("{{{}:{}}}\n", escaped(key), escaped(text));
        HttpResponse::build(status).content_type("application/json").body(body)
    }
}

/// Whether a token was presented or required. Other requests of browsers are redirected to a view, if there is one.
fn is_about_tokens(refusal: &Refusal<'_>) -> bool {
    let has_state = refusal.state().is_some();
    has_state && (refusal.demands_token() || refusal.presents_token() || !refusal.has_view())
}

/// The text for a missing token: the searched locations, and what was found there.
fn describe_missing_token(refusal: &Refusal<'_>) -> Option<String> {
    let (state, search) = (refusal.state()?, refusal.search()?);
    let of_guard = state.guard_requirement();
    let requirement = of_guard.as_deref().unwrap_or(&Requirement::DEFAULT);
    let wanted = requirement.wanted.first_type();
    let searched = search.searched(&state.presented, requirement.locations.as_deref(), requirement.wanted);
    let details: Vec<_> =
        searched.iter().map(|(location, found)| describe_absence(search, *location, found, wanted)).collect();
    let names: Vec<_> = searched.iter().map(|(location, _)| FlaskLocation::from(*location).as_str()).collect();
    match (&names[..], &details[..]) {
        ([], _) | (_, []) => None,
        ([_], [detail]) => Some(detail.clone()),
        ([first @ .., last], details) => {
            Some(format!("Missing JWT in {} or {last} ({})", first.join(", "), details.join("; ")))
        }
    }
}

fn describe_absence(search: &Search, location: CredentialLocation, found: &Found, wanted: TokenType) -> String {
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

/// The text of PyJWT or Flask-JWT-Extended for an invalid token.
fn describe_fault(fault: &TokenFault, refusal: &Refusal<'_>) -> String {
    let search = refusal.search();
    match fault {
        TokenFault::NotAToken(location) => describe_malformed_location(search, *location),
        TokenFault::Segments => "Not enough segments".to_owned(),
        TokenFault::TooLong => "Token is too long".to_owned(),
        TokenFault::Malformed { part, why } => describe_malformation(*part, why),
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
        TokenFault::ClaimType(claim) => describe_claim_type(claim),
        TokenFault::Audience => "Audience doesn't match".to_owned(),
        TokenFault::Issuer => "Invalid issuer".to_owned(),
        other => format!("Invalid token: {other}"),
    }
}

fn describe_malformed_location(search: Option<&Search>, location: CredentialLocation) -> String {
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

fn describe_malformation(part: TokenPart, why: &Malformation) -> String {
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

fn describe_claim_type(claim: &str) -> String {
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
