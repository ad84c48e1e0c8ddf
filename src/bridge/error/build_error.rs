//! The error of building a bridge.

/// The reason why a bridge could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// [`token_key`](crate::BridgeBuilder::token_key) was not called.
    #[error("the bridge has no token key: call `token_key(TokenKey::hs256(…)?)`")]
    NoTokenKey,
    /// [`store`](crate::BridgeBuilder::store) was not called.
    #[error(
        "the bridge has no store for logins and sessions: call `store` with `MemoryStore::default()` or your own store"
    )]
    NoStore,
    /// [`audiences`](crate::BridgeBuilder::audiences) got no audience. Every token must have one.
    #[error("the tokens have no audience: give at least one to `audiences`")]
    NoAudience,
    /// A lifetime is less than a second. Times are whole seconds, so it would count as 0.
    #[error("`{0}` is less than a second: use a second or more")]
    ShortLifetime(&'static str),
    /// The session secret has fewer than 32 bytes. The number is its length in bytes.
    #[error("the session secret needs at least 32 random bytes, and this one has {0}")]
    ShortSessionSecret(usize),
    /// The public URL does not consist of scheme, host and port.
    #[error("`{0}` is not a public URL: write scheme, host and port only, such as `https://example.org`")]
    PublicUrl(String),
    /// The token keys are of different kinds. A public key could then be mistaken for an HMAC secret.
    #[error("the token keys mix HMAC secrets with key pairs: use keys of one kind")]
    MixedKeys,
    /// [`key_ring`](crate::BridgeBuilder::key_ring) and [`token_key`](crate::BridgeBuilder::token_key) are both set.
    #[error("both `key_ring` and `token_key` are set: put the key into the ring")]
    TwoKinds,
    /// [`token_key`](crate::BridgeBuilder::token_key) got a key that only verifies. The text is the id of the key.
    #[error(
        "the token key `{0}` only verifies: give `token_key` a key that signs, and this one to `retired_token_key`"
    )]
    CannotSign(String),
    /// The settings of the token locations are invalid. The text gives the reason.
    #[error("the token locations are invalid: {0}")]
    TokenLocations(String),
    /// Two token keys have the same id. A token names its key by the id, so it must be unique.
    #[error("two token keys have the id `{0}`: remove one")]
    DuplicateKeyId(String),
    /// A view, a scope prefix or the host of redirects is invalid. The text is the invalid value.
    #[error(
        "`{0}` is not the address of a page: use a path such as `/login` or a URL such as `https://sso.example/login` \
         for a view, a path for the prefix of a scope, and a host such as `example.org` for redirects"
    )]
    View(String),
    /// [`remember_cookie`](crate::BridgeBuilder::remember_cookie) got settings with which browsers would reject the
    /// cookie or not protect it. The text gives the reason.
    #[error("the settings of the remember cookie are invalid: {0}")]
    RememberCookie(String),
}
