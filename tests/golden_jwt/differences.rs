//! Where we answer otherwise than Flask-JWT-Extended, on purpose.

/// The name of a case (`*` stands for any ending), and why. But for the last, each is a 500 there.
pub(crate) const DIFFERENCES: &[(&str, &str)] = &[
    ("rs256_app_hs256_allowed_confusion", ALGORITHM),
    ("algs_RS256_rs256", ALGORITHM),
    ("algs_HS256_RS256_rs256", ALGORITHM),
    ("no_secret", "an application without a key does not start"),
    ("loc_empty_cfg", LOCATION),
    ("location_bad_*", LOCATION),
    ("fresh__fresh_str", FRESH),
    ("fresh__fresh_null", FRESH),
    ("optional_fresh__fresh_str", FRESH),
    ("optional_fresh__fresh_null", FRESH),
    ("all_loaders_fresh_str", FRESH),
    ("all_loaders_fresh_null", FRESH),
    ("json_list", BODY),
    ("json_string", BODY),
    ("json_not_object_*", BODY),
    ("cookie_post_csrf_nonascii", "a value that is not ASCII is another value than the one of the token"),
    ("user_without_loader", "whoever the token names is looked up when a handler asks, loader or not"),
    ("json_data_surrogate", "half a surrogate pair is no text, and a body with one no JSON"),
];

const ALGORITHM: &str = "an algorithm is allowed that the key is not for: no token of it is valid";
const LOCATION: &str = "an application that looks for tokens nowhere, or in an unknown place, does not start";
const FRESH: &str = "`fresh` is neither a flag nor a time: the token is not fresh";
const BODY: &str = "a body that is no object holds no token";

/// Why this case may be answered otherwise, if it may.
pub(crate) fn reason(case: &str) -> Option<&'static str> {
    let is_named = |pattern: &str| match pattern.strip_suffix('*') {
        Some(beginning) => case.starts_with(beginning),
        None => case == pattern,
    };
    DIFFERENCES.iter().find(|(pattern, _)| is_named(pattern)).map(|(_, reason)| *reason)
}
