//! The records of sign-ins that fail. An attack makes very many of them, so those of some seconds are one record.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::act::Act;
use super::audit::{Action, AuditRecord, AuditStore};
use super::clock::Clock;
use super::store_error::StoreError;

/// The time whose failures are written together.
const WINDOW: Duration = Duration::from_secs(10);

/// How many records are written for one window at most. What is beyond them is one record a reason, of nobody and from
/// nowhere.
const MOST: usize = 32;

/// Collects failures, and writes them to the audit. Clones share them.
#[derive(Clone)]
pub(crate) struct FailedSignIns(Arc<Shared>);

struct Shared {
    store: Arc<dyn AuditStore>,
    clock: Clock,
    waiting: Mutex<Waiting>,
}

#[derive(Default)]
struct Waiting {
    records: HashMap<Kind, AuditRecord>,
    is_scheduled: bool,
}

/// What is written as one record.
#[derive(PartialEq, Eq, Hash)]
struct Kind {
    user: Option<String>,
    network: Option<IpAddr>,
    reason: &'static str,
}

impl Waiting {
    /// Adds failures of a kind, whose record is `new` if they are the first ones. Where there are too many kinds already, they are
    /// nobody's, and from nowhere.
    fn add(&mut self, mut kind: Kind, count: u64, new: impl FnOnce() -> AuditRecord) {
        let is_too_many = self.records.len() >= MOST && !self.records.contains_key(&kind);
        if is_too_many {
            (kind.user, kind.network) = (None, None);
        }
        let record = self.records.entry(kind).or_insert_with_key(|kind| {
            let mut record = AuditRecord { count: 0, user: kind.user.clone(), ..new() };
            if is_too_many {
                (record.act.address, record.act.user_agent, record.act.request_id) = (None, None, None);
            }
            record
        });
        record.count += count;
    }
}

impl FailedSignIns {
    pub(crate) fn new(store: Arc<dyn AuditStore>, clock: Clock) -> Self {
        Self(Arc::new(Shared { store, clock, waiting: Mutex::default() }))
    }

    /// Counts a failure. `act` is called only if it is the first of its kind. It is written in the background.
    pub(crate) fn count(
        &self,
        user: Option<&str>,
        address: Option<IpAddr>,
        reason: &'static str,
        act: impl FnOnce() -> Act,
    ) {
        let mut waiting = self.waiting();
        let kind = Kind { user: user.map(str::to_owned), network: address.map(network_of), reason };
        let clock = &self.0.clock;
        waiting.add(kind, 1, || AuditRecord::new(clock.now(), Action::SignInFailed, act()).because(reason));
        if !std::mem::replace(&mut waiting.is_scheduled, true) {
            let scheduled = Scheduled(self.clone());
            actix_web::rt::spawn(async move {
                actix_web::rt::time::sleep(WINDOW).await;
                if let Err(error) = scheduled.0.write().await {
                    tracing::warn!(%error, "failed sign-ins could not be recorded; they are tried again with the next");
                }
            });
        }
    }

    /// Writes what waits.
    pub(crate) async fn write(&self) -> Result<(), StoreError> {
        let mut records = {
            let mut waiting = self.waiting();
            waiting.is_scheduled = false;
            std::mem::take(&mut waiting.records).into_iter()
        };
        while let Some((kind, record)) = records.next() {
            if let Err(error) = self.0.store.add_record(&record).await {
                let mut waiting = self.waiting();
                for (kind, record) in std::iter::once((kind, record)).chain(records) {
                    waiting.add(kind, record.count, || record);
                }
                return Err(error);
            }
        }
        Ok(())
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The task that writes. Another one is needed also when it is dropped, with its worker.
struct Scheduled(FailedSignIns);

impl Drop for Scheduled {
    fn drop(&mut self) {
        self.0.waiting().is_scheduled = false;
    }
}

/// The network of an address, which is one client: an IPv4 address, or the /64 of an IPv6 address.
fn network_of(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => Ipv6Addr::from(u128::from(v6) & !u128::from(u64::MAX)).into(),
    }
}
