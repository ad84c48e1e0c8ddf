//! A list of passwords that were stolen somewhere, which the operator has downloaded.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use super::breached_hash::{DIGITS, sha1_of};
use super::sorted_lines;

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
    pub(super) fn contains(&self, password: &str) -> io::Result<bool> {
        sorted_lines::contains(File::open(&self.0)?, sha1_of(password).to_lowercase().as_bytes())
    }
}
