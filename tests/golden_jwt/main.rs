//! What Flask-JWT-Extended answered, request by request, and what we answer.
//!
//! `tests/vectors/flask/golden_jwt_http.json` was recorded from Flask-JWT-Extended 4.7.4, and `golden_jwt_more.json` by
//! `record.py` beside it. `TOLLBRIDGE_GOLDEN_JWT` names another recording of the same kind to replay in place of the
//! first.

mod app;
mod differences;
mod recording;

use std::collections::BTreeSet;

use actix_web::App;
use actix_web::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use actix_web::test as server;

use differences::Difference;
use recording::{Answer, Case, Recording};

/// Our answer to a case; an error if the application was refused when it was put together.
async fn replay(recording: &Recording, case: &Case) -> Result<Answer, String> {
    let app = App::new().wrap(app::bridge(recording, case)?).configure(|app| app::routes(case, app));
    let app = server::init_service(app).await;
    let res = server::call_service(&app, case.request.test_request().to_request()).await;
    let header = |name| res.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let (content_type, www_authenticate) = (header(CONTENT_TYPE).unwrap_or_default(), header(WWW_AUTHENTICATE));
    let status = res.status().as_u16();
    let body = String::from_utf8_lossy(&server::read_body(res).await).into_owned();
    Ok(Answer { status, content_type, www_authenticate, body })
}

/// Compares all of a recording, and tells which differences it shows. Also where Flask-JWT-Extended breaks off with a 500
/// it is said exactly what happens here.
async fn compare(recording: &Recording) -> BTreeSet<usize> {
    assert!(!recording.cases.is_empty());
    let (mut wrong, mut shown) = (Vec::new(), BTreeSet::new());
    for case in &recording.cases {
        if let Some(lacking) = app::lacks(case) {
            wrong.push(format!("{}: {lacking}", case.name));
            continue;
        }
        let answer = replay(recording, case).await;
        match Difference::of(case) {
            None if answer.as_ref() == Ok(&case.response) => {}
            None => wrong.push(format!("{}\n  recorded {:?}\n  answered {answer:?}", case.name, case.response)),
            Some((number, difference)) if difference.is_met(case, &answer) => drop(shown.insert(number)),
            Some((_, difference)) => {
                wrong.push(format!("{}: {}\n  answered {answer:?}", case.name, difference.reason));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), recording.cases.len(), wrong.join("\n"));
    shown
}

#[actix_web::test]
async fn every_answer_is_the_recorded_one() {
    let given = std::env::var("TOLLBRIDGE_GOLDEN_JWT").unwrap_or_else(|_| recording::path("golden_jwt_http.json"));
    compare(&Recording::load(&given)).await;
}

#[actix_web::test]
async fn so_is_every_other_and_each_difference_is_shown() {
    let shown = compare(&Recording::load(&recording::path("golden_jwt_more.json"))).await;
    let elsewhere = Recording::load(&recording::path("golden_jwt_http.json"));
    let elsewhere = elsewhere.cases.iter().filter_map(|case| Some(Difference::of(case)?.0));
    let all: BTreeSet<usize> = shown.into_iter().chain(elsewhere).collect();
    assert_eq!(all.len(), Difference::count(), "differences that no case shows");
}

#[test]
fn differences_are_few() {
    let recording = Recording::load(&recording::path("golden_jwt_http.json"));
    assert!(recording.cases.iter().filter(|case| Difference::of(case).is_some()).count() < 20);
}
