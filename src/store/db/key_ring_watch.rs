//! What is told when the ring of signing keys is another one.

use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use crate::StoreFuture;

/// What notices that the ring is another one.
pub(crate) struct KeyRingWatch {
    /// The version that is known.
    pub(crate) known: Arc<AtomicI64>,
    /// Learns the new one.
    pub(crate) learn: Box<dyn Fn() -> StoreFuture<'static, ()> + Send + Sync>,
}
