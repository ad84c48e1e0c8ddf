//! stub
/// stub
#[derive(Clone, Debug, Default)]
pub struct ErrorProfile;
impl ErrorProfile {
    /// stub
    pub fn message_key(self, _: &str) -> Self { self }
}
