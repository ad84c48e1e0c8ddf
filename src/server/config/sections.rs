//! The sections and their keys: what each means, its default, and which values go together. `[token]` and
//! `[password]` have files of their own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use bytesize::ByteSize;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use url::{Host, Url};

use super::password::PasswordConfig;
use super::setting::{DatabaseUrl, quote};
use super::setting_reader::Reader;
use super::token::TokenConfig;

pub(super) const MINUTE: u64 = 60;
pub(super) const DAY: u64 = 86_400;

/// The whole configuration, checked.
#[derive(Debug, Default)]
pub struct Config {
    /// `[server]`
    pub server: ServerConfig,
    /// `[database]`
    pub database: DatabaseConfig,
    /// `[session]`
    pub session: SessionConfig,
    /// `[token]`
    pub token: TokenConfig,
    /// `[password]`
    pub password: PasswordConfig,
    /// `[login]`
    pub login: LoginConfig,
    /// `[log]`
    pub log: LogConfig,
    /// `serve --demo`; no key of the file.
    pub demo: bool,
}

impl Config {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let config = Self {
            server: ServerConfig::read(reader),
            database: DatabaseConfig::read(reader),
            session: SessionConfig::read(reader),
            token: TokenConfig::read(reader),
            password: PasswordConfig::read(reader),
            login: LoginConfig::read(reader),
            log: {
                reader.section("throttle");
                reader.get("enabled", true);
                reader.note("not there yet: attempts are not throttled".to_owned());
                LogConfig::read(reader)
            },
            demo: false,
        };
        reader.section("token");
        reader.require(
            config.token.json_body_limit <= config.server.body_limit,
            &["json_body_limit"],
            "this is more than server.body_limit; make it smaller",
        );
        config
    }
}

/// `[server]`: the socket and the limits of HTTP.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where to listen. Port 0 lets the system choose one.
    pub listen: SocketAddr,
    /// The origin under which browsers reach the server; `None`: that of each request's `Host`. With https cookies are
    /// `Secure` and have the `__Host-` prefix.
    pub public_url: Option<Url>,
    /// How many threads serve requests. The default is the number of cores.
    pub workers: usize,
    /// The longest request body, in bytes.
    pub body_limit: usize,
    /// How long a client may take to send a body.
    pub body_timeout: Duration,
    /// How long requests in flight may take to end when the server is asked to stop.
    pub shutdown_timeout: Duration,
    /// How API clients are told that they are refused.
    pub error_profile: ErrorProfile,
}

/// How API clients are told that they are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorProfile {
    /// `application/problem+json` (RFC 9457).
    Problem,
    /// The statuses and bodies of Flask-JWT-Extended, for what it has answers for.
    FlaskJwtExtended,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            public_url: None,
            workers: cores(),
            body_limit: 2 << 20,
            body_timeout: Duration::from_secs(10),
            shutdown_timeout: Duration::from_secs(30),
            error_profile: ErrorProfile::Problem,
        }
    }
}

impl ServerConfig {
    fn read(reader: &mut Reader) -> Self {
        let default = Self::default();
        reader.section("server");
        let config = Self {
            listen: reader.get("listen", default.listen),
            public_url: reader.optional("public_url"),
            workers: reader.get("workers", default.workers),
            body_limit: size(reader, "body_limit", default.body_limit),
            body_timeout: period(reader, "body_timeout", default.body_timeout),
            shutdown_timeout: period(reader, "shutdown_timeout", default.shutdown_timeout),
            error_profile: match reader.word("error_profile", &["problem", "flask_jwt_extended"], &[]) {
                "flask_jwt_extended" => ErrorProfile::FlaskJwtExtended,
                _ => ErrorProfile::Problem,
            },
        };
        reader.require((1..=1024).contains(&config.workers), &["workers"], "write a number from 1 to 1024");
        reader.only("trusted_proxies", Vec::<String>::new());
        config
    }

    /// Whether only this machine can reach the server.
    pub fn is_loopback(&self) -> bool {
        self.listen.ip().is_loopback()
    }

    /// Whether the public URL, if there is one, is of this machine: another one leads others here, through a proxy.
    pub fn is_public_url_local(&self) -> bool {
        self.public_url.as_ref().is_none_or(|url| match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        })
    }

    /// Whether browsers reach the server over TLS.
    pub fn is_https(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }
}

/// `[database]`
#[derive(Clone, Debug)]
pub struct DatabaseConfig {
    /// `sqlite://…` or `postgres://…`.
    pub url: DatabaseUrl,
    /// The most connections that are open at once.
    pub pool_size: u32,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self { url: DatabaseUrl::default(), pool_size: 8 }
    }
}

