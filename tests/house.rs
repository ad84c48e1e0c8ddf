//! The direction of the house: a file of the bridge imports rooms of lower ranks only, and no files import each other in a
//! circle. What is wrong is named with file and line.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The rooms of `src/bridge` with their ranks. What has no folder puts the layer together.
const RANKS: [(&str, u8); 13] = [
    ("model", 1),
    ("token", 2),
    ("password", 2),
    ("error", 3),
    ("credential", 4),
    ("session", 5),
    ("resolve", 6),
    ("auth", 7),
    ("response", 8),
    ("gate", 9),
    ("service", 9),
    ("handle", 9),
    ("builder", 9),
];

/// The parts of the crate with their ranks. `lib` names what is public, for the parts above it.
const PARTS: [(&str, u8); 7] =
    [("bridge", 1), ("flask", 2), ("store", 2), ("testing", 2), ("server", 3), ("fuzzing", 4), ("main", 4)];

/// A path that a file names after `crate::`, `super::` or `self::`, from the root of the crate.
struct Import {
    line: usize,
    path: Vec<String>,
}

#[test]
fn a_room_imports_lower_ranks_only() {
    let files = source_files();
    assert!(files.len() > 100, "the files of src were not found");
    let mut climbs = Vec::new();
    for (module, file) in &files {
        for Import { line, path } in imports(module, file) {
            let at = format!("{}:{line}: imports `{}`", file.display(), path.join("::"));
            let (from, to) = (part(module), part(&path));
            match (from, to) {
                (Some(from), Some(to)) if rank(&PARTS, from) < rank(&PARTS, to) => climbs.push(at),
                (Some(from), Some(to)) if from != to && rank(&PARTS, from) == rank(&PARTS, to) => climbs.push(at),
                (Some("bridge"), None) if path.first().is_some_and(|name| name.starts_with(char::is_uppercase)) => {
                    climbs.push(format!("{at}, which the crate only hands on"));
                }
                (Some("bridge"), Some("bridge")) => {
                    if let (Some(from), Some(to)) = (module.get(1), path.get(1))
                        && from != to
                        && rank(&RANKS, from) <= rank(&RANKS, to)
                        && rank(&RANKS, from) < 9
                    {
                        climbs.push(at);
                    }
                }
                _ => {}
            }
        }
    }
    assert!(climbs.is_empty(), "imports that climb:\n{}", climbs.join("\n"));
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let files = source_files();
    let known: BTreeSet<_> = files.iter().map(|(module, _)| module.clone()).collect();
    let mut graph = BTreeMap::new();
    for (module, file) in &files {
        let targets = imports(module, file).into_iter().filter_map(|import| defining_file(&known, &import.path));
        graph.insert(module.clone(), targets.filter(|target| target != module).collect::<BTreeSet<_>>());
    }
    let mut done = BTreeSet::new();
    for module in graph.keys() {
        if let Some(circle) = circle_from(module, &graph, &mut Vec::new(), &mut done) {
            panic!("a circle of files: {}", circle.join(" -> "));
        }
    }
}

fn circle_from(
    module: &Vec<String>,
    graph: &BTreeMap<Vec<String>, BTreeSet<Vec<String>>>,
    path: &mut Vec<Vec<String>>,
    done: &mut BTreeSet<Vec<String>>,
) -> Option<Vec<String>> {
    if let Some(start) = path.iter().position(|before| before == module) {
        return Some(path[start..].iter().chain([module]).map(|one| one.join("/")).collect());
    }
    if !done.insert(module.clone()) {
        return None;
    }
    path.push(module.clone());
    let found = graph[module].iter().find_map(|next| circle_from(next, graph, path, done));
    path.pop();
    found
}

/// The file that a path leads to: the longest beginning of it that is one.
fn defining_file(known: &BTreeSet<Vec<String>>, path: &[String]) -> Option<Vec<String>> {
    (1..=path.len()).rev().map(|length| path[..length].to_vec()).find(|begin| known.contains(begin))
}

fn part(path: &[String]) -> Option<&str> {
    path.first().map(String::as_str).filter(|name| PARTS.iter().any(|(part, _)| part == name))
}

fn rank(ranks: &[(&str, u8)], name: &str) -> u8 {
    let found = ranks.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("`{name}` has no rank: give it one in tests/house.rs")).1
}

/// The files of `src` with the modules that they are.
fn source_files() -> Vec<(Vec<String>, PathBuf)> {
    let (mut files, mut folders) = (Vec::new(), vec![PathBuf::from("src")]);
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(&folder)).expect("a folder") {
            let name = entry.as_ref().expect("an entry").file_name();
            let path = folder.join(name);
            if entry.expect("an entry").file_type().expect("a type").is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let module = path.with_extension("");
                let names = module.components().skip(1).map(|name| name.as_os_str().to_string_lossy().into_owned());
                files.push((names.filter(|name| name != "lib").collect(), path));
            }
        }
    }
    files
}

/// What the code of a file names of the crate, outside of comments and of its unit tests.
fn imports(module: &[String], file: &Path) -> Vec<Import> {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("a source file");
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines: Vec<_> = code.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        for (at, root) in ["crate::", "super::", "self::"].iter().flat_map(|root| line.match_indices(root)) {
            let before = line[..at].chars().next_back();
            // Neither the second half of `super::super::` nor a part of a longer name or a macro's `$crate`.
            if before.is_some_and(|c| c == ':' || c == '$' || c == '_' || c.is_alphanumeric()) {
                continue;
            }
            let _ = root;
            // A list in braces may go on over several lines.
            let statement: String = lines[index..].join(" ")[at..].chars().take_while(|c| *c != ';').collect();
            found.extend(expand(&statement, module).into_iter().map(|path| Import { line: index + 1, path }));
        }
    }
    found
}

/// The paths of `crate::a::{b, c::d}`, from the root of the crate.
fn expand(statement: &str, module: &[String]) -> Vec<Vec<String>> {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let head: String = statement.chars().take_while(|c| word(*c)).collect();
    let rest = &statement[head.len()..];
    let list = rest.strip_prefix('{').filter(|_| head.ends_with("::")).map(braced);
    let mut base = match head.split("::").next() {
        Some("crate") => Vec::new(),
        _ => module.to_vec(),
    };
    for name in head.split("::").filter(|name| !name.is_empty()) {
        match name {
            "crate" | "self" => {}
            "super" => drop(base.pop()),
            name => base.push(name.to_owned()),
        }
    }
    match list {
        None => vec![base],
        Some(list) => list.into_iter().map(|names| [base.clone(), names].concat()).collect(),
    }
}

/// The paths in a list whose opening brace has been read.
fn braced(text: &str) -> Vec<Vec<String>> {
    let (mut paths, mut prefixes, mut word) = (Vec::new(), vec![Vec::<String>::new()], String::new());
    let names = |word: &str| -> Vec<String> {
        let path = word.split(" as ").next().unwrap_or_default();
        path.split("::").map(str::trim).filter(|name| !name.is_empty() && *name != "self").map(str::to_owned).collect()
    };
    for c in text.chars() {
        match c {
            '{' => {
                let outer = prefixes.last().cloned().unwrap_or_default();
                prefixes.push([outer, names(&word)].concat());
                word.clear();
            }
            ',' | '}' => {
                if !word.trim().is_empty() {
                    paths.push([prefixes.last().cloned().unwrap_or_default(), names(&word)].concat());
                }
                word.clear();
                if c == '}' && (prefixes.pop(), prefixes.is_empty()).1 {
                    break;
                }
            }
            c => word.push(c),
        }
    }
    paths
}
