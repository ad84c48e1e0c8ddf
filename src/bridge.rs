//! The bridge layer: what an actix-web application wraps around itself.
//!
//! The life of a request, from the outside in: the `loader` finds the token that the request presents, if any; the
//! `gate` lets a request with a token pass without a session, and every other with one; inside, extractors
//! resolve the credential into a user when a handler asks for one; on the way out, `silence` sees to it
//! that the response to a token carries no cookie.

mod any_user;
mod auth;
mod builder;
mod clock;
mod confirm;
mod cookies;
mod core;
mod credential;
mod csrf;
mod decode;
mod error;
mod events;
mod extract;
pub mod flask;
mod gate;
mod hooks;
mod implicit_refresh;
mod loader;
mod locations;
mod login;
mod logout;
mod messages;
mod password;
mod principal;
mod problem;
mod protection;
mod random;
mod redirect;
mod refresh;
mod refusal;
mod remember;
mod remember_cookie;
mod request;
mod request_loader;
mod require;
mod requirement;
mod resolve;
mod session_login;
mod session_store;
mod sessions;
mod silence;
mod store_error;
mod token;
mod token_cookies;
mod user;
mod users;
mod views;

use std::fmt;
use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::http::StatusCode;
use actix_web::{Error, HttpMessage as _};

pub use any_user::AnyUser;
pub use auth::{Auth, LoginUser, NewLogin};
pub use builder::{BridgeBuilder, BuildError};
pub use clock::{Clock, UnixTime};
pub use credential::Location;
pub use csrf::CsrfFault;
pub use error::AuthError;
pub use events::{AuthEvent, EventStream, event_stream};
pub use extract::{BrowserUser, CurrentLogin, CurrentUser, Fresh, MaybeLogin, MaybeUser, TokenUser};
pub use hooks::{TokenBlocklist, TokenClaims};
pub use locations::TokenLocations;
pub use login::{EndReason, Login, LoginId, LoginStore, Remember};
pub use logout::Scope;
pub use messages::{Message, Messages};
pub use password::{PasswordActivity, PasswordError, PasswordHasher, PasswordParams, Verified};
pub use principal::{Principal, Via};
pub use problem::Problem;
pub use protection::SessionProtection;
pub use redirect::{login_url, safe_next};
pub use refusal::{Refusal, prefers_html};
pub use remember_cookie::RememberCookie;
pub use request_loader::RequestLoader;
pub use require::{Require, RequireService};
pub use session_store::{SessionHash, SessionRecord, SessionStore};
pub use store_error::{StoreError, StoreFuture};
pub use token::{
    Algorithm, Claims, KeyError, Malformation, NewTokens, TokenFault, TokenKey, TokenPair, TokenPart, TokenType,
    UnknownAlgorithm,
};
pub use token_cookies::TokenCookies;
pub use user::UserStore;

use self::core::Core;
use gate::Gate;
use request::RequestAuth;
use token::KnownTokens;

/// The bridge: `App::new().wrap(bridge.clone())`, with one bridge for all workers.
#[derive(Clone)]
pub struct Bridge(Arc<Core>);

impl Bridge {
    /// Starts building a bridge for these users.
    pub fn builder(users: impl UserStore) -> BridgeBuilder {
        BridgeBuilder::new(users)
    }

    fn new(core: Core) -> Self {
        Self(Arc::new(core))
    }

    /// Where tokens are looked for, and under which names.
    #[cfg(feature = "testing")]
    pub(crate) fn search(&self) -> &locations::Search {
        &self.0.loader.search
    }

    /// The public keys that verify the tokens, as a JWK set (RFC 7517 section 5); empty for HMAC secrets.
    pub fn jwks(&self) -> serde_json::Value {
        self.0.verifier.keys().jwks()
    }
}

impl fmt::Debug for Bridge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Bridge")
    }
}

impl<S, B> Transform<S, ServiceRequest> for Bridge
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type InitError = ();
    type Transform = BridgeService<S, B>;
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        let core = Arc::clone(&self.0);
        ready(Gate::new(&core, service).map(|gate| BridgeService {
            core,
            gate: Rc::new(gate),
            known_tokens: Rc::default(),
        }))
    }
}

/// The service that [`Bridge`] makes of another.
pub struct BridgeService<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    core: Arc<Core>,
    gate: Rc<Gate<S>>,
    known_tokens: Rc<KnownTokens>,
}

impl<S, B> Service<ServiceRequest> for BridgeService<S, B>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    fn poll_ready(&self, ctx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.gate.poll_ready(ctx)
    }

    fn call(&self, mut req: ServiceRequest) -> Self::Future {
        let (core, gate) = (Arc::clone(&self.core), Rc::clone(&self.gate));
        let known_tokens = Rc::clone(&self.known_tokens);
        Box::pin(async move {
            let mut presented = match loader::find(&mut req, &core.loader).await {
                Ok(presented) => presented,
                Err(loader::BodyTimeout) => return Ok(req.into_response(too_slow()).map_into_right_body()),
            };
            if let Some(loader) = &core.request_loader {
                presented.of_its_own = loader.credential(req.request());
            }
            let token = presented.is_token();
            let cleaned = core.cookies.clean(req.headers_mut());
            let brought_cookies = !token && core.cookies.any_in(req.headers());
            let refusal = if cleaned && !token && core.cookies.any_listed(req.request()) {
                // A middleware outside the bridge read the cookies before they were cleaned, and the session layer would
                // see what it saw.
                Some(AuthError::InvalidRequest("Send each cookie once, under its own name.".into()))
            } else if brought_cookies {
                csrf::check(req.method(), req.headers(), core.own_origin.as_deref()).err()
            } else {
                None
            };
            if let Some(error) = refusal {
                tracing::warn!(code = error.code(), "a request was refused for how its cookies came");
                let mut refused = refusal::shape(&core, req.error_response(error));
                silence::vary(refused.headers_mut());
                return Ok(refused.map_into_boxed_body().map_into_right_body());
            }
            let auth = RequestAuth::new(Arc::clone(&core), known_tokens, presented);
            req.extensions_mut().insert(Rc::clone(&auth));
            let res = match gate.call(req, !token).await {
                Ok(res) => res,
                Err(error) => return Err(silence::for_errors(error, core, token, &auth)),
            };
            // What a handler makes of a body that broke off varies; that it did is the client's fault, and has a name.
            let refused = res.status().is_client_error() || res.status().is_server_error();
            let mut res = if refused && loader::body_paused(res.request()) {
                refusal::replaced(res, too_slow()).map_into_right_body()
            } else {
                res
            };
            if token {
                silence::seal(res.headers_mut(), &core);
                if let Some(principal) = implicit_refresh::finish(&core, &auth, res.headers_mut()) {
                    // Boxed, so that requests whose token is not renewed carry no room for it.
                    Box::pin(implicit_refresh::renew(&core, &principal, res.headers_mut())).await;
                }
            } else {
                silence::add_cookies(res.headers_mut(), &auth, brought_cookies);
            }
            Ok(res)
        })
    }
}

fn too_slow() -> actix_web::HttpResponse {
    Problem::new(StatusCode::REQUEST_TIMEOUT, "request_timeout", "The request's body did not arrive in time.").respond()
}
