//! A service that knows passwords that were stolen somewhere, asked without telling it the password.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use url::{Host, Url};

use super::breached_hash::sha1_of;

/// The digits of the hash that the service gets: one of a million, which some hundred stolen passwords share.
const TOLD: usize = 5;

/// The longest answer that is read, in bytes. Have I Been Pwned sends some 50 KiB.
const LONGEST_ANSWER: u64 = 1 << 20;

/// How long an answer is waited for: the name, the connection and the body together.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// A service with the range search of Have I Been Pwned: it gets five digits of the password's SHA-1, and answers the rest of
/// each stolen one that begins so (k-anonymity). One prefix says nothing about a password that is not among them.
#[derive(Clone)]
pub struct BreachedService {
    url: Url,
    agent: Agent,
}

/// A service that cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BreachedServiceError {
    /// The URL is none of such a service.
    #[error("write an https URL to which five digits are added, such as \"https://api.pwnedpasswords.com/range/\"")]
    Url,
    /// The machine has no certificates to compare that of the service with.
    #[error("this machine trusts no certificates: install ca-certificates, or name a file of them in SSL_CERT_FILE")]
    NoCertificates,
}

impl BreachedService {
    /// The service at this URL, to which the five digits are added. Nothing is asked yet.
    ///
    /// # Errors
    ///
    /// [`BreachedServiceError::Url`] for a URL that is not of HTTPS, has a query, or does not end in a slash. HTTP is for a
    /// service at this machine.
    pub fn new(url: &str) -> Result<Self, BreachedServiceError> {
        let url = Url::parse(url).map_err(|_no_url| BreachedServiceError::Url)?;
        let is_local = match url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => return Err(BreachedServiceError::Url),
        };
        let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_local;
        if !is_safe || url.query().is_some() || url.fragment().is_some() || !url.path().ends_with('/') {
            return Err(BreachedServiceError::Url);
        }
        // Those that the machine trusts, or the file that SSL_CERT_FILE names.
        let trusted = rustls_native_certs::load_native_certs().certs;
        let trusted: Vec<_> = trusted.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
        if trusted.is_empty() && url.scheme() == "https" {
            return Err(BreachedServiceError::NoCertificates);
        }
        let tls = TlsConfig::builder()
            .unversioned_rustls_crypto_provider(Arc::new(aws_lc_rs::default_provider()))
            .root_certs(RootCerts::new_with_certs(&trusted))
            .build();
        let config = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(LONGEST_WAIT))
            // Whom it leads to, nobody has named.
            .max_redirects(0)
            .user_agent(concat!("tollbridge/", env!("CARGO_PKG_VERSION")))
            .build();
        Ok(Self { url, agent: config.new_agent() })
    }

    /// Whether the service knows the password as stolen. It waits for the answer.
    ///
    /// # Errors
    ///
    /// When there is no answer, or it is none of such a service.
    pub(super) fn contains(&self, password: &str) -> Result<bool, ureq::Error> {
        let hash = sha1_of(password);
        let (told, kept) = hash.split_at(TOLD);
        // Padding hides by its length which prefix it was from whoever sees the connection.
        let mut answer = self.agent.get(format!("{}{told}", self.url)).header("Add-Padding", "true").call()?;
        if answer.status() != 200 {
            return Err(ureq::Error::StatusCode(answer.status().as_u16()));
        }
        let lines = answer.body_mut().with_config().limit(LONGEST_ANSWER).read_to_string()?;
        Ok(lines.lines().any(|line| {
            // Padding has a count of zero.
            let entry = line.trim_end().split_once(':');
            entry.is_some_and(|(rest, count)| rest.eq_ignore_ascii_case(kept) && count != "0")
        }))
    }
}

impl fmt::Debug for BreachedService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BreachedService").field("url", &self.url.as_str()).finish_non_exhaustive()
    }
}
