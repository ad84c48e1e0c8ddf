//! What was written in the file, the environment and the flags, and where; not judged yet.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};

use super::fault::Fault;

/// Environment variables with these prefixes belong to the tests and are not configuration.
const RESERVED: [&str; 2] = ["TOLLBRIDGE_TEST_", "TOLLBRIDGE_GOLDEN_"];

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody wrote it.
    Default,
    /// The configuration file.
    File {
        /// Its path.
        path: PathBuf,
        /// Line and column, both counted from 1, the column in characters; `None` when the file as a whole is meant.
        position: Option<(usize, usize)>,
    },
    /// An environment variable, by its name.
    Environment(String),
    /// A flag of the command line.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File { path, position: Some((line, column)) } => write!(f, "{}:{line}:{column}", path.display()),
            Self::File { path, position: None } => write!(f, "{}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::Flag(flag) => write!(f, "flag {flag}"),
        }
    }
}

/// A value as it was written. It has no `Debug`: it may be a secret.
pub(super) enum Raw {
    /// From the environment or a flag, where everything is text.
    Text(String),
    String(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<String>),
    /// What no key takes, by the name of its kind.
    Other(&'static str),
}

/// Everything that was written, by section and key. The key `""` stands for the header of a section.
#[derive(Default)]
pub(super) struct Written {
    pub(super) values: BTreeMap<(String, String), (Raw, Origin)>,
    pub(super) faults: Vec<Fault>,
}

impl Written {
    pub(super) fn read_file(&mut self, path: &Path) {
        let place = |position| Origin::File { path: path.to_owned(), position };
        let fault = |position, problem| Fault { place: place(position), key: None, problem };
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                let problem = format!("the configuration file cannot be read ({error}); check the path and its mode");
                return self.faults.push(fault(None, problem));
            }
        };
        let (root, errors) = DeTable::parse_recoverable(&text);
        for error in &errors {
            // Only the message: the error's own `Display` quotes the line, which may hold a secret.
            let position = error.span().map(|span| position(&text, &span));
            self.faults.push(fault(position, format!("this is not TOML: {}", error.message())));
        }
        for (section, table) in root.get_ref() {
            let at = position(&text, &section.span());
            let section = section.get_ref().to_string();
            let DeValue::Table(table) = table.get_ref() else {
                let problem = format!("`{section}` stands outside a section; put it under a header such as `[server]`");
                self.faults.push(fault(Some(at), problem));
                continue;
            };
            self.values.insert((section.clone(), String::new()), (Raw::Other("a section"), place(Some(at))));
            for (key, value) in table {
                let origin = place(Some(position(&text, &key.span())));
                self.values.insert((section.clone(), key.get_ref().to_string()), (raw(value.get_ref()), origin));
            }
        }
    }

    pub(super) fn read_environment(&mut self, variables: &[(OsString, OsString)]) {
        for (name, value) in variables {
            let name = name.to_string_lossy();
            let Some(path) = name.strip_prefix("TOLLBRIDGE_") else { continue };
            if RESERVED.iter().any(|reserved| name.starts_with(reserved)) {
                continue;
            }
            let origin = Origin::Environment(name.to_string());
            let mut fault = |problem: &str| {
                self.faults.push(Fault { place: origin.clone(), key: None, problem: problem.to_owned() });
            };
            let Some((section, key)) = path.split_once("__").filter(|_| !path.contains(char::is_lowercase)) else {
                fault("there is no such variable; the form is TOLLBRIDGE_SECTION__KEY, all in capitals");
                continue;
            };
            let Some(value) = value.to_str() else {
                fault("the value is not UTF-8");
                continue;
            };
            let place = (section.to_ascii_lowercase(), key.to_ascii_lowercase());
            self.values.insert(place, (Raw::Text(value.to_owned()), origin));
        }
    }

    pub(super) fn set_flag(&mut self, section: &str, key: &str, flag: &'static str, value: Option<String>) {
        if let Some(value) = value {
            self.values.insert((section.to_owned(), key.to_owned()), (Raw::Text(value), Origin::Flag(flag)));
        }
    }
}

fn raw(value: &DeValue<'_>) -> Raw {
    match value {
        DeValue::String(text) => Raw::String(text.to_string()),
        DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
            .map_or(Raw::Other("too large an integer"), Raw::Integer),
        DeValue::Boolean(value) => Raw::Boolean(*value),
        DeValue::Array(items) => {
            let items: Option<Vec<_>> = items.iter().map(|item| item.get_ref().as_str().map(str::to_owned)).collect();
            items.map_or(Raw::Other("a list of something else than strings"), Raw::List)
        }
        DeValue::Float(_) => Raw::Other("a number with a fraction"),
        DeValue::Datetime(_) => Raw::Other("a date"),
        DeValue::Table(_) => Raw::Other("a table"),
    }
}

/// Line and column of the beginning of a span.
fn position(text: &str, span: &Range<usize>) -> (usize, usize) {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
