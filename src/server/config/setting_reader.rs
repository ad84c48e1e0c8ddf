//! Reading keys from the raw configuration, each as its type, and recording all faults with their origins.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use secrecy::SecretString;

use super::effective::{EffectiveConfig, EffectiveSetting, Shown};
use super::fault::{ConfigError, Fault};
use super::origin::Origin;
use super::raw_config::RawConfig;
use super::raw_value::RawValue;
use super::setting::{Setting, quote};

/// Takes the keys out of a raw configuration, section by section.
pub(super) struct SettingReader {
    values: BTreeMap<(String, String), (RawValue, Origin)>,
    faults: Vec<Fault>,
    section: Rc<str>,
    settings: Vec<EffectiveSetting>,
    /// The mode of the configuration file, if others can read it.
    exposed_mode: Option<u32>,
}

impl SettingReader {
    pub(super) fn new(raw: RawConfig) -> Self {
        let RawConfig { values, faults, exposed_mode } = raw;
        Self { values, faults, section: "".into(), settings: Vec::new(), exposed_mode }
    }

    /// Begins a section: the following keys are read from it.
    pub(super) fn section(&mut self, section: impl Into<Rc<str>>) {
        self.section = section.into();
        self.values.remove(&(self.section.to_string(), String::new()));
    }

    /// The configured sections whose names begin with this.
    pub(super) fn sections_with(&self, prefix: &str) -> BTreeSet<String> {
        self.values.keys().map(|(section, _)| section).filter(|section| section.starts_with(prefix)).cloned().collect()
    }

    /// Reads a key with a default. An invalid value is a fault, and the default replaces it so that the other keys can
    /// be checked too.
    pub(super) fn get<T: Setting>(&mut self, key: &'static str, default: T) -> T {
        let (value, origin) = self.take(key);
        let value = value.unwrap_or(default);
        self.record(key, Shown::Value(value.to_toml()), origin);
        value
    }

    /// Reads an optional key.
    pub(super) fn optional<T: Setting>(&mut self, key: &'static str) -> Option<T> {
        let (value, origin) = self.take::<T>(key);
        self.record(key, value.as_ref().map_or(Shown::NotSet, |value| Shown::Value(value.to_toml())), origin);
        value
    }

    /// Reads an optional secret. No fault contains its value.
    pub(super) fn secret(&mut self, key: &'static str) -> Option<SecretString> {
        let (value, origin) = self.take::<String>(key);
        self.record(key, if value.is_some() { Shown::Secret } else { Shown::NotSet }, origin);
        if value.is_some() {
            self.keep_private(key, "or name a file with secret_file");
        }
        value.map(SecretString::from)
    }

    /// Records a fault if this key is in a file that others can read. `instead` says where else the secret can be.
    pub(super) fn keep_private(&mut self, key: &'static str, instead: &str) {
        let (Some(mode), Origin::File { path, .. }) = (self.exposed_mode, self.origin(key)) else { return };
        let path = path.display();
        self.fault(
            key,
            format!(
                "this is a secret, and the file can be read by other users (mode {mode:03o}); run `chmod 600 {path}`, \
                 {instead}, and replace the secret if others have seen it"
            ),
        );
    }

