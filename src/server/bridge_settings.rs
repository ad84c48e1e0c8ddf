//! The bridge from the configuration: each key becomes a call of the builder.

use secrecy::ExposeSecret as _;

use super::config::{Config, ErrorFormat};
use super::handlers::reauth;
use super::pages;
use super::secrets::Secrets;
use super::start_error::StartError;
use crate::store::db::Database;
use crate::{Bridge, Clock, KeyRing, TokenLocations, flask, prefers_html};

pub(super) fn build(
    config: &Config,
    secrets: &Secrets,
    ring: KeyRing,
    database: &Database,
    clock: &Clock,
) -> Result<Bridge, StartError> {
    let builder = Bridge::builder(database.clone())
        .store(database.clone())
        .handoff_codes(database.clone())
        .api_tokens(database.clone())
        .revoked_tokens(database.clone())
        .audit(database.clone())
        .clock(clock.clone())
        .key_ring(ring)
        .session_secret(secrets.session_secret.expose_secret())
        .login_view("/login")
        .refresh_view(reauth::PATH)
        .error_page(pages::auth_error)
        .trusted_proxies(config.server.trusted_proxies.clone())
        .issuer(&config.token.issuer)
        .audience(&config.token.audience)
        .access_ttl(config.token.access_ttl)
        .refresh_ttl(config.token.refresh_ttl)
        .refresh_idle_ttl(config.token.refresh_idle_ttl)
        .refresh_grace(config.token.refresh_grace)
        .leeway(config.token.leeway)
        .token_locations(TokenLocations::new(&config.token.locations))
        .json_body_limit(config.token.json_body_limit)
        .accept_flask_jwt_extended(config.token.accept_flask_jwt_extended)
        .body_timeout(config.server.body_timeout)
        .idle_ttl(config.session.idle_ttl)
        .absolute_ttl(config.session.absolute_ttl)
        .remember_ttl(config.session.remember_ttl)
        .fresh_window(config.login.fresh_window)
        .max_logins(config.login.max_logins)
        .conflict_policy(config.login.conflict);
    let retired = &secrets.retired_session_secrets;
    let builder =
        retired.iter().fold(builder, |builder, secret| builder.retired_session_secret(secret.expose_secret()));
    let builder = match &config.server.public_url {
        Some(url) => builder.public_url(url.as_str()),
        None => builder,
    };
    let builder = match config.server.error_profile {
        ErrorFormat::ProblemDetails => builder,
        ErrorFormat::FlaskJwtExtended => {
            let errors = flask::ErrorProfile::default();
            // Browsers get pages, independent of the format for API clients.
            builder.on_refusal(
                move |refusal| {
                    if prefers_html(refusal.request()) { None } else { errors.answer(refusal) }
                },
            )
        }
    };
    Ok(builder.build()?)
}
