//! How many passwords can be guessed over HTTP. The number of hashes is what the metrics count as failed.

use serde_json::{Value, json};

use tollbridge::Act;

use crate::app::{PASSWORD, TestApp};
use crate::clients::{Anonymous, Answer, Browser, Client, SESSION, Token};

const FORM: &str = "application/x-www-form-urlencoded";
const DEVICE: &str = "tollbridge_device";

fn start(settings: &[(&str, &str)]) -> TestApp {
    let on = [("THROTTLE__ENABLED", "true"), ("PASSWORD__QUEUE", "1000")];
    TestApp::with(&on.into_iter().chain(settings.iter().copied()).collect::<Vec<_>>())
}

/// The logins with this outcome.
fn counted(app: &TestApp, outcome: &str) -> usize {
    let metrics = Anonymous(app).get("/metrics").text();
    let name = format!("tollbridge_logins_total{{outcome=\"{outcome}\"}} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&name)).expect("a counter");
    line.parse().expect("a number")
}

fn with_json(client: &impl Client, username: &str, password: &str) -> Answer {
    client.post_json("/login", &json!({ "username": username, "password": password }))
}

fn with_form(client: &impl Client, username: &str, password: &str) -> Answer {
    let pairs = [("username", username), ("password", password)];
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    client.call("POST", "/login").body(FORM, form).send()
}

#[track_caller]
fn assert_throttled(answer: Answer, retry_after: &str) {
    let answer = answer.refused(429, "too_many_attempts");
    assert_eq!(answer.header("retry-after"), retry_after);
    assert!(answer.set_cookies().is_empty());
}

/// The spellings of the name of one account.
const SPELLINGS: [&str; 6] = ["panther", "Panther", " PANTHER ", "\u{ff50}anther", "panther\u{a0}", "pAnThEr"];

#[test]
fn a_thousand_guesses_by_every_path_and_spelling_are_five_hashes() {
    let app = start(&[("THROTTLE__NETWORK_ATTEMPTS", "10000")]);
    for number in 0..1000 {
        let username = SPELLINGS[number % SPELLINGS.len()];
        let password = format!("guess {number}");
        let anonymous = Anonymous(&app);
        let answer = match number % 4 {
            0 => with_json(&anonymous, username, &password),
            1 => with_form(&anonymous, username, &password),
            2 => {
                anonymous.post_json("/login", &json!({ "username": username, "password": password, "mode": "session" }))
            }
            _ => {
                let call =
                    anonymous.call("POST", "/login").header("x-forwarded-for", format!("203.0.113.{}", number % 256));
                let call =
                    call.header("forwarded", format!("for=203.0.113.{}", number % 256)).header("x-real-ip", "::1");
                call.json(&json!({ "username": username, "password": password })).send()
            }
        };
        assert_eq!(answer.status, if number < 5 { 401 } else { 429 }, "{number}");
    }
    assert_eq!((counted(&app, "failed"), counted(&app, "throttled")), (5, 995));
    // The same for the right password, and for a name that nobody has.
    assert_throttled(with_json(&Anonymous(&app), "panther", PASSWORD), "1");
    for _ in 0..5 {
        with_json(&Anonymous(&app), "nobody", "guess").refused(401, "invalid_credentials");
    }
    let strip = |answer: Answer| {
        let mut body: Value = answer.json();
        body.as_object_mut().expect("a problem").remove("instance");
        (answer.status, body)
    };
    let (known, unknown) =
        (with_json(&Anonymous(&app), "panther", PASSWORD), with_json(&Anonymous(&app), "NoBody ", "x"));
    assert_eq!(strip(known), strip(unknown));
    // A second later there is one more.
    app.advance(1);
    with_json(&Anonymous(&app), "panther", "guess").refused(401, "invalid_credentials");
    assert_throttled(with_json(&Anonymous(&app), "panther", "guess"), "2");
}

#[test]
fn two_hundred_at_once_are_five_hashes() {
    let app = start(&[]);
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let app = &app;
        let attempt =
            move || (0..10).map(|_| with_json(&Anonymous(app), "panther", "guess").status).collect::<Vec<_>>();
        let threads: Vec<_> = (0..20).map(|_| scope.spawn(attempt)).collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(statuses.len(), 200);
    assert_eq!(statuses.iter().filter(|status| **status == 401).count(), 5);
    assert_eq!(statuses.iter().filter(|status| **status == 429).count(), 195);
    assert_eq!(counted(&app, "failed"), 5);
}

#[test]
fn one_password_over_a_thousand_names_is_thirty_hashes() {
    let app = start(&[]);
    for number in 0..1000 {
        with_json(&Anonymous(&app), &format!("user{number}"), PASSWORD);
    }
    assert_eq!((counted(&app, "failed"), counted(&app, "throttled")), (30, 970));
}

#[test]
fn one_password_over_many_networks_is_bounded_too_and_known_devices_do_not_wait() {
    let app = start(&[("THROTTLE__OVERALL_ATTEMPTS", "40"), ("SERVER__TRUSTED_PROXIES", "127.0.0.1")]);
    let owner = Browser::new(&app);
    owner.sign_in("panther", false);
    let from = |address: &str, username: &str| {
        let anonymous = Anonymous(&app);
        let call = anonymous.call("POST", "/login").header("x-forwarded-for", address);
        call.json(&json!({ "username": username, "password": "password1" })).send().status
    };
    for number in 0..200 {
        let status = from(&format!("198.51.{}.{number}", number % 7), &format!("user{number}"));
        assert_eq!(status, if number < 40 { 401 } else { 429 }, "{number}");
    }
    owner.forget(SESSION);
    with_form(&owner, "panther", PASSWORD).expect(303);
    app.advance(1);
    assert_eq!((from("192.0.2.1", "someone"), from("192.0.2.2", "someone_else")), (401, 429));
}

#[test]
fn the_owner_gets_in_from_a_device_that_has_signed_in_before() {
    let app = start(&[]);
    let (home, other) = (Browser::new(&app), Browser::new(&app));
    home.sign_in("panther", false);
    other.sign_in("batman", false);
    let phone = Anonymous(&app).token_login("panther");
    for _ in 0..20 {
        with_json(&Anonymous(&app), "panther", "guess");
    }
    assert_throttled(with_json(&Anonymous(&app), "panther", PASSWORD), "1");
    // A device of somebody else is a stranger.
    other.forget(SESSION);
    assert_eq!(with_form(&other, "panther", PASSWORD).status, 429);
    home.forget(SESSION);
    with_form(&home, "panther", "mistyped").expect(401);
    with_form(&home, "PANTHER ", PASSWORD).expect(303);
    // An app, by its refresh token, which is not used up, or by its access token.
    for token in [&phone.refresh, &phone.access] {
        with_json(&Token(&app, token.clone()), "panther", PASSWORD).expect(200);
    }
    let with_body = json!({ "username": "panther", "password": PASSWORD, "refresh_token": phone.refresh });
    Anonymous(&app).post_json("/login", &with_body).expect(200);
    Token(&app, phone.refresh.clone()).post("/refresh").expect(200);
    // What is over shows nothing any more.
    Token(&app, phone.access.clone()).post("/logout").expect(204);
    for token in [&phone.refresh, &phone.access] {
        assert_throttled(with_json(&Token(&app, token.clone()), "panther", PASSWORD), "1");
    }
    // Tokens and sessions go on meanwhile.
    home.get("/who_am_i").expect(200);
}

#[test]
fn a_device_that_was_stolen_guesses_no_more_than_a_stranger() {
    let app = start(&[]);
    let thief = Browser::new(&app);
    thief.sign_in("panther", false);
    thief.forget(SESSION);
    for number in 0..50 {
        assert_eq!(with_form(&thief, "panther", "guess").status, if number < 5 { 401 } else { 429 });
    }
    // Nor does it keep anybody else out.
    with_json(&Anonymous(&app), "panther", PASSWORD).expect(200);
}

#[test]
fn the_device_cookie_is_no_credential_and_is_not_for_scripts() {
    let app = start(&[]);
    let signed_in = |body: Value| Anonymous(&app).post_json("/login", &body).expect(200);
    let names = |answer: &Answer| {
        let cookies = answer.set_cookies();
        cookies.iter().filter_map(|cookie| cookie.split_once('=')).map(|(name, _)| name.to_owned()).collect::<Vec<_>>()
    };
    let tokens = signed_in(json!({ "username": "panther", "password": PASSWORD }));
    assert!(names(&tokens).is_empty(), "tokens come without a cookie");
    let answer = signed_in(json!({ "username": "panther", "password": PASSWORD, "mode": "session" }));
    assert_eq!(names(&answer), [DEVICE, SESSION]);
    let cookies = answer.set_cookies();
    let cookie = cookies.iter().find(|cookie| cookie.starts_with(DEVICE)).expect("the cookie");
    for attribute in ["; HttpOnly", "; SameSite=Strict", "; Path=/login; ", "; Max-Age=34560000"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let value = cookie.split(';').next().expect("a value").to_owned();
    let with_it = |path: &str| Anonymous(&app).call("GET", path).header("cookie", &value).send();
    with_it("/who_am_i").refused(401, "login_required");
    // The browser keeps the one that it has.
    let body = json!({ "username": "panther", "password": PASSWORD, "mode": "session" });
    let again = Anonymous(&app).call("POST", "/login").header("cookie", &value).json(&body).send().expect(200);
    assert!(again.set_cookies().iter().any(|cookie| cookie.starts_with(&value)), "{:?}", again.headers);
    let secure = start(&[("SERVER__PUBLIC_URL", "https://app.example")]);
    let call = Anonymous(&secure).call("POST", "/login").header("origin", "https://app.example").json(&body).send();
    let answer = call.expect(200);
    let cookies = answer.set_cookies();
    let cookie = cookies.iter().find(|cookie| cookie.contains("_device=")).expect("the cookie");
    assert!(cookie.starts_with("__Secure-tollbridge_device=") && cookie.contains("; Secure"), "{cookie}");
}

#[test]
fn a_signed_in_user_guesses_no_more_than_a_stranger() {
    let app = start(&[]);
    let thief = Browser::new(&app);
    thief.sign_in("panther", false);
    let change = json!({ "current_password": "guess", "new_password": "a new and longer staple" });
    let end = |client: &Browser<'_>| {
        client.call("POST", "/logins/end").header("origin", app.url("")).body(FORM, "end=others&password=guess").send()
    };
    // All paths together have five.
    for _ in 0..2 {
        thief.post_json("/account/password", &change).refused(401, "invalid_credentials");
        thief.post_json("/reauth", &json!({ "password": "guess" })).refused(401, "invalid_credentials");
    }
    thief.post_json("/reauth", &json!({ "password": "guess" })).refused(401, "invalid_credentials");
    assert_throttled(thief.post_json("/account/password", &change), "1");
    assert_throttled(thief.post_json("/reauth", &json!({ "password": PASSWORD })), "1");
    let page = thief.call("POST", "/reauth").header("origin", app.url("")).body(FORM, "password=guess").send();
    assert_eq!((page.status, page.header("retry-after").to_owned()), (429, "1".to_owned()));
    // An hour later the login is not fresh, and the form of the account page asks for the password.
    app.advance(3600);
    assert_eq!(end(&thief).status, 401);
    assert_eq!(end(&thief).status, 429);
    // The owner elsewhere does not notice.
    let owner = Browser::new(&app);
    owner.sign_in("panther", false);
    owner.post_json("/reauth", &json!({ "password": PASSWORD })).expect(204);
    thief.get("/who_am_i").expect(200);
}

#[test]
fn the_page_says_what_to_do() {
    let app = start(&[]);
    for _ in 0..5 {
        with_form(&Anonymous(&app), "panther", "guess").expect(401);
    }
    let page = with_form(&Anonymous(&app), "panther", "guess").expect(429);
    assert_eq!(page.header("retry-after"), "1");
    assert!(page.text().contains("Try again later") && page.text().contains("panther"), "{}", page.text());
}

#[test]
fn whoever_is_refused_for_other_reasons_is_not_counted() {
    let app = start(&[]);
    for _ in 0..20 {
        with_json(&Anonymous(&app), "panther", &"x".repeat(2000)).refused(400, "invalid_request");
        let anonymous = Anonymous(&app);
        let call = anonymous.call("POST", "/login").header("origin", "https://evil.example");
        call.body(FORM, "username=panther&password=guess").send().refused(403, "csrf_rejected");
        Anonymous(&app).post_json("/login", &json!({ "username": "panther" })).expect(400);
    }
    // Nor are those who are right.
    for _ in 0..20 {
        with_json(&Anonymous(&app), "panther", PASSWORD).expect(200);
    }
    with_json(&Anonymous(&app), "panther", "guess").refused(401, "invalid_credentials");
}

/// An account that is disabled is answered like one that is not there.
#[test]
fn the_right_password_of_a_disabled_account_is_counted() {
    let app = start(&[]);
    crate::app::wait(app.database.set_active(1, false, &Act::of_application(), app.clock.now())).expect("disabled");
    for number in 0..7 {
        assert_eq!(with_json(&Anonymous(&app), "batman", PASSWORD).status, if number < 5 { 401 } else { 429 });
    }
}
