//! Who sent a request: the peer of the connection, or whom trusted proxies say they speak for.
//!
//! A proxy adds the address that it was connected from at the right end of `X-Forwarded-For`, or of `Forwarded` (RFC 7239).
//! What is left of it, its client may have written. So the addresses are read from the right, and an address counts only if
//! the hop that added it is trusted: the first one that is no trusted proxy is the client. Where a trusted proxy has
//! written something else than an address, or the two headers name different clients, the last trusted hop counts. Nobody
//! can choose an address in this way, not even with a header that the proxy does not know.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName, X_FORWARDED_FOR, X_FORWARDED_PROTO};
use ipnet::IpNet;

/// The networks of the proxies in front of an application. By default there are none, and the peer is the client.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Arc<[IpNet]>);

/// A text that is neither an address nor a network in CIDR notation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no network: write an address, or a network such as 10.0.0.0/8 or 2001:db8::/32")]
pub struct InvalidNetwork(String);

/// Who sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client {
    /// The address; `None` for a connection that has none, such as that of a Unix socket. An IPv4 address in IPv6 is IPv4.
    pub address: Option<IpAddr>,
    /// Whether the client used TLS, if a trusted proxy says so.
    pub is_https: Option<bool>,
    /// Whether the request came through a trusted proxy.
    pub is_proxied: bool,
}

impl TrustedProxies {
    /// These networks: `["10.0.0.0/8", "192.0.2.7"]`.
    ///
    /// # Errors
    ///
    /// [`InvalidNetwork`] for a text that is none.
    pub fn new<T: AsRef<str>>(networks: impl IntoIterator<Item = T>) -> Result<Self, InvalidNetwork> {
        let network = |text: T| {
            let text = text.as_ref();
            let address = || text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
            text.parse::<IpNet>()
                .or_else(|_no_network| address())
                .map_err(|_no_address| InvalidNetwork(text.to_owned()))
        };
        Ok(Self(networks.into_iter().map(network).collect::<Result<_, _>>()?))
    }

    /// Who sent this request.
    pub fn client(&self, req: &HttpRequest) -> Client {
        let peer = req.peer_addr().map(|peer| peer.ip().to_canonical());
        let Some(hop) = peer.filter(|peer| self.contains(*peer)) else {
            return Client { address: peer, is_https: None, is_proxied: false };
        };
        let headers = req.headers();
        let claims = [forwarded(headers), x_forwarded_for(headers)].map(|entries| entries.map(|e| self.walk(hop, e)));
        let claim = match claims {
            [Some(one), Some(other)] if one.0 == other.0 => one,
            [Some(only), None] | [None, Some(only)] => only,
            _ => (hop, None),
        };
        let is_https = claim.1.or_else(|| is_https(last(headers, &X_FORWARDED_PROTO)?));
        Client { address: Some(claim.0), is_https, is_proxied: true }
    }

    /// The client, and whether it used TLS, by the entries that the hops have added, the last one first.
    fn walk(&self, hop: IpAddr, entries: Vec<Entry>) -> (IpAddr, Option<bool>) {
        let mut client = (hop, None);
        for entry in entries.into_iter().rev() {
            let Some(address) = entry.address else { break };
            client = (address, entry.is_https.or(client.1));
            if !self.contains(address) {
                break;
            }
        }
        client
    }

    fn contains(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// What a hop says of the one before it.
#[derive(Default)]
struct Entry {
    /// `None`: something else than an address.
    address: Option<IpAddr>,
    is_https: Option<bool>,
}

/// The entries of all lines, in their order. `None` if there is no such header.
fn entries(headers: &HeaderMap, name: &HeaderName, read: impl Fn(&str) -> Vec<Entry>) -> Option<Vec<Entry>> {
    let mut lines = headers.get_all(name).peekable();
    lines.peek()?;
    // A line that is no text says nothing of anybody.
    Some(lines.flat_map(|line| line.to_str().map_or_else(|_no_text| vec![Entry::default()], &read)).collect())
}

fn x_forwarded_for(headers: &HeaderMap) -> Option<Vec<Entry>> {
    let entry = |text: &str| Entry { address: address(text.trim()), is_https: None };
    entries(headers, &X_FORWARDED_FOR, |line| line.split(',').map(entry).collect())
}

fn forwarded(headers: &HeaderMap) -> Option<Vec<Entry>> {
    entries(headers, &FORWARDED, |line| split_unquoted(line, ',').map(forwarded_element).collect())
}

/// One element: `for=192.0.2.60;proto=https`. One that is not well-formed says nothing: the client may have opened a quotation
/// that swallows what the proxy has added.
fn forwarded_element(element: &str) -> Entry {
    let (mut entry, mut seen) = (Entry::default(), Vec::new());
    for parameter in split_unquoted(element, ';') {
        let Some((name, value)) = parameter.trim().split_once('=') else { return Entry::default() };
        let (name, Some(value)) = (name.to_ascii_lowercase(), value_of(value)) else { return Entry::default() };
        match &*name {
            "for" => entry.address = address(value),
            "proto" => entry.is_https = is_https(value),
            _ => {}
        }
        if seen.contains(&name) {
            return Entry::default();
        }
        seen.push(name);
    }
    entry
}

/// A token, or the inside of a quoted string without escapes: no address has any.
fn value_of(text: &str) -> Option<&str> {
    let quoted = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
    quoted.or(Some(text)).filter(|value| !value.contains(['"', '\\']))
}

/// The parts between separators that are not in a quoted string (RFC 9110 section 5.6.4).
fn split_unquoted(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(move |c| {
        let splits = !is_quoted && c == separator;
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ => {}
        }
        splits
    })
}

/// The last value of a list header.
fn last<'h>(headers: &'h HeaderMap, name: &HeaderName) -> Option<&'h str> {
    headers.get_all(name).last()?.to_str().ok()?.rsplit(',').next()
}

/// An address with or without a port, IPv6 in brackets if it has one.
fn address(text: &str) -> Option<IpAddr> {
    let bare = || text.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok().filter(IpAddr::is_ipv6);
    let address = text.parse::<IpAddr>().ok().or_else(|| Some(text.parse::<SocketAddr>().ok()?.ip())).or_else(bare);
    address.map(|address| address.to_canonical())
}

fn is_https(protocol: &str) -> Option<bool> {
    match protocol.trim() {
        https if https.eq_ignore_ascii_case("https") => Some(true),
        http if http.eq_ignore_ascii_case("http") => Some(false),
        _ => None,
    }
}
