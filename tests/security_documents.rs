//! The documents for assessors repeat what the code says: their tables are held to it.

#![cfg(feature = "server")]
#![expect(clippy::panic, reason = "a test ends where its world is not what it says")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tollbridge::server::cli::EXIT_CODES;
use tollbridge::server::config::{Config, Sources};

#[test]
fn the_defaults_are_those_of_the_server() {
    let shown = Config::load(Sources::default()).expect("the defaults are good").effective.to_string();
    let settings: BTreeSet<(String, String)> = settings(&shown);
    let rows = rows(&read("docs/security.md"));
    let documented = rows.iter().filter_map(|row| {
        let (setting, default) = (code(row.first()?)?, code(row.get(1)?)?);
        setting.contains('.').then(|| (setting.to_owned(), default.to_owned()))
    });
    let documented: Vec<_> = documented.collect();
    assert!(documented.len() >= 16, "{documented:?}");
    // As many as there are cores.
    for row in documented.iter().filter(|row| row.0 != "password.threads") {
        assert!(settings.contains(row), "{row:?} is not in\n{shown}");
    }
}

#[test]
fn every_column_has_its_class() {
    let mut columns = BTreeSet::new();
    let mut table = "";
    let schema = read("src/store/db/schema.rs");
    for line in schema.lines().map(str::trim) {
        if let Some((name, _)) = line.split_once(" (").filter(|_| line.ends_with('{')) {
            table = name;
        } else if let Some((column, _)) = line.split_once(" -> ").filter(|_| !line.contains("::")) {
            columns.insert((table.to_owned(), column.to_owned()));
        }
    }
    assert!(columns.len() > 40, "{columns:?}");
    let mut documented = BTreeSet::new();
    for row in rows(&read("docs/data-and-logs.md")).iter().filter(|row| row.len() == 4) {
        let Some(table) = code(&row[0]) else { continue };
        if !["secret", "personal", "internal"].contains(&row[2].as_str()) {
            continue;
        }
        for column in row[1].split(", ").filter_map(code) {
            assert!(documented.insert((table.to_owned(), column.to_owned())), "{table}.{column} is there twice");
        }
    }
    assert_eq!(columns, documented);
}

#[test]
fn every_event_is_in_the_code_with_its_level() {
    let source = sources(&root().join("src"));
    let mut events = 0;
    for row in rows(&read("docs/data-and-logs.md")) {
        let (Some(event), Some(level)) = (code(&row[0]), row.get(1)) else { continue };
        if !["DEBUG", "INFO", "WARN", "ERROR"].contains(&level.split(';').next().unwrap_or_default()) {
            continue;
        }
        events += 1;
        let text = format!("\"{event}");
        let mut places = source.match_indices(&text).map(|(at, _)| &source[..at]).peekable();
        assert!(places.peek().is_some(), "there is no event {event}");
        // The level of `request` follows the status.
        if event != "request" {
            let logs = |before: &str| {
                let from = before.rfind("tracing::").unwrap_or_default();
                before[from..].starts_with(&format!("tracing::{}!", level.to_lowercase()))
            };
            assert!(places.any(logs), "{event}: {level}");
        }
    }
    assert!(events >= 12, "{events}");
}

#[test]
fn the_exit_codes_are_those_of_the_program() {
    let text = read("docs/deployment.md").replace('\n', " ");
    let (_, sentence) = text.split_once("Exit codes: ").expect("a sentence about exit codes");
    let codes: Vec<_> = sentence.split(['.', ';']).take(3).filter_map(|part| part.trim().split(',').next()).collect();
    let expected = EXIT_CODES.map(|(code, _)| code.to_string());
    assert_eq!(codes[..2], expected[..2]);
    assert!(codes[2].starts_with(&expected[2]), "{codes:?}");
}

/// The settings of `tollbridge config show`, as `section.key` and value.
fn settings(shown: &str) -> BTreeSet<(String, String)> {
    let mut section = "";
    let mut settings = BTreeSet::new();
    for line in shown.lines() {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']');
        } else if let Some((key, value)) = line.split_once(" = ") {
            let value = value.split(" #").next().unwrap_or_default().trim();
            settings.insert((format!("{section}.{key}"), value.to_owned()));
        }
    }
    settings
}

/// The rows of all tables in a document, without their heads.
fn rows(text: &str) -> Vec<Vec<String>> {
    let row = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect();
    text.lines().filter(|line| line.starts_with("| `")).map(row).collect()
}

/// What a cell has in code.
fn code(cell: &str) -> Option<&str> {
    cell.trim().strip_prefix('`')?.split('`').next()
}

fn sources(directory: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            text.push_str(&sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            text.push_str(&fs::read_to_string(&path).expect("text"));
        }
    }
    text
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn every_action_of_the_audit_is_explained() {
    let document = include_str!("../docs/audit.md");
    let (_, table) = document.split_once("| action | when |").expect("the table");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with("| `"));
    let first_cells = rows.filter_map(|row| row.split(" | ").next());
    let named: Vec<&str> = first_cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    let mut actions: Vec<&str> = tollbridge::Action::ALL.iter().map(|action| action.as_str()).collect();
    let mut sorted = named.clone();
    sorted.sort_unstable();
    actions.sort_unstable();
    assert_eq!(sorted, actions);
}
