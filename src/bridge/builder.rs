//! Puts a [`Bridge`] together, and refuses to put together a weak one.

mod browsers;
mod login_views;
mod outcomes;
mod token_hooks;
mod tokens;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use actix_web::cookie::Key;
use aws_lc_rs::{hkdf, hmac};

use crate::bridge::Bridge;
use crate::bridge::credential::custom_credential::Loads;
use crate::bridge::credential::find::LoaderConfig;
use crate::bridge::credential::locations::TokenLocations;
use crate::bridge::credential::token_cookies::TokenCookies;
use crate::bridge::model::clock::Clock;
use crate::bridge::model::erased_users::{Erased, Users};
use crate::bridge::model::events::Events;
use crate::bridge::model::login::LoginStore;
use crate::bridge::model::random;
use crate::bridge::model::session_store::SessionStore;
use crate::bridge::model::user_store::UserStore;
use crate::bridge::resolve::engine::{Core, ErrorPage, Lifetimes};
use crate::bridge::resolve::foreign::ForeignTokens;
use crate::bridge::resolve::token_checks::{Hooks, IssueHooks, KeyFinder};
use crate::bridge::response::refusal::OnRefusal;
use crate::bridge::response::views::ViewConfig;
use crate::bridge::session::cookies::CookieConfig;
use crate::bridge::session::protection::SessionProtection;
use crate::bridge::session::remember_cookie::RememberCookie;
use crate::bridge::session::remember_token::RememberKey;
use crate::bridge::token::{Issuer, KeySet, TokenConfig, TokenKey, Verifier};
use crate::flask::JwtManager;

