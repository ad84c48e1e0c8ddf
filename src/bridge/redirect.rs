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

/// Whether a browser can be sent there: to a page of this site, or to one that says its host.
pub(crate) fn is_view(view: &str) -> bool {
    let is_url = |view| url::Url::parse(view).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    safe_next(view).is_some() || (view.contains("://") && is_url(view))
}

/// The login view with the page to come back to: Flask-Login's `login_url`.
pub(crate) fn login_url(login_view: &str, next: &str) -> String {
    let separator = if login_view.contains('?') { '&' } else { '?' };
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("next", next).finish();
    format!("{login_view}{separator}{query}")
}
