//! Replays what the real Flask-Login did, and expects the same of an application that is built with the public API.
//!
//! The recording is `tests/vectors/golden_login_http_063.json`, or the file that `TOLLBRIDGE_GOLDEN_LOGIN` names; beside
//! it stands one of further cases, which `record.py` makes.
//! Compared are status, location, signals in their order, texts, and what the cookies mean after each step: who is
//! signed in, how fresh, what the session holds, and for how long and how the browser is remembered.
//!
//! Where we differ on purpose stands in [`differences::ALL`]. From there on a recording does not tell any more what to
//! expect, so a [`Model`] of Flask-Login does: without differences it has to do what was recorded, with them what we do.

mod address;
mod client;
mod differences;
mod fixture;
mod model;
mod own_credential;
mod recording;
mod routes;
mod settings;
mod state;

use std::collections::BTreeSet;
use std::fmt::Debug;

use actix_web::http::header::{HeaderValue, LOCATION, SET_COOKIE};
use actix_web::test::TestRequest;
use actix_web::{App, test as server};
use futures_util::future::LocalBoxFuture;
use serde_json::Value;
use tollbridge::testing::FakeClock;

use address::is_same_place;
use client::{Answer, Client, SESSION};
use differences::{ALL, Difference};
use model::{Model, Outcome};
use recording::{Act, Case, Exchange, Recording, START, Step};
use settings::Settings;
use state::{Cookie, Meaning, said};

#[actix_web::test]
async fn what_flask_login_did_is_done_here() {
    let recording = recording::given();
    replay_all(&recording).await;
}

#[actix_web::test]
async fn what_it_did_in_further_cases_is_done_here() {
    replay_all(&recording::own()).await;
}

/// Each difference is seen in a case: without it the model would tell something else.
#[test]
fn every_difference_is_shown() {
    let recordings = [recording::own(), recording::first()];
    for (difference, why) in ALL {
        let shown: Vec<String> = recordings.iter().flat_map(|recording| showing(recording, *difference)).collect();
        println!("{difference:?}, in {shown:?}: {why}");
        assert!(!shown.is_empty(), "no case shows this difference: {difference:?}");
    }
}

/// The model is no better than its word: without differences it does what was recorded, to the last step.
#[test]
fn the_model_does_what_flask_login_did() {
    for recording in [recording::own(), recording::first()] {
        for case in &recording.scenarios {
            let settings = Settings::of(case);
            let model = Model::new(case, &settings, &recording.secret_key, BTreeSet::new());
            for (number, (step, told)) in case.steps.iter().zip(model.run().expect("a model")).enumerate() {
                let (Step::Exchange(exchange), Some(told)) = (step, told) else { continue };
                let at = format!("{}: step {number} ({})", case.name, exchange.request.path);
                let recorded = recorded(exchange, &told.outcome);
                assert!(is_same_place(told.outcome.location.as_deref(), recorded.location.as_deref()), "{at}");
                let outcome = Outcome { location: recorded.location.clone(), ..told.outcome };
                assert_eq!((outcome, told.meaning), (recorded, told.recorded), "{at}");
            }
        }
    }
}

/// The cases that a difference makes different.
fn showing(recording: &Recording, difference: Difference) -> Vec<String> {
    let all = || ALL.iter().map(|(difference, _)| *difference);
    let is_shown = |case: &&Case| {
        let settings = Settings::of(case);
        let run = |on: BTreeSet<Difference>| Model::new(case, &settings, &recording.secret_key, on).run();
        run(all().collect()) != run(all().filter(|one| *one != difference).collect())
    };
    recording.scenarios.iter().filter(is_shown).map(|case| case.name.clone()).collect()
}

/// Replays every case.
async fn replay_all(recording: &Recording) {
    assert!(!recording.scenarios.is_empty(), "there is nothing to replay");
    let mut failures = Vec::new();
    for case in &recording.scenarios {
        if let Err(how) = replay(recording, case).await {
            failures.push(format!("{}: {how}", case.name));
        }
    }
    let all = recording.scenarios.len();
    assert!(failures.is_empty(), "{} of {all} cases differ:\n{}", failures.len(), failures.join("\n"));
}

