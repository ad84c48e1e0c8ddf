//! The names in the guide: all of theirs, and of ours only what is there.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::json;
use tollbridge::flask::{FlaskConfig, FlaskConfigError};

const GUIDE: &str = include_str!("../../docs/from-flask.md");

/// `flask_login.__all__` and what else its modules have, with what only 0.6.3 has.
const FLASK_LOGIN: &str = "
    LoginManager UserMixin AnonymousUserMixin FlaskLoginClient
    login_user logout_user confirm_login login_fresh login_remembered login_url make_next_param
    encode_cookie decode_cookie set_login_view login_required fresh_login_required current_user
    COOKIE_DURATION COOKIE_HTTPONLY COOKIE_NAME COOKIE_SECURE COOKIE_SAMESITE ID_ATTRIBUTE
    LOGIN_MESSAGE LOGIN_MESSAGE_CATEGORY REFRESH_MESSAGE REFRESH_MESSAGE_CATEGORY
    SESSION_KEYS EXEMPT_METHODS USE_SESSION_FOR_NEXT
    utils.expand_login_view utils._secret_key utils._user_context_processor utils._create_identifier
    __version__ AUTH_HEADER_NAME LoginManager.header_loader LoginManager.setup_app user_loaded_from_header
    _login_disabled LOGIN_DISABLED
    get_id is_authenticated is_active is_anonymous";

const LOGIN_MANAGER: &str = "
    anonymous_user login_view blueprint_login_views login_message login_message_category
    refresh_view needs_refresh_message needs_refresh_message_category session_protection localize_callback
    unauthorized_callback needs_refresh_callback id_attribute _session_identifier_generator
    init_app unauthorized needs_refresh user_loader request_loader unauthorized_handler needs_refresh_handler
    user_callback request_callback";

const FLASK_LOGIN_KEYS: &str = "
    SECRET_KEY SESSION_PROTECTION REMEMBER_COOKIE_NAME REMEMBER_COOKIE_DURATION REMEMBER_COOKIE_DOMAIN
    REMEMBER_COOKIE_PATH REMEMBER_COOKIE_SECURE REMEMBER_COOKIE_HTTPONLY REMEMBER_COOKIE_SAMESITE
    REMEMBER_COOKIE_REFRESH_EACH_REQUEST USE_SESSION_FOR_NEXT FORCE_HOST_FOR_REDIRECTS LOGIN_DISABLED AUTH_HEADER_NAME";

const SIGNALS: &str = "
    user_logged_in user_logged_out user_loaded_from_cookie user_loaded_from_request user_login_confirmed
    user_unauthorized user_needs_refresh user_accessed session_protected";

/// `flask_jwt_extended.__all__`, so to say.
const FLASK_JWT_EXTENDED: &str = "
    JWTManager create_access_token create_refresh_token current_user decode_token get_csrf_token get_current_user
    get_jti get_jwt get_jwt_header get_jwt_identity get_jwt_request_location get_unverified_jwt_headers
    set_access_cookies set_refresh_cookies unset_access_cookies unset_jwt_cookies unset_refresh_cookies
    jwt_required verify_jwt_in_request";

const EXCEPTIONS: &str = "
    JWTExtendedException JWTDecodeError InvalidHeaderError InvalidQueryParamError NoAuthorizationError CSRFError
    WrongTokenError RevokedTokenError FreshTokenRequired UserLookupError UserClaimsVerificationError";

const LOADERS: &str = "
    unauthorized_loader invalid_token_loader expired_token_loader needs_fresh_token_loader revoked_token_loader
    token_verification_failed_loader user_lookup_error_loader additional_claims_loader additional_headers_loader
    decode_key_loader encode_key_loader token_in_blocklist_loader token_verification_loader user_identity_loader
    user_lookup_loader";

const JWT_REQUIRED: &str = "optional fresh refresh locations verify_type skip_revocation_check";

const KEYS: &str = "
    JWT_ACCESS_TOKEN_EXPIRES JWT_REFRESH_TOKEN_EXPIRES JWT_ALGORITHM JWT_DECODE_ALGORITHMS JWT_SECRET_KEY
    JWT_PRIVATE_KEY JWT_PUBLIC_KEY JWT_DECODE_AUDIENCE JWT_ENCODE_AUDIENCE JWT_DECODE_ISSUER JWT_ENCODE_ISSUER
    JWT_DECODE_LEEWAY JWT_ENCODE_NBF JWT_VERIFY_SUB JWT_IDENTITY_CLAIM JWT_ERROR_MESSAGE_KEY JWT_TOKEN_LOCATION
    JWT_HEADER_NAME JWT_HEADER_TYPE JWT_QUERY_STRING_NAME JWT_QUERY_STRING_VALUE_PREFIX JWT_JSON_KEY
    JWT_REFRESH_JSON_KEY JWT_ACCESS_COOKIE_NAME JWT_ACCESS_COOKIE_PATH JWT_REFRESH_COOKIE_NAME
    JWT_REFRESH_COOKIE_PATH JWT_COOKIE_SECURE JWT_COOKIE_DOMAIN JWT_COOKIE_SAMESITE JWT_SESSION_COOKIE
    JWT_COOKIE_CSRF_PROTECT JWT_CSRF_METHODS JWT_CSRF_IN_COOKIES JWT_CSRF_CHECK_FORM JWT_ACCESS_CSRF_COOKIE_NAME
    JWT_ACCESS_CSRF_COOKIE_PATH JWT_REFRESH_CSRF_COOKIE_NAME JWT_REFRESH_CSRF_COOKIE_PATH
    JWT_ACCESS_CSRF_HEADER_NAME JWT_REFRESH_CSRF_HEADER_NAME JWT_ACCESS_CSRF_FIELD_NAME JWT_REFRESH_CSRF_FIELD_NAME";

