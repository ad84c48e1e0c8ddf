//! A client and its cookies.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::test::TestRequest;
use futures_util::future::LocalBoxFuture;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;

use crate::recording::{Act, Request, text};
use crate::routes::{MINT, STATE};
use crate::state::{Cookie, signed_by};

/// A request target as it goes over the wire: what is encoded already stays so.
const TARGET: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>');

/// Where a client does things by itself.
pub(crate) const LOCALHOST: &str = "localhost";

/// The session cookie here.
pub(crate) const SESSION: &str = "tollbridge_session";

/// One client and its cookies, by host.
#[derive(Default)]
pub(crate) struct Client {
    jar: BTreeMap<(String, String), Cookie>,
}

/// What we answered.
pub(crate) struct Answer {
    pub(crate) at: i64,
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) set_cookies: Vec<Cookie>,
    pub(crate) body: String,
}

/// Sends a request to the application of a case.
pub(crate) type Send<'a> = dyn Fn(TestRequest) -> LocalBoxFuture<'a, Answer> + 'a;

impl Client {
    pub(crate) fn cookie(&self, host: &str, name: &str) -> Option<&Cookie> {
        self.jar.get(&(host.to_owned(), name.to_owned()))
    }

    /// What the client does by itself.
    pub(crate) async fn act(
        &mut self,
        app: &Send<'_>,
        act: Act,
        remember_name: &str,
        secret: &str,
        now: i64,
    ) -> Result<(), String> {
        match act {
            Act::Drops { session, remember } => {
                let is_dropped = |name: &str| session && name == SESSION || remember && name == remember_name;
                self.jar.retain(|(_, name), _| !is_dropped(name));
            }
            Act::SetsCookie(set) => {
                let cookie = Cookie::parse(&set, now);
                if cookie.name != remember_name {
                    return Err(format!("the fixture does not know how to set this cookie: {set}"));
                }
                // One of Flask's is none of ours, so it gets one of the same user.
                let ours = match signed_by(&cookie.value, secret) {
                    Some(user) => Self::minted(app, &user, remember_name).await,
                    None => cookie,
                };
                self.jar.insert((LOCALHOST.to_owned(), remember_name.to_owned()), ours);
            }
            Act::NamesItself(user) => {
                let target = format!("/set/_user_id/{user}");
                self.request(app, LOCALHOST, &target, &Request::default()).await;
            }
            Act::Waits(_) => self.jar.retain(|_, cookie| !cookie.is_over(now)),
        }
        Ok(())
    }

    async fn minted(app: &Send<'_>, user: &str, remember_name: &str) -> Cookie {
        let mut other = Self::default();
        other.request(app, LOCALHOST, &format!("{MINT}{user}"), &Request::default()).await;
        other.cookie(LOCALHOST, remember_name).cloned().expect("a remember cookie")
    }

    pub(crate) async fn send(&mut self, app: &Send<'_>, request: &Request) -> Answer {
        assert!(request.data.is_none() && request.json.is_none(), "no route of the recording reads a body");
        let target = utf8_percent_encode(&request.path, TARGET).to_string();
        self.request(app, request.host(), &target, request).await
    }

    /// What the fixture tells of the session of this client.
    pub(crate) async fn look(&mut self, app: &Send<'_>, of: &Request) -> Value {
        let headers =
            of.headers.clone().into_iter().filter(|(name, _)| name.eq_ignore_ascii_case("user-agent")).collect();
        let request = Request { headers, environ_base: of.environ_base.clone(), ..Request::default() };
        let answer = self.request(app, of.host(), STATE, &request).await;
        serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{}: {error}", answer.body))
    }

    async fn request(&mut self, app: &Send<'_>, host: &str, target: &str, as_told: &Request) -> Answer {
        let peer: IpAddr = as_told.peer().parse().expect("an address");
        let method = as_told.method.as_deref().unwrap_or("GET");
        let mut request = TestRequest::with_uri(target)
            .method(Method::from_bytes(method.as_bytes()).expect("a method"))
            .peer_addr(SocketAddr::new(peer, 40_000))
            .insert_header(("Host", host))
            .insert_header(("User-Agent", as_told.agent()));
        let path = target.split('?').next().unwrap_or_default();
        let sent = self.jar.iter().filter(|((of, _), cookie)| of == host && (path == STATE || cookie.is_for(path)));
        let cookies: Vec<String> = sent.map(|((_, name), cookie)| format!("{name}={}", cookie.value)).collect();
        if !cookies.is_empty() {
            request = request.insert_header(("Cookie", cookies.join("; ")));
        }
        for (name, value) in &as_told.headers {
            let name = HeaderName::try_from(name.as_str()).expect("the name of a header");
            let value = text(value).unwrap_or_default();
            request = request.insert_header((name, HeaderValue::from_bytes(value.as_bytes()).expect("a value")));
        }
        let answer = app(request).await;
        for cookie in &answer.set_cookies {
            let key = (host.to_owned(), cookie.name.clone());
            if cookie.is_over(answer.at) {
                self.jar.remove(&key);
            } else {
                self.jar.insert(key, cookie.clone());
            }
        }
        answer
    }
}
