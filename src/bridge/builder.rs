//! Builds a [`Bridge`], and rejects incomplete or insecure settings.

mod browsers;
mod listeners;
mod login_views;
mod token_hooks;
mod tokens;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use actix_web::cookie::Key;

use crate::bridge::credential::{
    BodyLimits, CredentialReader, DynRequestLoader, TokenCookies, TokenLocations, TrustedProxies,
};
use crate::bridge::error::BuildError;
use crate::bridge::handle::Bridge;
use crate::bridge::model::{
    ApiTokenStore, AuditStore, BackgroundNotes, Clock, CodeStore, DynUserStore, Erased, Events, FailedSignIns,
    Listener, LoginStore, RevokedTokenStore, SessionStore, UserStore, random,
};
use crate::bridge::resolve::{
    ApiTokens, Audit, Confirmations, ConflictPolicy, EndWatch, Engine, ExternalTokens, RevokedTokens, TokenChecks,
};
use crate::bridge::response::{ErrorPage, OnRefusal, ResponseSettings, ViewConfig};
use crate::bridge::session::{
    BrowserCookies, BrowserSettings, RememberCookie, RememberKey, SessionProtection, session_keys,
};
use crate::bridge::token::{
    IssueHooks, Issuer, KeyFinder, KeyRing, KeySet, TokenAuthority, TokenKey, TokenProfile, Verifier,
};

/// Makes the verifier of external tokens from the keys of the bridge, the signing key first, and its leeway.
pub(crate) type ExternalTokensFactory = dyn FnOnce(&[TokenKey], Duration) -> Box<dyn ExternalTokens>;

/// The settings of a [`Bridge`], from [`Bridge::builder`]. The token key and the store are required; all other settings
/// have defaults.
pub struct BridgeBuilder {
    users: Box<dyn DynUserStore>,
    stores: Option<(Arc<dyn LoginStore>, Arc<dyn SessionStore>)>,
    codes: Option<Arc<dyn CodeStore>>,
    api_tokens: Option<Arc<dyn ApiTokenStore>>,
    token_key: Option<TokenKey>,
    retired: Vec<TokenKey>,
    key_ring: Option<KeyRing>,
    revoked_tokens: Option<Arc<dyn RevokedTokenStore>>,
    audit: Option<Arc<dyn AuditStore>>,
    retired_session_secrets: Vec<Vec<u8>>,
    session_secret: Option<Vec<u8>>,
    public_url: Option<String>,
    proxies: TrustedProxies,
    views: ViewConfig,
    error_page: Option<Box<ErrorPage>>,
    on_refusal: Vec<Box<OnRefusal>>,
    listeners: Vec<Box<Listener>>,
    tokens: TokenProfile,
    leeway: Duration,
    checks: TokenChecks,
    issue_hooks: IssueHooks,
    key_finder: Option<Box<KeyFinder>>,
    token_locations: TokenLocations,
    json_body_limit: usize,
    body_timeout: Duration,
    external: Option<Box<dyn ExternalTokens>>,
    external_from_keys: Option<Box<ExternalTokensFactory>>,
    implicit_refresh: Option<Duration>,
    refresh_grace: Duration,
    idle_ttl: Duration,
    absolute_ttl: Duration,
    remember_ttl: Duration,
    fresh_window: Duration,
    max_logins: usize,
    conflict: ConflictPolicy,
    remember_cookie: RememberCookie,
    protection: SessionProtection,
    request_loader: Option<Box<dyn DynRequestLoader>>,
    clock: Clock,
}

impl Bridge {
    /// Starts to build a bridge for these users.
    pub fn builder(users: impl UserStore) -> BridgeBuilder {
        BridgeBuilder::new(users)
    }
}

