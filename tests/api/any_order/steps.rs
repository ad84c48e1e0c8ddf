//! What can happen, on the server and in the model.

use serde_json::{Value, json};

use tollbridge::Act;

use super::model::{ACCESS_TTL, Credential, Face, LOGIN_TTL, LoginModel, MAX_LOGINS, World};
use crate::app::{PANTHER, PASSWORD, cheap, hash, wait};
use crate::clients::{Answer, Browser, Client as _, Pair, SESSION};

/// One step. A number selects one of the credentials or logins that there are, live or not.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// With tokens, a session, both, or both and a remember cookie.
    SignIn(u8),
    Refresh(usize),
    /// With a refresh token that was used before.
    RepeatRefresh(usize),
    /// Tokens for a session.
    Exchange(usize),
    /// A session for a token.
    HandOff(usize),
    Reauthenticate(usize),
    MakeApiToken(usize),
    RevokeApiToken(usize),
    /// The session cookie is forgotten, and the remember cookie is not.
    RestartBrowser(usize),
    SignOut(usize, usize),
    /// Ends a login by its id.
    EndLogin(usize, usize),
    ChangePassword(usize),
    /// In seconds.
    Wait(i64),
    /// By the operator.
    ResetPassword,
    SetActive(bool),
}

impl Step {
    pub(super) fn take(&self, world: &mut World<'_>) {
        match *self {
            Self::SignIn(mode) => sign_in(world, mode),
            Self::Refresh(login) => refresh(world, login),
            Self::RepeatRefresh(login) => repeat_refresh(world, login),
            Self::Exchange(by) => with(world, by, exchange),
            Self::HandOff(by) => with(world, by, hand_off),
            Self::Reauthenticate(by) => with(world, by, reauthenticate),
            Self::MakeApiToken(by) => with(world, by, make_api_token),
            Self::RevokeApiToken(by) => with(world, by, revoke_api_token),
            Self::RestartBrowser(by) => with(world, by, restart_browser),
            Self::SignOut(by, scope) => with(world, by, |world, by| sign_out(world, by, scope)),
            Self::EndLogin(by, login) => with(world, by, |world, by| end_login(world, by, login)),
            Self::ChangePassword(by) => with(world, by, change_password),
            Self::Wait(seconds) => world.app.advance(seconds),
            Self::ResetPassword => reset_password(world),
            Self::SetActive(active) => set_active(world, active),
        }
        note_cookies(world);
    }
}

fn with<'a>(world: &mut World<'a>, number: usize, step: impl FnOnce(&mut World<'a>, usize)) {
    if let Some(by) = world.pick(number) {
        step(world, by);
    }
}

fn note_cookies(world: &mut World<'_>) {
    for credential in &world.credentials {
        if let (Face::Browser(browser), Some(login)) = (&credential.face, credential.login) {
            let cookies = browser.cookie_header();
            let known = &mut world.logins[login].cookies;
            if !cookies.is_empty() && known.last() != Some(&cookies) {
                known.push(cookies);
            }
        }
    }
}

/// What the client of a credential is answered.
fn post(world: &World<'_>, by: usize, path: &str, body: &Value) -> Answer {
    world.credentials[by].face.client(world.app).post_json(path, body)
}

fn expect(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status, "{}", answer.text());
}

/// Whether the credential lives and belongs to a login; otherwise nothing but a refusal is right.
fn may_act(world: &World<'_>, by: usize, answer: &Answer) -> bool {
    let credential = &world.credentials[by];
    let may = world.lives(credential) && credential.login.is_some();
    assert!(may || (400..404).contains(&answer.status), "{credential:?} got {} {}", answer.status, answer.text());
    may
}

fn sign_in(world: &mut World<'_>, mode: u8) {
    // So that one login is the oldest.
    world.app.advance(1);
    let browser = Browser::new(world.app);
    let mut form = json!({ "username": "panther", "password": world.password });
    form["mode"] = json!(["token", "session", "both", "both"][usize::from(mode)]);
    form["remember"] = json!(mode == 3);
    let answer = browser.post_json("/login", &form);
    if !world.active {
        return expect(&answer, 401);
    }
    expect(&answer, 200);
    // Of too many logins the oldest end.
    let live: Vec<_> = (0..world.logins.len()).filter(|&login| world.login_lives(&world.logins[login])).collect();
    let surplus = (live.len() + 1).saturating_sub(MAX_LOGINS);
    let oldest = &live[..surplus];
    world.end(|login| oldest.contains(&login));
    let (login, now) = (world.logins.len(), world.now());
    world.logins.push(LoginModel {
        id: String::new(),
        ended: false,
        created_at: now,
        auth_time: now,
        refresh: None,
        used_refresh: Vec::new(),
        cookies: Vec::new(),
    });
    if mode != 1 {
        give_pair(world, login, answer.pair(), Some(now));
    }
    if mode != 0 {
        give_session(world, login, browser, Some(now));
    }
    let added = world.credentials.last().expect("one of the two was given");
    let session = added.face.client(world.app).get("/session").expect(200).json();
    world.logins[login].id = session["login_id"].as_str().expect("a login").to_owned();
}

