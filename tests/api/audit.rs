//! What the audit says of each thing that is done over HTTP, and that it is no more and no less.

use serde_json::{Value, json};
use tollbridge::store::db::AuditFilter;
use tollbridge::{Act, Action, Actor, AuditRecord, Via};

use crate::app::{PANTHER, PASSWORD, TestApp, wait};
use crate::clients::{Anonymous, Answer, Browser, Client, REMEMBER, SESSION, Token};
use crate::handoff::link;

const AGENT: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";

/// The records since the last look, the first one first.
struct Audit<'a> {
    app: &'a TestApp,
    above: Option<i64>,
}

impl<'a> Audit<'a> {
    fn of(app: &'a TestApp) -> Self {
        let mut audit = Self { app, above: None };
        audit.unseen();
        audit
    }

    fn unseen(&mut self) -> Vec<AuditRecord> {
        let filter = AuditFilter { above: self.above, ..AuditFilter::default() };
        let mut records = wait(self.app.database.audit(filter, usize::MAX)).expect("the audit");
        self.above = records.first().map_or(self.above, |(number, _)| Some(*number));
        records.reverse();
        records.into_iter().map(|(_, record)| record).collect()
    }

    /// Makes sure that the only new records are these actions of panther by this credential, and returns them.
    #[track_caller]
    fn only(&mut self, actions: &[Action], via: Via) -> Vec<AuditRecord> {
        let records = self.unseen();
        assert_eq!(records.iter().map(|record| record.action).collect::<Vec<_>>(), actions);
        for record in &records {
            assert_eq!(record.user.as_deref(), Some(&*PANTHER.to_string()));
            assert_eq!(record.act.by, Actor::User(PANTHER.to_string()));
            assert_eq!((record.act.via, record.at), (Some(via), self.app.clock.now()));
            assert_eq!(record.act.address, Some([127, 0, 0, 1].into()));
        }
        records
    }
}

fn signed_in<'a>(app: &'a TestApp, username: &str, remember: bool) -> Browser<'a> {
    let browser = Browser::new(app);
    browser.sign_in(username, remember);
    browser
}

fn login_id(client: &impl Client) -> String {
    client.get("/session").expect(200).json()["login_id"].as_str().expect("a login").to_owned()
}

#[test]
fn a_login_of_tokens_from_its_beginning_to_its_end() {
    let app = TestApp::start();
    let mut audit = Audit::of(&app);
    let form = json!({ "username": "panther", "password": PASSWORD, "tokens_only": true });
    let anonymous = Anonymous(&app);
    let call = anonymous.call("POST", "/login").header("user-agent", AGENT).json(&form);
    let answer = call.send().expect(200);
    let pair = answer.pair();
    let signed_in = audit.only(&[Action::SignedIn], Via::Token).remove(0);
    let token = Token(&app, pair.access.clone());
    let id = login_id(&token);
    assert_eq!((signed_in.subject.as_deref(), signed_in.count), (Some(&*id), 0));
    assert_eq!(signed_in.act.login.as_ref().map(ToString::to_string), Some(id.clone()));
    assert_eq!(signed_in.act.user_agent.as_deref(), Some(AGENT));
    assert_eq!(signed_in.act.request_id.as_deref(), Some(answer.header("x-request-id")));

    // What is only read is no act.
    for path in ["/who_am_i", "/logins", "/tokens", "/healthz"] {
        token.get(path).expect(200);
    }
    assert_eq!(audit.unseen(), Vec::new());

    app.advance(5);
    let next = Token(&app, pair.refresh.clone()).post("/refresh").expect(200).pair();
    let refreshed = audit.only(&[Action::Refreshed], Via::Token).remove(0);
    assert_eq!(refreshed.subject.as_deref(), Some(&*id));
    // The same token again, within the grace period, changes nothing.
    Token(&app, pair.refresh.clone()).post("/refresh").expect(200);
    assert_eq!(audit.unseen(), Vec::new());

    Token(&app, next.access.clone()).post_json("/reauth", &json!({ "password": PASSWORD })).expect(200);
    audit.only(&[Action::Confirmed], Via::Token);

    app.advance(600);
    let last = Token(&app, next.refresh).post("/refresh").expect(200).pair();
    audit.only(&[Action::Refreshed], Via::Token);
    Token(&app, last.access.clone()).get("/who_am_i").expect(200);
    Token(&app, pair.refresh).post("/refresh").refused(401, "token_reused");
    let ended = audit.only(&[Action::LoginEnded], Via::Token).remove(0);
    assert_eq!((ended.subject.as_deref(), ended.reason.as_deref()), (Some(&*id), Some("refresh_reused")));
    // It ends once.
    Token(&app, last.access).post("/logout").expect(204);
    assert_eq!(audit.unseen(), Vec::new());
}

