//! Why a request is taken for a forged one.

/// How a request failed to show that it comes from our own pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CsrfFault {
    /// The browser says that it comes from elsewhere: `Sec-Fetch-Site`, `Origin`.
    CrossSite,
    /// It does not repeat the `csrf` claim of the token in its cookie.
    Missing,
    /// What it repeats is not the claim.
    Mismatch,
    /// The token in its cookie has no such claim.
    NoClaim,
}
