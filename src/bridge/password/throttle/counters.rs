//! Which counters an attempt belongs to.

use std::net::{IpAddr, Ipv6Addr};

use aws_lc_rs::hmac;

use super::AttemptBy;

/// The number of counters of a kind, as a power of two.
const BITS: u32 = 17;

/// What a counter counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Attempts of unknown clients at an account.
    Account,
    /// Attempts of a client that has signed in to the account before.
    Known,
    /// Attempts of unknown clients from a network.
    Network,
    /// All attempts of unknown clients.
    Overall,
}

impl Kind {
    pub(super) fn is_of_account(self) -> bool {
        matches!(self, Self::Account | Self::Known)
    }
}

/// A counter: its kind, and its number in the store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counter {
    pub(super) kind: Kind,
    pub(super) number: u32,
}

/// The counters of an attempt, in the order of their numbers, so that no two transactions wait for each other.
pub(super) fn of(key: &hmac::Key, by: &AttemptBy<'_>) -> Vec<Counter> {
    let counter = |kind, number| Counter { kind, number };
    if let Some(known_as) = by.known_as {
        return vec![counter(Kind::Known, number(key, 1, &[by.account.as_bytes(), known_as.as_bytes()]))];
    }
    let mut counters = vec![counter(Kind::Account, number(key, 0, &[by.account.as_bytes()]))];
    if let Some(address) = by.address {
        counters.push(counter(Kind::Network, number(key, 2, &[&network(address)])));
    }
    counters.push(counter(Kind::Overall, 3 << BITS));
    counters
}

/// The number of a counter, which only who knows the key can find.
fn number(key: &hmac::Key, kind: u8, parts: &[&[u8]]) -> u32 {
    let mut context = hmac::Context::with_key(key);
    context.update(&[kind]);
    for part in parts {
        context.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        context.update(part);
    }
    let tag = context.sign();
    let hash = tag.as_ref().iter().take(4).fold(0, |hash, byte| (hash << 8) | u32::from(*byte));
    (u32::from(kind) << BITS) | (hash >> (32 - BITS))
}

/// The network that counts for an address: an IPv4 address itself, and of IPv6 the /64, which one customer has.
fn network(address: IpAddr) -> Vec<u8> {
    match address.to_canonical() {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => Ipv6Addr::octets(&address)[..8].to_vec(),
    }
}
