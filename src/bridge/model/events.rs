//! Typed events about logins, for audit logs, metrics and tests. They correspond to Flask-Login's signals.
//!
//! An event contains no secret. It contains identities and login ids, neither of which is a credential.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use futures_util::Stream;
use serde::Serialize;
use tokio::sync::mpsc;

use super::api_token::ApiTokenId;
use super::login_id::LoginId;

/// An event in the life of a login, for the listeners of [`BridgeBuilder::on_event`](crate::BridgeBuilder::on_event).
///
/// `user` is always the identity of the user, [`UserStore::identity`](crate::UserStore::identity).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuthEvent {
    /// A handler asked for the user for the first time in this request. The events of the authentication follow.
    UserAccessed,
    /// A user has signed in.
    #[non_exhaustive]
    UserLoggedIn {
        /// The identity of the user.
        user: String,
        /// The new login.
        login: LoginId,
    },
    /// A handler signs a user out. The login has already ended; the request still has its user.
    #[non_exhaustive]
    UserLoggedOut {
        /// The identity of the user, `None` for an anonymous request.
        user: Option<String>,
        /// The login that ended.
        login: Option<LoginId>,
    },
    /// A login has ended that is not the one of a request: a user has ended it from another one
    /// ([`Auth::end_login`](crate::Auth::end_login)), or an operator has
    /// ([`Bridge::end_login`](crate::Bridge::end_login)).
    #[non_exhaustive]
    LoginEnded {
        /// The identity of the user.
        user: String,
        /// The login that ended.
        login: LoginId,
    },
    /// An operator has ended all logins of a user: [`Bridge::end_logins_of`](crate::Bridge::end_logins_of).
    #[non_exhaustive]
    LoginsEnded {
        /// The identity of the user.
        user: String,
        /// How many they were.
        ended: u64,
    },
    /// A remember cookie has opened a new session.
    #[non_exhaustive]
    UserLoadedFromCookie {
        /// The identity of the user.
        user: String,
        /// The login that the new session continues.
        login: LoginId,
    },
    /// A credential in the request, such as a token, has been accepted.
    #[non_exhaustive]
    UserLoadedFromRequest {
        /// The identity of the user.
        user: String,
        /// The login that the credential belongs to, if any.
        login: Option<LoginId>,
    },
    /// A user has re-authenticated.
    #[non_exhaustive]
    #[serde(rename = "user_login_confirmed")]
    LoginConfirmed {
        /// The identity of the user.
        user: String,
        /// The login that is fresh again.
        login: LoginId,
    },
    /// A one-time code has opened a session for the login that made it.
    #[non_exhaustive]
    HandoffRedeemed {
        /// The identity of the user.
        user: String,
        /// The login that the session belongs to.
        login: LoginId,
    },
    /// A user, or an operator for them, has made an API token.
    #[non_exhaustive]
    ApiTokenCreated {
        /// The identity of the user.
        user: String,
        /// The id of the token.
        token: ApiTokenId,
    },
    /// An API token has been revoked alone. Those that end with a change of password or a logout of everything are not told
    /// one by one.
    #[non_exhaustive]
    ApiTokenRevoked {
        /// The identity of the user.
        user: String,
        /// The id of the token.
        token: ApiTokenId,
    },
    /// A request is refused because it has no credential, or one that is not valid.
    #[non_exhaustive]
    #[serde(rename = "user_unauthorized")]
    Unauthorized {
        /// The reason: [`AuthError::code`](crate::AuthError::code).
        code: &'static str,
    },
    /// A request is refused because its user must re-authenticate.
    #[non_exhaustive]
    #[serde(rename = "user_needs_refresh")]
    NeedsRefresh {
        /// The identity of the user.
        user: Option<String>,
    },
    /// A session was used by another client than the one that it was opened for.
    #[non_exhaustive]
    SessionProtected {
        /// The identity of the session's user.
        user: String,
        /// The login that the session belongs to.
        login: LoginId,
    },
}

