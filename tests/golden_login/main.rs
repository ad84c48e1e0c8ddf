//! Replays what the real Flask-Login did, and expects the same of an application that is built with the public API.
//!
//! The recording is `tests/vectors/golden_login_http_063.json`, or the file that `TOLLBRIDGE_GOLDEN_LOGIN` names; beside
//! it stands one of further cases, which `record.py` makes.
//! Compared are status, location, signals in their order, texts, and what the cookies mean after each step: who is
//! signed in, how fresh, what the session holds, and for how long and how the browser is remembered. Where we differ on
//! purpose stands in [`differences::TABLE`].

mod differences;
mod fixture;
mod own_credential;
mod recording;
mod routes;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};

use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue, LOCATION, SET_COOKIE};
use actix_web::test::TestRequest;
use actix_web::{App, test};
use futures_util::future::LocalBoxFuture;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::Value;
use url::Url;

use differences::{Effect, Expected, Memory, TABLE};
use recording::{Case, Exchange, Recording, Request, Step, text};
use routes::{MINT, STATE};
use state::{Cookie, Meaning, Theirs, signed_by};

/// A request target as it goes over the wire: what is encoded already stays so.
const TARGET: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'<').add(b'>');

#[actix_web::test]
async fn what_flask_login_did_is_done_here() {
    replay_all(&recording::given()).await;
}

#[actix_web::test]
async fn what_it_did_in_further_cases_is_done_here() {
    let differences = replay_all(&recording::own()).await;
    let unused = TABLE.iter().map(|difference| difference.name).filter(|name| !differences.contains(name));
    let unused: Vec<_> = unused.collect();
    assert!(unused.is_empty(), "no case shows these differences: {unused:?}");
}

/// Replays every case, and tells which entries of the table were needed.
async fn replay_all(recording: &Recording) -> BTreeSet<&'static str> {
    let mut failures = Vec::new();
    let mut differences: BTreeMap<&'static str, Vec<&str>> = BTreeMap::new();
    for case in &recording.scenarios {
        match replay(recording, case, true).await {
            Err(how) => failures.push(format!("{}: {how}", case.name)),
            Ok(used) if used.is_empty() => {}
            Ok(used) => {
                if replay(recording, case, false).await.is_ok() {
                    failures.push(format!("{}: {used:?} is not needed here", case.name));
                }
                used.into_iter().for_each(|name| differences.entry(name).or_default().push(&case.name));
            }
        }
    }
    for difference in TABLE {
        let cases = differences.get(difference.name).cloned().unwrap_or_default();
        println!("{}, in {cases:?}: {}", difference.name, difference.why);
    }
    assert!(!recording.scenarios.is_empty(), "there is nothing to replay");
    let all = recording.scenarios.len();
    assert!(failures.is_empty(), "{} of {all} cases differ:\n{}", failures.len(), failures.join("\n"));
    differences.into_keys().collect()
}

/// One client and its cookies, by host.
#[derive(Default)]
struct Client {
    jar: BTreeMap<(String, String), Cookie>,
    theirs: BTreeMap<String, Theirs>,
}

/// What we answered.
struct Answer {
    status: u16,
    location: Option<String>,
    set_cookies: Vec<Cookie>,
    body: String,
}

/// Sends a request to the application of a case.
type Send<'a> = dyn Fn(TestRequest) -> LocalBoxFuture<'a, Answer> + 'a;

