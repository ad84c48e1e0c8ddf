//! `[login]`: the settings of both faces of a login.

use std::time::Duration;

use super::bounds::{DAY, MINUTE, YEAR, period};
use super::setting_reader::SettingReader;
use crate::ConflictPolicy;

/// `[login]`: the settings of both faces of a login.
#[derive(Clone, Debug)]
pub struct LoginConfig {
    /// How long a login is fresh after the user has authenticated.
    pub fresh_window: Duration,
    /// What a request with a token and with our cookies is answered with.
    pub conflict: ConflictPolicy,
    /// How many live logins a user has at most. The oldest ends.
    pub max_logins: usize,
    /// How long an ended or expired login is kept, with its address and device. Then it is deleted.
    pub retention: Duration,
    /// Whether a page asks before a handoff opens a session. `false` is for web views of one's own app.
    pub handoff_confirm: bool,
}

impl Default for LoginConfig {
    fn default() -> Self {
        Self {
            fresh_window: Duration::from_secs(15 * MINUTE),
            conflict: ConflictPolicy::default(),
            max_logins: 1000,
            retention: Duration::from_secs(30 * DAY),
            handoff_confirm: true,
        }
    }
}

impl LoginConfig {
    pub(super) fn read(reader: &mut SettingReader) -> Self {
        reader.section("login");
        let default = Self::default();
        let fresh_window = period(
            reader,
            "fresh_window",
            default.fresh_window,
            DAY,
            "who finds a browser or a token could change the password for this long",
        );
        let max_logins = reader.get("max_logins", default.max_logins);
        reader.require((1..=100_000).contains(&max_logins), &["max_logins"], "write a number from 1 to 100000");
        let retention = period(
            reader,
            "retention",
            default.retention,
            YEAR,
            "addresses and devices of people would be kept for this long",
        );
        let handoff_confirm = reader.get("handoff_confirm", default.handoff_confirm);
        let conflict = match reader.word("conflict", &["prefer_token", "reject_both", "require_same_user"], &[]) {
            "reject_both" => ConflictPolicy::RejectBoth,
            "require_same_user" => ConflictPolicy::RequireSameUser,
            _ => ConflictPolicy::PreferToken,
        };
        let config = Self { fresh_window, conflict, max_logins, retention, handoff_confirm };
        reader.word("revocation", &["strict"], &["bounded", "stateless"]);
        reader.only("revocation_bound", Duration::from_secs(1));
        config
    }
}
