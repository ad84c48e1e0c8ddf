//! Every key of the configuration is read, and what is wrong with one is said.

use serde_json::{Value, json};
use tollbridge::flask::{FlaskConfig, JwtManager};

use crate::recording::{self, object};

fn error(config: Value) -> String {
    match FlaskConfig::from_json(&config) {
        Ok(_) => panic!("{config} was taken"),
        Err(error) => error.to_string(),
    }
}

fn taken(config: Value) {
    if let Err(error) = FlaskConfig::from_json(&config) {
        panic!("{config}: {error}");
    }
}

/// Each of the 43 keys with values that it takes and values that it does not.
#[test]
fn every_key_takes_what_flask_jwt_extended_takes_and_refuses_the_rest() {
    let (text, name, flag) = ([json!("x"), json!("")], [json!("x")], [json!(true), json!(false)]);
    let not_text = [json!(1), json!(null), json!(["x"])];
    let not_name = [json!(""), json!(1), json!(null)];
    let not_token = [json!(""), json!("a b"), json!("a\r\nb"), json!(1)];
    let not_flag = [json!(1), json!("true"), json!(null)];
    let cookie = "JWT_{}_COOKIE_NAME";
    let mut keys: Vec<(String, Vec<Value>, Vec<Value>)> = Vec::new();
    let mut add = |key: &str, good: &[Value], bad: &[Value]| keys.push((key.to_owned(), good.to_vec(), bad.to_vec()));
    for side in ["ACCESS", "REFRESH"] {
        add(&cookie.replace("{}", side), &name, &not_token);
        add(&format!("JWT_{side}_COOKIE_PATH"), &text[..1], &not_text);
        add(&format!("JWT_{side}_CSRF_COOKIE_NAME"), &name, &not_token);
        add(&format!("JWT_{side}_CSRF_COOKIE_PATH"), &text[..1], &not_text);
        add(&format!("JWT_{side}_CSRF_FIELD_NAME"), &name, &not_name);
        add(&format!("JWT_{side}_CSRF_HEADER_NAME"), &name, &not_token);
        let lifetimes = [json!(0), json!(60), json!(-5), json!(false)];
        add(&format!("JWT_{side}_TOKEN_EXPIRES"), &lifetimes, &[json!(true), json!(null), json!("1"), json!(1.5)]);
    }
    add(
        "JWT_ALGORITHM",
        &[json!("HS512"), json!("RS256"), json!("EdDSA")],
        &[json!("none"), json!("hs256"), json!(5), json!("ES256K")],
    );
    for key in ["JWT_COOKIE_CSRF_PROTECT", "JWT_COOKIE_SECURE", "JWT_CSRF_CHECK_FORM", "JWT_CSRF_IN_COOKIES"] {
        add(key, &flag, &not_flag);
    }
    for key in ["JWT_ENCODE_NBF", "JWT_SESSION_COOKIE", "JWT_VERIFY_SUB"] {
        add(key, &flag, &not_flag);
    }
    add("JWT_COOKIE_DOMAIN", &[json!(null), json!("example.com")], &[json!(5)]);
    add(
        "JWT_COOKIE_SAMESITE",
        &[json!(null), json!("Strict"), json!("lax"), json!("None")],
        &[json!("Loose"), json!(1)],
    );
    add("JWT_CSRF_METHODS", &[json!([]), json!(["GET"])], &[json!("GET"), json!(null), json!([1])]);
    add("JWT_DECODE_ALGORITHMS", &[json!(null), json!([]), json!(["HS512"])], &[json!("HS512"), json!(["none"])]);
    add("JWT_DECODE_AUDIENCE", &[json!(null), json!("a"), json!(["a", "b"])], &[json!(1), json!([1])]);
    add("JWT_DECODE_ISSUER", &[json!(null), json!("a"), json!(["a", "b"])], &[json!(1)]);
    add("JWT_DECODE_LEEWAY", &[json!(0), json!(10), json!(0.5)], &[json!("10"), json!(null)]);
    add("JWT_ENCODE_AUDIENCE", &[json!(null), json!("a"), json!(["a", "b"])], &[json!(1)]);
    add("JWT_ENCODE_ISSUER", &[json!(null), json!("a")], &[json!(1), json!(["a"])]);
    add("JWT_ERROR_MESSAGE_KEY", &text, &not_text);
    add("JWT_HEADER_NAME", &name, &not_token);
    add("JWT_HEADER_TYPE", &text, &[json!(1), json!(["x"])]);
    add("JWT_IDENTITY_CLAIM", &name, &not_name);
    add("JWT_JSON_KEY", &name, &not_name);
    add("JWT_PRIVATE_KEY", &[json!(null), json!("")], &[json!(1), json!(["x"])]);
    add("JWT_PUBLIC_KEY", &[json!(null), json!("")], &[json!(1), json!(["x"])]);
    add("JWT_QUERY_STRING_NAME", &name, &not_name);
    add("JWT_QUERY_STRING_VALUE_PREFIX", &text, &not_text);
    add("JWT_REFRESH_JSON_KEY", &name, &not_name);
    add("JWT_SECRET_KEY", &[json!(null), json!("a secret of at least thirty-two bytes")], &[json!(1)]);
    let places = json!(["headers", "cookies", "query_string", "json"]);
    let not_places = [json!([]), json!(null), json!("header"), json!(["headers", 1]), json!(5)];
    add("JWT_TOKEN_LOCATION", &[json!("headers"), places], &not_places);

    assert_eq!(keys.len(), 43);
    for (key, good, bad) in keys {
        for value in good {
            let known = json!({ "JWT_PUBLIC_KEY": null, "JWT_PRIVATE_KEY": null });
            let mut config = object(known);
            config.insert(key.clone(), value);
            taken(Value::Object(config));
        }
        for value in bad {
            let told = error(json!({ key.clone(): value }));
            assert!(told.starts_with(&format!("`{key}` is ")) && told.contains(": write "), "{told}");
        }
    }
}

