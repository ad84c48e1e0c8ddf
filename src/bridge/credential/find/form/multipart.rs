//! One field of a `multipart/form-data` body (RFC 7578).

/// The values of the fields of this name, of those parts that are complete. Files are no fields.
pub(super) fn values<'b>(body: &'b [u8], boundary: &str, name: &str) -> impl Iterator<Item = &'b str> {
    parts(body, boundary).filter_map(move |part| {
        let (head, value) = split_once(part, b"\r\n\r\n")?;
        let is_it = std::str::from_utf8(head).ok()?.lines().any(|line| is_field(line, name));
        is_it.then(|| std::str::from_utf8(value).ok()).flatten()
    })
}

/// What stands between two delimiters (RFC 2046 section 5.1.1). What comes before the first is no part, and what comes
/// after the last that was seen may go on.
fn parts<'b>(body: &'b [u8], boundary: &str) -> impl Iterator<Item = &'b [u8]> {
    let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
    // The first delimiter has no line before it.
    let mut rest = body.strip_prefix(&delimiter[2..]);
    std::iter::from_fn(move || {
        let (part, after) = split_once(rest?, &delimiter)?;
        rest = Some(after);
        Some(part)
    })
}

/// Whether a line of a part's head is the `Content-Disposition` of this field.
fn is_field(line: &str, name: &str) -> bool {
    let Some((header, value)) = line.split_once(':') else { return false };
    let mut parameters = value.split(';').map(str::trim);
    header.eq_ignore_ascii_case("content-disposition")
        && parameters.next().is_some_and(|kind| kind.eq_ignore_ascii_case("form-data"))
        && parameters.clone().any(|one| one.strip_prefix("name=").is_some_and(|named| unquoted(named) == name))
        && !parameters.any(|one| one.starts_with("filename"))
}

fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

fn split_once<'b>(bytes: &'b [u8], at: &[u8]) -> Option<(&'b [u8], &'b [u8])> {
    let start = bytes.windows(at.len()).position(|window| window == at)?;
    Some((&bytes[..start], &bytes[start + at.len()..]))
}