impl BridgeBuilder {
    fn new(users: impl UserStore) -> Self {
        const MINUTE: u64 = 60;
        const DAY: u64 = 24 * 60 * MINUTE;
        Self {
            users: Box::new(Erased(users)),
            stores: None,
            codes: None,
            api_tokens: None,
            token_key: None,
            retired: Vec::new(),
            key_ring: None,
            revoked_tokens: None,
            audit: None,
            retired_session_secrets: Vec::new(),
            session_secret: None,
            public_url: None,
            proxies: TrustedProxies::default(),
            views: ViewConfig::default(),
            error_page: None,
            on_refusal: Vec::new(),
            listeners: Vec::new(),
            tokens: TokenProfile {
                issuer: "tollbridge".to_owned(),
                audiences: vec!["tollbridge".to_owned()],
                accepted_issuers: Vec::new(),
                accepted_audiences: Vec::new(),
                nbf: true,
                csrf: false,
                access_ttl: Duration::from_secs(15 * MINUTE),
                refresh_ttl: Duration::from_secs(30 * DAY),
                refresh_idle_ttl: None,
            },
            leeway: Duration::from_secs(5),
            checks: TokenChecks::default(),
            issue_hooks: IssueHooks::default(),
            key_finder: None,
            token_locations: TokenLocations::default(),
            json_body_limit: 2 << 20,
            body_timeout: Duration::from_secs(10),
            external: None,
            external_from_keys: None,
            implicit_refresh: None,
            refresh_grace: Duration::from_secs(10),
            idle_ttl: Duration::from_secs(DAY),
            absolute_ttl: Duration::from_secs(30 * DAY),
            remember_ttl: Duration::from_secs(30 * DAY),
            fresh_window: Duration::from_secs(15 * MINUTE),
            max_logins: 1000,
            conflict: ConflictPolicy::default(),
            remember_cookie: RememberCookie::default(),
            protection: SessionProtection::default(),
            request_loader: None,
            clock: Clock::system(),
        }
    }

    /// The store for logins and sessions. Required.
    pub fn store(mut self, store: impl LoginStore + SessionStore) -> Self {
        let store = Arc::new(store);
        self.stores = Some((store.clone(), store));
        self
    }

    /// The store for the codes of handoffs: [`Auth::handoff`](crate::Auth::handoff). Default: none, and no handoffs. It
    /// can be the [`store`](Self::store) of the logins, or another one.
    pub fn handoff_codes(mut self, codes: impl CodeStore) -> Self {
        self.codes = Some(Arc::new(codes));
        self
    }

    /// The store for API tokens: named credentials of users for programs. Without it there are none. It may be the same
    /// store as that of the logins; [`ApiTokenStore`] says what it must do.
    ///
    /// A request presents an API token where it presents an access token, except in a cookie. All extractors accept it,
    /// and the response is as silent. It is never fresh, belongs to no login, and may do what its
    /// [abilities](crate::Abilities) say.
    pub fn api_tokens(mut self, store: impl ApiTokenStore) -> Self {
        self.api_tokens = Some(Arc::new(store));
        self
    }

    /// The store that keeps the audit. With it [`Auth::history`](crate::Auth::history) has the records about a user, and what
    /// changes nothing is recorded too: tokens for a session, and [failed sign-ins](crate::Auth::sign_in_failed). It should be
    /// the [`store`](Self::store) of the logins, which records each change together with it; [`AuditStore`] says how.
    pub fn audit(mut self, store: impl AuditStore) -> Self {
        self.audit = Some(Arc::new(store));
        self
    }

    /// The clock. Default: the clock of the system.
    pub fn clock(mut self, clock: impl Into<Clock>) -> Self {
        self.clock = clock.into();
        self
    }

