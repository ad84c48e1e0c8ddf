//! Detection of changes of an SQLite database by any process, at a fraction of the cost of a query.
//!
//! In WAL mode every commit, by any connection of any process, rewrites the header of the WAL index: the file beside
//! the database whose name ends in `-shm` (<https://www.sqlite.org/walformat.html>, section 2.1). SQLite's own readers
//! determine the visible state by this header. While its bytes are unchanged, so is the database. Reading them is one
//! system call; a query takes locks as well.

use std::fs::File;
use std::mem::ManuallyDrop;
use std::os::unix::fs::FileExt;
use std::sync::OnceLock;

/// The bytes that identify a state of a database: the change counter, the end of the log, its salts and its checksum.
pub(super) type Snapshot = [u8; 48];

/// The WAL index of a database.
pub(super) struct WalIndex {
    path: String,
    /// Opened once and never closed: closing it would release the locks that SQLite holds on the file for this process.
    file: OnceLock<ManuallyDrop<File>>,
}

impl WalIndex {
    /// The WAL index of the database at `path`.
    pub(super) fn of(path: &str) -> Self {
        Self { path: format!("{path}-shm"), file: OnceLock::new() }
    }

    /// The current state of the database. `None` when it is unknown: then nothing may be cached.
    pub(super) fn snapshot(&self) -> Option<Snapshot> {
        // On other systems, reading a memory-mapped file need not return the bytes of the mapping.
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
        // A header that was never written identifies no state.
        (header[IS_INITIALIZED] != 0).then_some(header)
    }
}

/// The offset of the header's `isInit` flag.
const IS_INITIALIZED: usize = 12;
