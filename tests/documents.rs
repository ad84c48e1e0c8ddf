//! The documents for contributors name only what is there: every path in them leads to a file or a directory, and the
//! table of the rooms is that of the code.

use std::fs;
use std::path::{Path, PathBuf};

/// The documents, with the fewest paths that each is known to name: a check that finds none checks nothing.
const DOCUMENTS: [(&str, usize); 15] = [
    ("ARCHITECTURE.md", 80),
    ("CONTRIBUTING.md", 15),
    ("SECURITY.md", 1),
    ("README.md", 4),
    ("examples/README.md", 4),
    ("docs/accounts.md", 1),
    ("deploy/README.md", 0),
    ("docs/audit.md", 0),
    ("docs/introspection.md", 0),
    ("docs/keys.md", 0),
    ("docs/throttling.md", 0),
    ("docs/security.md", 3),
    ("docs/cryptography.md", 8),
    ("docs/deployment.md", 1),
    ("docs/data-and-logs.md", 0),
];

/// A word that begins with one of these is a path from the root of the repository.
const ROOTS: [&str; 7] = ["src/", "tests/", "examples/", "migrations/", "docs/", "scripts/", "bench/"];

/// A word that ends with one of these is a file: of the directory of the document, of the repository, or of the bridge.
const FILES: [&str; 2] = [".rs", ".md"];

#[test]
fn every_path_leads_somewhere() {
    let mut lost = Vec::new();
    for (document, fewest) in DOCUMENTS {
        let paths = paths(&read(document));
        assert!(paths.len() >= fewest, "{document}: only {} paths were found", paths.len());
        let directories = [directory_of(document), PathBuf::new(), PathBuf::from("src/bridge")];
        for (line, path) in paths {
            if !directories.iter().any(|directory| root().join(directory).join(&path).exists()) {
                lost.push(format!("{document}:{line}: {path}"));
            }
        }
    }
    assert!(lost.is_empty(), "paths that lead nowhere:\n{}", lost.join("\n"));
}

#[test]
fn the_rooms_are_those_of_the_bridge() {
    let front = read("src/bridge.rs");
    let rows: Vec<_> =
        front.lines().filter_map(|line| line.strip_prefix("//! |")).map(|row| format!("|{row}")).collect();
    assert!(rows.len() > 10, "the table of src/bridge.rs was not found");
    assert!(read("ARCHITECTURE.md").contains(&rows.join("\n")), "ARCHITECTURE.md has another table of rooms");
}

/// The paths that a text names, with the numbers of their lines.
fn paths(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate() {
        for word in line.split(|c: char| c.is_whitespace() || "`()[]{},;|\"'<>*".contains(c)) {
            let path = word.split('#').next().unwrap_or(word).trim_end_matches(['.', ':', '?', '!']);
            let is_path =
                ROOTS.iter().any(|root| path.starts_with(root)) || FILES.iter().any(|end| path.ends_with(end));
            if is_path && !path.contains("://") {
                found.push((index + 1, path.to_owned()));
            }
        }
    }
    found
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn directory_of(document: &str) -> PathBuf {
    Path::new(document).parent().map(Path::to_owned).unwrap_or_default()
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}
