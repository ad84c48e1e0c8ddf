//! Where we answer otherwise than Flask-JWT-Extended, on purpose.

/// The name of a case, and why. Each of them is a 500 there, and here a refusal that says what is wrong.
pub(crate) const DIFFERENCES: &[(&str, &str)] = &[
    ("rs256_app_hs256_allowed_confusion", "an algorithm is allowed that the key is not for: the token is not valid"),
    ("no_secret", "an application without a key does not start"),
    ("loc_empty_cfg", "an application that looks for tokens nowhere does not start"),
    ("loc_invalid_cfg", "an application that looks for tokens in an unknown place does not start"),
    ("fresh__fresh_str", "`fresh` is neither a flag nor a time: the token is not fresh"),
    ("fresh__fresh_null", "`fresh` is neither a flag nor a time: the token is not fresh"),
    ("optional_fresh__fresh_str", "`fresh` is neither a flag nor a time: the token is not fresh"),
    ("optional_fresh__fresh_null", "`fresh` is neither a flag nor a time: the token is not fresh"),
    ("json_list", "a body that is no object holds no token"),
    ("json_string", "a body that is no object holds no token"),
    ("cookie_post_csrf_nonascii", "a value that is not ASCII is another value than the token's"),
];
