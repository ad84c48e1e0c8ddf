//! Notices that an SQLite database has changed, whoever changed it, for a fraction of what a query costs.
//!
//! In WAL mode every commit, by any connection of any process, rewrites the header of the WAL index, which is the file
//! beside the database whose name ends in `-shm` (<https://www.sqlite.org/walformat.html>, section 2.1). A reader of
//! SQLite's looks at this header to know which state it may see, and so do we: as long as its bytes are the same, the
//! database is. Reading them is one system call; a query takes locks as well.

use std::fs::File;
use std::mem::ManuallyDrop;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;

/// The bytes that tell one state of a database from every other: the change counter, the end of the log, its salts and
/// its checksum.
pub(super) type Snapshot = [u8; 48];

/// Reads the header of a WAL index.
pub(super) struct WalIndex {
    path: String,
    /// Opened once and never closed: closing it would drop the locks that SQLite holds on the file for this process.
    file: OnceLock<ManuallyDrop<File>>,
}

impl WalIndex {
    /// The WAL index of the database at `path`.
    pub(super) fn of(path: &str) -> Self {
        Self { path: format!("{path}-shm"), file: OnceLock::new() }
    }

    /// Which state the database is in. `None` when that cannot be told: then nothing may be kept.
    pub(super) fn snapshot(&self) -> Option<Snapshot> {
        // On other systems a file that is mapped into memory and the same file read need not agree.
        if !cfg!(target_os = "linux") {
            return None;
        }
        let file = match self.file.get() {
            Some(file) => file,
            None => {
                let file = ManuallyDrop::new(File::open(&self.path).ok()?);
                self.file.get_or_init(|| file)
            }
        };
        let mut header: Snapshot = [0; 48];
        file.read_exact_at(&mut header, 0).ok()?;
        // A header that was never written says nothing.
        (header[IS_INITIALIZED] != 0).then_some(header)
    }
}

/// Where in the header SQLite says that the rest of it is filled in.
const IS_INITIALIZED: usize = 12;
