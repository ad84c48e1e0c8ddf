//! The effective configuration as TOML, each value with its origin.

use std::fmt;
use std::rc::Rc;

use super::origin::Origin;

/// The effective configuration. Its `Display` is TOML that is a valid configuration file: keys without a value and
/// secrets are comments.
#[derive(Debug)]
pub struct EffectiveConfig(pub(super) Vec<EffectiveSetting>);

#[derive(Debug)]
pub(super) struct EffectiveSetting {
    pub(super) section: Rc<str>,
    pub(super) key: &'static str,
    pub(super) shown: Shown,
    pub(super) origin: Origin,
    pub(super) note: Option<String>,
}

#[derive(Debug)]
pub(super) enum Shown {
    /// The value as TOML.
    Value(String),
    /// A secret that is set, without its value.
    Secret,
    NotSet,
}

impl fmt::Display for EffectiveConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut section = "";
        for setting in &self.0 {
            if *setting.section != *section {
                let gap = if section.is_empty() { "" } else { "\n" };
                section = &*setting.section;
                writeln!(f, "{gap}[{section}]")?;
            }
            let line = match &setting.shown {
                Shown::Value(value) => format!("{} = {value}", setting.key),
                Shown::Secret => format!("# {} (set)", setting.key),
                Shown::NotSet => format!("# {} (not set)", setting.key),
            };
            write!(f, "{line:<48} # {}", setting.origin)?;
            match &setting.note {
                Some(note) => writeln!(f, "; {note}")?,
                None => writeln!(f)?,
            }
        }
        Ok(())
    }
}
