//! Cookies by their raw name. Names and values are not decoded.

use std::iter;

use actix_web::http::header::{COOKIE, HeaderMap};
use memchr::memchr;

/// The value of the first cookie with exactly this raw name.
pub(crate) fn value_of<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    values_of(headers, name).next()
}

/// The values of all cookies with exactly this raw name.
pub(crate) fn values_of<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    pairs(headers).filter(move |pair| name_of(pair) == name.as_bytes()).filter_map(move |pair| value_in(pair, name))
}

fn value_in<'h>(pair: &'h [u8], name: &str) -> Option<&'h str> {
    let value = pair.get(name.len()..)?.trim_ascii_start().strip_prefix(b"=")?;
    std::str::from_utf8(value.trim_ascii()).ok()
}

/// The raw pairs of the `Cookie` headers.
pub(crate) fn pairs(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    headers.get_all(COOKIE).flat_map(|line| split(line.as_bytes())).map(<[u8]>::trim_ascii)
}

/// Splits a line at its semicolons. Most of it is long values, which `memchr` skips.
fn split(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(line);
    iter::from_fn(move || {
        let line = rest?;
        let Some(end) = memchr(b';', line) else { return rest.take() };
        rest = line.get(end + 1..);
        line.get(..end)
    })
}

/// The raw name of a pair.
pub(crate) fn name_of(pair: &[u8]) -> &[u8] {
    pair.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii_end()
}
