//! Why a bridge could not be built.

/// Why a bridge could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// [`token_key`](crate::BridgeBuilder::token_key) was not called.
    #[error("the bridge has no token key: call `token_key(TokenKey::hs256(…)?)`")]
    NoTokenKey,
    /// [`store`](crate::BridgeBuilder::store) was not called.
    #[error(
        "the bridge has no store for logins and sessions: call `store(MemoryStore::default())` or give it your own"
    )]
    NoStore,
    /// [`audiences`](crate::BridgeBuilder::audiences) got none, and tokens must be for somebody.
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
    /// [`token_key`](crate::BridgeBuilder::token_key) got a key that only verifies.
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
    /// [`remember_cookie`](crate::BridgeBuilder::remember_cookie) got settings with which no browser would keep the cookie, or keep it safe.
    #[error("the remember cookie cannot be written as configured: {0}")]
    RememberCookie(String),
}