/// Replays a case to its end.
async fn replay(recording: &Recording, case: &Case) -> Result<(), String> {
    let (settings, clock) = (Settings::of(case), FakeClock::at(START));
    let (bridge, told) = fixture::bridge(case, &settings, &clock)?;
    let app = App::new().wrap(bridge).configure(routes::routes(settings.login_disabled));
    let app = server::init_service(app).await;
    let now = clock.clone();
    let app = |request: TestRequest| -> LocalBoxFuture<'_, Answer> {
        let (called, now) = (server::call_service(&app, request.to_request()), now.now());
        Box::pin(async move {
            let response = called.await;
            let text = |value: &HeaderValue| value.to_str().expect("a header is text").to_owned();
            Answer {
                at: now,
                status: response.status().as_u16(),
                location: response.headers().get(LOCATION).map(text),
                set_cookies: response.headers().get_all(SET_COOKIE).map(|set| Cookie::parse(&text(set), now)).collect(),
                body: String::from_utf8_lossy(&server::read_body(response).await).into_owned(),
            }
        })
    };
    let secret = &*recording.secret_key;
    let theirs = Model::new(case, &settings, secret, BTreeSet::new()).run()?;
    let ours = Model::new(case, &settings, secret, ALL.iter().map(|(one, _)| *one).collect()).run()?;
    let mut client = Client::default();
    for (number, ((now, step), both)) in case.timed().into_iter().zip(theirs.into_iter().zip(ours)).enumerate() {
        clock.set(now);
        let (exchange, (theirs, ours)) = match (step, both) {
            (Step::Exchange(exchange), (Some(theirs), Some(ours))) => (exchange, (theirs, ours)),
            (Step::Client(what), _) => {
                client.act(&app, Act::parse(what)?, &settings.remember_name, secret, now).await?;
                told.take();
                continue;
            }
            _ => return Err("the model lost count".to_owned()),
        };
        let request = &exchange.request;
        let at = |what: String| Err(format!("step {number} ({}): {what}", request.path));
        let had_session = client.cookie(request.host(), SESSION).is_some();

        let answer = client.send(&app, request).await;
        let signals = told.take().into_iter().map(str::to_owned).collect();
        let text = ours.outcome.text.as_ref().map(|_| said(request.path.as_str(), answer.status, &answer.body));
        let answered = Outcome { status: answer.status, location: answer.location, signals, text };
        let state = client.look(&app, request).await;
        told.take();
        let meaning = Meaning::of(&state, client.cookie(request.host(), &settings.remember_name));

        let outcome = match expected(exchange, theirs.outcome, ours.outcome) {
            Ok(outcome) => outcome,
            Err(why) => return at(why),
        };
        let is_there = is_same_place(answered.location.as_deref(), outcome.location.as_deref());
        if (Outcome { location: answered.location.clone(), ..outcome.clone() }) != answered || !is_there {
            return at(format!("{answered:?}\n  and expected was {outcome:?}\n  {}", answer.body));
        }
        let is_for_nothing = theirs.recorded.is_nothing() && ours.meaning.is_nothing();
        let expected = match one_of(theirs.meaning, ours.meaning, theirs.recorded, Meaning::eq) {
            Ok(expected) => expected,
            Err(why) => return at(why),
        };
        if meaning != expected {
            return at(format!("the cookies mean {meaning:?}\n  and expected was {expected:?}"));
        }
        if answered.status == 302 && !answer.body.is_empty() {
            return at(format!("a redirect says {}", answer.body));
        }
        let has_session = client.cookie(request.host(), SESSION).is_some();
        if !had_session && has_session && is_for_nothing {
            return at("a session for nobody and nothing".to_owned());
        }
    }
    Ok(())
}

/// What was recorded, as far as the model speaks of it.
fn recorded(exchange: &Exchange, told: &Outcome) -> Outcome {
    let says = |_: &Value| said(&exchange.request.path, exchange.status, &exchange.body);
    Outcome {
        status: exchange.status,
        location: exchange.location.clone(),
        signals: exchange.signals.clone(),
        text: told.text.as_ref().map(says),
    }
}

/// What is expected of us: what was recorded, unless the model knows that we differ.
fn expected(exchange: &Exchange, theirs: Outcome, ours: Outcome) -> Result<Outcome, String> {
    let mut recorded = recorded(exchange, &theirs);
    // Only the recorded application knows its own words; ours has others where they have not been seen.
    let by_handler = theirs.text.is_some() && theirs.status != 200;
    if by_handler {
        recorded.status = theirs.status;
    }
    if by_handler
        || ["/auth/reauth", "/first/", "/second/", "/third/"].iter().any(|it| exchange.request.path.starts_with(it))
    {
        recorded.text = theirs.text.clone();
    }
    let is_same_place = |one: &Option<String>, other: &Option<String>| is_same_place(one.as_deref(), other.as_deref());
    Ok(Outcome {
        status: one_of(theirs.status, ours.status, recorded.status, u16::eq)?,
        location: one_of(theirs.location, ours.location, recorded.location, is_same_place)?,
        signals: one_of(theirs.signals, ours.signals, recorded.signals, Vec::eq)?,
        text: one_of(theirs.text, ours.text, recorded.text, Option::eq)?,
    })
}

/// What was recorded; or ours, where the model tells both apart and is right about theirs.
fn one_of<T: Debug + PartialEq>(
    theirs: T,
    ours: T,
    recorded: T,
    is_same: impl Fn(&T, &T) -> bool,
) -> Result<T, String> {
    match theirs == ours {
        true => Ok(recorded),
        false if is_same(&theirs, &recorded) => Ok(ours),
        false => Err(format!("the model of Flask-Login says {theirs:?}, and recorded was {recorded:?}")),
    }
}
