//! The configuration of a Flask application as settings of the bridge.

use std::time::Duration;

use super::config::{CookieSettings, FlaskConfig};
use super::manager::JwtManager;
use super::places::FlaskGrammar;
use crate::bridge::builder::BridgeBuilder;
use crate::bridge::credential::{TokenCookies, TokenLocations};
use crate::bridge::model::CredentialLocation;
use crate::bridge::resolve::ExternalTokens;
use crate::bridge::token::TokenKey;

/// The `Max-Age` of persistent cookies in Flask-JWT-Extended, which calls it one year.
const COOKIE_YEAR: Duration = Duration::from_secs(31_540_000);

impl BridgeBuilder {
    /// Accepts the tokens of a Flask application besides those of the bridge, at the locations of its configuration, and
    /// answers refusals as Flask-JWT-Extended does.
    ///
    /// This sets [`token_locations`](Self::token_locations), which may be set again afterwards. It also adds an
    /// [`on_refusal`](Self::on_refusal) hook; hooks that are added afterwards take precedence over it.
    ///
    /// A token of the Flask application belongs to no login. It is valid until it expires, and only a
    /// [`token_blocklist`](Self::token_blocklist) can revoke it. Issue tokens of the bridge as soon as possible.
    ///
    /// Without a [`token_key`](Self::token_key) the key of the configuration also signs the tokens of the bridge.
    pub fn flask_jwt(self, jwt: &JwtManager) -> Self {
        let (config, errors) = (&jwt.0.config, jwt.0.errors.clone());
        self.default_token_key(config.keys.signing.clone())
            .token_locations(locations(config).also(&jwt.0.route_locations))
            .on_refusal(move |refusal| errors.answer(refusal))
            .external_tokens(jwt.clone())
    }

    /// Whether to accept tokens that a Flask application signed with one of the bridge's keys, under the default settings of
    /// Flask-JWT-Extended: without a login, an issuer and an audience. Default: `false`.
    ///
    /// The bridge's own token locations apply. The user must exist. Only a [`token_blocklist`](Self::token_blocklist) can
    /// revoke such a token before it expires.
    ///
    /// Use [`flask_jwt`](Self::flask_jwt) for an application that migrates with its whole configuration.
    pub fn accept_flask_jwt_extended(self, accept: bool) -> Self {
        self.external_tokens_from_keys(accept.then(|| {
            let from_keys = |keys: &[TokenKey], leeway| -> Box<dyn ExternalTokens> {
                Box::new(JwtManager::from_keys(keys.to_vec(), leeway))
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
