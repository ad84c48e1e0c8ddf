//! Who can read a file that holds a secret.
//!
//! A file of the operator's own is for its owner alone. A mounted secret belongs to root, and the server reads it by its
//! group (Kubernetes with `fsGroup`, `docker` with `mode: 0440`) or by an access control list, which the mode shows as
//! bits of the group root (systemd's `LoadCredential`). Such a file is accepted: nobody can change it but root, and the
//! members of the group are those that the mount was made for.

use std::fs::Metadata;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use rustix::process::{getegid, getgroups};

/// The user and the group of the superuser.
const ROOT: u32 = 0;

/// The mode of a file that others than the server can read or change; `None` if there are no others.
pub(super) fn exposed_mode(metadata: &Metadata) -> Option<u32> {
    let mode = metadata.permissions().mode() & 0o777;
    let is_mounted = metadata.uid() == ROOT && mode & 0o037 == 0 && is_ours(metadata.gid());
    (mode & 0o077 != 0 && !is_mounted).then_some(mode)
}

/// Whether a group is root's, or one of this process.
fn is_ours(group: u32) -> bool {
    group == ROOT
        || getegid().as_raw() == group
        || getgroups().is_ok_and(|groups| groups.iter().any(|ours| ours.as_raw() == group))
}
