//! `[password]`: Argon2id, its threads, and the bounds of passwords.

use super::bounds::cores;
use super::setting_reader::SettingReader;
use crate::server::password_policy::PasswordPolicy;

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
        }
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
        };
        reader.require((1..=255).contains(&config.parallelism), &["parallelism"], "write a number from 1 to 255");
        reader.require(
            config.memory_kib >= 8u32.saturating_mul(config.parallelism) && config.memory_kib <= 4 << 20,
            &["memory_kib", "parallelism"],
            "memory_kib must be from 8 times the parallelism (RFC 9106 section 3.1) to 4194304; write 19456",
        );
        reader.require((1..=1000).contains(&config.iterations), &["iterations"], "write a number from 1 to 1000");
        reader.require((1..=1024).contains(&config.threads), &["threads"], "write a number from 1 to 1024");
        reader.require((1..=100_000).contains(&config.queue), &["queue"], "write a number from 1 to 100000");
        reader.require(
            config.min_length >= 1 && config.min_length <= config.max_length,
            &["min_length", "max_length"],
            "min_length must be from 1 to max_length",
        );
        reader.require(config.max_length <= 65_536, &["max_length"], "write at most 65536");
        config
    }

    /// The policy for passwords.
    pub fn policy(&self) -> PasswordPolicy {
        PasswordPolicy { min_length: self.min_length, max_length: self.max_length }
    }
}
