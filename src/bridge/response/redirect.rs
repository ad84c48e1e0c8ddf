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

/// A link to a login view of this site, for a page that anybody may see: Flask-Login's `login_url`. `next` is the page to
/// come back to, which the link leaves out if it is not what [`safe_next`] takes: no link leads to another site, whatever
/// `next` is made of. It is encoded, and replaces a `next` that the view has.
///
/// Who is redirected to sign in needs no link: see [`login_view`](crate::BridgeBuilder::login_view).
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

/// A view with the page to come back to, on this host if one is forced. Neither is checked here.
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