    /// Builds the bridge.
    ///
    /// # Errors
    ///
    /// [`BuildError`] when a setting is missing, invalid or insecure.
    pub fn build(self) -> Result<Bridge, BuildError> {
        let (logins, sessions) = self.stores.ok_or(BuildError::NoStore)?;
        let keys = match (self.key_ring, self.token_key) {
            (Some(_), Some(_)) => return Err(BuildError::TwoKinds),
            (Some(ring), None) => ring,
            (None, key) => key_set(key.ok_or(BuildError::NoTokenKey)?, self.retired)?.into(),
        };
        if self.tokens.audiences.is_empty() {
            return Err(BuildError::NoAudience);
        }
        let lifetimes = [
            ("access_ttl", self.tokens.access_ttl),
            ("refresh_ttl", self.tokens.refresh_ttl),
            ("refresh_idle_ttl", self.tokens.refresh_idle_ttl.unwrap_or(self.tokens.refresh_ttl)),
            ("idle_ttl", self.idle_ttl),
            ("absolute_ttl", self.absolute_ttl),
            ("remember_ttl", self.remember_ttl),
        ];
        if let Some((name, _)) = lifetimes.into_iter().find(|(_, lifetime)| lifetime.as_secs() == 0) {
            return Err(BuildError::ShortLifetime(name));
        }
        let session_secret = self.session_secret.unwrap_or_else(|| random::bytes::<64>().to_vec());
        let retired = self.retired_session_secrets;
        if let Some(short) = std::iter::once(&session_secret).chain(&retired).find(|secret| secret.len() < 32) {
            return Err(BuildError::ShortSessionSecret(short.len()));
        }
        let own_origin = self.public_url.map(|url| origin(&url).ok_or(BuildError::PublicUrl(url))).transpose()?;
        let secure = own_origin.as_deref().is_some_and(|origin| origin.starts_with("https://"));
        let search = self.token_locations.search(secure)?;
        let external = self.external.or_else(|| {
            let from_keys = self.external_from_keys?;
            Some(from_keys(&keys.keys().all(self.clock.now()), self.leeway))
        });
        if self.implicit_refresh.is_some() && search.cookies.is_none() {
            return Err(BuildError::TokenLocations(
                "`implicit_refresh` renews tokens in cookies, where none are looked for: declare `CredentialLocation::Cookie`"
                    .into(),
            ));
        }
        let csrf = search.cookies.as_ref().is_some_and(TokenCookies::uses_double_submit);
        let tokens = TokenProfile { csrf, ..self.tokens };
        let issuers = [std::slice::from_ref(&tokens.issuer), &tokens.accepted_issuers].concat();
        let audiences = [&tokens.audiences[..], &tokens.accepted_audiences].concat();
        let successors = session_keys::mac_key(&session_secret, b"refresh successors");
        let cookies = BrowserCookies::new(secure, self.remember_cookie)?;
        let events = Events::new(self.listeners);
        let responses = ResponseSettings {
            views: self.views.validate().map_err(BuildError::View)?,
            error_page: self.error_page,
            on_refusal: self.on_refusal,
            implicit_refresh: self.implicit_refresh,
            own_origin: own_origin.clone(),
            events: events.clone(),
        };
        let audit =
            self.audit.map(|store| Audit { failed: FailedSignIns::new(Arc::clone(&store), self.clock.clone()), store });
        let engine = Engine {
            users: self.users,
            logins,
            codes: self.codes,
            max_logins: self.max_logins,
            last_seen: BackgroundNotes::default(),
            api_tokens: self.api_tokens.map(|store| ApiTokens { store, uses: BackgroundNotes::default() }),
            tokens: TokenAuthority {
                issuer: Issuer::new(keys.clone(), tokens, successors, self.issue_hooks),
                verifier: Verifier::new(keys, self.key_finder, issuers, audiences, self.leeway),
                refresh_grace: self.refresh_grace,
            },
            checks: self.checks,
            confirmations: Confirmations::default(),
            ends: EndWatch::default(),
            external,
            revoked: RevokedTokens::new(self.revoked_tokens),
            audit,
            reader: CredentialReader {
                search,
                limits: BodyLimits { max_bytes: self.json_body_limit, time: self.body_timeout },
                custom: self.request_loader,
                own_origin,
                proxies: self.proxies.clone(),
            },
            browser: BrowserSettings {
                sessions,
                session_touches: BackgroundNotes::default(),
                cookies,
                remember_key: RememberKey::new(
                    session_keys::mac_key(&session_secret, b"remember cookies"),
                    retired.iter().map(|secret| session_keys::mac_key(secret, b"remember cookies")).collect(),
                ),
                protection: self.protection,
                proxies: self.proxies,
                signing_key: session_cookie_key(&session_secret),
                retired_signing_keys: retired.iter().map(|secret| session_cookie_key(secret)).collect(),
                idle_ttl: self.idle_ttl,
                absolute_ttl: self.absolute_ttl,
                remember_ttl: self.remember_ttl,
            },
            fresh_window: self.fresh_window,
            conflict: self.conflict,
            events,
            clock: self.clock,
        };
        Ok(Bridge { engine: Arc::new(engine), responses: Arc::new(responses) })
    }
}

fn session_cookie_key(secret: &[u8]) -> Key {
    Key::from(&session_keys::derive::<64>(secret, b"session cookies"))
}

/// The keys that do not change: one that signs, and others that verify what they have signed.
fn key_set(signing: TokenKey, retired: Vec<TokenKey>) -> Result<KeySet, BuildError> {
    if retired.iter().any(|key| key.algorithm().is_symmetric() != signing.algorithm().is_symmetric()) {
        return Err(BuildError::MixedKeys);
    }
    if !signing.can_sign() {
        return Err(BuildError::CannotSign(signing.id().to_owned()));
    }
    let mut ids = HashSet::from([signing.id()]);
    if let Some(key) = retired.iter().find(|key| !ids.insert(key.id())) {
        return Err(BuildError::DuplicateKeyId(key.id().to_owned()));
    }
    Ok(KeySet::new(signing, retired))
}

/// The origin of a URL (RFC 6454 section 6.1). `None` if the URL has a path, a query, a fragment or a user.
fn origin(url: &str) -> Option<String> {
    let parsed = url::Url::parse(url).ok()?;
    let bare = parsed.path() == "/" && parsed.query().is_none() && parsed.fragment().is_none();
    let is_web = matches!(parsed.scheme(), "http" | "https") && parsed.username().is_empty();
    (bare && is_web && parsed.password().is_none()).then(|| parsed.origin().ascii_serialization())
}
