//! The configuration of a Flask application, as settings of a bridge.

use std::time::Duration;

use super::config::{CookieSettings, FlaskConfig};
use super::manager::JwtManager;
use super::places::FlaskGrammar;
use crate::bridge::builder::BridgeBuilder;
use crate::bridge::credential::{TokenCookies, TokenLocations};
use crate::bridge::model::CredentialLocation;
use crate::bridge::resolve::ExternalTokens;
use crate::bridge::token::TokenKey;

/// What Flask-JWT-Extended calls a year: the `Max-Age` of cookies that outlive the browser.
const COOKIE_YEAR: Duration = Duration::from_secs(31_540_000);

impl BridgeBuilder {
    /// Accepts the tokens of a Flask application beside our own, where it looks for them and as it reads them, and
    /// answers refusals as it does. This sets [`token_locations`](Self::token_locations), which may be set again after it,
    /// and adds an [`on_refusal`](Self::on_refusal): what answers before it has to be given after it.
    ///
    /// Such a token belongs to no login: nothing can be ended but by a
    /// [`token_blocklist`](Self::token_blocklist), and it is good until it expires. Issue our own as soon as you can.
    ///
    /// Without a [`token_key`](Self::token_key) our own tokens are signed with the configuration's key as well.
    pub fn flask_jwt(self, jwt: &JwtManager) -> Self {
        let (config, errors) = (&jwt.0.config, jwt.0.errors.clone());
        self.default_token_key(config.keys.signing.clone())
            .token_locations(locations(config).also(&jwt.0.route_locations))
            .on_refusal(move |refusal| errors.answer(refusal))
            .external_tokens(jwt.clone())
    }

    /// Whether tokens are accepted that a Flask application signed with one of these keys, as Flask-JWT-Extended makes
    /// them by itself: without a login, an issuer and an audience. They are looked for where ours are, their user must
    /// be there, and only a [`token_blocklist`](Self::token_blocklist) ends them before they expire. Default no.
    ///
    /// An application that is moved as it is, with its configuration, is what
    /// [`flask_jwt`](Self::flask_jwt) is for.
    pub fn accept_flask_jwt_extended(self, accept: bool) -> Self {
        self.external_tokens_from_keys(accept.then(|| {
            let from_keys = |keys: &[TokenKey], leeway| -> Box<dyn ExternalTokens> {
                Box::new(JwtManager::of_keys(keys.to_vec(), leeway))
            };
            Box::new(from_keys) as Box<_>
        }))
    }
}

fn locations(config: &FlaskConfig) -> TokenLocations {
    let order: Vec<_> = config.locations.iter().copied().map(CredentialLocation::from).collect();
    TokenLocations::new(&order)
        .header(&config.header_name, &config.header_type)
        .query(&config.query_name)
        .query_prefix(&config.query_prefix)
        .json_keys(&config.access.json_key, &config.refresh.json_key)
        .cookies(cookies(config))
        .grammar(&FlaskGrammar)
        .first_found()
}

fn cookies(config: &FlaskConfig) -> TokenCookies {
    let (access, refresh) = (&config.access, &config.refresh);
    let CookieSettings { secure, domain, same_site, session, csrf_protect, csrf_methods, .. } = &config.cookies;
    let cookies = TokenCookies::default()
        .access_cookie(&access.cookie_name, &access.cookie_path)
        .refresh_cookie(&refresh.cookie_name, &refresh.cookie_path)
        .access_csrf_cookie(&access.csrf_cookie_name, &access.csrf_cookie_path)
        .refresh_csrf_cookie(&refresh.csrf_cookie_name, &refresh.csrf_cookie_path)
        .csrf_headers(&access.csrf_header_name, &refresh.csrf_header_name)
        .csrf_fields(&access.csrf_field_name, &refresh.csrf_field_name)
        .csrf_methods(csrf_methods)
        .csrf_cookies(config.cookies.csrf_in_cookies)
        .check_form(config.cookies.csrf_check_form)
        .double_submit(*csrf_protect)
        .same_site(*same_site);
    let cookies = secure.iter().fold(cookies, |cookies, secure| cookies.secure(*secure));
    let cookies = domain.iter().fold(cookies, |cookies, domain| cookies.domain(domain.trim_start_matches('.')));
    if *session { cookies } else { cookies.max_age(COOKIE_YEAR) }
}
