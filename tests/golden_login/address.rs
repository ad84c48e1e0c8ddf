//! Where Flask-Login sends browsers.

use serde_json::{Value, json};
use url::Url;

/// `login_url`: a view with the page to come back to, on this host if one is forced.
pub(crate) fn login_url(view: &str, next: Option<&str>, host: Option<&str>) -> String {
    let (rest, fragment) = view.split_once('#').map_or((view, None), |(rest, fragment)| (rest, Some(fragment)));
    let (base, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (scheme, netloc, path) = parts(base);
    let mut url = match (scheme, host.unwrap_or(netloc)) {
        ("", "") => path.to_owned(),
        ("", host) => format!("//{host}{path}"),
        (scheme, host) => format!("{scheme}://{host}{path}"),
    };
    let mut pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    if let Some(next) = next {
        pairs.retain(|(name, _)| name != "next");
        pairs.push(("next".to_owned(), next.to_owned()));
    }
    if !pairs.is_empty() {
        url += "?";
        url += &url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    }
    url + &fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default()
}

/// `make_next_param`: a path where the view is on this site, else a whole URL. There hosts are compared as text.
pub(crate) fn way_back(view: &str, host: &str, target: &str, by_text: bool) -> String {
    let (scheme, netloc, _) = parts(view);
    let whole = format!("http://{host}{target}");
    let is_own = match by_text {
        true => ["", "http"].contains(&scheme) && ["", host].contains(&netloc),
        false => {
            let origin = |url: &str| Url::parse(url).map(|url| url.origin());
            netloc.is_empty() || origin(view).is_ok_and(|of_view| Ok(of_view) == origin(&whole))
        }
    };
    if is_own { target.to_owned() } else { whole }
}

/// Scheme, host and path.
fn parts(url: &str) -> (&str, &str, &str) {
    let Some((scheme, rest)) = url.split_once("://") else { return ("", "", url) };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    (scheme, host, path)
}

/// Whether two locations are one place.
pub(crate) fn is_same_place(one: Option<&str>, other: Option<&str>) -> bool {
    one.map(place) == other.map(place)
}

/// A location, to be compared. What is in a query counts decoded: Werkzeug decodes more of an address than it has to
/// before it writes it into the query of another.
pub(crate) fn place(text: &str) -> Value {
    // A relative location stays what it is, and `//host/` another one.
    let base = Url::parse("relative://here/").expect("a URL");
    let Ok(url) = base.join(text) else { return text.into() };
    let query: Vec<_> = url.query_pairs().map(|(name, value)| json!([name, inner_place(&base, &value)])).collect();
    json!([url.scheme(), url.authority(), url.path(), query, url.fragment()])
}

/// The page to come back to.
fn inner_place(base: &Url, text: &str) -> Value {
    let Ok(url) = base.join(text) else { return text.into() };
    let query: Vec<_> = url.query_pairs().map(|(name, value)| json!([name, value])).collect();
    json!([url.scheme(), url.authority(), url.path(), query])
}
