//! The configuration as it is written in the file, the environment and the flags, with the origin of each value, before
//! it is parsed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::fault::Fault;
use super::origin::Origin;
use super::raw_value::RawValue;
use crate::server::private_file::exposed_mode;

/// Environment variables with these prefixes configure the tests, not the server.
const RESERVED: [&str; 2] = ["TOLLBRIDGE_TEST_", "TOLLBRIDGE_GOLDEN_"];

/// The section whose keys are sections.
const NESTED: [&str; 2] = ["clients", "templates"];

/// All written values, by section and key. The key `""` stands for the header of a section.
#[derive(Default)]
pub(super) struct RawConfig {
    pub(super) values: BTreeMap<(String, String), (RawValue, Origin)>,
    pub(super) faults: Vec<Fault>,
    /// The mode of the file, if others can read it.
    pub(super) exposed_mode: Option<u32>,
}

impl RawConfig {
    pub(super) fn read_file(&mut self, path: &Path) {
        let origin = |position| Origin::File { path: path.to_owned(), position };
        let fault = |position, problem| Fault { origin: origin(position), key: None, problem };
        let text = match self.read_text(path) {
            Ok(text) => text,
            Err(error) => {
                let problem = format!("the configuration file cannot be read ({error}); check the path and its mode");
                return self.faults.push(fault(None, problem));
            }
        };
        let (root, errors) = DeTable::parse_recoverable(&text);
        for error in &errors {
            // Only the message: the error's `Display` quotes the line, which may contain a secret.
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
            if !NESTED.contains(&section.as_str()) {
                self.values.insert((section.clone(), String::new()), (RawValue::Other("a section"), origin(Some(at))));
            }
            for (key, value) in table {
                let origin_of = |key: &Spanned<DeString<'_>>| origin(Some(position(&text, &key.span())));
                let name = key.get_ref().to_string();
                match value.get_ref() {
                    DeValue::Table(below) if NESTED.contains(&section.as_str()) => {
                        let section = format!("{section}.{name}");
                        self.values.insert((section.clone(), String::new()), (value.get_ref().into(), origin_of(key)));
                        for (key, value) in below {
                            let name = key.get_ref().to_string();
                            self.values.insert((section.clone(), name), (value.get_ref().into(), origin_of(key)));
                        }
                    }
                    value => drop(self.values.insert((section.clone(), name), (value.into(), origin_of(key)))),
                }
            }
        }
    }

    fn read_text(&mut self, path: &Path) -> io::Result<String> {
        let mut file = File::open(path)?;
        self.exposed_mode = exposed_mode(&file.metadata()?);
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        Ok(text)
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
                self.faults.push(Fault { origin: origin.clone(), key: None, problem: problem.to_owned() });
            };
            let Some((section, key)) = path.split_once("__").filter(|_| !path.contains(char::is_lowercase)) else {
                fault("there is no such variable; the form is TOLLBRIDGE_SECTION__KEY, all in capitals");
                continue;
            };
            let Some(value) = value.to_str() else {
                fault("the value is not UTF-8");
                continue;
            };
            let (mut section, mut key) = (section.to_ascii_lowercase(), key.to_ascii_lowercase());
            if let Some((name, rest)) = key.split_once("__").filter(|_| NESTED.contains(&section.as_str())) {
                (section, key) = (format!("{section}.{name}"), rest.to_owned());
            }
            let key = (section, key);
            self.values.insert(key, (RawValue::Text(value.to_owned()), origin));
        }
    }

    pub(super) fn set_flag(&mut self, section: &str, key: &str, flag: &'static str, value: Option<String>) {
        if let Some(value) = value {
            self.values.insert((section.to_owned(), key.to_owned()), (RawValue::Text(value), Origin::Flag(flag)));
        }
    }
}

/// The line and column of the beginning of a span.
fn position(text: &str, span: &Range<usize>) -> (usize, usize) {
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}