/// Replays a case, and tells which entries of the table it took.
async fn replay(recording: &Recording, case: &Case, with_table: bool) -> Result<BTreeSet<&'static str>, String> {
    let (bridge, told, settings) = fixture::bridge(case)?;
    let app = test::init_service(App::new().wrap(bridge).configure(routes::routes(settings))).await;
    let app = |request: TestRequest| -> LocalBoxFuture<'_, Answer> {
        let called = test::call_service(&app, request.to_request());
        Box::pin(async move {
            let response = called.await;
            let text = |value: &HeaderValue| value.to_str().expect("a header is text").to_owned();
            Answer {
                status: response.status().as_u16(),
                location: response.headers().get(LOCATION).map(text),
                set_cookies: response.headers().get_all(SET_COOKIE).map(|set| Cookie::parse(&text(set))).collect(),
                body: String::from_utf8_lossy(&test::read_body(response).await).into_owned(),
            }
        })
    };
    let remember_name = case.config.get("REMEMBER_COOKIE_NAME").and_then(text);
    let remember_name = remember_name.unwrap_or_else(|| "remember_token".to_owned());
    let (mut client, mut memory, mut used) = (Client::default(), Memory::default(), BTreeSet::new());
    for (number, step) in case.steps.iter().enumerate() {
        let exchange = match step {
            Step::Client(what) => {
                client.acts(&app, what, &remember_name, &recording.secret_key).await?;
                told.take();
                continue;
            }
            Step::Exchange(exchange) => exchange,
        };
        let at = |what: String| Err(format!("step {number} ({}): {what}", exchange.request.path));
        let host = exchange.request.host().to_owned();
        let before = client.theirs.entry(host.clone()).or_default().clone();
        let mut after = before.clone();
        after.take(&exchange.set_cookie, &remember_name, &recording.secret_key);
        client.theirs.insert(host.clone(), after.clone());
        let had_session = client.cookie(&host, "tollbridge_session").is_some();

        let answer = client.send(&app, &exchange.request).await;
        let signals = told.take();
        if answer.status >= 500 {
            return at(format!("we answer {}: {}", answer.status, answer.body));
        }
        let mut expected = Expected { signals: exchange.signals.clone(), body: exchange.body.clone(), after };
        if with_table {
            let step = differences::Step { case, exchange, before: &before };
            for difference in TABLE {
                match (difference.apply)(&step, &mut expected, &mut memory) {
                    Effect::None => {}
                    Effect::Changed => drop(used.insert(difference.name)),
                    Effect::Ends => {
                        used.insert(difference.name);
                        return Ok(used);
                    }
                }
            }
        }
        if answer.status != exchange.status {
            return at(format!("status {}, and it was {}", answer.status, exchange.status));
        }
        if !is_same_place(answer.location.as_deref(), exchange.location.as_deref()) {
            return at(format!("location {:?}, and it was {:?}", answer.location, exchange.location));
        }
        if signals != expected.signals {
            return at(format!("signals {signals:?}, and they were {:?}", expected.signals));
        }
        if is_text_of_the_application(exchange) && answer.body != expected.body {
            return at(format!("body {:?}, and it was {:?}", answer.body, expected.body));
        }
        let state = client.look(&app, &host).await;
        told.take();
        let meaning = Meaning::of(&state, client.cookie(&host, &remember_name));
        if meaning != expected.after.meaning() {
            return at(format!("the cookies mean {meaning:?}, and they meant {:?}", expected.after.meaning()));
        }
        let never_a_session = before.session.is_empty() && expected.after.session.is_empty() && !had_session;
        if never_a_session && client.cookie(&host, "tollbridge_session").is_some() {
            return at("a session for nobody and nothing".to_owned());
        }
    }
    Ok(used)
}

/// Whether a body says something of its own, and is not an error page, a redirect's, or a look into the session.
fn is_text_of_the_application(exchange: &Exchange) -> bool {
    let request = &exchange.request;
    let is_head = request.method.as_deref() == Some("HEAD");
    let has_known_text = !["/state", "/auth/reauth", "/reauth", "/first/", "/second/", "/third/"]
        .iter()
        .any(|path| request.path.starts_with(path));
    !is_head && has_known_text && exchange.status == 200 && !exchange.body.starts_with('<')
}

/// Whether two locations are one place. What is in a query counts decoded: Werkzeug decodes more of an address than it
/// has to before it writes it into the query of another.
fn is_same_place(ours: Option<&str>, theirs: Option<&str>) -> bool {
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return ours == theirs };
    // A relative location stays what it is, and `//host/` another one.
    let base = Url::parse("relative://here/").expect("a URL");
    let place = |text: &str| {
        let url = base.join(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let next = |value: &str| {
            let next = base.join(value).map(|next| {
                let pairs: Vec<_> = next.query_pairs().into_owned().collect();
                (next.scheme().to_owned(), next.authority().to_owned(), next.path().to_owned(), pairs)
            });
            next.map_err(|_| value.to_owned())
        };
        let query: Vec<_> = url.query_pairs().map(|(name, value)| (name.into_owned(), next(&value))).collect();
        let fragment = url.fragment().map(str::to_owned);
        (url.scheme().to_owned(), url.authority().to_owned(), url.path().to_owned(), query, fragment)
    };
    place(ours) == place(theirs)
}

impl Client {
    fn cookie(&self, host: &str, name: &str) -> Option<&Cookie> {
        self.jar.get(&(host.to_owned(), name.to_owned()))
    }

