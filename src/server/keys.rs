//! The keys that sign tokens: one of a file, or, once there are any, those of the ring in the database.
//!
//! A ring is shared by all nodes and rotates without a restart. Its private halves are sealed with a key that the nodes have
//! from a file or the environment, so that a copy of the database signs nothing.

mod generate;
mod keeper;
mod sealing;

pub(crate) use keeper::{KeyKeeper, KeysError};
