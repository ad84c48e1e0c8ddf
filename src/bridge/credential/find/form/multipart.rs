//! The fields of a `multipart/form-data` body (RFC 7578).

/// The values of the fields with this name. Files and incomplete parts are skipped.
pub(super) fn values<'b>(body: &'b [u8], boundary: &str, name: &str) -> impl Iterator<Item = &'b str> {
    parts(body, boundary).filter_map(move |part| {
        let (head, value) = split_once(part, b"\r\n\r\n")?;
        let has_name = std::str::from_utf8(head).ok()?.lines().any(|line| is_field(line, name));
        has_name.then(|| std::str::from_utf8(value).ok()).flatten()
    })
}

/// The parts between two delimiters (RFC 2046 section 5.1.1). The body must begin with a delimiter. The bytes after the
/// last delimiter are skipped, because that part may be incomplete.
fn parts<'b>(body: &'b [u8], boundary: &str) -> impl Iterator<Item = &'b [u8]> {
    let delimiter = [b"\r\n--", boundary.as_bytes()].concat();
    // No line break precedes the first delimiter.
    let mut rest = body.strip_prefix(&delimiter[2..]);
    std::iter::from_fn(move || {
        let (part, after) = split_once(rest?, &delimiter)?;
        rest = Some(after);
        Some(part)
    })
}

/// Whether this header line of a part is the `Content-Disposition` of the field with this name.
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
