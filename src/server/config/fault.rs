//! The faults of a configuration.

use std::error::Error;
use std::fmt;

use super::origin::Origin;

/// A fault: its origin, the key, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The origin of the value.
    pub origin: Origin,
    /// The key as `section.key`; `None` when the fault is not about one key.
    pub key: Option<String>,
    /// The problem and its remedy, as one sentence without a full stop.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if let Some(key) = &self.key {
            write!(f, "{key}: ")?;
        }
        f.write_str(&self.problem)
    }
}

/// All faults of a configuration: at least one.
#[derive(Debug)]
pub struct ConfigError(pub Vec<Fault>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the configuration has a fault:")?,
            count => write!(f, "the configuration has {count} faults:")?,
        }
        self.0.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

impl Error for ConfigError {}
