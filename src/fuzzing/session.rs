//! What a session holds: whatever the store gives back, nobody is signed in whom it does not name.

use std::collections::HashMap;

use actix_web::http::StatusCode;
use actix_web::rt::Runtime;
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::{App, HttpResponse, web};
use percent_encoding::percent_decode_str;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::bridge::model::sha256;
use crate::store::memory::MemoryStore;
use crate::{
    Auth, AuthError, Bridge, CurrentLogin, SessionHash, SessionRecord, SessionStore as _, StoreError, TokenKey,
    UnixTime, UserStore,
};

struct Users;

impl UserStore for Users {
    type User = String;

    fn identity(&self, user: &String) -> String {
        user.clone()
    }

    async fn find(&self, identity: &str) -> Result<Option<String>, StoreError> {
        Ok(["7", "8"].contains(&identity).then(|| identity.to_owned()))
    }
}

type Answer = dyn Fn(&str) -> (StatusCode, String);

/// A login, and what answers a request of its browser whose session has this state.
struct Site {
    login_id: String,
    answer: Box<Answer>,
}

thread_local! {
    static SITE: Site = site();
}

async fn log_in(auth: Auth) -> Result<HttpResponse, AuthError> {
    let login = auth.login_user(&"7".to_owned()).await?;
    Ok(HttpResponse::Ok().body(login.id().as_str().to_owned()))
}

async fn who(login: CurrentLogin) -> HttpResponse {
    HttpResponse::Ok().body(format!("{} {}", login.identity, login.fresh))
}

fn site() -> Site {
    let (runtime, store) = (Runtime::new().expect("a runtime"), MemoryStore::default());
    let key = TokenKey::hs256(&[7; 32]).expect("a long secret");
    let bridge = Bridge::builder(Users).token_key(key).store(store.clone()).build().expect("a bridge");
    let (app, cookie, login_id) = runtime.block_on(async {
        let routes = App::new().wrap(bridge).route("/log_in", web::post().to(log_in)).route("/", web::get().to(who));
        let app = init_service(routes).await;
        let res = call_service(&app, TestRequest::post().uri("/log_in").to_request()).await;
        let cookie = res.response().cookies().next().expect("a cookie").into_owned();
        (app, cookie, String::from_utf8(read_body(res).await.to_vec()).expect("a login"))
    });
    // The signature comes before the key.
    let value = percent_decode_str(cookie.value()).decode_utf8_lossy().into_owned();
    let hash = SessionHash(sha256(&value.as_bytes()[44..]));
    let answer = move |state: &str| {
        let record = SessionRecord { state: state.to_owned(), login: None, expires_at: UnixTime::MAX };
        runtime.block_on(async {
            store.delete_session(&hash).await.expect("a store in memory");
            store.insert_session(&hash, &record).await.expect("a store in memory");
            let res = call_service(&app, TestRequest::get().cookie(cookie.clone()).to_request()).await;
            (res.status(), String::from_utf8_lossy(&read_body(res).await).into_owned())
        })
    };
    Site { login_id, answer: Box::new(answer) }
}

/// The state of a session, in which `LOGIN` stands for the id of the login that there is.
pub fn session(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    SITE.with(|site| {
        let state = text.replace("LOGIN", &site.login_id);
        let (status, answer) = (site.answer)(&state);
        if status != StatusCode::OK {
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{answer}");
            return;
        }
        let values: HashMap<String, String> = serde_json::from_str(&state).expect("a state that was read");
        assert_eq!(value::<String>(&values, "tollbridge.login").as_ref(), Some(&site.login_id));
        assert_eq!(value::<String>(&values, "actix_identity.user_id").as_deref(), Some("7"));
        #[derive(Deserialize)]
        struct Metadata {
            stale: bool,
        }
        let is_stale = values.contains_key("tollbridge.face")
            && value::<Metadata>(&values, "tollbridge.face").is_none_or(|metadata| metadata.stale);
        assert!(answer == "7 false" || (answer == "7 true" && !is_stale), "{answer}");
    });
}

fn value<T: DeserializeOwned>(values: &HashMap<String, String>, name: &str) -> Option<T> {
    serde_json::from_str(values.get(name)?).ok()
}
