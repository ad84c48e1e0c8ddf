//! The end of the audit.

use crate::bridge::handle::Bridge;
use crate::bridge::model::StoreError;

impl Bridge {
    /// Writes the failed sign-ins that wait for their record ([`Auth::sign_in_failed`](crate::Auth::sign_in_failed)). Call it
    /// when the server has stopped.
    ///
    /// # Errors
    ///
    /// When the store is unavailable.
    pub async fn flush_audit(&self) -> Result<(), StoreError> {
        match &self.engine.audit {
            Some(audit) => audit.failed.write().await,
            None => Ok(()),
        }
    }
}