impl AuthEvent {
    /// The name of the signal in Flask-Login, such as `user_logged_in`, if there is one like it. The serialized event has
    /// it as `event`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::UserAccessed => "user_accessed",
            Self::UserLoggedIn { .. } => "user_logged_in",
            Self::UserLoggedOut { .. } => "user_logged_out",
            Self::LoginEnded { .. } => "login_ended",
            Self::LoginsEnded { .. } => "logins_ended",
            Self::UserLoadedFromCookie { .. } => "user_loaded_from_cookie",
            Self::UserLoadedFromRequest { .. } => "user_loaded_from_request",
            Self::LoginConfirmed { .. } => "user_login_confirmed",
            Self::HandoffRedeemed { .. } => "handoff_redeemed",
            Self::ApiTokenCreated { .. } => "api_token_created",
            Self::ApiTokenRevoked { .. } => "api_token_revoked",
            Self::Unauthorized { .. } => "user_unauthorized",
            Self::NeedsRefresh { .. } => "user_needs_refresh",
            Self::SessionProtected { .. } => "session_protected",
        }
    }
}

/// A function that is called with every event.
pub(crate) type Listener = dyn Fn(&AuthEvent) + Send + Sync;

/// The listeners of a bridge. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Events(Arc<[Box<Listener>]>);

impl Events {
    pub(crate) fn new(listeners: Vec<Box<Listener>>) -> Self {
        Self(listeners.into())
    }

    pub(crate) fn has_listeners(&self) -> bool {
        !self.0.is_empty()
    }

    /// Calls every listener with an event. The event is made only if there is a listener.
    pub(crate) fn emit(&self, event: impl FnOnce() -> AuthEvent) {
        if self.has_listeners() {
            let event = event();
            self.0.iter().for_each(|listener| listener(&event));
        }
    }
}

/// A listener for [`BridgeBuilder::on_event`](crate::BridgeBuilder::on_event), and a stream of the events that it
/// receives, for a separate task. No request waits for that task. When `capacity` events are waiting, further events
/// are dropped and counted. A `capacity` of 0 counts as 1.
///
/// ```
/// use futures_util::StreamExt as _;
/// use tollbridge::{BridgeBuilder, event_stream};
///
/// fn audited(bridge: BridgeBuilder) -> BridgeBuilder {
///     let (listener, mut events) = event_stream(1024);
///     std::thread::spawn(move || {
///         futures_executor(async move {
///             while let Some(event) = events.next().await {
///                 println!("{}", serde_json::to_string(&event).unwrap_or_default());
///             }
///         });
///     });
///     bridge.on_event(listener)
/// }
/// # fn futures_executor(_: impl Future<Output = ()>) {} // the embedder's executor, or a task of its runtime
/// ```
pub fn event_stream(capacity: usize) -> (impl Fn(&AuthEvent) + Send + Sync + 'static, EventStream) {
    let (sender, events) = mpsc::channel(capacity.max(1));
    let lost = Arc::new(AtomicU64::new(0));
    let stream = EventStream { events, lost: Arc::clone(&lost) };
    let listener = move |event: &AuthEvent| {
        if sender.try_send(event.clone()).is_err() {
            lost.fetch_add(1, Ordering::Relaxed);
        }
    };
    (listener, stream)
}

/// The events in the order in which they happened; from [`event_stream`]. The stream ends when the last bridge with its
/// listener is dropped.
pub struct EventStream {
    events: mpsc::Receiver<AuthEvent>,
    lost: Arc<AtomicU64>,
}

impl EventStream {
    /// The number of events that were dropped because the stream was full.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

impl Stream for EventStream {
    type Item = AuthEvent;

    fn poll_next(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<Option<AuthEvent>> {
        self.events.poll_recv(ctx)
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").field("lost", &self.lost()).finish_non_exhaustive()
    }
}
