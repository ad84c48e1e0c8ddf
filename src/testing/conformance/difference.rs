//! The fields in which two logins differ. Two whole logins in a report would leave the comparison to the reader, and
//! their `Debug` hides fields.

use std::fmt::Debug;

use super::report::{Outcome, Violation, ensure};
use crate::{Login, RememberRecord};

/// Collects the fields that differ. A missing field does not compile.
macro_rules! differing {
    ($type:ident { $($field:ident),* $(,)? }, $seen:expr, $expected:expr) => {{
        let $type { $($field),* } = $seen;
        let mut differing = Vec::new();
        $(if *$field != $expected.$field {
            differing.push(differs(concat!(stringify!($type), "::", stringify!($field)), $field, &$expected.$field));
        })*
        differing
    }};
}

fn differs<T: Debug>(field: &str, seen: &T, expected: &T) -> String {
    format!("{field} is {seen:?}, and should be {expected:?}")
}

/// Checks that a login is found and equals the expected one.
pub(super) fn ensure_login(which: &str, seen: Option<Login>, expected: &Login) -> Outcome {
    let mut seen = seen.ok_or_else(|| Violation::new(format!("{which} is not found")))?;
    let mut fields = Vec::new();
    if let (Some(one), Some(other)) = (&seen.remember, &expected.remember) {
        fields = differing!(
            RememberRecord { selector, validator_hash, generation, rotated_at, confirmed, expires_at },
            one,
            other
        );
        seen.remember.clone_from(&expected.remember);
    }
    fields.extend(differing!(
        Login {
            id,
            identity,
            credential_epoch,
            created_at,
            auth_time,
            amr,
            expires_at,
            last_seen_at,
            ended,
            user_agent,
            ip,
            refresh_generation,
            refresh_rotated_at,
            refresh_confirmed,
            remember
        },
        &seen,
        expected
    ));
    ensure(fields.is_empty(), format!("of {which}, {}", fields.join("; ")))
}