#[test]
fn a_login_of_a_browser_and_what_is_made_of_it() {
    let app = TestApp::start();
    let mut audit = Audit::of(&app);
    let browser = signed_in(&app, "panther", true);
    audit.only(&[Action::SignedIn], Via::Session);
    let id = login_id(&browser);

    browser.post("/token").expect(200);
    assert_eq!(audit.only(&[Action::TokensIssued], Via::Session)[0].subject.as_deref(), Some(&*id));

    let made = browser.post_json("/tokens", &json!({ "name": "backup" })).expect(201).json();
    let made_id = made["id"].as_str().expect("an id").to_owned();
    assert_eq!(audit.only(&[Action::ApiTokenMade], Via::Session)[0].subject, Some(made_id.clone()));
    let key = Token(&app, made["token"].as_str().expect("a token").to_owned());
    key.get("/who_am_i").expect(200);
    key.post("/logout").expect(204);
    assert_eq!(audit.only(&[Action::ApiTokenRevoked], Via::ApiToken)[0].subject, Some(made_id));

    // The browser is closed, and opened again.
    browser.forget(SESSION);
    browser.get("/who_am_i").expect(200);
    assert_eq!(audit.only(&[Action::Remembered], Via::Remember)[0].subject.as_deref(), Some(&*id));

    // Another sign-in of the same browser replaces this login.
    browser.sign_in("panther", false);
    let records = audit.only(&[Action::SignedIn, Action::LoginEnded], Via::Session);
    let second = login_id(&browser);
    assert_eq!((records[1].subject.as_deref(), records[1].reason.as_deref()), (Some(&*id), Some("replaced")));
    assert_eq!(records[1].act.login.as_ref().map(ToString::to_string), Some(second.clone()));

    let elsewhere = Anonymous(&app).token_login("panther");
    let other = login_id(&Token(&app, elsewhere.access.clone()));
    audit.unseen();
    browser.call("DELETE", &format!("/logins/{other}")).send().expect(204);
    let ended = audit.only(&[Action::LoginEnded], Via::Session).remove(0);
    assert_eq!((ended.subject.as_deref(), ended.reason.as_deref()), (Some(&*other), Some("logout")));
    assert_eq!(
        ended.act.login.map(|login| login.to_string()),
        Some(second.clone()),
        "who did it is not whom it was done to"
    );

    let change = json!({ "current_password": PASSWORD, "new_password": "a new phrase of mine" });
    browser.post_json("/account/password", &change).expect(204);
    audit.only(&[Action::PasswordChanged], Via::Session);

    Anonymous(&app)
        .post_json("/login", &json!({ "username": "panther", "password": "a new phrase of mine" }))
        .expect(200);
    audit.unseen();
    browser.post_json("/logout", &json!({ "scope": "all" })).expect(204);
    let records = audit.only(&[Action::LoginsEnded, Action::LoginEnded], Via::Session);
    assert_eq!((records[0].count, records[1].subject.as_deref()), (1, Some(&*second)));
}

#[test]
fn a_copied_remember_cookie_ends_its_login_on_the_record() {
    let app = TestApp::start();
    let browser = signed_in(&app, "panther", true);
    let copy = browser.cookie(REMEMBER).expect("a remember cookie");
    let mut audit = Audit::of(&app);
    browser.forget(SESSION);
    browser.get("/who_am_i").expect(200);
    app.advance(600);
    browser.get("/who_am_i").expect(200);
    audit.unseen();
    // That the browser has the next cookie is noted in the background. Until then the copy could be the browser's.
    let refused = (0..10_000).map(|_| {
        let thief = Browser::new(&app);
        thief.set_cookie(REMEMBER, &copy);
        thief.get("/who_am_i")
    });
    let mut refused = refused.filter(|answer| answer.status != 200);
    refused.next().expect("the copy is spent some time").refused(401, "login_required");
    let ended = audit.only(&[Action::LoginEnded], Via::Remember).remove(0);
    assert_eq!(ended.reason.as_deref(), Some("remember_reused"));
}

