//! Changing the password.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::json;

use tollbridge::Act;

use crate::app::{PANTHER, PASSWORD, START, TestApp, cheap, hash, wait};
use crate::clients::{Anonymous, Answer, Browser, Client, Pair, REMEMBER, SESSION, Token};

const NEW: &str = "a new and longer staple";
const FORM: &str = "application/x-www-form-urlencoded";
/// How long a login is fresh, in seconds.
const FRESH: i64 = 900;

fn change(client: &impl Client, current: &str, new: &str) -> Answer {
    client.post_json("/account/password", &json!({ "current_password": current, "new_password": new }))
}

fn login(app: &TestApp, password: &str) -> Answer {
    Anonymous(app).post_json("/login", &json!({ "username": "panther", "password": password }))
}

fn signed_in(app: &TestApp) -> Browser<'_> {
    let browser = Browser::new(app);
    browser.sign_in("panther", true);
    browser
}

#[track_caller]
fn assert_over(app: &TestApp, pair: &Pair) {
    Token(app, pair.access.clone()).get("/who_am_i").refused(401, "login_ended");
    Token(app, pair.refresh.clone()).post("/refresh").refused(401, "login_ended");
}

#[test]
fn a_browser_that_changes_it_stays_signed_in_alone() {
    let app = TestApp::start();
    let (browser, other) = (signed_in(&app), signed_in(&app));
    let (pair, stranger) = (Anonymous(&app).token_login("panther"), Anonymous(&app).token_login("batman"));
    change(&browser, PASSWORD, NEW).expect(204);

    browser.get("/who_am_i").expect(200);
    other.get("/who_am_i").refused(401, "login_required");
    assert_eq!(other.cookie(REMEMBER), None, "the cookie that was refused is taken");
    assert_over(&app, &pair);
    Token(&app, stranger.access).get("/who_am_i").expect(200);
    login(&app, PASSWORD).refused(401, "invalid_credentials");
    login(&app, NEW).expect(200);

    // Its remember cookie still stands for it.
    browser.forget(SESSION);
    assert_eq!(browser.get("/session").expect(200).json()["via"], "remember");
}

#[test]
fn a_browser_that_changes_it_leaves_copies_of_its_cookies_behind() {
    let app = TestApp::start();
    let browser = signed_in(&app);
    let copies = [SESSION, REMEMBER].map(|name| format!("{name}={}", browser.cookie(name).expect("a cookie")));
    let with_copy = |copy: &String| Anonymous(&app).call("GET", "/who_am_i").header("cookie", copy).send();
    with_copy(&copies[0]).expect(200);
    change(&browser, PASSWORD, NEW).expect(204);

    for seconds in [0, 60] {
        app.advance(seconds);
        copies.iter().for_each(|copy| {
            with_copy(copy).refused(401, "login_required");
        });
        browser.get("/who_am_i").expect(200);
    }
    // The new remember cookie lives no longer than the one before.
    browser.forget(SESSION);
    assert_eq!(browser.get("/session").expect(200).json()["via"], "remember");
    app.advance(31 * 86_400);
    browser.forget(SESSION);
    browser.get("/session").refused(401, "login_required");
}

