//! `[clients.NAME]`: other services that may ask about tokens, or revoke them.

use std::collections::BTreeMap;

use super::raw_value::RawValue;
use super::setting::{Setting, quote, text};
use super::setting_reader::SettingReader;

/// The sections of clients begin with this.
pub(super) const PREFIX: &str = "clients.";

/// What a hash begins with.
const SHA256: &str = "sha256:";

/// `[clients.NAME]`: a service with credentials.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// The SHA-256 of its secret, which is random.
    pub secret_hash: [u8; 32],
    /// Whether it may ask about tokens.
    pub may_introspect: bool,
    /// Whether it may revoke tokens.
    pub may_revoke: bool,
    /// The audiences of the tokens that are its business. Empty: all tokens are.
    pub audience: Vec<String>,
}

impl ClientConfig {
    /// Reads all clients.
    pub(super) fn read_all(reader: &mut SettingReader) -> BTreeMap<String, Self> {
        let mut clients = BTreeMap::new();
        for section in reader.sections_with(PREFIX) {
            let name = section.trim_start_matches(PREFIX).to_owned();
            reader.section(section);
            let secret_hash = reader.optional::<SecretHash>("secret_hash");
            let may = reader.get("may", vec![INTROSPECT.to_owned()]);
            let audience = reader.get("audience", Vec::<String>::new());
            for word in may.iter().filter(|word| ![INTROSPECT, REVOKE].contains(&word.as_str())) {
                reader.fault("may", format!("{} is not known; write \"introspect\" or \"revoke\"", quote(word)));
            }
            let Some(SecretHash(secret_hash)) = secret_hash else {
                let problem = format!("a client needs this; `tollbridge config client {name}` makes one");
                if !reader.is_set("secret_hash") {
                    reader.fault("secret_hash", problem);
                }
                continue;
            };
            let has = |word: &str| may.iter().any(|one| one == word);
            let (may_introspect, may_revoke) = (has(INTROSPECT), has(REVOKE));
            clients.insert(name, Self { secret_hash, may_introspect, may_revoke, audience });
        }
        clients
    }
}

const INTROSPECT: &str = "introspect";
const REVOKE: &str = "revoke";

struct SecretHash([u8; 32]);

impl Setting for SecretHash {
    fn read(raw: &RawValue) -> Result<Self, String> {
        let wanted = "\"sha256:\" and 64 hexadecimal digits, as `tollbridge config client` prints it";
        let text = text(raw, wanted)?;
        let digits = text.strip_prefix(SHA256).filter(|digits| digits.len() == 64 && digits.is_ascii());
        let byte = |index: usize| u8::from_str_radix(digits?.get(2 * index..2 * index + 2)?, 16).ok();
        let bytes: Option<Vec<u8>> = (0..32).map(byte).collect();
        let hash = bytes.and_then(|bytes| bytes.try_into().ok());
        hash.map(Self).ok_or_else(|| format!("this is no hash; write {wanted}"))
    }

    fn to_toml(&self) -> String {
        quote(&hash_text(&self.0))
    }
}

/// A hash as it is written.
pub(crate) fn hash_text(hash: &[u8; 32]) -> String {
    let digits: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{SHA256}{digits}")
}
