//! The pages for browsers. They use no JavaScript, and the templates escape every value.

mod api_tokens;
mod history;
mod logins;
mod moment;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ContentType, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpRequest, HttpResponse, ResponseError as _};
use askama::Template;

use crate::store::db::User;
use crate::{ApiToken, AuditRecord, AuthError, LoginInfo, Principal, ProblemDetails, note_refusal, safe_next};

pub(crate) use api_tokens::ApiTokenPage;
use api_tokens::ApiTokenRow;
use history::HistoryEntry;
pub(crate) use history::{ACTIONS as HISTORY_ACTIONS, SHOWN as HISTORY_LENGTH};
use logins::LoginRow;
use moment::Moment;

/// Allows only our own stylesheets, images and forms.
const OWN_CONTENT_ONLY: &str =
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The page with the login form.
#[derive(Default, Template)]
#[template(path = "login.html", config = "src/server/askama.toml")]
pub(crate) struct LoginPage<'a> {
    /// Whether to confirm a logout.
    pub(crate) signed_out: bool,
    /// The error of the previous attempt.
    pub(crate) error: Option<String>,
    /// The name of the previous attempt. The password is never rendered.
    pub(crate) username: &'a str,
    /// Whether the box was checked in the previous attempt.
    pub(crate) remember: bool,
    /// The destination after the login, from [`safe_next`].
    pub(crate) next: Option<&'a str>,
    /// Whether to name the demo users.
    pub(crate) demo: bool,
}

/// The page that asks a signed-in user for the password again.
#[derive(Template)]
#[template(path = "reauth.html", config = "src/server/askama.toml")]
pub(crate) struct ReauthPage<'a> {
    /// The user who is signed in. Nobody else can confirm.
    pub(crate) username: &'a str,
    /// The destination after that, from [`safe_next`].
    pub(crate) next: &'a str,
    /// The error of the previous attempt.
    pub(crate) error: Option<String>,
}

/// The page that asks before a one-time code is redeemed. It does not contain the code: its form is sent to the address of
/// the page, and the policy in its head keeps that address from being sent anywhere else.
#[derive(Template)]
#[template(path = "handoff.html", config = "src/server/askama.toml")]
pub(crate) struct HandoffPage<'a> {
    /// Whose account it is.
    pub(crate) user: &'a User,
    /// Who is signed in in this browser before.
    pub(crate) here: Option<&'a User>,
}

/// The account page.
#[derive(Template)]
#[template(path = "account.html", config = "src/server/askama.toml")]
pub(crate) struct AccountPage<'a> {
    user: &'a User,
    notice: Option<&'static str>,
    error: Option<String>,
    logins: Vec<LoginRow>,
    logins_error: Option<String>,
    fresh: bool,
    min_length: usize,
    api_tokens: Vec<ApiTokenRow>,
    api_token_error: Option<String>,
    history: Vec<HistoryEntry>,
}

impl<'a> AccountPage<'a> {
    pub(crate) fn new(user: &'a User, principal: &Principal, min_length: usize) -> Self {
        Self {
            user,
            notice: None,
            error: None,
            logins: Vec::new(),
            logins_error: None,
            fresh: principal.fresh,
            min_length,
            api_tokens: Vec::new(),
            api_token_error: None,
            history: Vec::new(),
        }
    }

    /// Adds a notice.
    pub(crate) fn notice(mut self, notice: Option<&'static str>) -> Self {
        self.notice = notice;
        self
    }

    /// Adds the logins of the user.
    pub(crate) fn logins(mut self, logins: &[LoginInfo]) -> Self {
        self.logins = logins.iter().map(LoginRow::new).collect();
        self
    }

    /// Adds the error of ending a login.
    pub(crate) fn logins_error(mut self, error: String) -> Self {
        self.logins_error = Some(error);
        self
    }

    /// Adds the API tokens of the user.
    pub(crate) fn api_tokens(mut self, tokens: &[ApiToken]) -> Self {
        self.api_tokens = tokens.iter().map(ApiTokenRow::from).collect();
        self
    }

    /// Adds what happened to the account.
    pub(crate) fn history(mut self, records: &[AuditRecord]) -> Self {
        self.history = records.iter().map(HistoryEntry::new).collect();
        self
    }

    /// Adds the error of making an API token.
    pub(crate) fn api_token_error(mut self, error: String) -> Self {
        self.api_token_error = Some(error);
        self
    }

    /// Adds the error of a change of password.
    pub(crate) fn error(mut self, error: String) -> Self {
        self.error = Some(error);
        self
    }
}

#[derive(Template)]
#[template(path = "error.html", config = "src/server/askama.toml")]
struct ErrorPage<'a> {
    status: u16,
    heading: &'static str,
    detail: &'a str,
    link: &'a str,
    link_text: &'static str,
}

/// A page as a response. Pages are about one user at one time, so they are not cached.
pub(crate) fn respond(status: StatusCode, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(html) => HttpResponse::build(status)
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((CONTENT_SECURITY_POLICY, OWN_CONTENT_ONLY))
            .content_type(ContentType::html())
            .body(html),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            let detail = "The server made a mistake.";
            ProblemDetails::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", detail).respond()
        }
    }
}

