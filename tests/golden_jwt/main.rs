//! What Flask-JWT-Extended answered, request by request, and what we answer.
//!
//! `tests/vectors/flask/golden_jwt_http.json` was recorded from Flask-JWT-Extended 4.7.4. `TOLLBRIDGE_GOLDEN_JWT` names
//! another recording of the same kind to replay in its place.

mod app;
mod differences;
mod recording;

use actix_web::App;
use actix_web::http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use actix_web::test as server;

use differences::DIFFERENCES;
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

#[actix_web::test]
async fn every_answer_is_the_recorded_one() {
    let recording = Recording::load();
    assert!(!recording.cases.is_empty());
    let (mut wrong, mut same) = (Vec::new(), 0);
    for case in &recording.cases {
        let answer = replay(&recording, case).await;
        let is_recorded = answer.as_ref() == Ok(&case.response);
        match DIFFERENCES.iter().find(|(name, _)| *name == case.name) {
            None if is_recorded => same += 1,
            None => wrong.push(format!("{}\n  recorded {:?}\n  answered {answer:?}", case.name, case.response)),
            Some((name, _)) if is_recorded => wrong.push(format!("{name} is listed as a difference and is none")),
            // A difference is a refusal, whatever else it is: of the request, or of the configuration.
            Some((name, _)) => match &answer {
                Ok(answer) if !(400..500).contains(&answer.status) => wrong.push(format!("{name}: {answer:?}")),
                _ => {}
            },
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), recording.cases.len(), wrong.join("\n"));
    assert!(same > 0);
}

#[test]
fn differences_are_few_and_named_once() {
    assert!(DIFFERENCES.len() < 20);
    for (index, (name, reason)) in DIFFERENCES.iter().enumerate() {
        assert!(!reason.is_empty() && DIFFERENCES[..index].iter().all(|(other, _)| other != name), "{name}");
    }
}
