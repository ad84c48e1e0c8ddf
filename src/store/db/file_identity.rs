//! Whether an SQLite file is still the one that was opened.
//!
//! A file that is removed or replaced lives on for those who have it open. What they write is lost, and what others
//! write to the new one they do not see.

use std::fs::metadata;
use std::io;
use std::os::unix::fs::MetadataExt;

use crate::StoreError;

/// The file that a path named when the database was opened.
pub(super) struct FileIdentity {
    path: String,
    device_and_inode: (u64, u64),
}

impl FileIdentity {
    pub(super) fn of(path: &str) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), device_and_inode: device_and_inode(path)? })
    }

    /// An error unless the path still names this file.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        let what = match device_and_inode(&self.path) {
            Ok(found) if found == self.device_and_inode => return Ok(()),
            Ok(_) => "was replaced".to_owned(),
            Err(error) => format!("is gone ({error})"),
        };
        Err(StoreError::new(format!(
            "the database file {} {what} while this program has it open; put it back, or restart the program",
            self.path
        )))
    }
}

fn device_and_inode(path: &str) -> io::Result<(u64, u64)> {
    metadata(path).map(|metadata| (metadata.dev(), metadata.ino()))
}
