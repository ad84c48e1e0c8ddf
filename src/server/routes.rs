//! The table of routes. A path answers 405 with `Allow` to other methods, and an unknown path is 404.

use std::future::ready;

use actix_web::guard::{self, GuardContext};
use actix_web::http::Method;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE, REFERRER_POLICY, TRANSFER_ENCODING};
use actix_web::middleware::DefaultHeaders;
use actix_web::web::{Data, JsonConfig, QueryConfig, ServiceConfig};
use actix_web::{FromRequest, Handler, HttpRequest, Resource, Responder, Route, web};

use super::assets;
use super::error_responses;
use super::handlers::{
    account, api_tokens, exchange, login, logins, logout, oauth, operations, reauth, session, token,
};
use super::state::AppState;

/// Mounts the application: `App::new().configure(|app| routes::configure(app, state.clone()))`.
pub fn configure(app: &mut ServiceConfig, state: Data<AppState>) {
    let limit = state.body_limit;
    let has_own_address = state.operations_elsewhere;
    app.app_data(state)
        .app_data(JsonConfig::default().limit(limit).error_handler(error_responses::json))
        .app_data(QueryConfig::default().error_handler(error_responses::query));
    for endpoint in table().into_iter().filter(|endpoint| !has_own_address || !OPERATIONS.contains(&endpoint.path)) {
        app.service(endpoint.into_resource());
    }
    app.default_service(web::to(error_responses::not_found));
}

/// The paths that are for operators, and that may have an address of their own.
const OPERATIONS: [&str; 3] = ["/readyz", "/metrics", "/openapi.json"];

/// The path that tells whether the process serves. It is at both addresses.
const LIVENESS: &str = "/healthz";

/// Mounts what is for operators alone, for an address of their own.
pub(super) fn configure_operations(app: &mut ServiceConfig, state: Data<AppState>) {
    app.app_data(state);
    let is_ours = |endpoint: &Endpoint| endpoint.path == LIVENESS || OPERATIONS.contains(&endpoint.path);
    for endpoint in table().into_iter().filter(is_ours) {
        app.service(endpoint.into_resource());
    }
    app.default_service(web::to(error_responses::not_found));
}

fn table() -> Vec<Endpoint> {
    vec![
        // What most requests ask for comes first: the routes are tried in this order.
        Endpoint::new("/who_am_i").get(session::who_am_i).post(session::who_am_i),
        Endpoint::new("/session").get(session::session),
        // Browsers.
        Endpoint::new("/").get(account::start),
        Endpoint::new("/login").get(login::page).post_if(is_form, login::form).post(login::json),
        Endpoint::new(reauth::PATH).get(reauth::page).post_if(is_form, reauth::form).post(reauth::json),
        Endpoint::new("/account").get(account::page),
        Endpoint::new("/account/password").post_if(is_form, account::password_form).post(account::password_json),
        Endpoint::new("/assets/tollbridge.css").get(assets::stylesheet),
        Endpoint::new("/assets/signed_out.css").get(assets::signed_out),
        Endpoint::new("/assets/mark.svg").get(assets::mark),
        // Both faces, or API clients. POST /login with JSON is above.
        Endpoint::new("/refresh").post(token::refresh),
        Endpoint::new("/token").post_if(has_no_body, exchange::token).post(exchange::token_json),
        Endpoint::new("/handoff").post_if(has_no_body, exchange::begin).post(exchange::begin_json),
        Endpoint::new("/logout").post_if(has_no_body, logout::this).post_if(is_form, logout::form).post(logout::json),
        Endpoint::new("/logins").get(logins::list),
        Endpoint::new("/logins/end").post(logins::end_form),
        Endpoint::new("/tokens")
            .get(api_tokens::list)
            .post_if(is_form, api_tokens::create_form)
            .post(api_tokens::create_json),
        // Other servers.
        Endpoint::new("/introspect").post(oauth::introspect),
        Endpoint::new("/revoke").post(oauth::revoke),
        Endpoint::new("/.well-known/jwks.json").get(token::jwks),
        // Operations.
        Endpoint::new(LIVENESS).get(operations::healthz),
        Endpoint::new("/readyz").get(operations::readyz),
        Endpoint::new("/metrics").get(operations::metrics),
        Endpoint::new("/openapi.json").get(operations::openapi),
        // Paths with a parameter come last: each is a regular expression, which every request for a later path would try.
        Endpoint::new("/handoff/{code}").with_secret_path().get(exchange::page).post(exchange::redeem),
        Endpoint::new("/logins/{id}").delete(logins::end),
        Endpoint::new("/tokens/{id}").delete(api_tokens::revoke),
        Endpoint::new("/tokens/{id}/revoke").post(api_tokens::revoke_form),
    ]
}

