//! Signing out: by any face, of any scope, at once.

use serde_json::json;

use crate::app::TestApp;
use crate::clients::{Anonymous, Answer, Browser, Client, Pair};

struct Faces<'a> {
    app: &'a TestApp,
    browser: Browser<'a>,
    pair: Pair,
}

impl<'a> Faces<'a> {
    fn new(app: &'a TestApp, username: &str) -> Self {
        let (browser, pair) = Browser::signed_in(app, username, true);
        Self { app, browser, pair }
    }

    #[track_caller]
    fn assert_live(&self, live: bool, case: &str) {
        let status = |token: &str, path: &str| Anonymous(self.app).call("POST", path).bearer(token).send().status;
        let expected = if live { 200 } else { 401 };
        assert_eq!(self.browser.get("/who_am_i").status, expected, "session {case}");
        assert_eq!(status(&self.pair.access, "/who_am_i"), expected, "access token {case}");
        assert_eq!(status(&self.pair.refresh, "/refresh"), expected, "refresh token {case}");
    }
}

type Face = fn(&Faces<'_>, &str) -> Answer;

const FACES: [(&str, Face); 5] = [
    ("by session", |faces, path| faces.browser.post(path)),
    ("by remember cookie", |faces, path| {
        faces.browser.forget(crate::clients::SESSION);
        faces.browser.post(path)
    }),
    ("by access token", |faces, path| Anonymous(faces.app).call("POST", path).bearer(&faces.pair.access).send()),
    ("by token in the body", |faces, path| {
        Anonymous(faces.app).post_json(path, &json!({ "access_token": faces.pair.access }))
    }),
    ("by refresh token", |faces, path| {
        Anonymous(faces.app).post_json(path, &json!({ "refresh_token": faces.pair.refresh }))
    }),
];

#[test]
fn every_face_ends_what_it_is_asked_to() {
    for (face, sign_out) in FACES {
        for (scope, this, others) in
            [("", false, true), ("this", false, true), ("others", true, false), ("all", false, false)]
        {
            let app = TestApp::start();
            let [mine, other, stranger] = ["panther", "panther", "batman"].map(|name| Faces::new(&app, name));
            let path = if scope.is_empty() { "/logout".to_owned() } else { format!("/logout?scope={scope}") };
            let case = format!("{face}, scope {scope}");
            let answer = sign_out(&mine, &path);
            // These credentials prove no authentication, and so end their own login only.
            let proves_none = ["by remember cookie", "by refresh token"].contains(&face);
            if proves_none && ["others", "all"].contains(&scope) {
                answer.refused(401, "reauth_required");
                for faces in [&mine, &other, &stranger] {
                    faces.assert_live(true, &case);
                }
                continue;
            }
            assert_eq!(answer.status, 204, "{case}: {}", answer.text());
            mine.assert_live(this, &case);
            other.assert_live(others, &case);
            stranger.assert_live(true, &case);
        }
    }
}

#[test]
fn a_login_that_is_not_fresh_ends_no_other() {
    let app = TestApp::start();
    let [mine, other] = ["panther", "panther"].map(|name| Faces::new(&app, name));
    // The access tokens are just still valid.
    app.advance(901);
    let by_session = |scope: &str| mine.browser.post(&format!("/logout?scope={scope}"));
    for scope in ["others", "all"] {
        by_session(scope).refused(401, "reauth_required");
    }
    other.assert_live(true, "after refusals");
    by_session("this").expect(204);
    other.assert_live(true, "after a logout");
    mine.assert_live(false, "after a logout");
}

/// It may be a copy, so it ends its own login as a refresh does, and reaches no other.
#[test]
fn a_refresh_token_that_was_used_before_signs_nobody_else_out() {
    for scope in ["this", "others", "all"] {
        let app = TestApp::start();
        let [mine, other] = ["panther", "panther"].map(|name| Faces::new(&app, name));
        let refresh = |token: &str| Anonymous(&app).call("POST", "/refresh").bearer(token).send();
        let second = refresh(&mine.pair.refresh).expect(200).pair();
        refresh(&second.refresh).expect(200);
        let path = format!("/logout?scope={scope}");
        let body = json!({ "refresh_token": mine.pair.refresh });
        Anonymous(&app).post_json(&path, &body).refused(401, "token_reused");
        Anonymous(&app).call("GET", "/who_am_i").bearer(&second.access).send().refused(401, "login_ended");
        mine.assert_live(false, scope);
        other.assert_live(true, scope);
        // The login is over, so there is nothing to sign out.
        Anonymous(&app).post_json("/logout", &body).expect(204);
    }
}

#[test]
fn who_lost_the_answer_to_a_refresh_can_sign_out() {
    let app = TestApp::start();
    let [mine, other] = ["panther", "panther"].map(|name| Faces::new(&app, name));
    Anonymous(&app).call("POST", "/refresh").bearer(&mine.pair.refresh).send().expect(200);
    app.advance(60);
    let body = json!({ "refresh_token": mine.pair.refresh });
    Anonymous(&app).post_json("/logout", &body).expect(204);
    mine.assert_live(false, "after the logout");
    other.assert_live(true, "after the logout");
}

#[test]
fn a_browser_that_signs_out_is_left_without_cookies() {
    let app = TestApp::start();
    let faces = Faces::new(&app, "panther");
    faces.browser.post("/logout").expect(204);
    assert_eq!(faces.browser.cookie_header(), "");
}

#[test]
fn signing_out_again_changes_nothing() {
    for (face, sign_out) in FACES {
        let app = TestApp::start();
        let faces = Faces::new(&app, "panther");
        let bystander = Faces::new(&app, "panther");
        for _ in 0..3 {
            assert_eq!(sign_out(&faces, "/logout").status, 204, "{face}");
        }
        // What is dead does not reach the user's other logins.
        for scope in ["others", "all"] {
            // The cookies went with the login; a token still says whose it was.
            let status = sign_out(&faces, &format!("/logout?scope={scope}")).status;
            assert_eq!(status, if face.contains("token") { 401 } else { 204 }, "{face}");
            bystander.assert_live(true, face);
        }
    }
    Anonymous(&TestApp::start()).post("/logout").expect(204);
}

#[test]
fn an_expired_access_token_ends_its_own_login_and_no_other() {
    for scope in ["this", "others", "all"] {
        let app = TestApp::start();
        let (faces, other) = (Faces::new(&app, "panther"), Faces::new(&app, "panther"));
        app.advance(3600);
        let answer = Anonymous(&app).call("POST", &format!("/logout?scope={scope}")).bearer(&faces.pair.access).send();
        if scope != "this" {
            answer.refused(401, "token_expired");
            faces.browser.get("/who_am_i").expect(200);
            continue;
        }
        answer.expect(204);
        faces.browser.get("/who_am_i").expect(401);
        Anonymous(&app).call("POST", "/refresh").bearer(&faces.pair.refresh).send().refused(401, "login_ended");
        other.browser.get("/who_am_i").expect(200);
    }
}

#[test]
fn who_changed_the_password_is_not_signed_out_by_who_had_the_old_one() {
    for (face, sign_out) in FACES {
        for scope in ["others", "all"] {
            let app = TestApp::start();
            let thief = Faces::new(&app, "panther");
            app.world.users.change(2, |user| user.epoch += 1);
            let owner = Faces::new(&app, "panther");
            thief.assert_live(false, "after the change");
            let thief = Faces { app: &app, ..thief };
            sign_out(&thief, &format!("/logout?scope={scope}"));
            owner.assert_live(true, face);
        }
    }
}

#[test]
fn garbage_ends_nothing_and_says_so() {
    let app = TestApp::start();
    let faces = Faces::new(&app, "panther");
    for token in ["garbage", "a.b.c", &format!("{}x", faces.pair.access)] {
        faces.browser.call("POST", "/logout").bearer(token).send().refused(401, "token_invalid");
    }
    let stranger = Faces::new(&app, "batman");
    let both = json!({ "access_token": faces.pair.access, "refresh_token": stranger.pair.refresh });
    Anonymous(&app).post_json("/logout", &both).refused(400, "invalid_request");
    Anonymous(&app).post("/logout?scope=everything").expect(400);
    faces.assert_live(true, "after all that");
    stranger.assert_live(true, "after all that");
}