/// Settings of a [`Bridge`], from [`Bridge::builder`]. All but the token key and the store have defaults.
pub struct BridgeBuilder {
    users: Box<dyn Users>,
    stores: Option<(Arc<dyn LoginStore>, Arc<dyn SessionStore>)>,
    token_key: Option<TokenKey>,
    retired: Vec<TokenKey>,
    session_secret: Option<Vec<u8>>,
    public_url: Option<String>,
    views: ViewConfig,
    error_page: Option<Box<ErrorPage>>,
    on_refusal: Vec<Box<OnRefusal>>,
    events: Events,
    tokens: TokenConfig,
    leeway: Duration,
    hooks: Hooks,
    issue_hooks: IssueHooks,
    key_finder: Option<Box<KeyFinder>>,
    token_locations: TokenLocations,
    json_body_limit: usize,
    body_timeout: Duration,
    foreign: Option<Box<dyn ForeignTokens>>,
    accept_flask_jwt_extended: bool,
    implicit_refresh: Option<Duration>,
    lifetimes: Lifetimes,
    remember_cookie: RememberCookie,
    protection: SessionProtection,
    request_loader: Option<Box<dyn Loads>>,
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
    /// [`BridgeBuilder::audiences`] got none, and tokens must be for somebody.
    #[error("the tokens have no audience: give `audiences` one at least")]
    NoAudience,
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
    /// The places where tokens are looked for are not named as they can be.
    #[error("the token locations: {0}")]
    TokenLocations(String),
    /// A token names its key by id, so no two may share one.
    #[error("two token keys have the id `{0}`: leave one out")]
    DuplicateKeyId(String),
    /// A view, or something that goes with it, is not the address of a page.
    #[error(
        "`{0}` names no page: views are paths such as `/login` or whole URLs such as `https://sso.example/login`, \
         prefixes of scopes are paths, and the host of redirects is one such as `example.org`"
    )]
    View(String),
    /// [`BridgeBuilder::remember_cookie`] got settings with which no browser would keep the cookie, or keep it safe.
    #[error("the remember cookie cannot be written as configured: {0}")]
    RememberCookie(String),
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
            views: ViewConfig::default(),
            error_page: None,
            on_refusal: Vec::new(),
            events: Events::default(),
            tokens: TokenConfig {
                issuer: "tollbridge".to_owned(),
                audiences: vec!["tollbridge".to_owned()],
                accepted_issuers: Vec::new(),
                accepted_audiences: Vec::new(),
                nbf: true,
                csrf: false,
                access_ttl: Duration::from_secs(15 * MINUTE),
                refresh_ttl: Duration::from_secs(30 * DAY),
            },
            leeway: Duration::from_secs(5),
            hooks: Hooks::default(),
            issue_hooks: IssueHooks::default(),
            key_finder: None,
            token_locations: TokenLocations::default(),
            json_body_limit: 16 * 1024,
            body_timeout: Duration::from_secs(10),
            foreign: None,
            accept_flask_jwt_extended: false,
            implicit_refresh: None,
            lifetimes: Lifetimes {
                refresh: Duration::from_secs(30 * DAY),
                refresh_grace: Duration::from_secs(10),
                idle: Duration::from_secs(DAY),
                absolute: Duration::from_secs(30 * DAY),
                remember: Duration::from_secs(30 * DAY),
                fresh: Duration::from_secs(15 * MINUTE),
            },
            remember_cookie: RememberCookie::default(),
            protection: SessionProtection::default(),
            request_loader: None,
            clock: Clock::system(),
        }
    }

    /// Where logins and sessions are kept. Required.
    pub fn store(mut self, store: impl LoginStore + SessionStore) -> Self {
        let store = Arc::new(store);
        self.stores = Some((store.clone(), store));
        self
    }

    /// The clock. Default the system's.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
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
        if self.retired.iter().any(|key| key.algorithm().is_symmetric() != token_key.algorithm().is_symmetric()) {
            return Err(BuildError::MixedKeys);
        }
        if !token_key.can_sign() {
            return Err(BuildError::CannotSign(token_key.id().to_owned()));
        }
        let mut ids = HashSet::from([token_key.id()]);
        if let Some(key) = self.retired.iter().find(|key| !ids.insert(key.id())) {
            return Err(BuildError::DuplicateKeyId(key.id().to_owned()));
        }
        if self.tokens.audiences.is_empty() {
            return Err(BuildError::NoAudience);
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
        let search = self.token_locations.search(secure)?;
        let of_our_keys = || {
            let keys = std::iter::once(&token_key).chain(&self.retired).cloned().collect();
            Box::new(JwtManager::of_keys(keys, self.leeway)) as Box<dyn ForeignTokens>
        };
        let foreign = self.foreign.or_else(|| self.accept_flask_jwt_extended.then(of_our_keys));
        let keys = KeySet::new(token_key, self.retired);
        if self.implicit_refresh.is_some() && search.cookies.is_none() {
            return Err(BuildError::TokenLocations(
                "`implicit_refresh` renews tokens in cookies, where none are looked for: declare `Location::Cookie`"
                    .into(),
            ));
        }
        let csrf = search.cookies.as_ref().is_some_and(TokenCookies::uses_double_submit);
        let tokens = TokenConfig { csrf, ..self.tokens };
        let issuers = [std::slice::from_ref(&tokens.issuer), &tokens.accepted_issuers].concat();
        let audiences = [&tokens.audiences[..], &tokens.accepted_audiences].concat();
        let successors = mac_key(&session_secret, b"refresh successors");
        Ok(Bridge::new(Core {
            users: self.users,
            logins,
            sessions,
            issuer: Issuer::new(keys.clone(), tokens, successors, self.issue_hooks),
            verifier: Verifier::new(keys, self.key_finder, issuers, audiences, self.leeway),
            hooks: self.hooks,
            foreign,
            remember: RememberKey::new(mac_key(&session_secret, b"remember cookies")),
            session_key: Key::from(&derive::<64>(&session_secret, b"session cookies")),
            cookies: CookieConfig::new(secure, self.remember_cookie)?,
            protection: self.protection,
            request_loader: self.request_loader,
            loader: LoaderConfig { search, json_body_limit: self.json_body_limit, body_timeout: self.body_timeout },
            lifetimes: self.lifetimes,
            implicit_refresh: self.implicit_refresh,
            own_origin,
            views: self.views.settle().map_err(BuildError::View)?,
            error_page: self.error_page,
            on_refusal: self.on_refusal,
            events: self.events,
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
