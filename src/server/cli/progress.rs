//! The progress of what takes long, on a terminal.

use std::io::{self, IsTerminal as _, Write as _};

/// A line on standard error that is written again and again, and removed at the end. Nothing is written to a file or a pipe.
pub(super) struct Progress {
    what: &'static str,
    is_shown: bool,
}

impl Progress {
    pub(super) fn new(what: &'static str) -> Self {
        Self { what, is_shown: io::stderr().is_terminal() }
    }

    pub(super) fn tell(&mut self, so_far: u64) {
        if self.is_shown {
            // A terminal that is gone is no failure of the command.
            let _ = write!(io::stderr(), "\r{so_far} {}", self.what);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
