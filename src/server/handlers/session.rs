//! The current user and their login. The form of the response does not depend on the credential.

use actix_web::web::Json;
use serde::Serialize;

use crate::store::db::User;
use crate::{Auth, CurrentLogin, CurrentUser, Explanation, UnixTime};

/// `GET` and `POST /who_am_i`.
pub(crate) async fn who_am_i(user: CurrentUser<User>) -> Json<CurrentUser<User>> {
    Json(user)
}

/// The authentication of a request.
#[derive(Serialize)]
pub(crate) struct SessionInfo {
    user: CurrentUser<User>,
    via: &'static str,
    location: &'static str,
    fresh: bool,
    auth_time: UnixTime,
    amr: Vec<String>,
    /// What the credential may do, with spaces between. Absent: all that the user may.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    login_id: Option<String>,
    expires_at: Option<UnixTime>,
    explanation: Explanation,
}

/// `GET /session`.
pub(crate) async fn session(user: CurrentUser<User>, login: CurrentLogin, auth: Auth) -> Json<SessionInfo> {
    Json(SessionInfo {
        user,
        via: login.via.as_str(),
        location: login.location.as_str(),
        fresh: login.fresh,
        auth_time: login.auth_time,
        amr: login.amr.split_whitespace().map(str::to_owned).collect(),
        scope: login.abilities().map(ToString::to_string),
        login_id: login.login_id.as_ref().map(ToString::to_string),
        expires_at: login.expires_at,
        explanation: auth.explain().await,
    })
}