#[test]
fn a_client_that_changes_it_gets_new_tokens() {
    let app = TestApp::start();
    let (browser, other, pair) =
        (signed_in(&app), Anonymous(&app).token_login("panther"), Anonymous(&app).token_login("panther"));
    let before = Token(&app, pair.refresh).post("/refresh").expect(200).pair();
    let answer = change(&Token(&app, pair.access.clone()), PASSWORD, NEW).expect(200);
    assert!(answer.set_cookies().is_empty(), "{answer:?}");
    let renewed = answer.pair();

    // A copy is refused at once and later, and cannot end the login.
    for seconds in [0, 60] {
        app.advance(seconds);
        Token(&app, before.refresh.clone()).post("/refresh").refused(401, "token_revoked");
        for copy in [&pair.access, &before.access] {
            Token(&app, copy.clone()).get("/who_am_i").refused(401, "token_revoked");
        }
        Token(&app, renewed.access.clone()).get("/who_am_i").expect(200);
    }
    let session = Token(&app, renewed.access).get("/session").expect(200).json();
    assert_eq!((&session["fresh"], &session["auth_time"]), (&json!(true), &json!(START)));
    let refreshed = Token(&app, renewed.refresh).post("/refresh").expect(200).pair();
    Token(&app, refreshed.access).get("/who_am_i").expect(200);
    Token(&app, refreshed.refresh).post("/refresh").expect(200);
    browser.get("/who_am_i").refused(401, "login_required");
    assert_over(&app, &other);
}

/// What happens while a change is under way.
type Meanwhile<'a> = &'a dyn Fn(&TestApp);