#[test]
fn unknown_keys_are_refused_and_those_of_others_are_not_read() {
    assert!(error(json!({ "JWT_TOKEN_LOCATIONS": ["headers"] })).starts_with("`JWT_TOKEN_LOCATIONS` is no key"));
    taken(json!({ "DEBUG": true, "SQLALCHEMY_DATABASE_URI": 5, "SECRET_KEY": "x".repeat(32) }));
}

#[test]
fn an_error_tells_the_value_but_no_key() {
    assert_eq!(
        error(json!({ "JWT_COOKIE_SECURE": "yes" })),
        r#"`JWT_COOKIE_SECURE` is a text ("yes"): write true or false"#
    );
    assert_eq!(error(json!({ "JWT_SECRET_KEY": [7] })), "`JWT_SECRET_KEY` is a list: write the key as a text");
    let pem = error(json!({ "JWT_ALGORITHM": "RS256", "JWT_PRIVATE_KEY": "a private thing" }));
    assert!(pem.starts_with("`JWT_PRIVATE_KEY` cannot be used") && !pem.contains("a private thing"), "{pem}");
}

#[test]
fn a_configuration_that_is_no_object_is_refused_for_that() {
    let path = "/etc/a secret place.json";
    for (config, found) in
        [(json!(path), "a text"), (json!([{}]), "a list"), (json!(null), "null"), (json!(5), "a number")]
    {
        let told = error(config.clone());
        assert!(told.starts_with(&format!("the configuration is {found}: write an object")), "{told}");
        assert!(!told.contains("secret"), "{told}");
        assert!(FlaskConfig::from_json_with_weak_secret(&config).is_err());
    }
}

#[test]
fn short_secrets_are_accepted_only_by_name() {
    for key in ["JWT_SECRET_KEY", "SECRET_KEY"] {
        let config = json!({ key: "super-secret" });
        let told = error(config.clone());
        assert!(told.starts_with(&format!("`{key}` has 12 bytes")) && !told.contains("super-secret"), "{told}");
        assert!(FlaskConfig::from_json_with_weak_secret(&config).is_ok());
    }
}

#[test]
fn a_manager_needs_a_key_or_a_loader_for_one() {
    for (config, missing) in [
        (json!({}), "JWT_SECRET_KEY"),
        (json!({ "JWT_SECRET_KEY": null }), "JWT_SECRET_KEY"),
        (json!({ "JWT_ALGORITHM": "RS256", "JWT_SECRET_KEY": "x".repeat(32) }), "JWT_PUBLIC_KEY"),
    ] {
        let config = FlaskConfig::from_json(&config).expect("a configuration");
        let told = JwtManager::builder(config.clone()).build().expect_err("there is no key").to_string();
        assert!(told.starts_with(&format!("`{missing}` is missing")), "{told}");
        assert!(JwtManager::builder(config).decode_key_loader(|_, _| None).build().is_ok());
    }
}

#[test]
fn who_has_the_public_key_alone_reads_and_does_not_write() {
    let config = json!({ "JWT_ALGORITHM": "ES256", "JWT_PUBLIC_KEY": recording::pem("es256_public") });
    let config = FlaskConfig::from_json(&config).expect("a configuration");
    let jwt = JwtManager::builder(config).build().expect("a manager");
    assert!(jwt.create_access_token("1").issue().is_err());
    let recording = recording::json("jwt_tokens.json");
    let vectors = recording["vectors"].as_array().expect("vectors");
    let token = vectors.iter().find(|vector| vector["name"] == "es256").expect("a token")["token"].as_str();
    assert!(jwt.decode_token(token.expect("a text")).claims().is_ok());
}

#[test]
fn nothing_prints_a_key() {
    let config = json!({ "JWT_SECRET_KEY": "a secret that nobody should ever read" });
    let config = FlaskConfig::from_json(&config).expect("a configuration");
    let jwt = JwtManager::builder(config.clone()).build().expect("a manager");
    assert!(!format!("{config:?} {jwt:?}").contains("nobody should"));
}
