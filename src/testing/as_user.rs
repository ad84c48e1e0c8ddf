//! Signs a user in the way they would, without the application's login form.

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
use crate::{Auth, AuthError, Bridge, Location, LoginId, TokenPair};

/// Signs a user in, for a test (`FlaskLoginClient` of Flask-Login): say how, and await it.
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
/// let browser = as_user(&bridge, &ann).fresh().via_session().await; // who has just given a password
/// let client = as_user(&bridge, &ann).via_token().await; // who has not, and only has a token
/// let returning = as_user(&bridge, &ann).remembered().await; // whose browser has been closed and opened again
///
/// let request = client.on(TestRequest::get().uri("/who_am_i")).to_http_request();
/// # assert!(request.headers().contains_key("authorization"));
/// # Ok(())
/// # }
/// ```
///
/// It takes the real way, through the bridge: a login is in the store, a session is in the session store under a signed
/// cookie, tokens are issued. No route of the application is called. Each call starts a login of its own.
///
/// It is a browser's session and not fresh unless you say otherwise, as most requests of signed-in users are not: a
/// handler that asks for [`Fresh`](crate::Fresh) is to be seen refusing.
pub fn as_user<'a, U: Clone + 'static>(bridge: &'a Bridge, user: &'a U) -> AsUser<'a, U> {
    AsUser { bridge, user, fresh: false, face: Face::Session }
}

/// A user who is about to be signed in; from [`as_user`].
#[must_use = "nobody is signed in until this is awaited"]
pub struct AsUser<'a, U> {
    bridge: &'a Bridge,
    user: &'a U,
    fresh: bool,
    face: Face,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    Session,
    Remembered,
    /// In the bridge's first place for tokens, or in this one.
    Token(Option<Location>),
}

impl<'a, U: Clone + 'static> AsUser<'a, U> {
    /// Who has proved who they are just now (`fresh_login=True` of `FlaskLoginClient`): they stay fresh for the bridge's
    /// [`fresh_window`](crate::BridgeBuilder::fresh_window).
    pub fn fresh(mut self) -> Self {
        self.fresh = true;
        self
    }

    /// A browser, with the cookie of its session. It has no remember cookie.
    pub fn via_session(mut self) -> Self {
        self.face = Face::Session;
        self
    }

    /// An API client, with an access token where the bridge looks for one first. Its login has no session.
    pub fn via_token(mut self) -> Self {
        self.face = Face::Token(None);
        self
    }

    /// As [`via_token`](Self::via_token), with the token in this place, under the names that the bridge's
    /// [`TokenLocations`](crate::TokenLocations) give it. In a cookie it comes with the header of the double submit;
    /// in a JSON body it needs a method that has one.
    ///
    /// The query is part of the address, which is yours to write, with the access token of [`SignedIn::tokens`].
    pub fn via_token_in(mut self, location: Location) -> Self {
        self.face = Face::Token(Some(location));
        self
    }

    /// A browser that has been closed and opened again: of its cookies only the remember cookie is left. Its first
    /// request opens a session, and none of its requests is fresh.
    pub fn remembered(mut self) -> Self {
        self.face = Face::Remembered;
        self
    }

    async fn sign_in(self) -> SignedIn {
        assert!(
            !(self.fresh && self.face == Face::Remembered),
            "as_user: who is remembered is never fresh; leave out `fresh()` or `remembered()`"
        );
        let (user, face, fresh) = (self.user.clone(), self.face, self.fresh);
        let location = self.token_location();
        let desk = move |auth: Auth, outcome: Data<Outcome>| {
            let user = user.clone();
            async move {
                let mut login = auth.login_user(&user).fresh(fresh).remember(face == Face::Remembered);
                if location.is_some() {
                    login = login.tokens_only();
                }
                let login = login.await?;
                let tokens = login.issue_tokens()?;
                let mut response = HttpResponse::NoContent().finish();
                if location == Some(Location::Cookie) {
                    auth.token_cookies()?.set_access(&mut response, &tokens.access_token)?;
                }
                outcome.replace(Some((login.id().clone(), tokens)));
                Ok::<_, AuthError>(response)
            }
        };
        let outcome = Data::new(Outcome::default());
        let app = App::new().wrap(self.bridge.clone()).app_data(Data::clone(&outcome));
        let app = init_service(app.default_service(web::to(desk))).await;
        let mut cookies = send(&app, TestRequest::post().to_request()).await;
        if face == Face::Remembered {
            // The browser is closed: what has no age is forgotten.
            cookies.retain(|cookie| cookie.max_age().is_some());
        }
        #[expect(clippy::expect_used, reason = "the handler has answered with success")]
        let (login_id, tokens) = outcome.take().expect("a login has been started");
        SignedIn::new(self.bridge, login_id, tokens, cookies, location)
    }

    /// Where the token goes, for who has one.
    fn token_location(&self) -> Option<Location> {
        let Face::Token(asked) = self.face else { return None };
        let search = self.bridge.search();
        if let Some(location) = asked {
            assert!(
                search.is_declared(location),
                "as_user: the bridge looks for no token in the place `{}`: declare it with `token_locations`",
                location.as_str()
            );
        }
        // Addresses are not written by the kit, so the query is what is left.
        let first = search.order.iter().copied().find(|location| *location != Location::Query);
        Some(asked.or(first).unwrap_or(Location::Query))
    }
}

/// The login that was started.
type Outcome = RefCell<Option<(LoginId, TokenPair)>>;

/// The cookies of the answer.
///
/// # Panics
///
/// When the bridge refuses the request, or cannot answer it.
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
    /// When the bridge does not let the user sign in, because they are not active for example, or when a store cannot
    /// answer.
    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.sign_in())
    }
}

impl<U> fmt::Debug for AsUser<'_, U> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsUser").field("face", &self.face).field("fresh", &self.fresh).finish_non_exhaustive()
    }
}
