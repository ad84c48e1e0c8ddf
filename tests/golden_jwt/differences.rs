//! Where we answer otherwise than Flask-JWT-Extended, on purpose.

/// One such case, or several.
pub(crate) struct Difference {
    /// The name of the case; `*` stands for any ending.
    case: &'static str,
    /// What we answer; `None` if the application does not start.
    pub(crate) status: Option<u16>,
    pub(crate) reason: &'static str,
}

/// But for the last, each is a 500 there.
pub(crate) const DIFFERENCES: &[Difference] = &[
    differs("rs256_app_hs256_allowed_confusion", Some(422), ALGORITHM),
    differs("algs_RS256_rs256", Some(422), ALGORITHM),
    differs("algs_HS256_RS256_rs256", Some(422), ALGORITHM),
    differs("no_secret", None, "an application without a key does not start"),
    differs("loc_empty_cfg", None, LOCATION),
    differs("location_bad_*", None, LOCATION),
    differs("fresh__fresh_str", Some(401), FRESH),
    differs("fresh__fresh_null", Some(401), FRESH),
    differs("optional_fresh__fresh_str", Some(401), FRESH),
    differs("optional_fresh__fresh_null", Some(401), FRESH),
    differs("all_loaders_fresh_str", Some(418), FRESH),
    differs("all_loaders_fresh_null", Some(418), FRESH),
    differs("json_list", Some(401), BODY),
    differs("json_string", Some(401), BODY),
    differs("json_protected_not_object_*", Some(401), BODY),
    differs("json_refresh_not_object_*", Some(401), BODY),
    differs("json_notype_not_object_*", Some(401), BODY),
    differs("json_optional_not_object_*", Some(200), BODY),
    differs("cookie_post_csrf_nonascii", Some(401), "a value that is not ASCII is not the one of the token"),
    differs(
        "user_without_loader",
        Some(200),
        "whoever the token names is looked up when a handler asks, loader or not",
    ),
    differs("json_data_surrogate", Some(401), "half a surrogate pair is no text, and a body with one no JSON"),
];

const ALGORITHM: &str = "an algorithm is allowed that the key is not for: no token of it is valid";
const LOCATION: &str = "an application that looks for tokens nowhere, or in an unknown place, does not start";
const FRESH: &str = "`fresh` is neither a flag nor a time: the token is not fresh";
const BODY: &str = "a body that is no object holds no token";

const fn differs(case: &'static str, status: Option<u16>, reason: &'static str) -> Difference {
    Difference { case, status, reason }
}

impl Difference {
    /// The one of this case, if there is one.
    pub(crate) fn of(case: &str) -> Option<&'static Self> {
        DIFFERENCES.iter().find(|difference| match difference.case.strip_suffix('*') {
            Some(beginning) => case.starts_with(beginning),
            None => case == difference.case,
        })
    }
}
