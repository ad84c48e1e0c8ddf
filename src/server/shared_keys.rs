//! Servers at one database have the same keys.
//!
//! Otherwise each refuses the tokens and cookies of the others, and nothing says why. So the first one leaves the
//! fingerprints of its keys in the database, and another one with other keys does not start.

use super::config::Config;
use super::secrets::Secrets;
use super::start_error::StartError;
use crate::store::db::Database;

/// Compares the keys with those of the other servers, or declares them the new ones of all (`serve --replace-keys`).
pub(super) async fn require(database: &Database, secrets: &Secrets, config: &Config) -> Result<(), StartError> {
    for key in secrets.fingerprints() {
        if config.replace_keys {
            database.agree_anew(key.setting, &key.fingerprint).await?;
        } else if database.agree(key.setting, &key.fingerprint).await? != key.fingerprint {
            let data = config.data_directory();
            return Err(StartError::OtherKeys { key: key.name, file: data.join(key.file), option: key.option });
        }
    }
    Ok(())
}