    /// Reads a key that takes one of a few words. The first `supported` one is the default. The `unsupported` ones are
    /// specified but not implemented.
    pub(super) fn word(
        &mut self,
        key: &'static str,
        supported: &[&'static str],
        unsupported: &[&'static str],
    ) -> &'static str {
        let default = supported.first().copied().unwrap_or_default();
        let (word, origin) = self.take::<String>(key);
        let chosen = word.as_ref().map(|word| supported.iter().copied().find(|known| known == word));
        let value = chosen.flatten().unwrap_or(default);
        self.record(key, Shown::Value(quote(value)), origin);
        if let (Some(word), Some(None)) = (&word, chosen) {
            let refusal = if unsupported.contains(&word.as_str()) { "is not there yet" } else { "is not known" };
            self.fault(key, format!("{} {refusal}; write {}", quote(word), one_of(supported)));
        }
        if !unsupported.is_empty() {
            self.note(format!("not there yet: {}", one_of(unsupported)));
        }
        value
    }

    /// Reads a key of which only the default is implemented.
    pub(super) fn only<T: Setting + PartialEq>(&mut self, key: &'static str, only: T) {
        let wanted = only.to_toml();
        let value = self.get(key, only);
        if value.to_toml() != wanted {
            self.fault(key, format!("{} is not there yet; remove it, or write {wanted}", value.to_toml()));
        }
        self.note("nothing else is there yet".to_owned());
    }

    /// Adds a note to the last key, for `config show`.
    pub(super) fn note(&mut self, note: String) {
        if let Some(setting) = self.settings.last_mut() {
            setting.note = Some(note);
        }
    }

    /// Whether a key that was read is configured.
    pub(super) fn is_set(&self, key: &str) -> bool {
        self.origin(key) != Origin::Default
    }

    /// Records a fault of a key of this section.
    pub(super) fn fault(&mut self, key: &str, problem: String) {
        let origin = self.origin(key);
        self.faults.push(Fault { origin, key: Some(format!("{}.{key}", self.section)), problem });
    }

    /// Records a fault of the first configured key of these, unless `holds`.
    pub(super) fn require(&mut self, holds: bool, keys: &[&'static str], problem: &str) {
        if !holds {
            let configured = keys.iter().find(|key| self.origin(key) != Origin::Default);
            if let Some(key) = configured.or(keys.first()) {
                self.fault(key, problem.to_owned());
            }
        }
    }

    /// The effective configuration, or all faults. The keys that were not read are unknown.
    pub(super) fn finish(mut self) -> Result<EffectiveConfig, ConfigError> {
        let sections: Vec<_> = self.settings.iter().map(|setting| &*setting.section).collect();
        let left = std::mem::take(&mut self.values);
        for ((section, key), (_, origin)) in &left {
            let fault = if !sections.contains(&section.as_str()) {
                // A fault of the header of an unknown section covers its keys.
                if !key.is_empty() && left.contains_key(&(section.clone(), String::new())) {
                    continue;
                }
                let mut known = sections.clone();
                known.dedup();
                Fault {
                    origin: origin.clone(),
                    key: None,
                    problem: format!(
                        "there is no section `{}`; the sections are {}",
                        section.escape_debug(),
                        known.join(", ")
                    ),
                }
            } else {
                let known =
                    self.settings.iter().filter(|setting| *setting.section == **section).map(|setting| setting.key);
                let known: Vec<_> = known.collect();
                Fault {
                    origin: origin.clone(),
                    key: Some(format!("{section}.{}", key.escape_debug())),
                    problem: format!("there is no such key; the keys of [{section}] are {}", known.join(", ")),
                }
            };
            self.faults.push(fault);
        }
        if self.faults.is_empty() { Ok(EffectiveConfig(self.settings)) } else { Err(ConfigError(self.faults)) }
    }

    fn take<T: Setting>(&mut self, key: &'static str) -> (Option<T>, Origin) {
        let Some((raw, origin)) = self.values.remove(&(self.section.to_string(), key.to_owned())) else {
            return (None, Origin::Default);
        };
        match T::read(&raw) {
            Ok(value) => (Some(value), origin),
            Err(problem) => {
                self.faults.push(Fault {
                    origin: origin.clone(),
                    key: Some(format!("{}.{key}", self.section)),
                    problem,
                });
                (None, origin)
            }
        }
    }

    fn record(&mut self, key: &'static str, shown: Shown, origin: Origin) {
        self.settings.push(EffectiveSetting { section: Rc::clone(&self.section), key, shown, origin, note: None });
    }

    fn origin(&self, key: &str) -> Origin {
        let mut settings = self.settings.iter();
        let setting = settings.find(|setting| setting.section == self.section && setting.key == key);
        setting.map_or(Origin::Default, |setting| setting.origin.clone())
    }
}

fn one_of(words: &[&str]) -> String {
    let words: Vec<_> = words.iter().copied().map(quote).collect();
    words.join(" or ")
}
