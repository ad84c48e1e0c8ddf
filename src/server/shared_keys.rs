//! Servers at one database have the same keys.
//!
//! Otherwise each refuses the tokens and cookies of the others, and nothing says why. So the first one leaves the
//! fingerprints of its keys in the database, and another one with other keys does not start.

use super::config::Config;
use super::secrets::{Secrets, TOKEN_KEY};
use super::start_error::StartError;
use crate::store::db::Database;

/// Compares the keys with those of the other servers, or declares them the new ones of all (`serve --replace-keys`, or a
/// key that follows one that is still read).
///
/// Once there is a ring of keys, the nodes need not have the same token key in a file.
pub(super) async fn require(
    database: &Database,
    secrets: &Secrets,
    config: &Config,
    has_ring: bool,
) -> Result<(), StartError> {
    for key in secrets.fingerprints().into_iter().filter(|key| !(has_ring && key.setting == TOKEN_KEY)) {
        let agreed = database.agree(key.setting, &key.fingerprint).await?;
        if agreed == key.fingerprint {
            continue;
        }
        if config.replace_keys || key.retired.contains(&agreed) {
            database.agree_anew(key.setting, &key.fingerprint).await?;
        } else {
            let data = config.data_directory();
            return Err(StartError::OtherKeys { key: key.name, file: data.join(key.file), option: key.option });
        }
    }
    Ok(())
}