#[test]
fn a_handoff_is_made_and_used() {
    let app = TestApp::start();
    let pair = Anonymous(&app).token_login("panther");
    let mut audit = Audit::of(&app);
    let path = link(&app, &pair.access);
    let id = login_id(&Token(&app, pair.access));
    assert_eq!(audit.only(&[Action::CodeMade], Via::Token)[0].subject.as_deref(), Some(&*id));
    let browser = Browser::new(&app);
    browser.call("GET", &path).header("accept", "text/html").send().expect(200);
    assert_eq!(audit.unseen(), Vec::new());
    browser.call("POST", &path).header("origin", app.url("")).send().expect(303);
    assert_eq!(audit.only(&[Action::CodeUsed], Via::Session)[0].subject.as_deref(), Some(&*id));
    Browser::new(&app).call("POST", &path).header("origin", app.url("")).send();
    assert_eq!(audit.unseen(), Vec::new());
}

fn wrong(app: &TestApp, username: &str, password: &str) -> Answer {
    Anonymous(app).post_json("/login", &json!({ "username": username, "password": password }))
}

/// The failures as `(user, reason, count)`.
fn failures(records: &[AuditRecord]) -> Vec<(Option<&str>, &str, u64)> {
    let failures = records.iter().filter(|record| record.action == Action::SignInFailed);
    let mut failures: Vec<_> =
        failures.map(|it| (it.user.as_deref(), it.reason.as_deref().unwrap_or_default(), it.count)).collect();
    failures.sort_unstable();
    failures
}

#[test]
fn failed_sign_ins_are_counted_and_written_at_the_end() {
    let mut app = TestApp::with(&[("THROTTLE__ENABLED", "true"), ("PASSWORD__QUEUE", "1000")]);
    wait(app.database.set_active(1, false, &Act::of_application(), app.clock.now())).expect("disabled");
    let browser = signed_in(&app, "panther", false);
    for _ in 0..3 {
        wrong(&app, "panther", "a guess").refused(401, "invalid_credentials");
        wrong(&app, "Panther", "another guess").outcome();
    }
    browser.post_json("/reauth", &json!({ "password": "a third guess" })).refused(401, "invalid_credentials");
    wrong(&app, "batman", PASSWORD).refused(401, "invalid_credentials");
    for number in 0..4 {
        wrong(&app, &format!("hunter{number}"), PASSWORD).refused(401, "invalid_credentials");
    }
    let filter = AuditFilter { actions: vec![Action::SignInFailed], ..AuditFilter::default() };
    assert_eq!(wait(app.database.audit(filter.clone(), 100)).expect("the audit"), Vec::new(), "not one by one");
    app.tell_to_stop();
    app.ended().expect("it stops");
    let records: Vec<_> =
        wait(app.database.audit(filter, 100)).expect("the audit").into_iter().map(|it| it.1).collect();
    let panther = PANTHER.to_string();
    assert_eq!(
        failures(&records),
        [
            (None, "invalid_credentials", 4),
            (Some("1"), "user_disabled", 1),
            (Some(&*panther), "invalid_credentials", 6),
            (Some(&*panther), "too_many_attempts", 1),
        ]
    );
    for record in &records {
        assert_eq!(record.act.address, Some([127, 0, 0, 1].into()));
        assert!(record.act.request_id.is_some());
    }
    // Neither a name that nobody has nor a password is in it.
    let text = format!("{records:?}");
    assert!(!text.contains("hunter") && !text.contains("guess") && !text.contains(PASSWORD), "{text}");
}

