//! `[password]`: Argon2id, its threads, and the bounds of passwords.

use std::path::PathBuf;

use super::bounds::cores;
use super::setting_reader::SettingReader;
use crate::server::password_policy::{BreachedFile, BreachedService, PasswordPolicy};

/// `[password]`: Argon2id, its threads, and the bounds of passwords.
#[derive(Clone, Debug)]
pub struct PasswordConfig {
    /// The memory of one hash, in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
    /// The number of threads that hash passwords. The default is the number of cores.
    pub threads: usize,
    /// The most hashes that may wait for a thread. Further ones are refused.
    pub queue: usize,
    /// The least characters of a new password.
    pub min_length: usize,
    /// The most bytes of any password.
    pub max_length: usize,
    /// Words that do not count for the length of a new password, such as the name of the organisation.
    pub refused_words: Vec<String>,
    /// A list of stolen passwords, which are refused as new ones.
    pub breached_file: Option<BreachedFile>,
    /// A service that knows stolen passwords.
    pub breached_service: Option<BreachedService>,
}

impl Default for PasswordConfig {
    fn default() -> Self {
        Self {
            memory_kib: 19_456,
            iterations: 2,
            parallelism: 1,
            threads: cores(),
            queue: 64,
            min_length: 8,
            max_length: 1024,
            refused_words: Vec::new(),
            breached_file: None,
            breached_service: None,
        }
    }
}

/// The least memory of a hash, in KiB, by passes: for one, for two, for three or more (OWASP ASVS 5.0 appendix C).
const LEAST_MEMORY: [u32; 3] = [47_104, 19_456, 12_288];
/// The least characters of a new password that can be asked for (OWASP ASVS 5.0, 6.2.1; NIST SP 800-63B).
const SHORTEST_MINIMUM: usize = 8;
/// The most bytes must admit 64 characters (OWASP ASVS 5.0, 6.2.9) of up to four bytes.
const SHORTEST_MAXIMUM: usize = 256;

/// The least memory of a hash with so many passes, in KiB.
fn least_memory(iterations: u32) -> u32 {
    let [one, two, more] = LEAST_MEMORY;
    match iterations {
        0 | 1 => one,
        2 => two,
        _ => more,
    }
}

impl PasswordConfig {
    pub(super) fn read(reader: &mut SettingReader) -> Self {
        let default = Self::default();
        reader.section("password");
        let config = Self {
            memory_kib: reader.get("memory_kib", default.memory_kib),
            iterations: reader.get("iterations", default.iterations),
            parallelism: reader.get("parallelism", default.parallelism),
            threads: reader.get("threads", default.threads),
            queue: reader.get("queue", default.queue),
            min_length: reader.get("min_length", default.min_length),
            max_length: reader.get("max_length", default.max_length),
            refused_words: reader.get("refused_words", default.refused_words),
            breached_file: read_breached_file(reader),
            breached_service: read_breached_service(reader),
        };
        reader.require((1..=255).contains(&config.parallelism), &["parallelism"], "write a number from 1 to 255");
        let [one, two, more] = LEAST_MEMORY;
        reader.require(
            config.memory_kib >= least_memory(config.iterations),
            &["memory_kib", "iterations"],
            &format!(
                "stolen hashes would be guessed cheaply: memory_kib must be at least {one} with 1 iteration, {two} with 2, \
                 {more} with more (OWASP ASVS 5.0 appendix C)"
            ),
        );
        reader.require(config.memory_kib <= 4 << 20, &["memory_kib"], "write at most 4194304");
        reader.require((1..=1000).contains(&config.iterations), &["iterations"], "write a number from 1 to 1000");
        reader.require((1..=1024).contains(&config.threads), &["threads"], "write a number from 1 to 1024");
        reader.require((1..=100_000).contains(&config.queue), &["queue"], "write a number from 1 to 100000");
        reader.require(
            config.min_length >= SHORTEST_MINIMUM && config.min_length <= config.max_length,
            &["min_length", "max_length"],
            &format!("min_length must be from {SHORTEST_MINIMUM} to max_length; shorter passwords are guessed"),
        );
        reader.require(
            (SHORTEST_MAXIMUM..=65_536).contains(&config.max_length),
            &["max_length"],
            &format!("write from {SHORTEST_MAXIMUM}, which is 64 characters of four bytes, to 65536"),
        );
        config
    }

    /// The policy for passwords.
    pub fn policy(&self) -> PasswordPolicy {
        let policy = PasswordPolicy::new(self.min_length, self.max_length).refused_words(&self.refused_words);
        let policy = match &self.breached_file {
            Some(file) => policy.breached(file.clone()),
            None => policy,
        };
        match &self.breached_service {
            Some(service) => policy.breached_service(service.clone()),
            None => policy,
        }
    }
}

fn read_breached_file(reader: &mut SettingReader) -> Option<BreachedFile> {
    let path: PathBuf = reader.optional("breached_file")?;
    let file = BreachedFile::new(&path);
    file.map_err(|error| {
        let problem = "take the list of SHA-1 ordered by hash from Have I Been Pwned, one in a line";
        reader.fault("breached_file", format!("{}: {error}; {problem}", path.display()));
    })
    .ok()
}

fn read_breached_service(reader: &mut SettingReader) -> Option<BreachedService> {
    let url: String = reader.optional("breached_service")?;
    BreachedService::new(&url).map_err(|error| reader.fault("breached_service", error.to_string())).ok()
}
