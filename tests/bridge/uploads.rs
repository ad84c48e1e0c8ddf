//! Files that are uploaded to a handler with actix-multipart, which polls a body again after its end.

use actix_web::web::{self, ServiceConfig};
use actix_web::{HttpResponse, error};
use futures_util::StreamExt as _;
use tollbridge::{CurrentUser, TokenCookies};

use crate::app::TestApp;
use crate::clients::{Anonymous, Browser, Call, Client, Token};
use crate::store::User;
use crate::token_cookies::{app, csrf, signed_in, vouched};

/// One for each version of actix-multipart.
const PATHS: [&str; 2] = ["/upload-0-7", "/upload-0-8"];

/// From nothing to more than is ever searched (16 KiB), and than actix-multipart and actix-http hold in memory.
const SIZES: [usize; 6] = [0, 5, 16 * 1024, 16 * 1024 + 1, 100_000, 3 << 20];

/// A handler that answers the uploaded file, with the `Multipart` of one version.
macro_rules! upload {
    ($multipart:ty) => {
        async |_user: CurrentUser<User>, mut form: $multipart| -> actix_web::Result<HttpResponse> {
            let mut file = None;
            while let Some(field) = form.next().await {
                let mut field = field?;
                let mut bytes = Vec::new();
                while let Some(chunk) = field.next().await {
                    bytes.extend_from_slice(&chunk?);
                }
                if field.name() == Some("file") && file.replace(bytes).is_some() {
                    return Err(error::ErrorBadRequest("two files"));
                }
            }
            let file = file.ok_or_else(|| error::ErrorBadRequest("no file"))?;
            Ok(HttpResponse::Ok().body(file))
        }
    };
}

pub(crate) fn routes(app: &mut ServiceConfig) {
    app.route(PATHS[0], web::post().to(upload!(actix_multipart_0_7::Multipart)))
        .route(PATHS[1], web::post().to(upload!(actix_multipart::Multipart)));
}

/// Bytes that do not repeat within a chunk, so that none can be lost or change places unseen.
fn file_of(size: usize) -> Vec<u8> {
    (0_u32..).flat_map(|number| number.wrapping_mul(2_654_435_761).to_le_bytes()).take(size).collect()
}

/// A form with a text field and a file.
fn form(field: (&str, &str), file: &[u8]) -> Vec<u8> {
    let (name, value) = field;
    let before = format!(
        "--XyZ\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n--XyZ\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\nContent-Type: application/octet-stream\r\n\r\n"
    );
    [before.as_bytes(), file, b"\r\n--XyZ--\r\n"].concat()
}

/// Uploads files of every size to every version, and compares what arrived.
#[track_caller]
fn all_arrive<'a>(call: impl Fn(&str) -> Call<'a>, field: (&str, &str)) {
    for path in PATHS {
        for size in SIZES {
            let file = file_of(size);
            let sent = call(path).body("multipart/form-data; boundary=XyZ", form(field, &file));
            let answer = sent.try_send().unwrap_or_else(|error| panic!("{size} bytes to {path}: {error}"));
            let answer = answer.expect(200);
            assert_eq!(answer.body.len(), size, "{path}");
            assert!(answer.body == file, "{size} bytes to {path} are others");
        }
    }
}

const TITLE: (&str, &str) = ("title", "Holiday");

#[test]
fn files_of_a_browser_arrive() {
    let app = TestApp::start();
    let (browser, _) = Browser::signed_in(&app, "panther", false);
    all_arrive(|path| browser.call("POST", path), TITLE);
}

#[test]
fn files_of_a_client_with_a_token_arrive() {
    let app = TestApp::start();
    let client = Token(&app, Anonymous(&app).token_login("panther").access);
    all_arrive(|path| client.call("POST", path), TITLE);
}

#[test]
fn files_of_a_browser_with_tokens_in_cookies_arrive() {
    let app = app(TokenCookies::default());
    let (browser, _) = signed_in(&app, "panther");
    all_arrive(|path| vouched(&browser, "POST", path), TITLE);
}

/// The bridge reads the beginning of the form and puts it back.
#[test]
fn files_arrive_behind_the_double_submit_in_the_form() {
    let app = app(TokenCookies::default().check_form(true));
    let (browser, _) = signed_in(&app, "panther");
    all_arrive(|path| browser.call("POST", path), ("csrf_token", &csrf(&browser)));
    for path in PATHS {
        let unproven = browser.call("POST", path).body("multipart/form-data; boundary=XyZ", form(TITLE, b"a file"));
        unproven.send().refused(403, "csrf_rejected");
    }
}
