//! The server: assembly, start and shutdown. Tests start the same server as `main`.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::rt;
use actix_web::rt::signal::unix::{SignalKind, signal};
use actix_web::web::Data;
use actix_web::{App, HttpServer};
use futures_util::future::{Either, join, select};
use secrecy::ExposeSecret as _;

use super::bridge_settings;
use super::config::Config;
use super::demo;
use super::headers::{Hsts, SecurityHeaders};
use super::key_advice::advice;
use super::keys::KeyKeeper;
use super::metrics::Metrics;
use super::recover::Recover;
use super::resources::{open_database, password_hasher};
use super::routes;
use super::secrets::Secrets;
use super::shared_keys;
use super::start_error::StartError;
use super::state::AppState;
use super::telemetry::Telemetry;
use super::token_templates::TokenTemplates;
use crate::store::db::{Database, Retention};
use crate::{Bridge, Clock, Throttle};

/// The interval between deletions of expired rows.
const SWEEP_INTERVAL: Duration = Duration::from_secs(3600);

/// A server that is bound to its address.
pub struct Application {
    server: Server,
    /// The server of the address for operators.
    operations: Option<Server>,
    addr: SocketAddr,
    operations_addr: Option<SocketAddr>,
    database: Database,
    bridge: Bridge,
    clock: Clock,
    retention: Retention,
    draining: Arc<AtomicBool>,
    drain: Duration,
}

impl Application {
    /// Opens and migrates the database, reads or generates the secrets, and binds the address.
    ///
    /// # Errors
    ///
    /// [`StartError`] names the problem and its remedy. Nothing listens then.
    pub async fn build(config: Config, clock: Clock) -> Result<Self, StartError> {
        if config.demo {
            demo::require_loopback(&config.server)?;
        }
        let (database, migrations) = open_database(&config).await?;
        for migration in migrations {
            tracing::info!(migration, "migrated the database");
        }
        let passwords = password_hasher(&config.password)?;
        if config.demo {
            demo::create_users(&database, &clock).await?;
        } else {
            demo::refuse_leftovers(&database, &config.server, &passwords).await?;
        }
        let has_ring = !database.signing_keys().await?.1.is_empty();
        let secrets = Secrets::load(&config, has_ring)?;
        shared_keys::require(&database, &secrets, &config, has_ring).await?;
        let keeper = KeyKeeper::new(&config, &database, &clock).start_with(&config, secrets.token_key.as_ref()).await?;
        let keeper = Arc::new(keeper);
        let ring = keeper.ring().await?;
        for advice in ring.keys().all(clock.now()).iter().flat_map(advice) {
            tracing::warn!("{advice}");
        }
        let bridge = bridge_settings::build(&config, &secrets, ring, &database, &clock)?;
        let [learn_keys, learn_revoked] = bridge.learners();
        keeper.watch(learn_keys, learn_revoked);
        bridge.learn_revoked_tokens().await?;
        let throttle = config.throttle.enabled.then(|| {
            let throttle = Throttle::new(database.clone(), secrets.session_secret.expose_secret());
            throttle.limits(config.throttle.limits).clock(clock.clone())
        });
        drop(secrets);
        if !config.server.is_loopback() && !config.server.is_https() {
            tracing::warn!(
                "listening on {} without TLS: passwords and tokens can be read on the way; put a proxy with TLS in \
                 front and set server.public_url to its https origin",
                config.server.listen
            );
        }

        let hsts = config.server.effective_hsts();
        let metrics = Arc::new(Metrics::new());
        let listen = config.server.listen;
        let retention = Retention {
            ended: config.login.retention,
            audit: config.audit.retention,
            records_of_user: config.audit.records_per_user,
        };
        let proxies = config.server.trusted_proxies.clone();
        let draining = Arc::new(AtomicBool::new(false));
        let drain = config.server.drain;
        let state = Data::new(AppState {
            db: database.clone(),
            passwords,
            bridge: bridge.clone(),
            clock: clock.clone(),
            throttle,
            password_policy: config.password.policy(),
            body_limit: config.server.body_limit,
            public_url: config.server.public_url.as_ref().map(|url| url.origin().ascii_serialization()),
            handoff_confirm: config.login.handoff_confirm,
            clients: config.clients.clone(),
            templates: TokenTemplates::new(config.templates.clone()),
            demo: config.demo,
            operations_elsewhere: config.server.operations_listen.is_some(),
            draining: Arc::clone(&draining),
            metrics: Arc::clone(&metrics),
        });
        let operations = match config.server.operations_listen {
            Some(address) => {
                Some(serve_operations(address, &state, Telemetry::new(Arc::clone(&metrics), proxies.clone()), hsts)?)
            }
            None => None,
        };
        let (operations, operations_addr) = operations.unzip();
        // One for all workers, so that they count into one line of the log.
        let telemetry = Telemetry::new(metrics, proxies.clone());
        let audited = bridge.clone();
        let server = HttpServer::new(move || {
            App::new()
                .configure(|app| routes::configure(app, state.clone()))
                .wrap(bridge.clone())
                .wrap(Recover)
                .wrap(SecurityHeaders::new(hsts))
                .wrap(telemetry.clone())
        })
        .workers(config.server.workers)
        .shutdown_timeout(config.server.shutdown_timeout.as_secs())
        .disable_signals()
        .bind(listen)
        .map_err(|cause| StartError::Bind(listen, cause))?;
        let addr = server.addrs().first().copied().unwrap_or(listen);
        Ok(Self {
            server: server.run(),
            operations,
            addr,
            operations_addr,
            database,
            bridge: audited,
            clock,
            retention,
            draining,
            drain,
        })
    }

