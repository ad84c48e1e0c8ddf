//! Signing a user in for a test, without the application's login form.

use std::cell::RefCell;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;

use actix_web::body::MessageBody;
use actix_web::cookie::Cookie;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::test::{TestRequest, init_service};
use actix_web::web::{self, Data};
use actix_web::{App, Error, HttpResponse};

use super::signed_in::SignedIn;
use crate::{Auth, AuthError, Bridge, CredentialLocation, LoginId, TokenPair};

/// Signs a user in for a test, as `FlaskLoginClient` of Flask-Login does. Choose the credential, then await it.
///
/// ```
/// # use tollbridge::store::memory::MemoryStore;
/// # use tollbridge::{Bridge, StoreError, TokenKey, UserStore};
/// use actix_web::test::TestRequest;
/// use tollbridge::testing::as_user;
/// # struct Users;
/// # impl UserStore for Users {
/// #     type User = String;
/// #     fn identity(&self, user: &String) -> String { user.clone() }
/// #     async fn find(&self, id: &str) -> Result<Option<String>, StoreError> { Ok(Some(id.to_owned())) }
/// # }
/// # #[actix_web::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let key = TokenKey::hs256(&[0x5e; 32])?;
/// # let bridge = Bridge::builder(Users).token_key(key).store(MemoryStore::default()).build()?;
/// # let ann = "ann".to_owned();
/// let browser = as_user(&bridge, &ann).fresh().via_session().await; // has just signed in
/// let client = as_user(&bridge, &ann).via_token().await; // has an old login, and only a token
/// let returning = as_user(&bridge, &ann).remembered().await; // has closed and reopened the browser
///
/// let request = client.on(TestRequest::get().uri("/who_am_i")).to_http_request();
/// # assert!(request.headers().contains_key("authorization"));
/// # Ok(())
/// # }
/// ```
///
/// The login is made by the bridge itself: it is in the store, its session is in the session store under a signed
/// cookie, its tokens are issued. No route of the application is called. Each call starts a new login.
///
/// The default is a browser's session that is not fresh, because most requests of signed-in users are not: a test of a
/// handler that requires [`Fresh`](crate::Fresh) sees it refuse.
pub fn as_user<'a, U: Clone + 'static>(bridge: &'a Bridge, user: &'a U) -> AsUser<'a, U> {
    AsUser { bridge, user, fresh: false, credential: CredentialKind::Session, scope: None }
}

/// A user to sign in, from [`as_user`].
#[must_use = "nobody is signed in until this is awaited"]
pub struct AsUser<'a, U> {
    bridge: &'a Bridge,
    user: &'a U,
    fresh: bool,
    credential: CredentialKind,
    scope: Option<Vec<String>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CredentialKind {
    Session,
    Remembered,
    /// An access token, in this location or in the first location that the bridge searches.
    Token(Option<CredentialLocation>),
}

