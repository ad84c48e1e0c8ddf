//! A readable name for the device of a login, made of its `User-Agent`. Clients choose that header, so the name proves
//! nothing.

use std::sync::LazyLock;

use woothee::parser::Parser;

static PARSER: LazyLock<Parser> = LazyLock::new(Parser::new);

/// The longest name of a client that is no known browser, in characters.
const MAX_LENGTH: usize = 60;

/// The name, such as `Firefox on Linux` or `curl 8.5.0`.
pub(super) fn device(user_agent: Option<&str>) -> String {
    let Some(agent) = user_agent.map(str::trim).filter(|agent| !agent.is_empty()) else {
        return "Unknown device".to_owned();
    };
    match PARSER.parse(agent) {
        Some(known) if matches!(known.category, "pc" | "smartphone" | "mobilephone" | "appliance") => {
            match (known.name, system(known.os)) {
                ("UNKNOWN", "UNKNOWN") => product(agent),
                ("UNKNOWN", os) => format!("A browser on {os}"),
                (name, "UNKNOWN") => name.to_owned(),
                (name, os) => format!("{name} on {os}"),
            }
        }
        _ => product(agent),
    }
}

/// The name of a system as people know it.
fn system(os: &str) -> &str {
    match os {
        "Mac OSX" => "macOS",
        os => os,
    }
}

/// The first product of a `User-Agent` with its version (RFC 9110 section 10.1.5).
fn product(agent: &str) -> String {
    let first = agent.split_whitespace().next().unwrap_or_default();
    first.replacen('/', " ", 1).chars().take(MAX_LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_has_a_readable_name() {
        for (agent, name) in [
            ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0", "Firefox on Linux"),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
                "Chrome on Windows 10",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 \
                 Safari/537.36 Edg/131.0.0.0",
                "Edge on Windows 10",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 \
                 Safari/605.1.15",
                "Safari on macOS",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Version/18.1 Mobile/15E148 Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile \
                 Safari/537.36",
                "Chrome on Android",
            ),
            ("curl/8.5.0", "curl 8.5.0"),
            ("python-requests/2.32.3", "python-requests 2.32.3"),
            ("Notes/7 (build 12) okhttp/4.12.0", "Notes 7"),
            ("", "Unknown device"),
            ("  ", "Unknown device"),
            ("<script>alert(1)</script>", "<script>alert(1)< script>"),
        ] {
            assert_eq!(device(Some(agent)), name);
        }
        assert_eq!(device(None), "Unknown device");
    }

    #[test]
    fn no_agent_makes_a_long_name_or_a_panic() {
        let pieces = [
            "Mozilla/5.0 (",
            "Windows NT",
            "Firefox/",
            "iPhone; ",
            "Opera",
            "ä€𝄞",
            "MSIE ",
            ";",
            "DoCoMo/2.0 ",
            ")",
            "KDDI-",
            "\u{0}",
        ];
        for first in pieces {
            for second in pieces {
                for third in pieces {
                    let agent = format!("{first}{second}{third}").repeat(3);
                    assert!(device(Some(&agent)).chars().count() <= MAX_LENGTH + 20, "{agent}");
                }
            }
        }
        assert_eq!(device(Some(&"x".repeat(256))).len(), MAX_LENGTH);
    }
}
