//! How names to sign in with are compared: by the profile `UsernameCaseMapped` of PRECIS (RFC 8265 section 3.3), and by what
//! they look like (Unicode Technical Standard 39, section 4).

use precis_profiles::UsernameCaseMapped;
use precis_profiles::precis_core::profile::Profile as _;
use unicode_normalization::UnicodeNormalization as _;

/// How often the profile may change a name before it has settled (RFC 8264 section 7).
const ROUNDS: usize = 3;

/// The form in which a name is compared: wide letters are narrow, all are small, and composed as far as possible. `None`:
/// this is no name by RFC 8265. Spaces around it are not looked at, because keyboards of phones add them. Letters are
/// composed first, so that canonical equivalents are one name where the RFC allows only one of them.
pub(crate) fn username_key(typed: &str) -> Option<String> {
    let profile = UsernameCaseMapped::new();
    let composed: String = typed.trim().nfc().collect();
    let mut name = profile.enforce(composed).ok()?.into_owned();
    for _ in 1..ROUNDS {
        let again = profile.enforce(name.as_str()).ok()?.into_owned();
        if again == name {
            return Some(name);
        }
        name = again;
    }
    None
}

/// What a name looks like: two names with the same skeleton can be taken for each other.
pub(super) fn skeleton(username: &str) -> String {
    let key = username_key(username).unwrap_or_else(|| username.to_lowercase());
    unicode_security::skeleton(&key).collect()
}
