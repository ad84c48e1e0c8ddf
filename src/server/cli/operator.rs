//! Who runs a command.

use std::env;

use crate::Act;

/// The longest name that is recorded, in characters.
const LONGEST: usize = 64;

/// The act of whoever runs this command. The name is what the environment says: `SUDO_USER`, `USER` or `LOGNAME`. Whoever can
/// write to the database can write any name.
pub(super) fn act() -> Act {
    let named =
        ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
    let name = named.unwrap_or_else(|| "unknown".to_owned());
    Act::of_operator(name.chars().filter(|c| !c.is_control()).take(LONGEST).collect::<String>())
}
