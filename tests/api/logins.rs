//! My logins over HTTP: the list, the account page, and who may end what.

use serde_json::{Value, json};
use tollbridge::{Act, EndReason, LoginId, LoginStore as _};

use crate::app::{PASSWORD, START, TestApp, wait};
use crate::clients::{Anonymous, Answer, Browser, Client, Token};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0";

fn signed_in(app: &TestApp) -> Browser<'_> {
    let browser = Browser::new(app);
    browser.sign_in("panther", false);
    browser
}

fn login_id(client: &impl Client) -> String {
    client.get("/session").expect(200).json()["login_id"].as_str().expect("a login").to_owned()
}

fn delete(client: &impl Client, id: &str) -> Answer {
    client.call("DELETE", &format!("/logins/{id}")).send()
}

fn html(call: crate::clients::Call<'_>) -> Answer {
    call.header("accept", "text/html").send()
}

fn page(browser: &Browser<'_>) -> String {
    html(browser.call("GET", "/account")).expect(200).text()
}

fn end(browser: &Browser<'_>, form: &str) -> Answer {
    html(browser.call("POST", "/logins/end").body("application/x-www-form-urlencoded", form))
}

#[test]
fn the_address_is_that_of_the_client_and_never_one_that_it_chooses() {
    let form = json!({ "username": "panther", "password": PASSWORD }).to_string();
    let address = |app: &TestApp, forwarded: &str| {
        let anonymous = Anonymous(app);
        let call = anonymous.call("POST", "/login").header("x-forwarded-for", forwarded);
        let token = Token(app, call.body("application/json", form.clone()).send().expect(200).pair().access);
        let logins = token.get("/logins").expect(200).json()["logins"].as_array().expect("a list").clone();
        let current = logins.into_iter().find(|login| login["current"] == true).expect("this one");
        current["ip"].as_str().expect("an address").to_owned()
    };
    let exposed = TestApp::start();
    assert_eq!(address(&exposed, "203.0.113.7"), "127.0.0.1");
    let proxied = TestApp::with(&[("SERVER__TRUSTED_PROXIES", "127.0.0.0/8,10.0.0.0/8")]);
    assert_eq!(address(&proxied, "203.0.113.7"), "203.0.113.7");
    assert_eq!(address(&proxied, "198.51.100.1, 203.0.113.7, 10.0.0.4"), "203.0.113.7");
    assert_eq!(address(&proxied, "unknown"), "127.0.0.1");
}

#[test]
fn the_list_names_devices() {
    let app = TestApp::start();
    let form = json!({ "username": "panther", "password": PASSWORD }).to_string();
    let sign_in = |agent: &str| {
        let anonymous = Anonymous(&app);
        let call = anonymous.call("POST", "/login").header("user-agent", agent);
        Token(&app, call.body("application/json", form.clone()).send().expect(200).pair().access)
    };
    let (curl, script) = (sign_in("curl/8.5.0"), sign_in("<script>alert(1)</script>"));
    let listed = curl.get("/logins").expect(200);
    assert_eq!(listed.header("cache-control"), "no-store");
    let logins = listed.json()["logins"].as_array().expect("a list").clone();
    let of = |client: &Token<'_>| {
        let id = login_id(client);
        logins.iter().find(|login| login["id"] == id).unwrap_or_else(|| panic!("{id} in {logins:?}")).clone()
    };
    let expected = json!({
        "id": login_id(&curl), "current": true, "device": "curl 8.5.0", "user_agent": "curl/8.5.0", "ip": "127.0.0.1",
        "created_at": START, "auth_time": START, "amr": "pwd", "last_seen_at": START, "expires_at": START + 30 * 86_400,
        "has_session": false, "remembered_until": Value::Null, "refreshed_at": Value::Null,
    });
    assert_eq!(of(&curl), expected);
    assert_eq!(of(&script)["current"], false);
    assert_eq!(logins.len(), 2);

    let browser = signed_in(&app);
    let page = page(&browser);
    assert!(page.contains("curl 8.5.0") && page.contains("&#60;script&#62;alert(1)"), "{page}");
    assert!(!page.contains("<script"), "{page}");
}

#[test]
fn ending_is_for_both_faces_at_the_next_request_of_every_worker() {
    let app = TestApp::start();
    let (mine, other) = (signed_in(&app), Browser::new(&app));
    let form = json!({ "username": "panther", "password": PASSWORD, "mode": "both" });
    let pair = other.post_json("/login", &form).expect(200).pair();
    let access = Token(&app, pair.access);
    // The workers have verified both.
    (0..8).for_each(|_| drop((other.get("/who_am_i").expect(200), access.get("/who_am_i").expect(200))));
    let id = login_id(&other);
    delete(&mine, &id).expect(204);
    (0..8).for_each(|_| drop(access.get("/who_am_i").refused(401, "login_ended")));
    (0..8).for_each(|_| drop(other.get("/who_am_i").refused(401, "login_required")));
    Token(&app, pair.refresh).post("/refresh").refused(401, "login_ended");
    mine.get("/who_am_i").expect(200);
    delete(&mine, &id).refused(404, "not_found");
}

#[test]
fn another_process_ends_a_login() {
    let app = TestApp::start();
    let (browser, token) = (signed_in(&app), Token(&app, Anonymous(&app).token_login("panther").access));
    for client in [&browser as &dyn Ask, &token] {
        (0..8).for_each(|_| assert_eq!(client.ask(), 200));
        let id = LoginId::from(client.id());
        assert!(
            wait(app.database.end(&id, EndReason::Revoked, &Act::of_application(), app.clock.now()))
                .expect("an answer")
        );
        (0..8).for_each(|_| assert_eq!(client.ask(), 401));
    }
}

