//! Test vectors of others, one JSON object a line.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// The lines of a file below `tests/vectors/public/`.
pub(crate) fn lines(name: &str) -> Vec<Value> {
    let path = format!("{}/tests/vectors/public/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON object")).collect()
}

/// The member `bytes_b64`.
pub(crate) fn bytes(vector: &Value) -> Vec<u8> {
    STANDARD.decode(vector["bytes_b64"].as_str().expect("base64")).expect("base64")
}