impl<'a, U: Clone + 'static> AsUser<'a, U> {
    /// A user who has just authenticated (`fresh_login=True` of `FlaskLoginClient`). The login stays fresh for the
    /// bridge's [`fresh_window`](crate::BridgeBuilder::fresh_window).
    pub fn fresh(mut self) -> Self {
        self.fresh = true;
        self
    }

    /// A browser with a session cookie and no remember cookie.
    pub fn via_session(mut self) -> Self {
        self.credential = CredentialKind::Session;
        self
    }

    /// An API client with an access token in the first location that the bridge searches. Its login has no session.
    pub fn via_token(mut self) -> Self {
        self.credential = CredentialKind::Token(None);
        self
    }

    /// As [`via_token`](Self::via_token), with a token that is narrowed to these abilities: for tests of
    /// [`Require::ability`](crate::Require::ability) and [`Principal::can`](crate::Principal::can).
    pub fn via_narrowed_token<A: Into<String>>(mut self, abilities: impl IntoIterator<Item = A>) -> Self {
        self.scope = Some(abilities.into_iter().map(Into::into).collect());
        self.via_token()
    }

    /// As [`via_token`](Self::via_token), with the token in this location, under the names of the bridge's
    /// [`TokenLocations`](crate::TokenLocations). A token in a cookie is sent with the double-submit header. A token in
    /// a JSON body requires a method with a body.
    ///
    /// A token in the query is part of the URI: write it there, with the access token of [`SignedIn::tokens`].
    pub fn via_token_in(mut self, location: CredentialLocation) -> Self {
        self.credential = CredentialKind::Token(Some(location));
        self
    }

    /// A browser that was closed and reopened, with only the remember cookie left. Its first request opens a session,
    /// and none of its requests is fresh.
    pub fn remembered(mut self) -> Self {
        self.credential = CredentialKind::Remembered;
        self
    }

    async fn sign_in(self) -> SignedIn {
        assert!(
            !(self.fresh && self.credential == CredentialKind::Remembered),
            "as_user: who is remembered is never fresh; leave out `fresh()` or `remembered()`"
        );
        let (user, credential, fresh, scope) = (self.user.clone(), self.credential, self.fresh, self.scope.clone());
        let location = self.token_location();
        let sign_in = move |auth: Auth, started: Data<StartedLogin>| {
            let (user, scope) = (user.clone(), scope.clone());
            async move {
                let mut login = auth.login_user(&user).fresh(fresh).remember(credential == CredentialKind::Remembered);
                if location.is_some() {
                    login = login.tokens_only();
                }
                let login = login.await?;
                let tokens = match &scope {
                    Some(scope) => login.tokens().scope(scope).issue()?,
                    None => login.issue_tokens()?,
                };
                let mut response = HttpResponse::NoContent().finish();
                if location == Some(CredentialLocation::Cookie) {
                    auth.token_cookies()?.set_access(&mut response, &tokens.access_token)?;
                }
                started.replace(Some((login.id().clone(), tokens)));
                Ok::<_, AuthError>(response)
            }
        };
        let started = Data::new(StartedLogin::default());
        let app = App::new().wrap(self.bridge.clone()).app_data(Data::clone(&started));
        let app = init_service(app.default_service(web::to(sign_in))).await;
        let mut cookies = send(&app, TestRequest::post().to_request()).await;
        if credential == CredentialKind::Remembered {
            // A closed browser drops the cookies without a Max-Age.
            cookies.retain(|cookie| cookie.max_age().is_some());
        }
        let Some((login_id, tokens)) = started.take() else {
            panic!("as_user: the user could not be signed in: the handler was not called");
        };
        SignedIn::new(self.bridge, login_id, tokens, cookies, location)
    }

    /// The location of the token, if there is one.
    fn token_location(&self) -> Option<CredentialLocation> {
        let CredentialKind::Token(asked) = self.credential else { return None };
        let search = self.bridge.search();
        if let Some(location) = asked {
            assert!(
                search.is_declared(location),
                "as_user: the bridge looks for no token in the place `{}`: declare it with `token_locations`",
                location.as_str()
            );
        }
        // The kit writes no URI, so the query is the last choice.
        let first = search.order.iter().copied().find(|location| *location != CredentialLocation::Query);
        Some(asked.or(first).unwrap_or(CredentialLocation::Query))
    }
}

/// The started login.
type StartedLogin = RefCell<Option<(LoginId, TokenPair)>>;

/// Sends the request that signs the user in, and returns the cookies of the response.
///
/// # Panics
///
/// When the bridge refuses or fails the request.
async fn send<R, B: MessageBody>(
    app: &impl Service<R, Response = ServiceResponse<B>, Error = Error>,
    req: R,
) -> Vec<Cookie<'static>> {
    let res = match app.call(req).await {
        Ok(res) => res,
        Err(error) => panic!("as_user: the user could not be signed in: {error}"),
    };
    if let Some(error) = res.response().error() {
        panic!("as_user: the user could not be signed in: {error}");
    }
    assert!(
        res.status().is_success(),
        "as_user: the user could not be signed in: the bridge answered {}",
        res.status()
    );
    res.response().cookies().map(Cookie::into_owned).collect()
}

impl<'a, U: Clone + 'static> IntoFuture for AsUser<'a, U> {
    type Output = SignedIn;
    type IntoFuture = Pin<Box<dyn Future<Output = SignedIn> + 'a>>;

    /// # Panics
    ///
    /// When the bridge refuses the user, for example because they are disabled, or a store is unavailable.
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.sign_in())
    }
}

impl<U> fmt::Debug for AsUser<'_, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsUser")
            .field("credential", &self.credential)
            .field("fresh", &self.fresh)
            .finish_non_exhaustive()
    }
}