impl DatabaseConfig {
    fn read(reader: &mut Reader) -> Self {
        let default = Self::default();
        reader.section("database");
        let config =
            Self { url: reader.get("url", default.url), pool_size: reader.get("pool_size", default.pool_size) };
        reader.require((1..=1024).contains(&config.pool_size), &["pool_size"], "write a number from 1 to 1024");
        config
    }
}

/// `[session]`: the browser face of a login.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// A session that is not used for this long is over.
    pub idle_ttl: Duration,
    /// A login is over after this long whatever happens.
    pub absolute_ttl: Duration,
    /// How long a remember cookie lives.
    pub remember_ttl: Duration,
    /// A file with the key that signs cookies (base64url); `None`: one of our own in the data directory.
    pub secret_file: Option<PathBuf>,
}

impl Default for SessionConfig {
    fn default() -> Self {
        Self {
            idle_ttl: Duration::from_secs(DAY),
            absolute_ttl: Duration::from_secs(30 * DAY),
            remember_ttl: Duration::from_secs(30 * DAY),
            secret_file: None,
        }
    }
}

impl SessionConfig {
    fn read(reader: &mut Reader) -> Self {
        let default = Self::default();
        reader.section("session");
        reader.word("store", &["database"], &["redis", "cookie"]);
        if reader.optional::<String>("redis_url").is_some() {
            reader.fault("redis_url", "sessions in Redis are not there yet; remove this key".to_owned());
        }
        let config = Self {
            idle_ttl: period(reader, "idle_ttl", default.idle_ttl),
            absolute_ttl: period(reader, "absolute_ttl", default.absolute_ttl),
            remember_ttl: period(reader, "remember_ttl", default.remember_ttl),
            secret_file: reader.optional("secret_file"),
        };
        reader.require(
            config.idle_ttl <= config.absolute_ttl,
            &["idle_ttl", "absolute_ttl"],
            "idle_ttl is longer than absolute_ttl; make it shorter or the other longer",
        );
        config
    }
}

/// `[login]`: what holds for both faces.
#[derive(Clone, Debug)]
pub struct LoginConfig {
    /// How long after the password was given a login counts as fresh.
    pub fresh_window: Duration,
}

impl Default for LoginConfig {
    fn default() -> Self {
        Self { fresh_window: Duration::from_secs(15 * MINUTE) }
    }
}

impl LoginConfig {
    fn read(reader: &mut Reader) -> Self {
        reader.section("login");
        let config = Self { fresh_window: period(reader, "fresh_window", Self::default().fresh_window) };
        reader.word("conflict", &["prefer_token"], &["reject_both", "require_same_user"]);
        reader.word("revocation", &["strict"], &["bounded", "stateless"]);
        reader.only("revocation_bound", Duration::from_secs(1));
        config
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// `[log]`
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// A level, or directives such as `info,tollbridge=debug`.
    pub level: String,
    /// How lines look.
    pub format: LogFormat,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { level: "info".to_owned(), format: LogFormat::Text }
    }
}

impl LogConfig {
    fn read(reader: &mut Reader) -> Self {
        reader.section("log");
        let level = reader.get("level", Self::default().level);
        // To the filter a word that is no level is the name of a module: a misspelt level would silence the log.
        let is_level = |part: &str| part.contains('=') || part.trim().parse::<LevelFilter>().is_ok();
        if !level.split(',').all(is_level) || EnvFilter::builder().parse(&level).is_err() {
            let wanted = r#"write "off", "error", "warn", "info", "debug" or "trace", or "info,tollbridge=debug""#;
            reader.fault("level", format!("{} is not a level; {wanted}", quote(&level)));
        }
        let format = match reader.word("format", &["text", "json"], &[]) {
            "json" => LogFormat::Json,
            _ => LogFormat::Text,
        };
        Self { level, format }
    }
}

/// A duration that is not zero.
pub(super) fn period(reader: &mut Reader, key: &'static str, default: Duration) -> Duration {
    let period = reader.get(key, default);
    reader.require(!period.is_zero(), &[key], "this must be at least \"1s\"");
    reader.require(period <= Duration::from_secs(3660 * DAY), &[key], "this is more than ten years; write less");
    period
}

/// A size in bytes that is not zero and fits a request.
pub(super) fn size(reader: &mut Reader, key: &'static str, default: usize) -> usize {
    let size = reader.get(key, ByteSize::b(default.try_into().unwrap_or(u64::MAX)));
    let bytes = usize::try_from(size.0).ok().filter(|bytes| (1..=1 << 30).contains(bytes));
    reader.require(bytes.is_some(), &[key], "write a size from \"1B\" to \"1GiB\"");
    bytes.unwrap_or(default)
}

pub(super) fn cores() -> usize {
    available_parallelism().map_or(1, usize::from)
}