/// A path with its methods and handlers.
struct Endpoint {
    path: &'static str,
    /// Whether the path contains a secret.
    secret_path: bool,
    methods: Vec<Method>,
    routes: Vec<Route>,
}

impl Endpoint {
    fn new(path: &'static str) -> Self {
        Self { path, secret_path: false, methods: Vec::new(), routes: Vec::new() }
    }

    /// Keeps the address out of `Referer` and of search engines.
    fn with_secret_path(self) -> Self {
        Self { secret_path: true, ..self }
    }

    /// GET, and HEAD with it (RFC 9110 section 9.3.2).
    fn get<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        let route = web::route().guard(guard::Any(guard::Get()).or(guard::Head())).to(handler);
        self.route(&[Method::GET, Method::HEAD], route)
    }

    fn post<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.route(&[Method::POST], web::post().to(handler))
    }

    fn delete<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.route(&[Method::DELETE], web::delete().to(handler))
    }

    /// POST for requests that meet `condition`. The following handlers get the others.
    fn post_if<F, Args>(self, condition: fn(&GuardContext<'_>) -> bool, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.route(&[Method::POST], web::post().guard(guard::fn_guard(condition)).to(handler))
    }

    fn route(mut self, methods: &[Method], route: Route) -> Self {
        for method in methods {
            if !self.methods.contains(method) {
                self.methods.push(method.clone());
            }
        }
        self.routes.push(if self.secret_path {
            let headers = DefaultHeaders::new().add((REFERRER_POLICY, "no-referrer")).add(("X-Robots-Tag", "noindex"));
            route.wrap(headers)
        } else {
            route
        });
        self
    }

    fn allow(&self) -> String {
        self.methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
    }

    fn into_resource(self) -> Resource {
        let allow = self.allow();
        let refuse = move |request: HttpRequest| ready(error_responses::method_not_allowed(&request, &allow));
        let resource = web::resource(self.path).default_service(web::to(refuse));
        self.routes.into_iter().fold(resource, Resource::route)
    }
}

fn is_form(context: &GuardContext<'_>) -> bool {
    let content_type = context.head().headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

fn has_no_body(context: &GuardContext<'_>) -> bool {
    let headers = context.head().headers();
    !headers.contains_key(TRANSFER_ENCODING)
        && headers.get(CONTENT_LENGTH).is_none_or(|length| length.as_bytes() == b"0")
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use std::collections::BTreeMap;

    use actix_web::App;
    use actix_web::http::StatusCode;
    use actix_web::http::header::ALLOW;
    use actix_web::test::{self, TestRequest};
    use serde_json::Value;

    use super::*;

    /// The documented methods of each documented path.
    fn documented() -> BTreeMap<String, Vec<String>> {
        let document: Value = serde_json::from_str(operations::OPENAPI).unwrap();
        let paths = document["paths"].as_object().unwrap();
        let methods = |item: &Value| item.as_object().unwrap().keys().map(|method| method.to_uppercase()).collect();
        paths.iter().map(|(path, item)| (path.clone(), methods(item))).collect()
    }

    #[test]
    fn the_description_names_every_path_and_no_other() {
        let table =
            table().into_iter().map(|endpoint| endpoint.path.to_owned()).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(documented().into_keys().collect::<std::collections::BTreeSet<_>>(), table);
    }

    #[actix_web::test]
    async fn each_path_has_the_methods_of_its_description_and_refuses_the_others() {
        let mount = |app: &mut ServiceConfig| {
            table().into_iter().for_each(|endpoint| {
                app.service(endpoint.into_resource());
            });
            app.default_service(web::to(error_responses::not_found));
        };
        let app = test::init_service(App::new().configure(mount)).await;
        for (path, methods) in documented() {
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"] {
                let request = TestRequest::default().method(method.parse().unwrap()).uri(&path);
                let response = test::call_service(&app, request.to_request()).await;
                let has = methods.iter().any(|documented| documented == method);
                assert_eq!(response.status() != StatusCode::METHOD_NOT_ALLOWED, has, "{method} {path}");
                if !has {
                    let allow = response.headers().get(ALLOW).unwrap().to_str().unwrap();
                    let allowed: Vec<_> = allow.split(", ").filter(|method| *method != "HEAD").collect();
                    assert_eq!(allowed, methods, "Allow of {path}");
                }
            }
        }
        for (method, status) in [("GET", 404), ("DELETE", 404), ("TRACE", 405), ("BREW", 405)] {
            let request = TestRequest::default().method(method.parse().unwrap()).uri("/nowhere").to_request();
            assert_eq!(test::call_service(&app, request).await.status(), status, "{method} /nowhere");
        }
    }
}
