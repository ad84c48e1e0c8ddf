//! The reason why a request fails the CSRF check.

/// The reason why a request fails the CSRF check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CsrfFault {
    /// `Sec-Fetch-Site` or `Origin` says that the request comes from another site.
    CrossSite,
    /// The request does not repeat the `csrf` claim of the token in its cookie.
    Missing,
    /// The request repeats a value that is not the `csrf` claim of the token in its cookie.
    Mismatch,
    /// The token in the cookie has no `csrf` claim.
    NoClaim,
}