trait Ask {
    fn ask(&self) -> u16;
    fn id(&self) -> String;
}

impl<C: Client> Ask for C {
    fn ask(&self) -> u16 {
        self.get("/who_am_i").status
    }

    fn id(&self) -> String {
        login_id(self)
    }
}

#[test]
fn ending_this_login_asks_for_nothing_and_another_for_the_password() {
    let app = TestApp::start();
    let (mine, other, stranger) = (signed_in(&app), signed_in(&app), Browser::new(&app));
    stranger.sign_in("batman", false);
    delete(&mine, &login_id(&stranger)).refused(404, "not_found");
    app.advance(1000);
    let refused = delete(&mine, &login_id(&other)).refused(401, "reauth_required");
    assert!(refused.header("www-authenticate").contains("insufficient_user_authentication"), "{refused:?}");
    for scope in ["others", "all"] {
        mine.post_json("/logout", &json!({ "scope": scope })).refused(401, "reauth_required");
    }
    mine.post_json("/reauth", &json!({ "password": PASSWORD })).expect(204);
    delete(&mine, &login_id(&other)).expect(204);
    other.get("/who_am_i").refused(401, "login_required");
    app.advance(1000);
    let ended = delete(&mine, &login_id(&mine)).expect(204);
    assert_eq!(ended.header("clear-site-data"), "\"cache\"");
    assert_eq!(mine.cookie_header(), "");
    stranger.get("/who_am_i").expect(200);
}

#[test]
fn neither_an_api_token_nor_another_site_ends_a_login() {
    let app = TestApp::start();
    let (mine, other) = (signed_in(&app), signed_in(&app));
    let made = mine.post_json("/tokens", &json!({ "name": "backup" })).expect(201).json();
    let program = Token(&app, made["token"].as_str().expect("a token").to_owned());
    program.get("/logins").refused(400, "credential_conflict");
    delete(&program, &login_id(&other)).refused(400, "credential_conflict");
    let narrowed = mine.post_json("/token", &json!({ "scope": "notes:read" })).expect(200).pair();
    let narrowed = Token(&app, narrowed.access);
    narrowed.get("/logins").refused(403, "insufficient_scope");
    delete(&narrowed, &login_id(&other)).refused(403, "insufficient_scope");
    let foreign = |path: &str, method: &str| mine.call(method, path).header("origin", "https://evil.example");
    foreign(&format!("/logins/{}", login_id(&other)), "DELETE").send().refused(403, "csrf_rejected");
    let form = foreign("/logins/end", "POST").body("application/x-www-form-urlencoded", "end=others");
    form.send().refused(403, "csrf_rejected");
    other.get("/who_am_i").expect(200);
}

#[test]
fn a_person_ends_logins_on_the_account_page() {
    let app = TestApp::start();
    let mine = signed_in(&app);
    let form = format!("username=panther&password={}", PASSWORD.replace(' ', "+"));
    let other = Browser::new(&app);
    let call = other.call("POST", "/login").header("user-agent", FIREFOX);
    html(call.body("application/x-www-form-urlencoded", form)).expect(303);
    let (own_id, other_id) = (login_id(&mine), login_id(&other));
    let shown = page(&mine);
    for text in ["Firefox on Linux", "this one", "open in a browser", &format!("value=\"{other_id}\"")] {
        assert!(shown.contains(text), "{text} in {shown}");
    }
    assert!(!shown.contains("logins_password"), "a fresh login needs no password: {shown}");

    app.advance(1000);
    let shown = page(&mine);
    assert!(shown.contains("id=\"logins_password\"") && shown.contains("formaction=\"/reauth\""), "{shown}");
    for (password, said) in [("", "enter your password"), ("&password=wrong", "The password is wrong")] {
        let refused = end(&mine, &format!("end={other_id}{password}")).expect(401);
        assert!(refused.text().contains(said), "{}", refused.text());
    }
    other.get("/who_am_i").expect(200);
    let password = PASSWORD.replace(' ', "+");
    let ended = end(&mine, &format!("end={other_id}&password={password}")).expect(303);
    assert_eq!(ended.header("location"), "/account?ended_one");
    other.get("/who_am_i").refused(401, "login_required");
    assert!(html(mine.call("GET", "/account?ended_one")).text().contains("The login has ended."));

    // The password has made it fresh, so the next needs none.
    let third = signed_in(&app);
    assert_eq!(end(&mine, "end=others").expect(303).header("location"), "/account?ended");
    third.get("/who_am_i").refused(401, "login_required");
    app.advance(1000);
    let ended = end(&mine, &format!("end={own_id}")).expect(303);
    assert_eq!(ended.header("location"), "/login?signed_out");
    assert_eq!(mine.cookie_header(), "");
}

#[test]
fn the_number_of_logins_is_bounded() {
    let app = TestApp::with(&[("LOGIN__MAX_LOGINS", "3")]);
    let logins: Vec<_> = (0..5)
        .map(|_| {
            app.advance(1);
            Token(&app, Anonymous(&app).token_login("panther").access)
        })
        .collect();
    let alive: Vec<_> = logins.iter().map(|login| login.get("/who_am_i").status == 200).collect();
    assert_eq!(alive, [false, false, true, true, true]);
    assert_eq!(logins[4].get("/logins").expect(200).json()["logins"].as_array().map(Vec::len), Some(3));
}
