//! How long what is over is kept.

use std::time::Duration;

/// How long [`Database::sweep`](super::Database::sweep) keeps what is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// A login that ended or expired, and an API token that was revoked or expired. Until then the row says why a credential
    /// is refused, and where the login came from.
    pub ended: Duration,
    /// A record of the audit.
    pub audit: Duration,
    /// How many records about one user are kept, the latest ones, and as many of failed sign-ins. So whoever makes many crowds
    /// out no others.
    pub records_of_user: u32,
}