    /// What the client does by itself.
    async fn acts(&mut self, app: &Send<'_>, what: &str, remember_name: &str, secret: &str) -> Result<(), String> {
        let what = what.trim_start_matches('<').trim_end_matches('>');
        let host = "localhost".to_owned();
        if let Some(set) = what.strip_prefix("client sets cookie ") {
            let cookie = Cookie::parse(set);
            if cookie.name != remember_name {
                return Err(format!("the fixture does not know how to set this cookie: {what}"));
            }
            let user = signed_by(&cookie.value, secret);
            let ours = match user {
                // One of Flask's is none of ours, so it gets one of the same user.
                Some(user) => {
                    let mut other = Self::default();
                    let path = format!("{MINT}{user}");
                    other.request(app, &host, "GET", &path, &[], None).await;
                    let minted = other.cookie(&host, remember_name).cloned().expect("a remember cookie");
                    Cookie { name: cookie.name.clone(), ..minted }
                }
                None => cookie.clone(),
            };
            // For how long it was set, and how, only we know.
            let (expires_at, attributes) = (ours.expires_at, ours.attributes.clone());
            let theirs = self.theirs.entry(host.clone()).or_default();
            theirs.set_remember(Some(Cookie { expires_at, attributes, ..cookie }), secret);
            self.jar.insert((host, remember_name.to_owned()), ours);
        } else if what.contains("cookie") && (what.contains("dropped") || what.contains("deleted")) {
            let session = what.contains("session") || what.contains("all");
            let remember = what.contains("remember") || what.contains("all");
            if !session && !remember {
                return Err(format!("the fixture does not know which cookie this is: {what}"));
            }
            let theirs = self.theirs.entry(host).or_default();
            if session {
                theirs.session.clear();
                self.jar.retain(|(_, name), _| name != "tollbridge_session");
            }
            if remember {
                theirs.set_remember(None, secret);
                self.jar.retain(|(_, name), _| name != remember_name);
            }
        } else {
            return Err(format!("the fixture does not know how a client does this: {what}"));
        }
        Ok(())
    }

    async fn send(&mut self, app: &Send<'_>, request: &Request) -> Answer {
        assert!(request.data.is_none() && request.json.is_none(), "no route of the recording reads a body");
        let method = request.method.as_deref().unwrap_or("GET");
        let headers: Vec<(String, String)> =
            request.headers.iter().map(|(name, value)| (name.clone(), text(value).unwrap_or_default())).collect();
        let peer = request.environ_base.get("REMOTE_ADDR").and_then(text);
        let target = utf8_percent_encode(&request.path, TARGET).to_string();
        self.request(app, request.host(), method, &target, &headers, peer.as_deref()).await
    }

    /// What the fixture tells of the session of this client.
    async fn look(&mut self, app: &Send<'_>, host: &str) -> Value {
        let answer = self.request(app, host, "GET", STATE, &[], None).await;
        serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{}: {error}", answer.body))
    }

    async fn request(
        &mut self,
        app: &Send<'_>,
        host: &str,
        method: &str,
        target: &str,
        headers: &[(String, String)],
        peer: Option<&str>,
    ) -> Answer {
        let peer: IpAddr = peer.unwrap_or("127.0.0.1").parse().expect("an address");
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = TestRequest::with_uri(target)
            .method(method)
            .peer_addr(SocketAddr::new(peer, 40_000))
            .insert_header(("Host", host))
            .insert_header(("User-Agent", "Werkzeug/3.1.9"));
        let path = target.split('?').next().unwrap_or_default();
        let sent = self.jar.iter().filter(|((of, _), cookie)| of == host && (path == STATE || cookie.is_for(path)));
        let cookies: Vec<String> = sent.map(|((_, name), cookie)| format!("{name}={}", cookie.value)).collect();
        if !cookies.is_empty() {
            request = request.insert_header(("Cookie", cookies.join("; ")));
        }
        for (name, value) in headers {
            let name = HeaderName::try_from(name.as_str()).expect("the name of a header");
            request = request.insert_header((name, HeaderValue::from_bytes(value.as_bytes()).expect("a value")));
        }
        let answer = app(request).await;
        for cookie in &answer.set_cookies {
            let key = (host.to_owned(), cookie.name.clone());
            if cookie.is_removal() {
                self.jar.remove(&key);
            } else {
                self.jar.insert(key, cookie.clone());
            }
        }
        answer
    }
}

impl Cookie {
    /// Whether it is sent with a request for this path (RFC 6265 section 5.1.4).
    fn is_for(&self, path: &str) -> bool {
        let of = self.attributes.iter().find_map(|attribute| attribute.strip_prefix("Path=")).unwrap_or("/");
        path == of || path.strip_prefix(of).is_some_and(|rest| of.ends_with('/') || rest.starts_with('/'))
    }
}
