//! The database URL: the backend, its address, and what of the URL may be shown.

use std::path::absolute;

use super::error::DatabaseError;
use super::password_source::PasswordSource;

/// The address of the database.
pub(super) enum Address {
    /// An absolute path, so that a change of the working directory does not change the file.
    Sqlite(String),
    /// A URL for libpq, how to show it, and where the password is from, if it is not in the URL.
    Postgres { url: String, shown: String, password: Option<PasswordSource> },
}

impl Address {
    /// Reads `sqlite://PATH`, `postgres://…` or `postgresql://…`. `password` is for PostgreSQL.
    pub(super) fn parse(url: &str, password: Option<PasswordSource>) -> Result<Self, DatabaseError> {
        match url.split_once("://") {
            Some(("sqlite", path)) => sqlite(url, path),
            Some(("postgres" | "postgresql", rest)) => postgres(url, rest, password),
            _ => Err(DatabaseError::UnknownUrl(start_of(url))),
        }
    }

    /// The address without its secrets.
    pub(super) fn shown(&self) -> &str {
        match self {
            Self::Sqlite(path) => path,
            Self::Postgres { shown, .. } => shown,
        }
    }
}

/// What libpq is told unless the URL says it: to give up a server that does not let it in, and one that has vanished
/// from the network.
const PATIENCE: [(&str, &str); 5] = [
    ("connect_timeout", "1"),
    ("keepalives_idle", "5"),
    ("keepalives_interval", "2"),
    ("keepalives_count", "3"),
    ("tcp_user_timeout", "10000"),
];

/// The URL with limits for everything that may be waited for.
fn patient(url: &str) -> String {
    let mut patient = url.to_owned();
    for (name, value) in PATIENCE {
        if !url.contains(&format!("{name}=")) {
            let separator = match patient.find('?') {
                None => "?",
                Some(_) if patient.ends_with(['?', '&']) => "",
                Some(_) => "&",
            };
            patient.push_str(&format!("{separator}{name}={value}"));
        }
    }
    patient
}

fn sqlite(url: &str, path: &str) -> Result<Address, DatabaseError> {
    let bad = |fault| DatabaseError::BadUrl(url.to_owned(), fault);
    if path.is_empty() || path == ":memory:" || path.ends_with('/') {
        return Err(bad("name a file, as in sqlite://data/tollbridge.db or sqlite:///var/lib/tollbridge.db"));
    }
    if path.contains(['?', '\0']) {
        return Err(bad("what follows sqlite:// is a path as it stands, without parameters"));
    }
    let path = absolute(path).map_err(|error| DatabaseError::Create(path.to_owned(), error))?;
    let path = path.into_os_string().into_string();
    Ok(Address::Sqlite(path.map_err(|_path| bad("the working directory's name is not UTF-8; write an absolute path"))?))
}

/// Accepts only URLs that libpq parses in the same way, so that the password is found and hidden here.
fn postgres(url: &str, rest: &str, source: Option<PasswordSource>) -> Result<Address, DatabaseError> {
    let (authority, tail) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let (user, hosts) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = user.split_once(':').map_or((user, None), |(user, password)| (user, Some(password)));
    let bad = |fault| Err(DatabaseError::BadUrl(start_of(url), fault));
    if user.contains('@') || password.is_some_and(|password| password.contains(['@', ':'])) || tail.contains('@') {
        return bad("in the user and the password, write @ as %40, : as %3A, / as %2F and ? as %3F");
    }
    if !hosts.split(',').all(port_is_number) {
        return bad("after the host, a port is a number: postgres://USER:PASSWORD@HOST:5432/DATABASE");
    }
    if !well_encoded(url) {
        return bad("a % must be followed by two hexadecimal digits that are not 00; write % itself as %25");
    }
    let path = tail.split('?').next().unwrap_or_default();
    let user = match (user, password) {
        ("", None) => String::new(),
        (user, None) => format!("{user}@"),
        (user, Some(_)) => format!("{user}:…@"),
    };
    // The query may hold a password too, and is not needed to recognize the address.
    let shown = format!("postgres://{user}{hosts}{path}{}", if tail.contains('?') { "?…" } else { "" });
    Ok(Address::Postgres { url: patient(url), shown, password: source })
}

fn port_is_number(host: &str) -> bool {
    let after_brackets = host.rsplit(']').next().unwrap_or(host);
    after_brackets.split_once(':').is_none_or(|(_, port)| port.bytes().all(|digit| digit.is_ascii_digit()))
}

fn well_encoded(url: &str) -> bool {
    url.split('%').skip(1).all(|part| {
        let digits = part.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit) && digits != b"00")
    }) && !url.contains('\0')
}

/// The beginning of an invalid URL, up to where a secret may begin.
fn start_of(url: &str) -> String {
    match url.find(|c: char| !c.is_ascii_alphanumeric() && !"+-._/".contains(c)) {
        Some(end) if url[end..].starts_with("://") => format!("{}://…", &url[..end]),
        Some(end) if url[end..].starts_with(':') => format!("{}:…", &url[..end]),
        Some(_) => "…".to_owned(),
        None => url.to_owned(),
    }
}