/// The rows of the tables that stand below a heading, down to the next of the same level or a higher one.
fn rows(heading: &str) -> Vec<Vec<&'static str>> {
    let level = heading.split(' ').next().map_or(0, str::len);
    let mut lines = GUIDE.lines().skip_while(|line| *line != heading);
    assert!(lines.next().is_some(), "the guide has no part `{heading}`");
    let ends = |line: &&str| line.starts_with('#') && line.split(' ').next().map_or(0, str::len) <= level;
    let rows = lines.take_while(|line| !ends(line)).filter(|line| line.starts_with('|') && !line.starts_with("|---"));
    rows.map(|row| row.trim_matches('|').split('|').map(str::trim).collect()).collect()
}

/// What stands between backticks.
fn code(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

/// What the first column names, without arguments.
fn theirs(heading: &str) -> BTreeSet<&'static str> {
    let first = rows(heading).into_iter().filter_map(|cells| cells.first().copied());
    first.flat_map(code).map(|name| name.split('(').next().unwrap_or_default()).collect()
}

#[track_caller]
fn assert_named(heading: &str, names: &str, count: usize) {
    let names: BTreeSet<_> = names.split_whitespace().collect();
    assert_eq!(names.len(), count, "the list for `{heading}`");
    let missing: Vec<_> = names.difference(&theirs(heading)).copied().collect();
    assert!(missing.is_empty(), "`{heading}` does not name {missing:?}");
}

#[test]
fn everything_of_flask_login_is_named() {
    let part = "## Flask-Login, name by name";
    assert_named(part, FLASK_LOGIN, 45);
    assert_named(part, LOGIN_MANAGER, 23);
    assert_named(part, FLASK_LOGIN_KEYS, 14);
    assert_named("### Signals", SIGNALS, 9);
}

#[test]
fn everything_of_flask_jwt_extended_is_named() {
    assert_named("### Functions", FLASK_JWT_EXTENDED, 20);
    assert_named("### Exceptions", EXCEPTIONS, 11);
    assert_named("### Loaders", LOADERS, 15);
    let arguments = rows("### Arguments");
    for argument in JWT_REQUIRED.split(' ') {
        let written = format!("`jwt_required({argument}=");
        assert!(arguments.iter().any(|cells| cells[0].starts_with(&written)), "`{argument}` of jwt_required");
    }
}

#[test]
fn every_key_is_named_and_is_one() {
    assert_named("### The 43 configuration keys", KEYS, 43);
    for key in KEYS.split_whitespace() {
        let refused = FlaskConfig::from_json(&json!({ key: f64::MAX }));
        assert!(!matches!(refused, Err(FlaskConfigError::UnknownKey(_))), "{key}");
    }
}

const SOURCES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src");

/// All that the library is written in, but for the server.
fn sources(directory: &Path) -> String {
    let entries = fs::read_dir(directory).expect("the sources").map(|entry| entry.expect("an entry").path());
    let read = |path: &Path| fs::read_to_string(path).expect("a source");
    entries
        .filter(|path| !path.ends_with("server"))
        .map(|path| if path.is_dir() { sources(&path) } else { read(&path) })
        .collect()
}

fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    chars.next().is_some_and(|c| c.is_ascii_alphabetic()) && chars.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What the sources declare: types, functions, and the variants of enums.
fn declared() -> BTreeSet<String> {
    let all = sources(Path::new(SOURCES));
    let mut names = BTreeSet::new();
    for line in all.lines().map(str::trim) {
        let words: Vec<_> = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).collect();
        let after = |keyword: &str| words.iter().position(|word| *word == keyword).and_then(|at| words.get(at + 1));
        names.extend(["fn", "struct", "enum", "trait"].into_iter().filter_map(after).map(|name| (*name).to_owned()));
        // A variant, and what a macro makes a type or a method of.
        let first = words.first().copied().unwrap_or_default();
        if line.get(first.len()..).is_some_and(|rest| rest.is_empty() || rest.starts_with([',', '(', ' '])) {
            names.insert(first.to_owned());
        }
    }
    names
}

/// What the tables name of Rust or HTTP that is not ours: types and methods of others, and words of the protocols.
const OTHERS: &str = "
    App wrap Condition extract Option PartialEq Hash testing
    Authorization Bearer HttpOnly Lax Secure OPTIONS GET HEAD False";

#[test]
fn what_it_names_of_ours_is_there() {
    let declared = declared();
    let texts = sources(Path::new(SOURCES));
    let others: BTreeSet<_> = OTHERS.split_whitespace().collect();
    let parts =
        ["## What is the same, what is better", "## Flask-Login, name by name", "## Flask-JWT-Extended, name by name"];
    let theirs: BTreeSet<_> = parts.iter().flat_map(|part| theirs(part)).collect();
    let mut missing = BTreeSet::new();
    for cell in parts.iter().flat_map(|part| rows(part)).flat_map(|cells| cells.into_iter().skip(1)) {
        // `Type`, `Type::name`, `Type::name().other()`, `builder_method`
        for path in code(cell).map(|span| span.split(['(', '<', ' ']).next().unwrap_or_default()) {
            let names = path.split("::").filter(|name| is_name(name));
            // Codes, claims and cookies are texts there.
            let is_known = |name: &&str| {
                declared.contains(*name)
                    || others.contains(name)
                    || theirs.contains(name)
                    || texts.contains(&format!("{name}\""))
            };
            missing.extend(names.filter(|name| !is_known(name)));
        }
    }
    assert!(missing.is_empty(), "the guide names what is not there: {missing:?}");
}
