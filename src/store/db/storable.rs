//! The text that a database can hold.

/// Whether the database can hold this text. PostgreSQL rejects NUL in text with an error, which must not be taken for
/// an unavailable database. A query by such a key finds nothing.
pub(super) fn is_storable(text: &str) -> bool {
    !text.contains('\0')
}