/// From many networks and for many accounts at once they are no more than 33 records.
#[test]
fn an_attack_does_not_fill_the_audit() {
    let mut app = TestApp::with(&[("SERVER__TRUSTED_PROXIES", "127.0.0.1"), ("PASSWORD__QUEUE", "1000")]);
    for number in 0..100 {
        let form = json!({ "username": "panther", "password": "a guess" });
        let anonymous = Anonymous(&app);
        let call = anonymous.call("POST", "/login").header("x-forwarded-for", format!("192.0.2.{number}"));
        call.json(&form).send().refused(401, "invalid_credentials");
    }
    // All of one network of IPv6 are one.
    for number in 0..10 {
        let form = json!({ "username": "nobody", "password": "a guess" });
        let anonymous = Anonymous(&app);
        let call = anonymous.call("POST", "/login").header("x-forwarded-for", format!("2001:db8::{number:x}"));
        call.json(&form).send().refused(401, "invalid_credentials");
    }
    app.tell_to_stop();
    app.ended().expect("it stops");
    let filter = AuditFilter { actions: vec![Action::SignInFailed], ..AuditFilter::default() };
    let records: Vec<_> =
        wait(app.database.audit(filter, 100)).expect("the audit").into_iter().map(|it| it.1).collect();
    assert_eq!(records.len(), 33);
    assert_eq!(records.iter().map(|record| record.count).sum::<u64>(), 110);
    let rest: Vec<_> = records.iter().filter(|record| record.act.address.is_none()).collect();
    assert_eq!(rest.iter().map(|record| (record.user.as_deref(), record.count)).collect::<Vec<_>>(), [(None, 78)]);
}

#[test]
fn a_service_and_an_operator_are_named() {
    let secret = "what only the billing service knows: 32 random bytes";
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, secret.as_bytes());
    let hash: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let app = TestApp::with(&[
        ("CLIENTS__BILLING__SECRET_HASH", &format!("sha256:{hash}")),
        ("CLIENTS__BILLING__MAY", "revoke"),
    ]);
    let pair = Anonymous(&app).token_login("panther");
    let mut audit = Audit::of(&app);
    for (token, action) in [(&pair.access, Action::AccessTokenRevoked), (&pair.refresh, Action::LoginEnded)] {
        for _ in 0..2 {
            let form = url::form_urlencoded::Serializer::new(String::new())
                .extend_pairs([("token", &**token), ("client_id", "billing"), ("client_secret", secret)])
                .finish();
            Anonymous(&app).call("POST", "/revoke").body("application/x-www-form-urlencoded", form).send().expect(200);
        }
        let records = audit.unseen();
        assert_eq!(records.iter().map(|record| record.action).collect::<Vec<_>>(), [action]);
        assert_eq!(records[0].act.by, Actor::Service("billing".to_owned()));
        assert_eq!(records[0].user.as_deref(), Some(&*PANTHER.to_string()));
        assert!(records[0].act.address.is_some() && records[0].act.request_id.is_some());
    }
}

#[test]
fn the_page_tells_a_user_what_happened() {
    let app = TestApp::start();
    let browser = signed_in(&app, "panther", false);
    browser.post("/token").expect(200);
    wait(app.database.set_active(PANTHER, true, &Act::of_operator("root"), app.clock.now())).expect("enabled");
    let form = json!({ "username": "batman", "password": PASSWORD });
    let anonymous = Anonymous(&app);
    let call = anonymous.call("POST", "/login").header("user-agent", "<b>curl</b>").json(&form);
    call.send().expect(200);
    let page =
        |browser: &Browser<'_>| browser.call("GET", "/account").header("accept", "text/html").send().expect(200).text();
    let text = page(&browser);
    assert!(text.contains("<h3>Signed in</h3>") && text.contains("<h3>Account enabled by an operator</h3>"), "{text}");
    assert!(!text.contains("root") && !text.contains("tokens_issued"), "{text}");
    let of_batman = signed_in(&app, "batman", false);
    let text = page(&of_batman);
    assert!(text.contains("&#60;b&#62;curl") && !text.contains("<b>curl"), "{text}");
    assert!(!text.contains("Account enabled"), "the history of another user");
}

/// `/introspect` is a look, and writes nothing.
#[test]
fn a_wrong_secret_of_a_service_is_a_failure() {
    let mut app = TestApp::start();
    let form = "token=x&client_id=billing&client_secret=wrong";
    let answer = Anonymous(&app).call("POST", "/introspect").body("application/x-www-form-urlencoded", form).send();
    assert_eq!((answer.status, &answer.json()["error"]), (401, &Value::from("invalid_client")));
    app.tell_to_stop();
    app.ended().expect("it stops");
    let filter = AuditFilter { actions: vec![Action::SignInFailed], ..AuditFilter::default() };
    let records: Vec<_> =
        wait(app.database.audit(filter, 100)).expect("the audit").into_iter().map(|it| it.1).collect();
    assert_eq!(failures(&records), [(None, "invalid_client", 1)]);
}
