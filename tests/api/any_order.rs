//! The life of a user's logins, with everything that can happen to them in any order: a model of a few lines says who is
//! signed in and who is fresh, and every credential that was ever given out must agree with it after each step.

mod model;
mod steps;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError};
use serde_json::json;

use crate::app::{PANTHER, TestApp};
use crate::clients::Client as _;
use model::{Face, World};
use steps::Step;

/// The clock stands still between the steps. Everything but an access token lasts as long as its login.
const SETTINGS: [(&str, &str); 9] = [
    ("TOKEN__ACCESS_TTL", "100s"),
    ("TOKEN__REFRESH_TTL", "1000s"),
    ("TOKEN__REFRESH_GRACE", "0s"),
    ("TOKEN__LEEWAY", "0s"),
    ("SESSION__IDLE_TTL", "1000s"),
    ("SESSION__ABSOLUTE_TTL", "1000s"),
    ("SESSION__REMEMBER_TTL", "1000s"),
    ("LOGIN__FRESH_WINDOW", "50s"),
    ("LOGIN__MAX_LOGINS", "4"),
];

proptest! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, max_shrink_iters: 300, ..Config::default() })]

    #[test]
    fn the_faces_of_a_login_never_disagree(steps in prop::collection::vec(any_step(), 1..40)) {
        let app = TestApp::with(&SETTINGS);
        let mut world = World::new(&app);
        for (number, step) in steps.iter().enumerate() {
            step.take(&mut world);
            agree(&world).map_err(|fault| TestCaseError::fail(format!("after step {number}, {step:?}: {fault}")))?;
        }
        nothing_revives(&mut world).map_err(TestCaseError::fail)?;
    }
}

fn any_step() -> impl Strategy<Value = Step> {
    let which = || 0..1000_usize;
    prop_oneof![
        4 => (0..4_u8).prop_map(Step::SignIn),
        4 => which().prop_map(Step::Refresh),
        1 => which().prop_map(Step::RepeatRefresh),
        4 => which().prop_map(Step::Exchange),
        4 => which().prop_map(Step::HandOff),
        4 => which().prop_map(Step::Reauthenticate),
        2 => which().prop_map(Step::MakeApiToken),
        1 => which().prop_map(Step::RevokeApiToken),
        2 => which().prop_map(Step::RestartBrowser),
        2 => (which(), 0..3_usize).prop_map(|(by, scope)| Step::SignOut(by, scope)),
        2 => (which(), which()).prop_map(|(by, login)| Step::EndLogin(by, login)),
        2 => which().prop_map(Step::ChangePassword),
        6 => (1..80_i64).prop_map(Step::Wait),
        1 => (100..900_i64).prop_map(Step::Wait),
        1 => Just(Step::ResetPassword),
        1 => any::<bool>().prop_map(Step::SetActive),
    ]
}

/// Asks with every credential, and compares the answers with the model.
fn agree(world: &World<'_>) -> Result<(), String> {
    for number in 0..world.credentials.len() {
        let credential = &world.credentials[number];
        let answer = credential.face.client(world.app).get("/session");
        let lives = world.lives(credential);
        if answer.status != if lives { 200 } else { 401 } {
            return Err(format!("{credential:?} should {}live: {}", if lives { "" } else { "not " }, answer.text()));
        }
        if !lives {
            continue;
        }
        let session = answer.json();
        let login = credential.login.map(|login| &world.logins[login]);
        let mut expected =
            vec![("fresh", json!(world.is_fresh(credential))), ("login_id", json!(login.map(|l| &l.id)))];
        if let Some(login) = login {
            expected.extend([("auth_time", json!(login.auth_time)), ("amr", json!(["pwd"]))]);
        }
        for (member, value) in expected {
            if session[member] != value {
                return Err(format!("{member} of {credential:?} should be {value}: {session}"));
            }
        }
        if session["user"]["id"] != PANTHER {
            return Err(format!("{credential:?} is somebody else's: {session}"));
        }
    }
    list_agrees(world)
}

/// Every credential that can list the logins lists those that live.
fn list_agrees(world: &World<'_>) -> Result<(), String> {
    let mut live: Vec<_> =
        world.logins.iter().filter(|login| world.login_lives(login)).map(|login| &login.id).collect();
    live.sort();
    for credential in world.credentials.iter().filter(|one| one.login.is_some() && world.lives(one)) {
        let listed = credential.face.client(world.app).get("/logins").json();
        let listed = listed["logins"].as_array().ok_or_else(|| format!("{credential:?} lists {listed}"))?;
        let mut ids: Vec<_> = listed.iter().filter_map(|login| login["id"].as_str()).collect();
        ids.sort_unstable();
        if ids != live {
            return Err(format!("{credential:?} lists {ids:?} instead of {live:?}"));
        }
    }
    Ok(())
}

/// Neither a refresh token nor a cookie of a login that has ended is good for anything.
fn nothing_revives(world: &mut World<'_>) -> Result<(), String> {
    for login in world.logins.iter().filter(|login| !world.login_lives(login)) {
        for refresh in login.refresh.iter().chain(&login.used_refresh) {
            let answer = Face::Token(refresh.clone()).client(world.app).post("/refresh");
            if answer.status != 401 {
                return Err(format!("a refresh token of {login:?} gave {}", answer.text()));
            }
        }
        for cookies in &login.cookies {
            let answer = Face::Cookies(cookies.clone()).client(world.app).get("/session");
            if answer.status != 401 {
                return Err(format!("cookies of {login:?} gave {}", answer.text()));
            }
        }
    }
    Ok(())
}
