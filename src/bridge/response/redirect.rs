//! Safe targets of redirects, and links to the login page.

/// Checks that a redirect to `next` stays on this site. Use it before every redirect to a page that a request names.
///
/// Returns `next` if it is a path, with or without a query, that begins with exactly one slash. Everything else is `None`,
/// also text that only some browsers read as another host. Flask-Login leaves this check to the application.
///
/// ```
/// use tollbridge::safe_next;
///
/// assert_eq!(safe_next("/account?tab=1"), Some("/account?tab=1"));
/// assert_eq!(safe_next("//evil.example"), None);
/// assert_eq!(safe_next("/\\evil.example"), None);
/// assert_eq!(safe_next("https://evil.example"), None);
/// ```
pub fn safe_next(next: &str) -> Option<&str> {
    let base = url::Url::parse("https://own.invalid").ok()?;
    let path = next.strip_prefix('/')?;
    // Browsers strip tabs and newlines and read `\` as `/` before they look for a host.
    if path.starts_with(['/', '\\']) || next.chars().any(|c| c.is_control() || c == '\\') || next.len() > 2048 {
        return None;
    }
    let landed = base.join(next).ok()?;
    // `/.//evil.example` is a path of this site, but becomes `//evil.example` when its dot segments are removed.
    (landed.origin() == base.origin() && !landed.path().starts_with("//")).then_some(next)
}

/// A link to a login page of this site, for a public page: Flask-Login's `login_url`.
///
/// `next` is the page to return to after the login. It is URL-encoded and replaces a `next` in the query of `view`. The
/// link leaves it out when [`safe_next`] rejects it, so no link leads to another site.
///
/// The automatic redirect to the login page is set with [`login_view`](crate::BridgeBuilder::login_view).
///
/// ```
/// use tollbridge::login_url;
///
/// assert_eq!(login_url("/login?lang=fr", "/news?page=2"), "/login?lang=fr&next=%2Fnews%3Fpage%3D2");
/// assert_eq!(login_url("/login", "//evil.example"), "/login");
/// ```
pub fn login_url(view: &str, next: &str) -> String {
    view_url(view, safe_next(next), None)
}

/// The URL of a view, with the page to return to and on the forced host. The caller has checked both.
pub(crate) fn view_url(view: &str, next: Option<&str>, host: Option<&str>) -> String {
    let (view, fragment) = view.split_once('#').map_or((view, None), |(view, fragment)| (view, Some(fragment)));
    let (base, query) = view.split_once('?').map_or((view, None), |(base, query)| (base, Some(query)));
    let mut url = match host {
        None => base.to_owned(),
        Some(host) => match base.split_once("://") {
            None => format!("//{host}{base}"),
            Some((scheme, rest)) => {
                format!("{scheme}://{host}{}", rest.find('/').map_or("", |path| rest.get(path..).unwrap_or_default()))
            }
        },
    };
    let query = match next {
        None => query.map(str::to_owned),
        Some(next) => {
            let mut all = url::form_urlencoded::Serializer::new(String::new());
            let others = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
            all.extend_pairs(others.filter(|(name, _)| name != "next"));
            Some(all.append_pair("next", next).finish())
        }
    };
    for (mark, part) in [('?', query.as_deref()), ('#', fragment)] {
        if let Some(part) = part {
            url.push(mark);
            url.push_str(part);
        }
    }
    url
}