/// Sends a change as a form, and holds its last byte back until `meanwhile` is done.
fn change_around(app: &TestApp, credential: &str, meanwhile: impl FnOnce()) -> String {
    let pairs = [("current_password", PASSWORD), ("new_password", NEW)];
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let (most, rest) = body.split_at(body.len() - 1);
    let head = format!(
        "POST /account/password HTTP/1.1\r\nhost: {0}\r\norigin: http://{0}\r\n{credential}\r\n\
         content-type: {FORM}\r\ncontent-length: {1}\r\nexpect: 100-continue\r\nconnection: close\r\n\r\n",
        app.addr,
        body.len()
    );
    let mut stream = TcpStream::connect(app.addr).expect("a connection");
    stream.write_all(head.as_bytes()).expect("the head is sent");
    let mut go_on = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
    stream.read_exact(&mut go_on).expect("the server wants the body");
    stream.write_all(most.as_bytes()).expect("most of the body is sent");
    // The only worker answers this when the request above waits: its login has been found live and fresh.
    Anonymous(app).get("/healthz").expect(200);
    meanwhile();
    stream.write_all(rest.as_bytes()).expect("the rest is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn it_is_decided_when_it_is_carried_out() {
    let logout_all = |app: &TestApp| {
        let other = Anonymous(app).token_login("panther");
        Token(app, other.access).post_json("/logout", &json!({ "scope": "all" })).expect(204);
    };
    let set_active = |app: &TestApp, active| {
        assert!(
            wait(app.database.set_active(PANTHER, active, &Act::of_application(), app.clock.now())).expect("an answer")
        );
    };
    let by_administrator = |app: &TestApp| {
        let hash = hash(cheap(), PASSWORD);
        assert!(
            wait(app.database.reset_password(PANTHER, &hash, &Act::of_application(), app.clock.now()))
                .expect("an answer")
        );
    };
    let cases: [(&str, Meanwhile<'_>); 6] = [
        ("This login has ended", &logout_all),
        ("The account is disabled", &|app| set_active(app, false)),
        ("This login has ended", &|app| [false, true].into_iter().for_each(|active| set_active(app, active))),
        ("This login has ended", &by_administrator),
        ("The user no longer exists", &|app| {
            assert!(
                wait(app.database.delete_user(PANTHER, &Act::of_application(), app.clock.now())).expect("an answer")
            )
        }),
        ("This needs a recent sign-in", &|app| app.advance(FRESH)),
    ];
    for (reason, meanwhile) in cases {
        let app = TestApp::with(&[("SERVER__WORKERS", "1")]);
        let (browser, pair) = (signed_in(&app), Anonymous(&app).token_login("panther"));
        let cookie = format!("cookie: {SESSION}={}", browser.cookie(SESSION).expect("a cookie"));
        let token = format!("authorization: Bearer {}", pair.access);
        // Both are under way before it happens.
        let mut by_token = String::new();
        let by_cookie = change_around(&app, &cookie, || {
            by_token = change_around(&app, &token, || meanwhile(&app));
        });
        for answer in [by_cookie, by_token] {
            // A body is read before anybody asks who the request is, so a session may be gone by then; and PostgreSQL is read
            // on another thread.
            let is_gone = answer.contains("login_required") || !app.place.url().starts_with("sqlite");
            let of_writing = answer.contains(reason) || is_gone;
            assert!(answer.starts_with("HTTP/1.1 401 ") && of_writing, "{reason}: {answer}");
        }
        login(&app, NEW).refused(401, "invalid_credentials");
    }
}

#[test]
fn the_policy_says_what_is_wrong() {
    let app = TestApp::start();
    let browser = signed_in(&app);
    let long = "x".repeat(1025);
    for (current, new, status, code, detail) in [
        ("guess", NEW, 401, "invalid_credentials", "wrong"),
        ("", NEW, 401, "invalid_credentials", "wrong"),
        (PASSWORD, "seven77", 400, "invalid_request", "at least 8 characters"),
        (PASSWORD, "", 400, "invalid_request", "at least 8 characters"),
        (
            PASSWORD,
            "\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}",
            400,
            "invalid_request",
            "at least 8",
        ),
        (PASSWORD, PASSWORD, 400, "invalid_request", "is the current one"),
        (PASSWORD, &long, 400, "invalid_request", "longer than 1024 bytes"),
        (&long, NEW, 400, "invalid_request", "longer than 1024 bytes"),
    ] {
        let answer = change(&browser, current, new).refused(status, code);
        assert!(answer.text().contains(detail), "{new:?}: {}", answer.text());
    }
    // Names and words of this place count for nothing.
    let jester = Browser::new(&app);
    jester.sign_in("little_sapphire", false);
    for guess in ["Little_Sapphire", "little_sapphire1", "JesterLavore2026", "tollbridge!"] {
        let answer = change(&jester, PASSWORD, guess).refused(400, "invalid_request");
        assert!(answer.text().contains("everybody would try here"), "{guess}: {}", answer.text());
    }
    change(&jester, PASSWORD, "sapphires over tollbridge").expect(204);

    login(&app, PASSWORD).expect(200);
    browser.get("/who_am_i").expect(200);
    change(&browser, PASSWORD, "\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\0").expect(204);
    login(&app, "\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\u{1f511}\0").expect(200);
}

#[test]
fn common_and_stolen_ones_are_refused_with_the_reason() {
    let stolen = ["it was in a breach", "and so was this", "Ünïcødé was stolen too"];
    let others = (0..500).map(|number| format!("filler {number}"));
    let mut lines: Vec<_> =
        others.chain(stolen.map(str::to_owned)).map(|one| format!("{}:7\r\n", sha1(&one))).collect();
    lines.sort();
    let place = tempfile::TempDir::new().expect("a directory");
    let file = place.path().join("breached.txt");
    std::fs::write(&file, lines.concat()).expect("a file");
    let app = TestApp::with(&[
        ("PASSWORD__BREACHED_FILE", file.to_str().expect("text")),
        ("PASSWORD__REFUSED_WORDS", "acme,warehouse"),
    ]);
    let browser = signed_in(&app);
    for (new, reason) in [
        ("password1", "most common"),
        ("QwertyUiop", "most common"),
        ("AcmeWarehouse1", "everybody would try here"),
        (stolen[0], "list of stolen ones"),
        (stolen[1], "list of stolen ones"),
        (stolen[2], "list of stolen ones"),
    ] {
        let answer = change(&browser, PASSWORD, new).refused(400, "invalid_request");
        assert!(answer.text().contains(reason) && !answer.text().contains(new), "{new}: {}", answer.text());
    }
    // Who cannot look does not know.
    std::fs::rename(&file, place.path().join("away.txt")).expect("renamed");
    change(&browser, PASSWORD, NEW).refused(503, "store_unavailable");
    std::fs::rename(place.path().join("away.txt"), &file).expect("renamed");
    // One that was there before the list is no reason to keep its user out.
    login(&app, PASSWORD).expect(200);
    change(&browser, PASSWORD, "and so was That").expect(204);
}

/// A service with the range search of Have I Been Pwned, until it is dropped. It knows one password, and answers with padding.
struct RangeService {
    address: std::net::SocketAddr,
    heads: std::sync::mpsc::Receiver<String>,
}

impl RangeService {
    /// Answers one request after the other, each with what comes before and after the lines about the prefix.
    fn start(knows: &str, status: &'static str) -> Self {
        use std::io::{BufRead as _, BufReader, Write as _};
        let hash = sha1(knows);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (tell, heads) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.expect("a connection");
                let lines = BufReader::new(&connection).lines().map(|line| line.expect("a line"));
                let head: String = lines.take_while(|line| !line.is_empty()).map(|line| line + "\n").collect();
                let padding = format!("{}:0", "0".repeat(35));
                let known = match head.contains(&format!("/range/{} ", &hash[..5])) {
                    true => format!("{}:3730471", &hash[5..]),
                    false => format!("{}:0", &hash[5..]),
                };
                let body = format!("{padding}\r\n{known}\r\n{}:12\r\n", "F".repeat(35));
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
                connection.write_all(answer.as_bytes()).expect("it is read");
                if tell.send(head).is_err() {
                    return;
                }
            }
        });
        Self { address, heads }
    }

    fn url(&self) -> String {
        format!("http://{}/range/", self.address)
    }
}