fn give_pair(world: &mut World<'_>, login: usize, pair: Pair, proof: Option<i64>) {
    let refresh = &mut world.logins[login].refresh;
    if let Some(used) = refresh.replace(pair.refresh).filter(|used| Some(used) != refresh.as_ref()) {
        world.logins[login].used_refresh.push(used);
    }
    give_access(world, login, pair.access, proof);
}

fn give_access(world: &mut World<'_>, login: usize, token: String, proof: Option<i64>) {
    let expires_at = world.now() + ACCESS_TTL;
    world.credentials.push(Credential { face: Face::Token(token), login: Some(login), expires_at, void: false, proof });
}

fn give_session<'a>(world: &mut World<'a>, login: usize, browser: Browser<'a>, proof: Option<i64>) {
    let (face, expires_at) = (Face::Browser(browser), world.now() + LOGIN_TTL);
    world.credentials.push(Credential { face, login: Some(login), expires_at, void: false, proof });
}

fn refresh(world: &mut World<'_>, number: usize) {
    let Some(login) = number.checked_rem(world.logins.len()) else { return };
    let Some(token) = world.logins[login].refresh.clone() else { return };
    let answer = Face::Token(token).client(world.app).post("/refresh");
    if world.active && world.login_lives(&world.logins[login]) {
        expect(&answer, 200);
        give_pair(world, login, answer.pair(), None);
    } else {
        expect(&answer, 401);
    }
}

/// It gives the same successor again, as long as that has not been seen in use, and otherwise ends the login.
fn repeat_refresh(world: &mut World<'_>, number: usize) {
    let Some(login) = number.checked_rem(world.logins.len()) else { return };
    let Some(token) = world.logins[login].used_refresh.last().cloned() else { return };
    let answer = Face::Token(token).client(world.app).post("/refresh");
    let lives = world.active && world.login_lives(&world.logins[login]);
    match answer.outcome() {
        (200, _) => {
            assert!(lives, "a used refresh token of a login that is over gave {}", answer.text());
            assert_eq!(Some(answer.pair().refresh), world.logins[login].refresh);
            give_access(world, login, answer.pair().access, None);
        }
        (401, code) if code == "token_reused" => world.end(|ended| ended == login),
        _ => expect(&answer, 401),
    }
}

fn exchange(world: &mut World<'_>, by: usize) {
    let answer = post(world, by, "/token", &json!({}));
    let credential = &world.credentials[by];
    if !matches!(credential.face, Face::Browser(_)) {
        assert!((400..404).contains(&answer.status), "{credential:?} got {}", answer.text());
        return;
    }
    if !may_act(world, by, &answer) {
        return;
    }
    expect(&answer, 200);
    let credential = &world.credentials[by];
    let login = credential.login.expect("it has one");
    let proof = world.is_fresh(credential).then_some(world.logins[login].auth_time);
    give_pair(world, login, answer.pair(), proof);
}

fn hand_off(world: &mut World<'_>, by: usize) {
    let answer = post(world, by, "/handoff", &json!({}));
    let credential = &world.credentials[by];
    // A login gets a number of links in a minute.
    if !matches!(credential.face, Face::Token(_)) || answer.status == 429 {
        assert!((400..404).contains(&answer.status) || answer.status == 429, "{credential:?} got {}", answer.text());
        return;
    }
    if !may_act(world, by, &answer) {
        return;
    }
    expect(&answer, 201);
    let url = answer.json()["url"].as_str().expect("a link").to_owned();
    let browser = Browser::new(world.app);
    expect(&browser.post(url.strip_prefix(&world.app.url("")).expect("a path")), 303);
    let credential = &world.credentials[by];
    let login = credential.login.expect("it has one");
    // A later authentication was not this token's.
    let proof = credential.proof.filter(|&at| at == world.logins[login].auth_time);
    give_session(world, login, browser, proof);
}

fn reauthenticate(world: &mut World<'_>, by: usize) {
    let wrong = post(world, by, "/reauth", &json!({ "password": "a wrong guess" }));
    assert!((400..404).contains(&wrong.status), "{}", wrong.text());
    let answer = post(world, by, "/reauth", &json!({ "password": world.password }));
    if !may_act(world, by, &answer) {
        return;
    }
    let now = world.now();
    let credential = &mut world.credentials[by];
    let login = credential.login.expect("it has one");
    if let Face::Browser(_) = credential.face {
        expect(&answer, 204);
        credential.proof = Some(now);
    } else {
        expect(&answer, 200);
        let token = answer.json()["access_token"].as_str().expect("a token").to_owned();
        give_access(world, login, token, Some(now));
    }
    world.logins[login].auth_time = now;
}

