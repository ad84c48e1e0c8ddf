//! The reason why a request fails the CSRF check.

/// The reason why a request fails the CSRF check.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CsrfFault {
    /// `Sec-Fetch-Site` or `Origin` says that the request comes from another site.
    CrossSite,
    /// `Origin` is not the address of this site, and the browser sent no `Sec-Fetch-Site`. It is another site, or this one
    /// behind a proxy that changes `Host`, or under an address that is not its
    /// [`public_url`](crate::BridgeBuilder::public_url).
    OtherOrigin {
        /// The origin that the browser sent.
        origin: String,
        /// The public URL, or else the `Host` of the request.
        own: String,
    },
    /// The request does not repeat the `csrf` claim of the token in its cookie.
    Missing,
    /// The request repeats a value that is not the `csrf` claim of the token in its cookie.
    Mismatch,
    /// The token in the cookie has no `csrf` claim.
    NoClaim,
}
