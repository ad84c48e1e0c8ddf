//! A login as its user sees it in a list.

use super::clock::UnixTime;
use super::login::Login;
use super::login_id::LoginId;

/// A live login of a user, for a list in which the user finds their devices: [`Auth::logins`](crate::Auth::logins). It has
/// no secret. Serialized it is a JSON object with these names.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct LoginInfo {
    /// The id of the login.
    pub id: LoginId,
    /// Whether it is the login of this request. Outside of a request: `false`.
    pub current: bool,
    /// When the login began.
    pub created_at: UnixTime,
    /// When the user last authenticated in it.
    pub auth_time: UnixTime,
    /// How the user authenticated: RFC 8176 values separated by spaces.
    pub amr: String,
    /// When it was last used, by whichever face. It can be a minute too early.
    pub last_seen_at: UnixTime,
    /// When it ends at the latest.
    pub expires_at: UnixTime,
    /// The `User-Agent` of the client at sign-in. The client chose it: escape it.
    pub user_agent: Option<String>,
    /// The IP address of the client at sign-in.
    pub ip: Option<String>,
    /// Whether a browser session is open.
    pub has_session: bool,
    /// Until when its remember cookie is valid, if it has one.
    pub remembered_until: Option<UnixTime>,
    /// When its tokens were last refreshed. `None`: never.
    pub refreshed_at: Option<UnixTime>,
}

impl LoginInfo {
    pub(crate) fn new(login: Login, is_current: bool, has_session: bool, now: UnixTime) -> Self {
        let is_refreshed = login.refresh_generation != login.first_refresh_generation();
        let remembered_until = login.remember.map(|remember| remember.expires_at);
        Self {
            id: login.id,
            current: is_current,
            created_at: login.created_at,
            auth_time: login.auth_time,
            amr: login.amr,
            last_seen_at: login.last_seen_at,
            expires_at: login.expires_at,
            user_agent: login.user_agent,
            ip: login.ip,
            has_session,
            remembered_until: remembered_until.filter(|until| now < *until),
            refreshed_at: is_refreshed.then_some(login.refresh_rotated_at),
        }
    }
}
