//! The logins on the account page.

use crate::server::device::device;
use crate::{LoginInfo, UnixTime};

use super::Moment;

/// A login in the list of the account page.
pub(crate) struct LoginRow {
    pub(super) id: String,
    pub(super) current: bool,
    pub(super) device: String,
    pub(super) address: String,
    pub(super) since: Moment,
    pub(super) last_seen: Moment,
    pub(super) until: Moment,
    pub(super) faces: Vec<Face>,
}

/// How a login is used.
pub(crate) struct Face {
    pub(super) text: &'static str,
    pub(super) at: Option<Moment>,
}

impl LoginRow {
    pub(super) fn new(info: &LoginInfo) -> Self {
        Self {
            id: info.id.to_string(),
            current: info.current,
            device: device(info.user_agent.as_deref()),
            address: info.ip.clone().unwrap_or_else(|| "unknown".to_owned()),
            since: Moment::new(info.created_at),
            last_seen: Moment::new(info.last_seen_at),
            until: Moment::new(info.expires_at),
            faces: faces(info),
        }
    }
}

fn faces(info: &LoginInfo) -> Vec<Face> {
    let face = |text, at: Option<UnixTime>| Face { text, at: at.map(Moment::new) };
    let mut faces = Vec::new();
    if info.has_session {
        faces.push(face("open in a browser", None));
    }
    if info.remembered_until.is_some() {
        faces.push(face("a browser remembers it until", info.remembered_until));
    }
    if info.refreshed_at.is_some() {
        faces.push(face("an app refreshed its tokens on", info.refreshed_at));
    }
    if faces.is_empty() {
        faces.push(face("tokens only", None));
    }
    faces
}
