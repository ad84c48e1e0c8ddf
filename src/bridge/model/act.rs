//! Who makes a change, and from where.

use std::net::IpAddr;

use super::login_id::LoginId;

/// Which credential authenticated the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via {
    /// The cookie of a browser session.
    Session,
    /// A remember cookie. It opens a session for the next requests. That session is not fresh.
    Remember,
    /// An access token.
    Token,
    /// An API token: [`BridgeBuilder::api_tokens`](crate::BridgeBuilder::api_tokens).
    ApiToken,
    /// A custom credential: [`RequestLoader`](crate::RequestLoader).
    Request,
}

impl Via {
    const ALL: [Self; 5] = [Self::Session, Self::Remember, Self::Token, Self::ApiToken, Self::Request];

    /// The name for logs: `session`, `remember`, `token`, `api_token` or `request`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::Remember => "remember",
            Self::Token => "token",
            Self::ApiToken => "api_token",
            Self::Request => "request",
        }
    }

    /// The credential with this name, `None` for an unknown name.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|via| via.as_str() == word)
    }
}

/// Who makes a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// The user with this [identity](crate::UserStore::identity), or whoever has a credential of theirs.
    User(String),
    /// Somebody who has not shown who they are, such as one whose sign-in failed.
    Anonymous,
    /// Another service, by the id of its client credentials.
    Service(String),
    /// An operator, by the name that they have at the machine.
    Operator(String),
    /// The application itself.
    Application,
}

impl Actor {
    /// The kind of actor: `user`, `anonymous`, `service`, `operator` or `application`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::Anonymous => "anonymous",
            Self::Service(_) => "service",
            Self::Operator(_) => "operator",
            Self::Application => "application",
        }
    }

    /// The identity of the user, or the name of the service or the operator.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::User(name) | Self::Service(name) | Self::Operator(name) => Some(name),
            Self::Anonymous | Self::Application => None,
        }
    }

    /// The actor of this kind with this name, `None` if there is no such kind.
    pub fn from_words(kind: &str, name: Option<String>) -> Option<Self> {
        match (kind, name) {
            ("user", Some(name)) => Some(Self::User(name)),
            ("service", Some(name)) => Some(Self::Service(name)),
            ("operator", Some(name)) => Some(Self::Operator(name)),
            ("anonymous", None) => Some(Self::Anonymous),
            ("application", None) => Some(Self::Application),
            _ => None,
        }
    }
}

/// Who makes a change, by which login, and from where. Every method of a store that makes one takes it. A store that keeps
/// an audit ([`AuditStore`](crate::AuditStore)) writes it with the change; another one ignores it.
///
/// In a handler [`Auth::act`](crate::Auth::act) is the act of the request. It has no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Act {
    /// Who.
    pub by: Actor,
    /// By which login.
    pub login: Option<LoginId>,
    /// By which credential. At a sign-in: for which.
    pub via: Option<Via>,
    /// The address of the client.
    pub address: Option<IpAddr>,
    /// The `User-Agent` of the client, cut to 256 characters. The client chose it: escape it.
    pub user_agent: Option<String>,
    /// The id of the request: [`RequestId`](crate::RequestId).
    pub request_id: Option<String>,
}

impl Act {
    /// An act without a request.
    pub fn new(by: Actor) -> Self {
        Self { by, login: None, via: None, address: None, user_agent: None, request_id: None }
    }

    /// An act of the application itself, such as a clean-up.
    pub fn of_application() -> Self {
        Self::new(Actor::Application)
    }

    /// An act of an operator, by the name that they have at the machine.
    pub fn of_operator(name: impl Into<String>) -> Self {
        Self::new(Actor::Operator(name.into()))
    }

    /// The same act by this user.
    pub(crate) fn by_user(mut self, identity: &str) -> Self {
        self.by = Actor::User(identity.to_owned());
        self
    }

    /// The same act by this login.
    pub(crate) fn by_login(mut self, login: &LoginId, via: Option<Via>) -> Self {
        (self.login, self.via) = (Some(login.clone()), via);
        self
    }
}