fn make_api_token(world: &mut World<'_>, by: usize) {
    let answer = post(world, by, "/tokens", &json!({ "name": "backup", "expires_in": 600 }));
    if !may_act(world, by, &answer) {
        return;
    }
    if !world.is_fresh(&world.credentials[by]) {
        return expect(&answer, 401);
    }
    expect(&answer, 201);
    let face = Face::ApiToken(answer.json()["token"].as_str().expect("a token").to_owned());
    let expires_at = world.now() + 600;
    world.credentials.push(Credential { face, login: None, expires_at, void: false, proof: None });
}

fn revoke_api_token(world: &mut World<'_>, by: usize) {
    if world.credentials[by].login.is_none() {
        let lives = world.lives(&world.credentials[by]);
        let answer = world.credentials[by].face.client(world.app).post("/logout");
        expect(&answer, if lives { 204 } else { answer.status });
        world.credentials[by].void = true;
    }
}

fn restart_browser(world: &mut World<'_>, by: usize) {
    let lives = world.lives(&world.credentials[by]);
    let Face::Browser(browser) = &world.credentials[by].face else { return };
    browser.forget(SESSION);
    let remembered = !browser.cookie_header().is_empty();
    let answer = browser.get("/session");
    if lives && remembered {
        expect(&answer, 200);
        assert_eq!(answer.json()["via"], "remember");
        world.credentials[by].proof = None;
    } else {
        expect(&answer, 401);
        world.credentials[by].void = true;
    }
}

fn sign_out(world: &mut World<'_>, by: usize, scope: usize) {
    let scope = ["this", "others", "all"][scope];
    let credential = &world.credentials[by];
    let (lives, fresh, own) = (world.lives(credential), world.is_fresh(credential), credential.login);
    let is_access = matches!(credential.face, Face::Token(_));
    let answer = post(world, by, "/logout", &json!({ "scope": scope }));
    match (scope, own) {
        ("this", None) => world.credentials[by].void = true,
        (_, None) => assert_ne!(answer.status, 204, "an API token ended logins"),
        // An access token that has expired or is void ends its own login all the same.
        ("this", Some(own)) if lives || is_access => {
            expect(&answer, 204);
            world.end(|login| login == own);
        }
        ("this", Some(_)) => expect(&answer, 204),
        (_, Some(own)) if lives && fresh => {
            expect(&answer, 204);
            world.end(|login| login != own || scope == "all");
            if scope == "all" {
                world.void_api_tokens();
            }
        }
        (_, Some(_)) if lives => assert_eq!(answer.outcome(), (401, "reauth_required".to_owned())),
        // Without a login there is none to keep, and nothing else ends.
        (_, Some(_)) => assert!([204, 401].contains(&answer.status), "{}", answer.text()),
    }
}

fn end_login(world: &mut World<'_>, by: usize, number: usize) {
    let Some(target) = number.checked_rem(world.logins.len()) else { return };
    let path = format!("/logins/{}", world.logins[target].id);
    let answer = world.credentials[by].face.client(world.app).call("DELETE", &path).send();
    if !may_act(world, by, &answer) {
        return;
    }
    let credential = &world.credentials[by];
    if credential.login == Some(target) || world.is_fresh(credential) {
        expect(&answer, if world.login_lives(&world.logins[target]) { 204 } else { 404 });
        world.end(|login| login == target);
    } else {
        assert_eq!(answer.outcome(), (401, "reauth_required".to_owned()));
    }
}

fn change_password(world: &mut World<'_>, by: usize) {
    world.passwords += 1;
    let new = format!("{PASSWORD} {}", world.passwords);
    let answer =
        post(world, by, "/account/password", &json!({ "current_password": world.password, "new_password": new }));
    if !may_act(world, by, &answer) {
        return;
    }
    if !world.is_fresh(&world.credentials[by]) {
        return expect(&answer, 401);
    }
    let own = world.credentials[by].login.expect("it has one");
    world.end(|login| login != own);
    world.void_api_tokens();
    // What the login had before is void, but for the browser that made the change.
    for (number, credential) in world.credentials.iter_mut().enumerate() {
        credential.void |= !(number == by && matches!(credential.face, Face::Browser(_)));
    }
    world.logins[own].refresh = None;
    let proof = world.credentials[by].proof;
    match world.credentials[by].face {
        Face::Browser(_) => expect(&answer, 204),
        _ => {
            expect(&answer, 200);
            give_pair(world, own, answer.pair(), proof);
        }
    }
    world.password = new;
}

fn reset_password(world: &mut World<'_>) {
    let hashed = hash(cheap(), &world.password);
    assert!(
        wait(world.app.database.reset_password(PANTHER, &hashed, &Act::of_application(), world.now()))
            .expect("an answer")
    );
    world.end(|_| true);
    world.void_api_tokens();
}

fn set_active(world: &mut World<'_>, active: bool) {
    assert!(
        wait(world.app.database.set_active(PANTHER, active, &Act::of_application(), world.now())).expect("an answer")
    );
    world.active = active;
    if !active {
        world.end(|_| true);
        world.void_api_tokens();
    }
}
