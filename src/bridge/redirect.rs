//! Where a browser may be sent after signing in.

/// `next`, if following it stays on this site: a path, with its query, that begins with one slash. Everything else is
/// `None`, also what only some browsers would read as another host.
///
/// Flask-Login leaves this check to the application, which tends to forget it.
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
    // `/.//evil.example` is ours as written but `//evil.example` once its dots are removed.
    (landed.origin() == base.origin() && !landed.path().starts_with("//")).then_some(next)
}

/// A view with the page to come back to, on this host if one is forced: Flask-Login's `login_url`.
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
