//! What happened to the account, on its page.

use crate::server::device::device;
use crate::{Action, Actor, AuditRecord, EndReason};

use super::Moment;

/// How many records the page has.
pub(crate) const SHOWN: usize = 20;

/// What the page tells. The rest is done all day long, by devices alone.
pub(crate) const ACTIONS: &[Action] = &[
    Action::SignedIn,
    Action::SignInFailed,
    Action::Confirmed,
    Action::CodeUsed,
    Action::LoginEnded,
    Action::LoginsEnded,
    Action::ApiTokenMade,
    Action::ApiTokenRevoked,
    Action::ApiTokensRevoked,
    Action::AccessTokenRevoked,
    Action::PasswordChanged,
    Action::PasswordReset,
    Action::UserAdded,
    Action::UserEnabled,
    Action::UserDisabled,
];

/// A record on the account page.
pub(crate) struct HistoryEntry {
    pub(super) what: String,
    pub(super) at: Moment,
    pub(super) device: Option<String>,
    pub(super) address: Option<String>,
}

impl HistoryEntry {
    pub(super) fn new(record: &AuditRecord) -> Self {
        let act = &record.act;
        Self {
            what: what(record),
            at: Moment::new(record.at),
            device: act.user_agent.as_deref().map(|agent| device(Some(agent))),
            address: act.address.map(|address| address.to_string()),
        }
    }
}

fn what(record: &AuditRecord) -> String {
    let by = match &record.act.by {
        Actor::Operator(_) => " by an operator",
        Actor::Service(_) => " by a service",
        Actor::User(_) | Actor::Anonymous | Actor::Application => "",
    };
    let text = match record.action {
        Action::SignedIn => "Signed in",
        Action::SignInFailed if record.count > 1 => return format!("Wrong password, {} times", record.count),
        Action::SignInFailed => "Wrong password",
        Action::Confirmed => "Password given again",
        Action::CodeUsed => "An app opened a browser",
        Action::LoginEnded => return format!("Signed out{by}{}", why(record.reason.as_deref())),
        Action::LoginsEnded => return format!("Signed out{by}, {} logins", record.count),
        Action::ApiTokenMade => return format!("API token made{by}"),
        Action::ApiTokenRevoked => return format!("API token revoked{by}"),
        Action::ApiTokensRevoked => return format!("All API tokens revoked{by}"),
        Action::AccessTokenRevoked => return format!("Access token revoked{by}"),
        Action::PasswordChanged => "Password changed",
        Action::PasswordReset => return format!("Password replaced{by}"),
        Action::UserAdded => "Account made",
        Action::UserEnabled => return format!("Account enabled{by}"),
        Action::UserDisabled => return format!("Account disabled{by}"),
        other => other.as_str(),
    };
    text.to_owned()
}

/// Why a login ended, if its user has not signed out.
fn why(reason: Option<&str>) -> &'static str {
    match reason.and_then(EndReason::from_word) {
        Some(EndReason::RefreshReused) => ": a token was used twice, and may be stolen",
        Some(EndReason::RememberReused) => ": a remember cookie was used twice, and may be stolen",
        Some(EndReason::SessionProtected) => ": the session came from another device",
        Some(EndReason::Replaced) => ": this browser signed in again",
        Some(EndReason::TooMany) => ": there were too many logins",
        _ => "",
    }
}
