//! A list of passwords that were stolen somewhere, which the operator has downloaded.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};

use super::sorted_lines;

/// The digits of a SHA-1.
const DIGITS: usize = 40;

/// A file with the SHA-1 of a password in each line, in hexadecimal and sorted, and a count after a colon: the form of
/// Have I Been Pwned, *ordered by hash*. It is searched where it is, and may be replaced while the server runs.
#[derive(Clone, Debug)]
pub struct BreachedFile(PathBuf);

impl BreachedFile {
    /// The file at this path.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or does not begin with such a line.
    pub fn new(path: &Path) -> io::Result<Self> {
        let mut start = [0; DIGITS];
        File::open(path)?.read_exact(&mut start)?;
        if !start.iter().all(u8::is_ascii_hexdigit) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "its first line is no SHA-1 in hexadecimal"));
        }
        Ok(Self(path.to_owned()))
    }

    /// Whether the password is in the list. It reads some forty lines.
    #[expect(clippy::disallowed_methods, reason = "the list is of SHA-1, and this is no use of it for security")]
    pub(super) fn contains(&self, password: &str) -> io::Result<bool> {
        let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
        let hash: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        sorted_lines::contains(File::open(&self.0)?, hash.as_bytes())
    }
}
