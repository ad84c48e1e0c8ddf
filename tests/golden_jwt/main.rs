//! What Flask-JWT-Extended answered, request by request, and what we answer.
//!
//! `tests/vectors/flask/golden_jwt_http.json` was recorded from Flask-JWT-Extended 4.7.4, and `golden_jwt_more.json` by
//! `record.py` beside it. `TOLLBRIDGE_GOLDEN_JWT` names another recording of the same kind to replay in place of the
//! first.

mod app;
mod differences;
mod recording;

use actix_web::App;
use actix_web::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use actix_web::test as server;

use differences::{DIFFERENCES, Difference};
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

/// Compares all of a recording; where Flask-JWT-Extended breaks off with a 500, the answer has to be on the list of
/// differences, or `may_crash`.
async fn compare(recording: &Recording, may_crash: bool) {
    assert!(!recording.cases.is_empty());
    let mut wrong = Vec::new();
    for case in &recording.cases {
        let answer = replay(recording, case).await;
        let is_recorded = answer.as_ref() == Ok(&case.response);
        let status = answer.as_ref().ok().map(|answer| answer.status);
        match Difference::of(&case.name) {
            None if is_recorded => {}
            None if may_crash && case.response.status == 500 && status.is_none_or(|status| status < 500) => {
                println!("{}: a 500 there, here {answer:?}", case.name);
            }
            Some(difference) if !is_recorded && status == difference.status => {}
            Some(_) if is_recorded => wrong.push(format!("{} is listed as a difference and is none", case.name)),
            _ => wrong.push(format!("{}\n  recorded {:?}\n  answered {answer:?}", case.name, case.response)),
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), recording.cases.len(), wrong.join("\n"));
}

#[actix_web::test]
async fn every_answer_is_the_recorded_one() {
    match std::env::var("TOLLBRIDGE_GOLDEN_JWT") {
        Ok(path) => compare(&Recording::load(&path), true).await,
        Err(_) => compare(&Recording::load(&recording::path("golden_jwt_http.json")), false).await,
    }
}

#[actix_web::test]
async fn so_is_every_other() {
    compare(&Recording::load(&recording::path("golden_jwt_more.json")), false).await;
}

#[test]
fn differences_are_few() {
    let recording = Recording::load(&recording::path("golden_jwt_http.json"));
    assert!(recording.cases.iter().filter(|case| Difference::of(&case.name).is_some()).count() < 20);
    assert!(DIFFERENCES.iter().all(|difference| !difference.reason.is_empty()));
}