/// A page with the status of an error, and its headers for clients.
pub(crate) fn respond_refused(error: &AuthError, page: &impl Template) -> HttpResponse {
    let mut response = respond(error.status(), page);
    let plain = error.error_response();
    for name in [WWW_AUTHENTICATE, RETRY_AFTER] {
        if let Some(value) = plain.headers().get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    note_refusal(&mut response, error);
    response
}

/// The error page for errors other than those of the bridge.
pub(crate) fn error(status: StatusCode, detail: &str) -> HttpResponse {
    respond(
        status,
        &ErrorPage {
            status: status.as_u16(),
            heading: heading(status),
            detail,
            link: "/",
            link_text: "Back to the start",
        },
    )
}

/// The error page for errors of the bridge.
pub fn auth_error(request: &HttpRequest, error: &AuthError) -> HttpResponse {
    let detail = error.detail();
    let link = sign_in_link(request, error);
    respond_refused(
        error,
        &ErrorPage {
            status: error.status().as_u16(),
            heading: heading(error.status()),
            detail: &detail,
            link: link.as_deref().unwrap_or("/"),
            link_text: if link.is_some() { "Sign in" } else { "Back to the start" },
        },
    )
}

/// The link of a 401 to the login page, with the requested page as `next`. With `reauth` a signed-in user can sign in
/// again. A user whose login is only not fresh gives the password again instead.
fn sign_in_link(request: &HttpRequest, error: &AuthError) -> Option<String> {
    if error.status() != StatusCode::UNAUTHORIZED {
        return None;
    }
    // A token in the query was refused, and is not passed on.
    let mut names = url::form_urlencoded::parse(request.query_string().as_bytes()).map(|(name, _)| name);
    let wanted = match request.uri().path_and_query() {
        Some(wanted) if !names.any(|name| name == "access_token") => wanted.as_str(),
        _ => request.path(),
    };
    let next = if request.method().is_safe() { safe_next(wanted) } else { None };
    let next: String = url::form_urlencoded::byte_serialize(next.unwrap_or("/account").as_bytes()).collect();
    Some(match error {
        AuthError::ReauthRequired { .. } => format!("/reauth?next={next}"),
        _ => format!("/login?reauth=1&next={next}"),
    })
}

fn heading(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED => "Please sign in again",
        StatusCode::FORBIDDEN => "That is not allowed",
        StatusCode::NOT_FOUND => "Nothing here",
        StatusCode::METHOD_NOT_ALLOWED => "That does not work here",
        StatusCode::SERVICE_UNAVAILABLE => "Not available just now",
        _ if status.is_server_error() => "Something went wrong",
        _ => "That did not work",
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]
mod tests {
    use super::*;
    use crate::CsrfFault;
    use actix_web::body::MessageBody as _;
    use actix_web::test::TestRequest;

    fn body(response: HttpResponse) -> String {
        let bytes = response.into_body().try_into_bytes().unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[test]
    fn what_was_typed_comes_back_escaped() {
        let page = LoginPage { username: r#""><script>alert(1)</script>"#, ..LoginPage::default() };
        let html = page.render().unwrap();
        assert!(!html.contains("<script"), "{html}");
        assert!(html.contains("&#60;script"), "{html}");
    }

    #[test]
    fn demo_users_are_named_only_on_a_demo_server() {
        let mut page = LoginPage::default();
        assert!(!page.render().unwrap().contains("batman"));
        page.demo = true;
        assert!(page.render().unwrap().contains("batman"));
    }

    #[test]
    fn values_stand_apart_from_the_words_around_them() {
        let user = User {
            id: 1,
            username: "batman".to_owned(),
            full_name: "Bruce Wayne".to_owned(),
            active: true,
            credential_epoch: 0,
        };
        let page = AccountPage {
            user: &user,
            notice: None,
            error: None,
            logins: Vec::new(),
            logins_error: None,
            fresh: true,
            min_length: 8,
            api_tokens: Vec::new(),
            api_token_error: None,
            history: Vec::new(),
        };
        let html = page.render().unwrap();
        assert!(html.contains("Signed in as <strong>batman</strong>"), "{html}");
        assert!(html.contains("At least 8 characters."), "{html}");
    }

    #[test]
    fn a_401_leads_to_the_login_page_and_back() {
        let get = TestRequest::get().uri("/reports?year=2026&page=2").to_http_request();
        let html = body(auth_error(&get, &AuthError::LoginEnded));
        assert!(html.contains("/login?reauth=1&#38;next=%2Freports%3Fyear%3D2026%26page%3D2"), "{html}");

        let get_with_token = TestRequest::get().uri("/reports?year=2026&access_token=a.b.c").to_http_request();
        let html = body(auth_error(&get_with_token, &AuthError::TokenExpired));
        assert!(html.contains("next=%2Freports\""), "a refused token is not passed on: {html}");

        let post = TestRequest::post().uri("/account/password").to_http_request();
        let html = body(auth_error(&post, &AuthError::LoginEnded));
        assert!(html.contains("next=%2Faccount\""), "a form cannot be sent again by a link: {html}");

        let html = body(auth_error(&get, &AuthError::CsrfRejected(CsrfFault::CrossSite)));
        assert!(!html.contains("/login"), "{html}");
    }

    #[test]
    fn a_page_for_an_error_keeps_the_headers_for_clients() {
        let request = TestRequest::get().to_http_request();
        let response = auth_error(&request, &AuthError::Overloaded { retry_after: 3 });
        assert_eq!(response.status(), 503);
        assert_eq!(response.headers().get(RETRY_AFTER).unwrap(), "3");
        assert_eq!(response.headers().get(CACHE_CONTROL).unwrap(), "no-store");
        let response = auth_error(&request, &AuthError::LoginRequired);
        assert!(response.headers().contains_key(WWW_AUTHENTICATE));
    }
}