fn sha1(password: &str) -> String {
    use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
    let hash = digest(&SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes());
    hash.as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
}

#[test]
fn a_service_is_asked_without_being_told_the_password() {
    let stolen = "it was in a breach";
    let service = RangeService::start(stolen, "200 OK");
    let app = TestApp::with(&[("PASSWORD__BREACHED_SERVICE", &service.url())]);
    let browser = signed_in(&app);
    let answer = change(&browser, PASSWORD, stolen).refused(400, "invalid_request");
    assert!(answer.text().contains("list of stolen ones") && !answer.text().contains(stolen), "{}", answer.text());
    let head = service.heads.recv().expect("a request");
    let hash = sha1(stolen);
    assert!(head.starts_with(&format!("GET /range/{} HTTP/1.1\n", &hash[..5])), "{head}");
    assert!(head.to_lowercase().contains("\nadd-padding: true\n"), "{head}");
    assert!(!head.contains(&hash[..6]) && !head.contains(stolen), "no more than five digits: {head}");
    // What is refused anyway is not asked about.
    change(&browser, PASSWORD, "password1").refused(400, "invalid_request");
    assert!(service.heads.try_recv().is_err());
    // A line of padding is no stolen password, also where the rest of the hash is the same.
    change(&browser, PASSWORD, NEW).expect(204);
    assert!(service.heads.recv().expect("a request").contains(&format!("/range/{} ", &sha1(NEW)[..5])));
}

#[test]
fn who_must_change_a_password_can_do_so_while_the_service_is_down() {
    let stolen = "it was in a breach";
    for status in ["503 Service Unavailable", "302 Found\r\nLocation: http://127.0.0.1:1/range/"] {
        let service = RangeService::start(stolen, status);
        let app = TestApp::with(&[("PASSWORD__BREACHED_SERVICE", &service.url())]);
        change(&signed_in(&app), PASSWORD, stolen).expect(204);
        service.heads.recv().expect("a request");
        assert!(service.heads.try_recv().is_err(), "it is asked once");
    }
    let nobody = "http://127.0.0.1:1/range/";
    let app = TestApp::with(&[("PASSWORD__BREACHED_SERVICE", nobody)]);
    change(&signed_in(&app), PASSWORD, stolen).expect(204);
}

