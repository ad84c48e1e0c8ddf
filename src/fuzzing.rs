//! What everything that parses the input of strangers must hold to, whatever the input is.
//!
//! A target takes any bytes and panics where a promise is broken. `scripts/fuzz` looks for such bytes; those that were
//! found once are kept in `tests/vectors/fuzz/<target>/` and are tried by `cargo test`. None of this is compiled into the
//! library: `cargo fuzz` sets `--cfg fuzzing`.

mod api_token;
mod cookies;
mod flask;
mod headers_and_query;
mod http_body;
mod keys;
mod next;
mod session;
mod tokens;

pub use api_token::api_token;
pub use cookies::{cookies, remember_cookie};
pub use flask::{flask_claims, flask_places, flask_token, python_json};
pub use headers_and_query::{authorization, query};
pub use http_body::{form, json_body, multipart};
pub use keys::{jwk, pem};
pub use next::next;
pub use session::session;
pub use tokens::{claims, compact, jose_header};

use crate::bridge::model::UnixTime;

/// The time of the tokens.
const NOW: UnixTime = 1_767_225_600;

/// Input as two texts: what comes before the first line feed, and the rest.
fn first_line(input: &[u8]) -> (&[u8], &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    (&input[..end], input.get(end + 1..).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    type Target = fn(&[u8]);

    const TARGETS: [(&str, Target); 19] = [
        ("api_token", super::api_token),
        ("authorization", super::authorization),
        ("claims", super::claims),
        ("compact", super::compact),
        ("cookies", super::cookies),
        ("flask_claims", super::flask_claims),
        ("flask_places", super::flask_places),
        ("flask_token", super::flask_token),
        ("form", super::form),
        ("jose_header", super::jose_header),
        ("json_body", super::json_body),
        ("jwk", super::jwk),
        ("multipart", super::multipart),
        ("next", super::next),
        ("pem", super::pem),
        ("python_json", super::python_json),
        ("query", super::query),
        ("remember_cookie", super::remember_cookie),
        ("session", super::session),
    ];

    /// The names in a folder.
    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let name = |entry: std::io::Result<fs::DirEntry>| entry.expect("an entry").file_name().into_string();
        let mut names: Vec<_> = entries.map(|entry| name(entry).expect("a name")).collect();
        names.sort();
        names
    }

    #[test]
    fn inputs_that_failed_once_do_not_fail() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let kept = root.join("tests/vectors/fuzz");
        assert_eq!(names(&kept), TARGETS.map(|(name, _)| name), "a folder for each target");
        let programs = names(&root.join("fuzz/fuzz_targets"));
        assert_eq!(programs, TARGETS.map(|(name, _)| format!("{name}.rs")), "a program for each target");
        for (name, target) in TARGETS {
            let folder = kept.join(name);
            let inputs = names(&folder);
            assert!(!inputs.is_empty(), "{name} is tried with nothing");
            for input in inputs {
                println!("{name}/{input}"); // says which one it was
                target(&fs::read(folder.join(input)).expect("a file"));
            }
        }
    }
}
