//! Whether an SQLite file is still the one that was opened.
//!
//! A file that is removed or replaced lives on for those who have it open. What they write is lost, and what others
//! write to the new one they do not see.

use std::ffi::{CStr, CString};
use std::io;

use rustix::fs::stat;

use crate::StoreError;

/// The file that a path named when the database was opened.
pub(super) struct FileIdentity {
    /// The path as the system takes it, because each read of the database looks at the file.
    path: CString,
    device_and_inode: (u64, u64),
}

impl FileIdentity {
    pub(super) fn of(path: &str) -> io::Result<Self> {
        let path = CString::new(path)?;
        let device_and_inode = device_and_inode(&path)?;
        Ok(Self { path, device_and_inode })
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
            self.path.to_string_lossy()
        )))
    }
}

fn device_and_inode(path: &CStr) -> io::Result<(u64, u64)> {
    let found = stat(path)?;
    Ok((found.st_dev, found.st_ino))
}
