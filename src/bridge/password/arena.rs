//! The argon2 computation of one thread, which reuses its memory. To allocate and clear the memory for each hash would
//! cost half as much as the hash.

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use secrecy::{ExposeSecret, SecretString};

use super::verification::{PasswordError, PasswordVerification};
use crate::bridge::model::random;

/// The length of the hash in bytes, without salt and parameters.
pub(super) const OUTPUT_LEN: usize = 32;
const SALT_LEN: usize = 16;

/// The limits for a stored hash whose parameters are higher than the configured ones: memory in KiB, and memory times
/// passes. They limit one verification to about half a second. Hashes that other applications made are usually well
/// below them.
const MAX_MEMORY_KIB: u32 = 256 * 1024;
const MAX_WORK_KIB: u64 = 1024 * 1024;

/// The reused memory of one thread.
pub(super) struct Arena {
    current: Params,
    memory: Vec<Block>,
    computed: u64,
}

/// A parsed PHC string.
struct Stored {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Salt,
    output: Output,
}

impl Arena {
    /// An arena without memory. The first hash allocates it.
    pub(super) fn new(current: Params) -> Self {
        Self { current, memory: Vec::new(), computed: 0 }
    }

    /// The number of hashes that were computed since the last call.
    pub(super) fn take_computed(&mut self) -> u64 {
        std::mem::take(&mut self.computed)
    }

    /// Frees the memory that a stored hash needed beyond the configured amount.
    pub(super) fn shrink(&mut self) {
        let keep = self.current.block_count();
        if self.memory.len() > keep {
            self.memory.truncate(keep);
            self.memory.shrink_to_fit();
        }
    }

    pub(super) fn hash(&mut self, password: &SecretString) -> Result<String, PasswordError> {
        let salt = random::bytes::<SALT_LEN>();
        let params = self.current.clone();
        let output = self.compute(Algorithm::Argon2id, Version::V0x13, &params, password, &salt, OUTPUT_LEN)?;
        let phc = PasswordHash {
            algorithm: ARGON2ID_IDENT,
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).map_err(unusable)?,
            salt: Some(Salt::new(&salt).map_err(unusable)?),
            hash: Some(output),
        };
        Ok(phc.to_string())
    }

    pub(super) fn verify(
        &mut self,
        password: &SecretString,
        phc: Option<&str>,
    ) -> Result<PasswordVerification, PasswordError> {
        let stored = match phc.map(|phc| self.read(phc)) {
            Some(Ok(stored)) => stored,
            // Without a usable stored hash, a hash is computed anyway, because the response time must not tell that.
            None => return self.hash(password).map(|_| PasswordVerification::No),
            Some(Err(error)) => return self.hash(password).and(Err(error)),
        };
        let Stored { algorithm, version, params, salt, output } = stored;
        // `Output` compares in constant time.
        let computed = self.compute(algorithm, version, &params, password, &salt, output.len());
        let computed = computed.map_err(|error| match error {
            // argon2 refuses the salt or the length.
            PasswordError::Unusable(reason) => unusable_hash(reason),
            error => error,
        })?;
        if computed != output {
            return Ok(PasswordVerification::No);
        }
        let up_to_date = algorithm == Algorithm::Argon2id
            && version == Version::V0x13
            && params == self.current
            && salt.len() >= SALT_LEN;
        if up_to_date {
            return Ok(PasswordVerification::Yes);
        }
        // The password is right even when the new hash fails for lack of memory.
        Ok(self.hash(password).map_or(PasswordVerification::Yes, PasswordVerification::Rehashed))
    }

    /// Parses a PHC string. An error names the invalid part and never contains its value.
    fn read(&self, phc: &str) -> Result<Stored, PasswordError> {
        let phc = PasswordHash::new(phc).map_err(unusable_hash)?;
        let algorithm = Algorithm::new(phc.algorithm).map_err(unusable_hash)?;
        // A string without a version field is of version 1.0 of the algorithm, as in the reference implementation.
        let version = match phc.version {
            Some(version) => Version::try_from(version).map_err(unusable_hash)?,
            None => Version::V0x10,
        };
        let params = Params::try_from(&phc).map_err(unusable_hash)?;
        let (Some(salt), Some(output)) = (phc.salt, phc.hash) else {
            return Err(unusable_hash("salt or hash is missing"));
        };
        let work = |params: &Params| u64::from(params.m_cost()) * u64::from(params.t_cost());
        if params.m_cost() > self.current.m_cost().max(MAX_MEMORY_KIB)
            || work(&params) > work(&self.current).max(MAX_WORK_KIB)
        {
            return Err(unusable_hash("it asks for too much memory or too many passes"));
        }
        Ok(Stored { algorithm, version, params, salt, output })
    }

    fn compute(
        &mut self,
        algorithm: Algorithm,
        version: Version,
        params: &Params,
        password: &SecretString,
        salt: &[u8],
        output_len: usize,
    ) -> Result<Output, PasswordError> {
        let blocks = params.block_count();
        if let Some(missing) = blocks.checked_sub(self.memory.len()) {
            self.memory.try_reserve_exact(missing).map_err(|error| {
                tracing::warn!(%error, memory_kib = params.m_cost(), "no memory for a password hash");
                PasswordError::Overloaded
            })?;
            self.memory.resize(blocks, Block::new());
        }
        let argon2 = Argon2::new(algorithm, version, params.clone());
        let password = password.expose_secret().as_bytes();
        let mut output = [0; Output::MAX_LENGTH];
        let output = output.get_mut(..output_len).ok_or_else(|| unusable("its output is too long"))?;
        argon2.hash_password_into_with_memory(password, salt, output, &mut *self.memory).map_err(unusable)?;
        self.computed += 1;
        Output::new(output).map_err(unusable)
    }
}

fn unusable(reason: impl std::fmt::Display) -> PasswordError {
    PasswordError::Unusable(format!("the password hash was not computed: {reason}"))
}

fn unusable_hash(reason: impl std::fmt::Display) -> PasswordError {
    PasswordError::UnusableHash(format!(
        "the password hash is no usable argon2 PHC string ({reason}); set a new password for this user"
    ))
}
