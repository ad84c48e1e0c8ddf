//! The metrics, as OpenMetrics text.
//!
//! Every counter exists from the start, so a rate is zero instead of absent before the first event. Counting is one
//! atomic addition, a negligible cost for a request.

use std::fmt;

use actix_web::http::StatusCode;
use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

type Label = [(&'static str, &'static str); 1];

/// The outcome of an attempt to log in.
#[derive(Clone, Copy, Debug)]
pub(crate) enum LoginOutcome {
    /// The password is correct.
    Ok,
    /// Unknown user, wrong password or disabled account.
    Failed,
    /// Refused without a check, because too many attempts are waiting.
    Shed,
    /// Refused without a check, because too many attempts have failed.
    Throttled,
    /// The request is malformed, or the store is unavailable.
    Error,
}

/// The outcome of an attempt to refresh a pair of tokens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RefreshOutcome {
    /// A new pair was issued.
    Ok,
    /// The refresh token was used before, so its login ended.
    Reused,
    /// Any other refusal.
    Refused,
}

/// The counters, and the registry that encodes them.
pub struct Metrics {
    registry: Registry,
    logins: [Counter; 5],
    refreshes: [Counter; 3],
    responses: [Counter; 5],
}

impl Metrics {
    /// All counters at zero.
    pub fn new() -> Self {
        let mut registry = Registry::with_prefix("tollbridge");
        registry.register("build", "The version that runs", Info::new([("version", env!("CARGO_PKG_VERSION"))]));
        Self {
            logins: counters(
                &mut registry,
                "logins",
                "Attempts to log in with a password",
                "outcome",
                ["ok", "failed", "shed", "throttled", "error"],
            ),
            refreshes: counters(
                &mut registry,
                "refreshes",
                "Attempts to refresh tokens",
                "outcome",
                ["ok", "reused", "refused"],
            ),
            responses: counters(
                &mut registry,
                "http_responses",
                "HTTP responses by class of status",
                "class",
                ["1xx", "2xx", "3xx", "4xx", "5xx"],
            ),
            registry,
        }
    }

    pub(crate) fn count_login(&self, outcome: LoginOutcome) {
        let [ok, failed, shed, throttled, error] = &self.logins;
        let counter = match outcome {
            LoginOutcome::Ok => ok,
            LoginOutcome::Failed => failed,
            LoginOutcome::Shed => shed,
            LoginOutcome::Throttled => throttled,
            LoginOutcome::Error => error,
        };
        counter.inc();
    }

    pub(crate) fn count_refresh(&self, outcome: RefreshOutcome) {
        let [ok, reused, refused] = &self.refreshes;
        let counter = match outcome {
            RefreshOutcome::Ok => ok,
            RefreshOutcome::Reused => reused,
            RefreshOutcome::Refused => refused,
        };
        counter.inc();
    }

    pub(crate) fn count_response(&self, status: StatusCode) {
        let class = usize::from(status.as_u16() / 100);
        if let Some(counter) = class.checked_sub(1).and_then(|index| self.responses.get(index)) {
            counter.inc();
        }
    }

    /// The counters as OpenMetrics text.
    pub(crate) fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        text::encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

/// Registers a family with a counter for each value of its label.
fn counters<const N: usize>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    label: &'static str,
    values: [&'static str; N],
) -> [Counter; N] {
    let family = Family::<Label, Counter>::default();
    registry.register(name, help, family.clone());
    values.map(|value| family.get_or_create(&[(label, value)]).clone())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;

    #[test]
    fn events_land_under_their_own_label() {
        let metrics = Metrics::new();
        metrics.count_login(LoginOutcome::Failed);
        metrics.count_refresh(RefreshOutcome::Reused);
        for status in [200, 204, 303, 503] {
            metrics.count_response(StatusCode::from_u16(status).unwrap());
        }
        let text = metrics.encode().unwrap();
        for line in [
            r#"tollbridge_logins_total{outcome="failed"} 1"#,
            r#"tollbridge_logins_total{outcome="ok"} 0"#,
            r#"tollbridge_refreshes_total{outcome="reused"} 1"#,
            r#"tollbridge_http_responses_total{class="2xx"} 2"#,
            r#"tollbridge_http_responses_total{class="3xx"} 1"#,
            r#"tollbridge_http_responses_total{class="4xx"} 0"#,
            r#"tollbridge_http_responses_total{class="5xx"} 1"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is missing in\n{text}");
        }
    }
}
