//! What the kit asserts of responses.

use std::panic::{AssertUnwindSafe, catch_unwind};

use actix_web::HttpResponse;
use actix_web::dev::ServiceResponse;
use actix_web::test::TestRequest;
use tollbridge::testing::{as_user, assert_no_cookies, assert_silent};

use crate::app::{ANN, TestApp};

/// What the assertion says when it fails.
fn complaint(assertion: impl FnOnce()) -> String {
    let panicked = catch_unwind(AssertUnwindSafe(assertion)).expect_err("the assertion fails");
    *panicked.downcast::<String>().expect("it fails with a message")
}

#[actix_web::test]
async fn a_token_is_answered_in_silence_and_cookies_are_named() {
    let app = TestApp::start().await;
    let client = as_user(&app.bridge, &ANN).via_token().await;
    for path in ["/how", "/fresh", "/not-there"] {
        assert_silent(&app.call(client.on(TestRequest::get().uri(path))).await);
    }
    let res = app.call(TestRequest::get().uri("/cookies?next=secret")).await;
    let said = complaint(|| assert_no_cookies(&res));
    assert_eq!(said, "the response 200 to GET /cookies sets the cookie theme and basket, and should set none");
}

#[actix_web::test]
async fn silence_is_all_three() {
    let answer = |headers: &[(&'static str, &'static str)]| -> ServiceResponse {
        let mut response = HttpResponse::Ok();
        for header in headers {
            response.append_header(*header);
        }
        ServiceResponse::new(TestRequest::get().to_http_request(), response.finish())
    };
    let private = ("cache-control", "private, No-Store");
    assert_silent(&answer(&[private, ("vary", "authorization, Cookie")]));
    assert_silent(&answer(&[private, ("vary", "Authorization"), ("vary", "Accept, Cookie")]));
    assert_silent(&answer(&[private, ("vary", "*")]));
    let both = ("vary", "Authorization, Cookie");
    for (headers, word) in [
        (&[private, both, ("set-cookie", "a=b")][..], "the cookie a,"),
        (&[both], "Cache-Control"),
        (&[both, ("cache-control", "no-cache")], "Cache-Control"),
        (&[private], "name authorization"),
        (&[private, ("vary", "Authorization")], "name cookie"),
        (&[private, ("vary", "Cookie, X-Authorization")], "name authorization"),
    ] {
        let complaint = complaint(|| assert_silent(&answer(headers)));
        assert!(complaint.contains(word), "{complaint}");
    }
}
