//! `[login]`: the settings of both faces of a login.

use std::time::Duration;

use super::bounds::{MINUTE, period};
use super::setting_reader::SettingReader;
use crate::ConflictPolicy;

/// `[login]`: the settings of both faces of a login.
#[derive(Clone, Debug)]
pub struct LoginConfig {
    /// How long a login is fresh after the user has authenticated.
    pub fresh_window: Duration,
    /// What a request with a token and with our cookies is answered with.
    pub conflict: ConflictPolicy,
}

impl Default for LoginConfig {
    fn default() -> Self {
        Self { fresh_window: Duration::from_secs(15 * MINUTE), conflict: ConflictPolicy::default() }
    }
}

impl LoginConfig {
    pub(super) fn read(reader: &mut SettingReader) -> Self {
        reader.section("login");
        let fresh_window = period(reader, "fresh_window", Self::default().fresh_window);
        let conflict = match reader.word("conflict", &["prefer_token", "reject_both", "require_same_user"], &[]) {
            "reject_both" => ConflictPolicy::RejectBoth,
            "require_same_user" => ConflictPolicy::RequireSameUser,
            _ => ConflictPolicy::PreferToken,
        };
        let config = Self { fresh_window, conflict };
        reader.word("revocation", &["strict"], &["bounded", "stateless"]);
        reader.only("revocation_bound", Duration::from_secs(1));
        config
    }
}
