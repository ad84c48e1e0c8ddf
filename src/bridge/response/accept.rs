//! What a client wants to have: a page or data, and whether it navigates.

use actix_web::HttpRequest;
use actix_web::http::header::{ACCEPT, HeaderMap, HeaderName};

// Static, because each use of a text would parse it.
static SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
static SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");

/// Headers that scripts send with requests whose `Accept` is that of a page: `XMLHttpRequest` in many libraries, PJAX,
/// Turbo and htmx.
const OF_SCRIPTS: [&str; 5] = ["x-requested-with", "x-pjax", "turbo-frame", "x-turbo-request-id", "hx-request"];

/// Whether the client prefers a page to JSON: its `Accept` header names `text/html`, with a quality that is not zero and
/// not below that of JSON. Browsers send it, API clients do not.
pub fn prefers_html(req: &HttpRequest) -> bool {
    let mut html = 0;
    let mut json = 0;
    for (range, quality) in accepted(req.headers()) {
        let is = |name: &str| range.eq_ignore_ascii_case(name);
        if is("text/html") {
            html = html.max(quality);
        } else if is("application/json") || is("application/problem+json") {
            json = json.max(quality);
        }
    }
    html > 0 && html >= json
}

/// Whether a browser navigates to a page with this request. A script, such as `fetch`, would take the page of a redirect
/// for its data.
pub(super) fn is_navigation(req: &HttpRequest) -> bool {
    let headers = req.headers();
    let says = |name: &HeaderName, values: &[&[u8]]| {
        let mut said = headers.get_all(name).peekable();
        said.peek().is_some().then(|| said.all(|value| values.contains(&value.as_bytes())))
    };
    // Fetch Metadata is what the browser itself says. It sends that over TLS and to localhost only.
    let mode = says(&SEC_FETCH_MODE, &[b"navigate"]);
    let destination = says(&SEC_FETCH_DEST, &[b"document", b"frame", b"iframe"]);
    match (mode, destination) {
        (None, None) => prefers_html(req) && !is_by_script(headers),
        (mode, destination) => mode.unwrap_or(true) && destination.unwrap_or(true),
    }
}

fn is_by_script(headers: &HeaderMap) -> bool {
    OF_SCRIPTS.iter().any(|name| headers.contains_key(*name))
        || accepted(headers).any(|(range, _)| range.eq_ignore_ascii_case("text/vnd.turbo-stream.html"))
}

/// The media ranges of `Accept`, with their quality in thousandths (RFC 9110 section 12.5.1).
fn accepted(headers: &HeaderMap) -> impl Iterator<Item = (&str, u16)> {
    let ranges = headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    ranges.map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let name = parts.next().unwrap_or_default();
        let quality = parts.find_map(|part| {
            let (key, value) = part.split_once('=')?;
            key.trim().eq_ignore_ascii_case("q").then(|| value.trim())
        });
        (name, quality.map_or(1000, thousandths))
    })
}

/// A quality that cannot be read counts as zero.
fn thousandths(quality: &str) -> u16 {
    match quality.parse::<f32>() {
        Ok(quality) if (0.0..=1.0).contains(&quality) => (quality * 1000.0) as u16,
        _ => 0,
    }
}