/// ASVS 5.0 6.2.8: the characters as they were typed, whatever else looks the same.
#[test]
fn a_password_is_taken_exactly_as_received() {
    let app = TestApp::start();
    let browser = signed_in(&app);
    let composed = " \u{e9}t\u{e9} \u{ff21}\u{212b} \t";
    change(&browser, PASSWORD, composed).expect(204);
    for other in [
        " e\u{301}te\u{301} \u{ff21}\u{212b} \t",
        " \u{e9}t\u{e9} A\u{c5} \t",
        " \u{e9}t\u{e9} \u{ff21}\u{212b}",
        composed.trim(),
    ] {
        login(&app, other).refused(401, "invalid_credentials");
    }
    login(&app, composed).expect(200);
    let form = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("username", "panther"), ("password", composed)])
        .finish();
    let visitor = Browser::new(&app);
    let own = app.url("");
    assert_eq!(
        visitor.call("POST", "/login").header("origin", &own).body(FORM, form).send().expect(303).header("location"),
        "/account"
    );
    // Bytes that are no UTF-8 are no password, not even a wrong one that another one could be mistaken for.
    for bytes in ["%FF%FE", "%C3%28", "%ED%A0%80", "%F0%9F"] {
        let form = format!("username=panther&password={bytes}");
        visitor.call("POST", "/login").header("origin", &own).body(FORM, form).send().expect(400);
    }
}

#[test]
fn only_a_fresh_login_may() {
    let app = TestApp::start();
    let (browser, remembered) = (signed_in(&app), signed_in(&app));
    let pair = Anonymous(&app).token_login("panther");
    remembered.forget(SESSION);
    assert_eq!(remembered.get("/session").json()["via"], "remember");
    let refreshed = Token(&app, pair.refresh).post("/refresh").expect(200).pair();
    Anonymous(&app).call("POST", "/account/password").send().refused(401, "login_required");
    let assert_stale = |answer: Answer| {
        let answer = answer.refused(401, "reauth_required");
        let challenge = answer.header("www-authenticate");
        let (error, max_age) = (r#"error="insufficient_user_authentication""#, format!(r#"max_age="{FRESH}""#));
        assert!(challenge.contains(error) && challenge.contains(&max_age), "{challenge}");
    };
    assert_stale(change(&remembered, PASSWORD, NEW));
    assert_stale(change(&Token(&app, refreshed.access), PASSWORD, NEW));
    app.advance(FRESH);
    assert_stale(change(&browser, PASSWORD, NEW));
    let html = browser.call("GET", "/account").header("accept", "text/html").send().expect(200).text();
    assert!(!html.contains(r#"name="new_password""#) && html.contains("/reauth?next=/account"), "{html}");
    login(&app, PASSWORD).expect(200);

    browser.sign_in("panther", false);
    app.advance(FRESH - 1);
    change(&browser, PASSWORD, NEW).expect(204);
}

#[test]
fn the_form_says_the_same() {
    let app = TestApp::start();
    let browser = signed_in(&app);
    let submit = |current: &str, new: &str, origin: &str| {
        let pairs = [("current_password", current), ("new_password", new), ("username", "panther")];
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        browser.call("POST", "/account/password").header("origin", origin).body(FORM, form).send()
    };
    let own = app.url("");
    submit(PASSWORD, NEW, "https://evil.example").refused(403, "csrf_rejected");
    let page = submit("guess-1503", NEW, &own).expect(401).text();
    assert!(page.contains("The current password is wrong.") && !page.contains("guess-1503"), "{page}");
    let page = submit(PASSWORD, "seven77", &own).expect(400).text();
    assert!(page.contains("at least 8 characters") && !page.contains("seven77"), "{page}");
    assert_eq!(submit(PASSWORD, NEW, &own).expect(303).header("location"), "/account?changed");
    let page = browser.get("/account?changed").expect(200).text();
    assert!(page.contains("Your password is changed."), "{page}");
    login(&app, NEW).expect(200);
}
