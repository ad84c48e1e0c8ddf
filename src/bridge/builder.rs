//! Puts a [`Bridge`] together, and refuses to put together a weak one.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use actix_web::cookie::Key;
use actix_web::{HttpRequest, HttpResponse};
use aws_lc_rs::{hkdf, hmac};

use super::Bridge;
use super::clock::Clock;
use super::cookies::CookieConfig;
use super::core::{Core, ErrorPage, Lifetimes};
use super::credential::Location;
use super::error::AuthError;
use super::loader::LoaderConfig;
use super::login::LoginStore;
use super::random;
use super::remember::RememberKey;
use super::session_store::SessionStore;
use super::token::{Issuer, KeySet, TokenConfig, TokenKey, Verifier};
use super::user::UserStore;
use super::users::{Erased, Users};

/// Settings of a [`Bridge`], from [`Bridge::builder`]. All but the token key and the store have defaults.
pub struct BridgeBuilder {
    users: Box<dyn Users>,
    stores: Option<(Arc<dyn LoginStore>, Arc<dyn SessionStore>)>,
    token_key: Option<TokenKey>,
    retired: Vec<TokenKey>,
    session_secret: Option<Vec<u8>>,
    public_url: Option<String>,
    login_view: Option<String>,
    error_page: Option<Box<ErrorPage>>,
    tokens: TokenConfig,
    leeway: Duration,
    loader: LoaderConfig,
    lifetimes: Lifetimes,
    clock: Clock,
}

/// Why a bridge could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// [`BridgeBuilder::token_key`] was not called.
    #[error("the bridge has no token key: call `token_key(TokenKey::hs256(…)?)`")]
    NoTokenKey,
    /// [`BridgeBuilder::store`] was not called.
    #[error(
        "the bridge has no store for logins and sessions: call `store(MemoryStore::default())` or give it your own"
    )]
    NoStore,
    /// Times are counted in whole seconds, and what lives for less than one is never alive.
    #[error("`{0}` is less than a second: nothing would live, so give it a second or more")]
    ShortLifetime(&'static str),
    /// The session secret is too short to be one.
    #[error("the session secret needs at least 32 random bytes, and this one has {0}")]
    ShortSessionSecret(usize),
    /// The public URL is not the address of a site.
    #[error("`{0}` is not a public URL: write scheme, host and port only, such as `https://example.org`")]
    PublicUrl(String),
    /// Keys of different families in one set would let one be mistaken for the other.
    #[error("the token keys mix HMAC secrets with key pairs: use keys of one kind")]
    MixedKeys,
    /// [`BridgeBuilder::token_key`] got a key that only verifies.
    #[error("the token key `{0}` only verifies: give a key that signs, and this one to `retired_token_key`")]
    CannotSign(String),
    /// A token names its key by id, so no two may share one.
    #[error("two token keys have the id `{0}`: leave one out")]
    DuplicateKeyId(String),
}

impl BridgeBuilder {
    pub(crate) fn new(users: impl UserStore) -> Self {
        const MINUTE: u64 = 60;
        const DAY: u64 = 24 * 60 * MINUTE;
        Self {
            users: Box::new(Erased(users)),
            stores: None,
            token_key: None,
            retired: Vec::new(),
            session_secret: None,
            public_url: None,
            login_view: None,
            error_page: None,
            tokens: TokenConfig {
                issuer: "tollbridge".to_owned(),
                audience: "tollbridge".to_owned(),
                access_ttl: Duration::from_secs(15 * MINUTE),
                refresh_ttl: Duration::from_secs(30 * DAY),
            },
            leeway: Duration::from_secs(5),
            loader: LoaderConfig {
                locations: vec![Location::Header, Location::Json],
                json_body_limit: 16 * 1024,
                body_timeout: Duration::from_secs(10),
            },
            lifetimes: Lifetimes {
                refresh: Duration::from_secs(30 * DAY),
                refresh_grace: Duration::from_secs(10),
                idle: Duration::from_secs(DAY),
                absolute: Duration::from_secs(30 * DAY),
                remember: Duration::from_secs(30 * DAY),
                fresh: Duration::from_secs(15 * MINUTE),
            },
            clock: Clock::system(),
        }
    }

    /// The key that signs tokens. Required.
    pub fn token_key(mut self, key: TokenKey) -> Self {
        self.token_key = Some(key);
        self
    }

