//! Where a browser is sent: wherever `next` says, it stays on this site.

use url::Url;

use crate::{login_url, safe_next};

/// `next` as text.
pub fn next(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let next = safe_next(text);
    assert!(next.is_none_or(|next| next == text), "the page is another one");
    let link = login_url("/login?lang=fr", text);
    for base in ["https://own.example/", "http://own.example:8080/login?next=x", "https://own.example/deep/er/page#top"]
    {
        let base = Url::parse(base).expect("a URL");
        let linked = base.join(&link).expect("a link");
        assert_eq!(linked.origin(), base.origin(), "the link to the login leads away");
        assert_eq!(linked.path(), "/login");
        let named: Vec<_> = linked.query_pairs().filter(|(name, _)| name == "next").map(|(_, value)| value).collect();
        assert_eq!(named, Vec::from_iter(next), "the link says another page");
        let Some(next) = next else { continue };
        let landed = base.join(next).expect("a reference");
        assert_eq!(landed.origin(), base.origin(), "the browser leaves the site");
        // A proxy or a handler that hands on the path sends nobody away either.
        let path = &landed[url::Position::BeforePath..];
        let again = base.join(path).expect("a path");
        assert_eq!(again.origin(), base.origin(), "the path that was landed on leads away");
        // Browsers drop these characters wherever they are, and take `\` for `/`.
        let stripped: String = next.replace(['\t', '\n', '\r'], "").replace('\\', "/");
        assert_eq!(base.join(stripped.trim()).expect("a reference").origin(), base.origin());
    }
}
