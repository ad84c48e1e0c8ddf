//! What the log says at its most talkative: no credential, wherever it was presented and whatever became of it.

use actix_web::http::header::{AUTHORIZATION, COOKIE, SET_COOKIE};
use actix_web::test::{TestRequest, call_service, init_service};
use actix_web::{App, HttpRequest, HttpResponse, Responder, web};
use tollbridge::CredentialLocation::{Cookie, Header, Json, Query};
use tollbridge::store::memory::MemoryStore;
use tollbridge::testing::as_user;
use tollbridge::{
    Act, Auth, AuthError, CredentialLocation, CurrentLogin, FoundCredential, LogoutScope, NewApiToken, RequestLoader,
    StoreError, TokenCookies, TokenLocations,
};
use tracing::level_filters::LevelFilter;

use crate::app::World;
use crate::recorded_log::RecordedLog;
use crate::token_cookies::claims;

struct ApiKeys;

impl RequestLoader for ApiKeys {
    fn credential(&self, req: &HttpRequest) -> Option<String> {
        Some(req.headers().get("x-api-key")?.to_str().ok()?.to_owned())
    }

    async fn find(&self, _: &str) -> Result<Option<FoundCredential>, StoreError> {
        Ok(None)
    }
}

async fn who(login: CurrentLogin) -> impl Responder {
    HttpResponse::Ok().body(login.identity.clone())
}

async fn refresh(auth: Auth) -> Result<impl Responder, AuthError> {
    Ok(web::Json(auth.refresh().await?))
}

async fn logout(auth: Auth) -> Result<impl Responder, AuthError> {
    auth.logout_user(LogoutScope::This).await?;
    Ok(HttpResponse::NoContent())
}

/// A request with a token in this place, as a browser's page or a client sends it.
fn present(place: CredentialLocation, path: &str, token: &str, csrf: &str) -> TestRequest {
    let request = TestRequest::post().uri(path).insert_header(("x-csrf-token", csrf));
    match place {
        Header => request.insert_header((AUTHORIZATION, format!("Bearer {token}"))),
        Query => request.uri(&format!("{path}?access_token={token}")),
        Cookie => request.insert_header((COOKIE, format!("tollbridge_access={token}; tollbridge_refresh={token}"))),
        _ => request.set_json(serde_json::json!({ "access_token": token })),
    }
}

#[actix_web::test]
async fn no_credential_is_in_the_log() {
    let log = RecordedLog::default();
    let _recording = log.record(LevelFilter::TRACE, |log| log);

    let world = World::default();
    let everywhere = TokenLocations::new(&[Header, Cookie, Query, Json]).cookies(TokenCookies::default());
    let tokens = MemoryStore::default();
    let bridge = world
        .bridge()
        .api_tokens(tokens)
        .token_locations(everywhere)
        .request_loader(ApiKeys)
        .build()
        .expect("a bridge");
    let app = App::new()
        .wrap(bridge.clone())
        .route("/who", web::route().to(who))
        .route("/refresh", web::route().to(refresh))
        .route("/logout", web::route().to(logout));
    let app = init_service(app).await;
    let user = world.users.by_name("panther").expect("a user");

    let mut secrets = vec!["a-key-of-the-application".to_owned(), "submitted-by-a-forger".to_owned()];
    for place in [Header, Cookie, Query, Json] {
        let tokens = as_user(&bridge, &user).fresh().via_token().await.tokens().clone();
        let (access, old) = (tokens.access_token, tokens.refresh_token);
        let csrf = |token: &str| claims(token)["csrf"].as_str().expect("a claim").to_owned();
        let broken = format!("{access}broken");
        for token in [&access, &broken, &old] {
            let (_, signature) = token.rsplit_once('.').expect("three parts");
            secrets.extend([signature.to_owned(), csrf(token)]);
        }
        for (path, token) in [("/who", &access), ("/who", &broken), ("/who", &old), ("/refresh", &access)] {
            call_service(&app, present(place, path, token, &csrf(token)).to_request()).await;
            call_service(&app, present(place, path, token, "submitted-by-a-forger").to_request()).await;
        }
        for _ in 0..2 {
            // The next access token, which is used, confirms the rotation.
            let answer = call_service(&app, present(place, "/refresh", &old, &csrf(&old)).to_request()).await;
            if answer.status().is_success() {
                let next: serde_json::Value = actix_web::test::read_body_json(answer).await;
                let next = next["access_token"].as_str().expect("a token");
                call_service(&app, present(place, "/who", next, &csrf(next)).to_request()).await;
                actix_web::rt::task::yield_now().await;
            }
            world.clock.set(world.clock.now() + 11);
        }
        call_service(&app, present(place, "/logout", &access, &csrf(&access)).to_request()).await;
    }
    for place in [Header, Cookie, Query, Json] {
        let issued = bridge
            .create_api_token(&user, NewApiToken::named("backup"), &Act::of_application())
            .await
            .expect("a token");
        let (text, forged) = (issued.text().to_owned(), format!("{}0", &issued.text()[..66]));
        for (path, token) in
            [("/who", &text), ("/who", &forged), ("/refresh", &text), ("/logout", &text), ("/who", &text)]
        {
            call_service(&app, present(place, path, token, "submitted-by-a-forger").to_request()).await;
        }
        secrets.push(text[21..61].to_owned());
    }
    let browser = as_user(&bridge, &user).remembered().await.headers();
    for _ in 0..2 {
        let request = browser.iter().fold(TestRequest::get().uri("/who"), |request, header| {
            request.insert_header((header.0.clone(), header.1.as_str()))
        });
        let answer = call_service(&app, request.to_request()).await;
        let set = answer.headers().get_all(SET_COOKIE).filter_map(|set| set.to_str().ok());
        let pairs: Vec<_> = set.filter_map(|set| Some(set.split(';').next()?.to_owned())).collect();
        secrets.extend(browser.iter().map(|(_, value)| value.split_once('=').expect("a cookie").1.to_owned()));
        let values = pairs.iter().filter_map(|pair| Some(pair.split_once('=')?.1.to_owned()));
        secrets.extend(values.filter(|value| !value.is_empty()));
        world.clock.set(world.clock.now() + 60);
    }
    let own = TestRequest::get().uri("/who").insert_header(("x-api-key", "a-key-of-the-application"));
    call_service(&app, own.to_request()).await;

    let text = log.text();
    for told in [
        "credential accepted",
        "credential rejected",
        "outcome=\"reused\"",
        "API token revoked",
        "logout",
        "restored by remember",
    ] {
        assert!(text.contains(told), "nothing to look into without {told:?}: {text}");
    }
    for secret in secrets {
        assert!(secret.len() > 10 && !text.contains(&secret), "{secret}: {text}");
    }
}