    /// A key that signed tokens before: those still verify, and no new ones are made with it.
    pub fn retired_token_key(mut self, key: TokenKey) -> Self {
        self.retired.push(key);
        self
    }

    /// Where logins and sessions are kept. Required.
    pub fn store(mut self, store: impl LoginStore + SessionStore) -> Self {
        let store = Arc::new(store);
        self.stores = Some((store.clone(), store));
        self
    }

    /// At least 32 random bytes, from which the keys of the cookies are derived. Without it they are random: after a
    /// restart no session and no remember cookie is recognized.
    pub fn session_secret(mut self, secret: &[u8]) -> Self {
        self.session_secret = Some(secret.to_vec());
        self
    }

    /// Where browsers find this application, such as `https://example.org`. With `https` the cookies are `Secure` and
    /// carry the `__Host-` prefix. Requests that a browser authenticates by itself must come from here; without it,
    /// from the host that they are sent to.
    pub fn public_url(mut self, url: impl Into<String>) -> Self {
        self.public_url = Some(url.into());
        self
    }

    /// The path of the login page (Flask-Login's `login_view`). Browsers that need a login are sent there with a 303,
    /// and with the page that they wanted in the query, as `next`: pass it through [`safe_next`](crate::safe_next)
    /// before you follow it. Who sent a token is not sent there. A browser is who
    /// [prefers HTML](crate::prefers_html).
    pub fn login_view(mut self, path: impl Into<String>) -> Self {
        self.login_view = Some(path.into());
        self
    }

    /// Renders refusals for browsers, wherever an [`AuthError`] comes from: the bridge, an extractor or your handler.
    /// Those that need a login are redirected instead if there is a [`login_view`](Self::login_view). Give the response
    /// the error's [`status`](AuthError::status). Without it browsers get the JSON problem like everybody else.
    pub fn error_page(
        mut self,
        page: impl Fn(&HttpRequest, &AuthError) -> HttpResponse + Send + Sync + 'static,
    ) -> Self {
        self.error_page = Some(Box::new(page));
        self
    }

