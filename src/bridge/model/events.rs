//! What happens to logins, for who wants to know: an audit log, metrics, a test. Flask-Login's signals, with types.
//!
//! Nothing secret is in an event: identities and the ids of logins, which authenticate nobody.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use futures_util::Stream;
use serde::Serialize;
use tokio::sync::mpsc;

use super::login::LoginId;

/// Something that happened to a login; given to [`BridgeBuilder::on_event`](crate::BridgeBuilder::on_event).
///
/// `user` is always the user's identity, [`UserStore::identity`](crate::UserStore::identity).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuthEvent {
    /// A handler asked who the request is, for the first time in this request. What it turns out to be comes after.
    UserAccessed,
    /// A user has signed in.
    #[non_exhaustive]
    UserLoggedIn {
        /// Who.
        user: String,
        /// The new login.
        login: LoginId,
    },
    /// A user is about to be signed out by a handler: the login has ended, and the request still has its user.
    #[non_exhaustive]
    UserLoggedOut {
        /// Who, `None` when nobody was signed in.
        user: Option<String>,
        /// The login that ended.
        login: Option<LoginId>,
    },
    /// A remember cookie has opened a session.
    #[non_exhaustive]
    UserLoadedFromCookie {
        /// Whose.
        user: String,
        /// The login that goes on.
        login: LoginId,
    },
    /// The request's own credential, such as a token, has been accepted.
    #[non_exhaustive]
    UserLoadedFromRequest {
        /// Whose.
        user: String,
        /// The login that it belongs to, if it belongs to one.
        login: Option<LoginId>,
    },
    /// A user has proved again who they are.
    #[non_exhaustive]
    #[serde(rename = "user_login_confirmed")]
    LoginConfirmed {
        /// Who.
        user: String,
        /// The login that is fresh again.
        login: LoginId,
    },
    /// A request is refused because it lacks a credential, or brings one that does not hold.
    #[non_exhaustive]
    #[serde(rename = "user_unauthorized")]
    Unauthorized {
        /// Why: [`AuthError::code`](crate::AuthError::code).
        code: &'static str,
    },
    /// A request is refused because its user should prove again who they are.
    #[non_exhaustive]
    #[serde(rename = "user_needs_refresh")]
    NeedsRefresh {
        /// Who.
        user: Option<String>,
    },
    /// A session has come from another client than the one that it was opened for.
    #[non_exhaustive]
    SessionProtected {
        /// Whose session.
        user: String,
        /// The login that it is a face of.
        login: LoginId,
    },
}

impl AuthEvent {
    /// The name of Flask-Login's signal: `user_logged_in`, …; `event` when it is serialized.
    pub fn name(&self) -> &'static str {
        match self {
            Self::UserAccessed => "user_accessed",
            Self::UserLoggedIn { .. } => "user_logged_in",
            Self::UserLoggedOut { .. } => "user_logged_out",
            Self::UserLoadedFromCookie { .. } => "user_loaded_from_cookie",
            Self::UserLoadedFromRequest { .. } => "user_loaded_from_request",
            Self::LoginConfirmed { .. } => "user_login_confirmed",
            Self::Unauthorized { .. } => "user_unauthorized",
            Self::NeedsRefresh { .. } => "user_needs_refresh",
            Self::SessionProtected { .. } => "session_protected",
        }
    }
}

/// A function that is told of events.
pub(crate) type Listener = dyn Fn(&AuthEvent) + Send + Sync;

/// The listeners of a bridge. Its clones share them.
#[derive(Clone, Default)]
pub(crate) struct Events(Arc<[Box<Listener>]>);

impl Events {
    pub(crate) fn new(listeners: Vec<Box<Listener>>) -> Self {
        Self(listeners.into())
    }

    pub(crate) fn has_listeners(&self) -> bool {
        !self.0.is_empty()
    }

    /// Tells every listener of an event, which is made only if there is one.
    pub(crate) fn emit(&self, event: impl FnOnce() -> AuthEvent) {
        if self.has_listeners() {
            let event = event();
            self.0.iter().for_each(|listener| listener(&event));
        }
    }
}

/// A listener for [`BridgeBuilder::on_event`](crate::BridgeBuilder::on_event), and the events that it hears as a
/// stream, for a task of their own. No request waits for that task: when `capacity` events are waiting, at least one,
/// further ones are lost, and counted.
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
/// # fn futures_executor(_: impl Future<Output = ()>) {} // yours, or a task of your runtime
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

/// Events in the order in which they happened; from [`event_stream`]. It ends with the last bridge that it listens to.
pub struct EventStream {
    events: mpsc::Receiver<AuthEvent>,
    lost: Arc<AtomicU64>,
}

impl EventStream {
    /// How many events were lost because nobody took them in time.
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
