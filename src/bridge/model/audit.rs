//! The record of what was done, and the trait of the store that keeps it.

use std::sync::Arc;

use super::act::Act;
use super::clock::UnixTime;
use super::login::delegate_to_inner;
use super::store_error::StoreFuture;

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// What was done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Action {
            $($(#[$doc])* $name,)*
        }

        impl Action {
            /// All actions.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name of the action, which stores keep.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

actions! {
    /// A user has signed in. The subject is the new login, and the count is the number of older logins that ended because
    /// there were too many.
    SignedIn = "signed_in",
    /// Somebody has failed to sign in, or to give the password again. The count is how many times.
    SignInFailed = "sign_in_failed",
    /// A refresh token was exchanged. The subject is the login.
    Refreshed = "refreshed",
    /// A remember cookie was exchanged, and has opened a session. The subject is the login.
    Remembered = "remembered",
    /// The user has authenticated again. The subject is the login.
    Confirmed = "confirmed",
    /// A session was exchanged for tokens. The subject is the login.
    TokensIssued = "tokens_issued",
    /// A one-time code was made. The subject is the login.
    CodeMade = "code_made",
    /// A one-time code was used, and has opened a session. The subject is the login.
    CodeUsed = "code_used",
    /// A login has ended; the reason is an [`EndReason`](crate::EndReason). The subject is the login.
    LoginEnded = "login_ended",
    /// Several logins have ended, those of a user or of everybody. The count is their number.
    LoginsEnded = "logins_ended",
    /// An API token was made. The subject is its id.
    ApiTokenMade = "api_token_made",
    /// An API token was revoked. The subject is its id.
    ApiTokenRevoked = "api_token_revoked",
    /// All API tokens of a user were revoked. The count is their number.
    ApiTokensRevoked = "api_tokens_revoked",
    /// One access token was revoked. The subject is its `jti`.
    AccessTokenRevoked = "access_token_revoked",
    /// A user has changed the password. All other logins have ended, and all API tokens.
    PasswordChanged = "password_changed",
    /// An operator has replaced the password. All logins have ended, and all API tokens.
    PasswordReset = "password_reset",
    /// An account was made.
    UserAdded = "user_added",
    /// An account was enabled.
    UserEnabled = "user_enabled",
    /// An account was disabled. All its logins have ended, and all API tokens.
    UserDisabled = "user_disabled",
    /// An account was deleted, with all that belonged to it.
    UserDeleted = "user_deleted",
    /// A key that signs or verifies tokens was added. The subject is its id.
    KeyAdded = "key_added",
    /// A key was retired: its tokens are refused. The subject is its id.
    KeyRetired = "key_retired",
}

impl Action {
    /// The action with this name, `None` for an unknown name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.as_str() == word)
    }
}

/// What was done, when, and by whom. It has no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditRecord {
    /// When it was done.
    pub at: UnixTime,
    /// What was done.
    pub action: Action,
    /// The [identity](crate::UserStore::identity) of the user whose account it was done to, if it was one.
    pub user: Option<String>,
    /// The id of what it was done to. What it is, the action says.
    pub subject: Option<String>,
    /// How many times it was done, or to how many. What it counts, the action says.
    pub count: u64,
    /// Why.
    pub reason: Option<String>,
    /// Who did it, by which login, and from where.
    pub act: Act,
}

impl AuditRecord {
    /// A record of something that was done once, to nobody's account and to nothing in particular.
    pub fn new(at: UnixTime, action: Action, act: Act) -> Self {
        Self { at, action, user: None, subject: None, count: 1, reason: None, act }
    }

    /// The same record about the account of a user.
    pub fn of_user(mut self, identity: impl Into<String>) -> Self {
        self.user = Some(identity.into());
        self
    }

    /// The same record about this login, token or key.
    pub fn about(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// The same record of something that was done so often.
    pub fn counting(mut self, count: u64) -> Self {
        self.count = count;
        self
    }

    /// The same record with a reason.
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}

/// A store that keeps an audit, for [`BridgeBuilder::audit`](crate::BridgeBuilder::audit).
///
/// The methods of [`LoginStore`](crate::LoginStore), [`ApiTokenStore`](crate::ApiTokenStore),
/// [`CodeStore`](crate::CodeStore) and [`RevokedTokenStore`](crate::RevokedTokenStore) that take an [`Act`] make a change. A
/// store that keeps an audit writes one record with each change, in the same transaction: there is no change without its
/// record, and no record without its change. A method that changes nothing writes none. `testing::conformance` (feature
/// `testing`) checks which record each method writes.
///
/// Records are never changed. Delete those that are too old, or too many of one user.
pub trait AuditStore: Send + Sync + 'static {
    /// Adds a record of something that changes nothing else, such as a sign-in that failed.
    fn add_record<'a>(&'a self, record: &'a AuditRecord) -> StoreFuture<'a, ()>;

    /// The last records about the account of a user that have one of these actions, at most `most`, the latest first. Without
    /// actions: those of every action.
    fn records_of<'a>(
        &'a self,
        identity: &'a str,
        actions: &'a [Action],
        most: usize,
    ) -> StoreFuture<'a, Vec<AuditRecord>>;
}

/// A store that is shared with other owners.
impl<T: AuditStore + ?Sized> AuditStore for Arc<T> {
    delegate_to_inner! {
        add_record(record: &'a AuditRecord) -> ();
        records_of(identity: &'a str, actions: &'a [Action], most: usize) -> Vec<AuditRecord>;
    }
}