    /// The address that the server listens on, with the actual port if the configured one is 0.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address for operators, if they have one of their own.
    pub fn operations_addr(&self) -> Option<SocketAddr> {
        self.operations_addr
    }

    /// Serves until the process receives SIGTERM or SIGINT.
    ///
    /// # Errors
    ///
    /// When the server ends by itself.
    pub async fn run(self) -> io::Result<()> {
        self.run_until(stop_signal()?).await
    }

    /// Serves until `shutdown` resolves. Then it goes on for as long as `server.drain` says, while `/readyz` is a 503, so that a
    /// proxy sends nothing more. After that no connection is accepted, and requests in flight have the shutdown timeout to
    /// finish.
    ///
    /// # Errors
    ///
    /// When the server ends by itself.
    pub async fn run_until(self, shutdown: impl Future<Output = ()>) -> io::Result<()> {
        let sweep = rt::spawn(sweep(self.database, self.clock, self.retention));
        let handle = self.server.handle();
        let operations = self.operations.map(|server| (server.handle(), rt::spawn(server)));
        let (draining, drain) = (self.draining, self.drain);
        let stopping = async {
            shutdown.await;
            if !drain.is_zero() {
                tracing::info!(seconds = drain.as_secs(), "draining");
                draining.store(true, Ordering::Relaxed);
                rt::time::sleep(drain).await;
            }
        };
        let ended = match select(self.server, pin!(stopping)).await {
            Either::Left((ended, _)) => ended,
            Either::Right(((), server)) => {
                tracing::info!("stopping");
                join(handle.stop(true), server).await.1
            }
        };
        // Last, so that an operator sees how the server ends.
        if let Some((handle, server)) = operations {
            handle.stop(true).await;
            let _ = server.await;
        }
        sweep.abort();
        if let Err(error) = self.bridge.flush_audit().await {
            tracing::error!(%error, "failed sign-ins of the last seconds are not recorded");
        }
        ended
    }
}

/// Binds the address for operators: what only they ask for, with one thread of its own.
fn serve_operations(
    address: SocketAddr,
    state: &Data<AppState>,
    telemetry: Telemetry,
    hsts: Hsts,
) -> Result<(Server, SocketAddr), StartError> {
    let state = state.clone();
    let server = HttpServer::new(move || {
        App::new()
            .configure(|app| routes::configure_operations(app, state.clone()))
            .wrap(Recover)
            .wrap(SecurityHeaders::new(hsts))
            .wrap(telemetry.clone())
    })
    .workers(1)
    .disable_signals()
    .bind(address)
    .map_err(|cause| StartError::Bind(address, cause))?;
    let bound = server.addrs().first().copied().unwrap_or(address);
    Ok((server.run(), bound))
}

/// Installs the handlers of SIGTERM and SIGINT, and returns a future that resolves on the first signal. Must be called
/// before the server is announced, because it may be stopped from then on.
pub(super) fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let (mut term, mut int) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        select(pin!(term.recv()), pin!(int.recv())).await;
    })
}

/// Deletes expired rows, now and every hour. A failure is logged and retried at the next interval.
async fn sweep(database: Database, clock: Clock, retention: Retention) {
    loop {
        match database.sweep(clock.now(), retention).await {
            Ok(rows) => tracing::debug!(rows, "deleted expired sessions and logins"),
            Err(error) => tracing::warn!(%error, "expired sessions and logins are not deleted"),
        }
        rt::time::sleep(SWEEP_INTERVAL).await;
    }
}
