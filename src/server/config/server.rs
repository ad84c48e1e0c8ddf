//! `[server]`: the address, the limits of HTTP, and the format of errors.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use url::{Host, Url};

use super::bounds::{MINUTE, cores, period, size};
use super::setting_reader::SettingReader;
use crate::TrustedProxies;
use crate::server::headers::Hsts;

/// `[server]`: the address, the limits of HTTP, and the format of errors.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// The address to listen on. Port 0 lets the system choose a port.
    pub listen: SocketAddr,
    /// The origin of the server in URLs of browsers; `None` for that of each request's `Host`. With https, cookies are
    /// `Secure` and have the prefix `__Host-`.
    pub public_url: Option<Url>,
    /// The number of threads that serve requests. The default is the number of cores.
    pub workers: usize,
    /// The longest request body, in bytes.
    pub body_limit: usize,
    /// The longest time for a client to send a body.
    pub body_timeout: Duration,
    /// The longest time for requests in flight to finish when the server is shut down.
    pub shutdown_timeout: Duration,
    /// How long the server goes on after it was told to stop, while `/readyz` says so: until the proxy has noticed.
    pub drain: Duration,
    /// The format of errors for API clients.
    pub error_profile: ErrorFormat,
    /// Where browsers must use only TLS, if the public URL is one with https.
    pub hsts: Hsts,
    /// Another address for `/metrics`, `/readyz` and `/openapi.json`, which the public one then does not have.
    pub operations_listen: Option<SocketAddr>,
    /// The networks of the proxies in front of the server.
    pub trusted_proxies: TrustedProxies,
}

/// The format of errors for API clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorFormat {
    /// `application/problem+json` (RFC 9457).
    ProblemDetails,
    /// The statuses and bodies of Flask-JWT-Extended, for the errors that it knows.
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
            drain: Duration::ZERO,
            error_profile: ErrorFormat::ProblemDetails,
            hsts: Hsts::default(),
            operations_listen: None,
            trusted_proxies: TrustedProxies::default(),
        }
    }
}

/// The longest time that a server goes on after it was told to stop.
const LONGEST_DRAIN: Duration = Duration::from_secs(10 * MINUTE);

impl ServerConfig {
    pub(super) fn read(reader: &mut SettingReader) -> Self {
        let default = Self::default();
        reader.section("server");
        let config = Self {
            listen: reader.get("listen", default.listen),
            public_url: reader.optional("public_url"),
            workers: reader.get("workers", default.workers),
            body_limit: size(reader, "body_limit", default.body_limit),
            body_timeout: period(
                reader,
                "body_timeout",
                default.body_timeout,
                10 * MINUTE,
                "a client that sends nothing holds a connection for this long",
            ),
            shutdown_timeout: period(
                reader,
                "shutdown_timeout",
                default.shutdown_timeout,
                60 * MINUTE,
                "a server that is told to stop would go on for this long",
            ),
            drain: reader.get("drain", default.drain),
            error_profile: match reader.word("error_profile", &["problem", "flask_jwt_extended"], &[]) {
                "flask_jwt_extended" => ErrorFormat::FlaskJwtExtended,
                _ => ErrorFormat::ProblemDetails,
            },
            hsts: match reader.word("hsts", &["include_subdomains", "host_only", "off"], &[]) {
                "host_only" => Hsts::HostOnly,
                "off" => Hsts::Off,
                _ => Hsts::IncludeSubdomains,
            },
            operations_listen: reader.optional("operations_listen"),
            trusted_proxies: read_trusted_proxies(reader),
        };
        reader.require(
            config.operations_listen.is_none_or(|address| address != config.listen || address.port() == 0),
            &["operations_listen"],
            "this is server.listen; write another port or address",
        );
        reader.require(
            config.drain <= LONGEST_DRAIN,
            &["drain"],
            "a server that is told to stop would go on for this long; write at most \"10m\"",
        );
        reader.require((1..=1024).contains(&config.workers), &["workers"], "write a number from 1 to 1024");
        config
    }

    /// Whether only this machine can reach the server.
    pub fn is_loopback(&self) -> bool {
        self.listen.ip().is_loopback()
    }

    /// Whether the public URL, if set, is one of this machine. Any other means that a proxy makes the server reachable.
    pub fn is_public_url_local(&self) -> bool {
        self.public_url.as_ref().is_none_or(|url| match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(ip)) => ip.is_loopback(),
            Some(Host::Ipv6(ip)) => ip.is_loopback(),
            None => false,
        })
    }

    /// The header of RFC 6797: none without TLS.
    pub fn effective_hsts(&self) -> Hsts {
        if self.is_https() { self.hsts } else { Hsts::Off }
    }

    /// Whether browsers reach the server over TLS.
    pub fn is_https(&self) -> bool {
        self.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
    }
}

fn read_trusted_proxies(reader: &mut SettingReader) -> TrustedProxies {
    let networks = reader.get("trusted_proxies", Vec::<String>::new());
    TrustedProxies::new(networks).unwrap_or_else(|error| {
        reader.fault("trusted_proxies", error.to_string());
        TrustedProxies::default()
    })
}