    /// The `iss` of tokens. Default `tollbridge`.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.tokens.issuer = issuer.into();
        self
    }

    /// The `aud` of tokens. Default `tollbridge`.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.tokens.audience = audience.into();
        self
    }

    /// How long access tokens live (`JWT_ACCESS_TOKEN_EXPIRES`). Default 15 minutes.
    pub fn access_ttl(mut self, ttl: Duration) -> Self {
        self.tokens.access_ttl = ttl;
        self
    }

    /// How long a refresh token lives that is not used (`JWT_REFRESH_TOKEN_EXPIRES`), and a login that has only
    /// tokens. Default 30 days.
    pub fn refresh_ttl(mut self, ttl: Duration) -> Self {
        self.tokens.refresh_ttl = ttl;
        self.lifetimes.refresh = ttl;
        self
    }

    /// How long after a rotation the previous refresh token still yields the same successor. Default 10 seconds.
    pub fn refresh_grace(mut self, grace: Duration) -> Self {
        self.lifetimes.refresh_grace = grace;
        self
    }

    /// How far the clocks of issuer and verifier may differ (`JWT_DECODE_LEEWAY`). Default 5 seconds.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.leeway = leeway;
        self
    }

    /// How long a session lives that is not used. Default one day.
    pub fn idle_ttl(mut self, ttl: Duration) -> Self {
        self.lifetimes.idle = ttl;
        self
    }

    /// How long a browser's login lives at the most, however much it is used. Default 30 days.
    pub fn absolute_ttl(mut self, ttl: Duration) -> Self {
        self.lifetimes.absolute = ttl;
        self
    }

    /// How long a browser is remembered (`REMEMBER_COOKIE_DURATION`). Default 30 days, at most 400.
    pub fn remember_ttl(mut self, ttl: Duration) -> Self {
        // Browsers keep no cookie for longer (RFC 6265bis section 5.5).
        self.lifetimes.remember = ttl.min(Duration::from_secs(400 * 24 * 60 * 60));
        self
    }

    /// How long after proving who they are a user counts as fresh. Default 15 minutes.
    pub fn fresh_window(mut self, window: Duration) -> Self {
        self.lifetimes.fresh = window;
        self
    }

    /// Where tokens are looked for (`JWT_TOKEN_LOCATION`). Default the header and JSON bodies.
    pub fn locations(mut self, locations: &[Location]) -> Self {
        self.loader.locations = locations.to_vec();
        self
    }

    /// JSON bodies larger than this, in bytes, are not searched for a token. Default 16 KiB.
    pub fn json_body_limit(mut self, limit: usize) -> Self {
        self.loader.json_body_limit = limit;
        self
    }

    /// How long a body may take that is searched for a token, and how long any body may pause. Default 10 seconds.
    pub fn body_timeout(mut self, time: Duration) -> Self {
        self.loader.body_timeout = time;
        self
    }

    /// The clock. Default the system's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Builds the bridge.
    ///
    /// # Errors
    ///
    /// When something is missing or weak: here, and not in a request.
    pub fn build(self) -> Result<Bridge, BuildError> {
        let token_key = self.token_key.ok_or(BuildError::NoTokenKey)?;
        let (logins, sessions) = self.stores.ok_or(BuildError::NoStore)?;
        if self.retired.iter().any(|key| key.is_symmetric() != token_key.is_symmetric()) {
            return Err(BuildError::MixedKeys);
        }
        if !token_key.can_sign() {
            return Err(BuildError::CannotSign(token_key.id().to_owned()));
        }
        let mut ids = HashSet::from([token_key.id()]);
        if let Some(key) = self.retired.iter().find(|key| !ids.insert(key.id())) {
            return Err(BuildError::DuplicateKeyId(key.id().to_owned()));
        }
        let lifetimes = [
            ("access_ttl", self.tokens.access_ttl),
            ("refresh_ttl", self.tokens.refresh_ttl),
            ("idle_ttl", self.lifetimes.idle),
            ("absolute_ttl", self.lifetimes.absolute),
            ("remember_ttl", self.lifetimes.remember),
        ];
        if let Some((name, _)) = lifetimes.into_iter().find(|(_, lifetime)| lifetime.as_secs() == 0) {
            return Err(BuildError::ShortLifetime(name));
        }
        let session_secret = self.session_secret.unwrap_or_else(|| random::bytes::<64>().to_vec());
        if session_secret.len() < 32 {
            return Err(BuildError::ShortSessionSecret(session_secret.len()));
        }
        let own_origin = self.public_url.map(|url| origin(&url).ok_or(BuildError::PublicUrl(url))).transpose()?;
        let secure = own_origin.as_deref().is_some_and(|origin| origin.starts_with("https://"));
        let keys = KeySet::new(token_key, self.retired);
        let (issuer, audience) = (self.tokens.issuer.clone(), self.tokens.audience.clone());
        Ok(Bridge::new(Core {
            users: self.users,
            logins,
            sessions,
            issuer: Issuer::new(keys.clone(), self.tokens, mac_key(&session_secret, b"refresh successors")),
            verifier: Verifier::new(keys, issuer, audience, self.leeway),
            remember: RememberKey::new(mac_key(&session_secret, b"remember cookies")),
            session_key: Key::from(&derive::<64>(&session_secret, b"session cookies")),
            cookies: CookieConfig::new(secure),
            loader: self.loader,
            lifetimes: self.lifetimes,
            own_origin,
            login_view: self.login_view,
            error_page: self.error_page,
            clock: self.clock,
        }))
    }
}

/// The origin of a URL that is nothing but an origin (RFC 6454 section 6.1).
fn origin(url: &str) -> Option<String> {
    let parsed = url::Url::parse(url).ok()?;
    let bare = parsed.path() == "/" && parsed.query().is_none() && parsed.fragment().is_none();
    let is_web = matches!(parsed.scheme(), "http" | "https") && parsed.username().is_empty();
    (bare && is_web && parsed.password().is_none()).then(|| parsed.origin().ascii_serialization())
}

fn mac_key(secret: &[u8], purpose: &[u8]) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, &derive::<32>(secret, purpose))
}

/// A key for one purpose (HKDF-SHA-256, RFC 5869), so that no key serves two.
fn derive<const N: usize>(secret: &[u8], purpose: &[u8]) -> [u8; N] {
    struct Length(usize);
    impl hkdf::KeyType for Length {
        fn len(&self) -> usize {
            self.0
        }
    }
    let mut key = [0; N];
    let info = [b"tollbridge ", purpose];
    let pseudorandom = hkdf::Salt::new(hkdf::HKDF_SHA256, &[]).extract(secret);
    #[expect(clippy::expect_used, reason = "HKDF fails only for keys of more than 8160 bytes")]
    pseudorandom.expand(&info, Length(N)).and_then(|okm| okm.fill(&mut key)).expect("the key is short");
    key
}
