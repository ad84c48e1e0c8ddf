//! The suite for the audit can fail: each fault is found, and each promise can be found broken.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use tollbridge::store::memory::MemoryStore;
use tollbridge::testing::conformance::{self, Fixture};
use tollbridge::{
    Act, Action, ApiToken, ApiTokenId, ApiTokenInsertion, ApiTokenStore, AuditRecord, AuditStore, Clock, CodeHash,
    CodeStore, EndReason, Login, LoginId, LoginStore, OneTimeCode, RememberRecord, RevokedToken, RevokedTokenStore,
    StoreFuture, UnixTime,
};

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Nothing,
    /// There is no record of this.
    Loses(Action),
    /// There is a record of this, even if nothing was changed.
    RecordsAttempts(Action),
    LosesTheAddress,
    ListsEverybodys,
    ListsTheOldestFirst,
    ListsAnyNumber,
    ListsEveryAction,
    RecordsNotes,
}

/// Which fault breaks which promise: a part of the sentence.
const FAULTS: &[(Fault, &str)] = &[
    (Fault::LosesTheAddress, "`add_record`: keeps a record"),
    (Fault::ListsEverybodys, "`records_of`: those about this user"),
    (Fault::ListsTheOldestFirst, "`records_of`: those about this user"),
    (Fault::ListsAnyNumber, "`records_of`: those about this user"),
    (Fault::ListsEveryAction, "`records_of`: those about this user"),
    (Fault::Loses(Action::SignedIn), "`insert`: records"),
    (Fault::RecordsAttempts(Action::SignedIn), "`insert`: records"),
    (Fault::Loses(Action::Refreshed), "`rotate_refresh`: records"),
    (Fault::RecordsAttempts(Action::Refreshed), "`rotate_refresh`: records"),
    (Fault::RecordsAttempts(Action::Refreshed), "`rotate_refresh`: of any number of racers"),
    (Fault::Loses(Action::Remembered), "`rotate_remember`: records"),
    (Fault::RecordsAttempts(Action::Remembered), "`rotate_remember`: records"),
    (Fault::Loses(Action::Confirmed), "`confirm`: records"),
    (Fault::RecordsAttempts(Action::Confirmed), "`confirm`: records"),
    (Fault::Loses(Action::LoginEnded), "`end`: records"),
    (Fault::RecordsAttempts(Action::LoginEnded), "`end`: records"),
    (Fault::Loses(Action::LoginsEnded), "`end_all`: records"),
    (Fault::RecordsAttempts(Action::LoginsEnded), "`end_all`: records"),
    (Fault::RecordsNotes, "`touch`, `confirm_refresh`"),
    (Fault::Loses(Action::ApiTokenMade), "`insert_api_token`: records"),
    (Fault::RecordsAttempts(Action::ApiTokenMade), "`insert_api_token`: records"),
    (Fault::Loses(Action::ApiTokenRevoked), "`revoke_api_token`: records"),
    (Fault::RecordsAttempts(Action::ApiTokenRevoked), "`revoke_api_token`: records"),
    (Fault::Loses(Action::ApiTokensRevoked), "`revoke_api_tokens_of`: records"),
    (Fault::RecordsAttempts(Action::ApiTokensRevoked), "`revoke_api_tokens_of`: records"),
    (Fault::RecordsNotes, "`touch_api_token` records nothing"),
    (Fault::Loses(Action::CodeMade), "`insert_code`: records"),
    (Fault::Loses(Action::CodeUsed), "`insert_code`: records"),
    (Fault::RecordsAttempts(Action::CodeUsed), "`insert_code`: records"),
    (Fault::Loses(Action::AccessTokenRevoked), "`revoke_token`: records"),
    (Fault::RecordsAttempts(Action::AccessTokenRevoked), "`revoke_token`: records"),
];

/// How many promises there are.
const PROMISES: usize = 16;

/// A store in memory whose audit has a fault.
#[derive(Clone)]
struct WrongAudit {
    fault: Fault,
    store: MemoryStore,
}

impl WrongAudit {
    async fn record(&self, action: Action, identity: &str, subject: &str, act: &Act, now: UnixTime) {
        let record = AuditRecord::new(now, action, act.clone()).of_user(identity).about(subject);
        self.store.add_record(&record).await.expect("kept");
    }

    /// After a call that should have made a record of its own only if it changed something.
    async fn attempted(&self, action: Action, subject: &str, act: &Act, now: UnixTime) {
        if self.fault == Fault::RecordsAttempts(action)
            && let tollbridge::Actor::User(identity) = &act.by
        {
            self.record(action, identity, subject, act, now).await;
        }
    }

    async fn noted(&self, id: &LoginId, now: UnixTime) {
        if self.fault == Fault::RecordsNotes
            && let Ok(Some(login)) = self.store.find(id).await
        {
            self.record(Action::Refreshed, &login.identity, id.as_str(), &Act::of_application(), now).await;
        }
    }
}

macro_rules! passed_on {
    ($($name:ident($($arg:ident: $type:ty),*) -> $answer:ty;)*) => {
        $(fn $name<'a>(&'a self, $($arg: $type),*) -> StoreFuture<'a, $answer> {
            self.store.$name($($arg),*)
        })*
    };
}

/// Passes a call on, and does something after it.
macro_rules! followed {
    ($($name:ident($($arg:ident: $type:ty),*) -> $answer:ty, |$this:ident| $after:expr;)*) => {
        $(fn $name<'a>(&'a self, $($arg: $type),*) -> StoreFuture<'a, $answer> {
            Box::pin(async move {
                let answer = self.store.$name($($arg),*).await;
                let $this = self;
                $after.await;
                answer
            })
        })*
    };
}

impl AuditStore for WrongAudit {
    fn add_record<'a>(&'a self, record: &'a AuditRecord) -> StoreFuture<'a, ()> {
        Box::pin(async move {
            let mut record = record.clone();
            if self.fault == Fault::LosesTheAddress {
                record.act.address = None;
            }
            self.store.add_record(&record).await
        })
    }

    fn records_of<'a>(
        &'a self,
        identity: &'a str,
        actions: &'a [Action],
        most: usize,
    ) -> StoreFuture<'a, Vec<AuditRecord>> {
        Box::pin(async move {
            let actions = if self.fault == Fault::ListsEveryAction { &[] } else { actions };
            let most = if self.fault == Fault::ListsAnyNumber { usize::MAX } else { most };
            let mut records = self.store.records_of(identity, actions, most).await?;
            if self.fault == Fault::ListsEverybodys {
                records.extend(self.store.records_of("1", actions, most).await?);
            }
            if self.fault == Fault::ListsTheOldestFirst {
                records.reverse();
            }
            records.retain(|record| self.fault != Fault::Loses(record.action));
            Ok(records)
        })
    }
}

impl LoginStore for WrongAudit {
    passed_on! {
        find(id: &'a LoginId) -> Option<Login>;
        find_remembered(selector: &'a str) -> Option<Login>;
        logins_of(identity: &'a str, now: UnixTime) -> Vec<Login>;
    }

    followed! {
        insert(login: &'a Login, most: usize, act: &'a Act) -> bool,
            |this| this.attempted(Action::SignedIn, login.id.as_str(), act, login.created_at);
        rotate_refresh(id: &'a LoginId, generation: i64, act: &'a Act, clock: &'a Clock) -> Option<UnixTime>,
            |this| this.attempted(Action::Refreshed, id.as_str(), act, clock.now());
        rotate_remember(id: &'a LoginId, next: &'a RememberRecord, act: &'a Act, clock: &'a Clock) -> bool,
            |this| this.attempted(Action::Remembered, id.as_str(), act, clock.now());
        confirm(id: &'a LoginId, act: &'a Act, now: UnixTime) -> bool,
            |this| this.attempted(Action::Confirmed, id.as_str(), act, now);
        end(id: &'a LoginId, reason: EndReason, act: &'a Act, now: UnixTime) -> bool,
            |this| this.attempted(Action::LoginEnded, id.as_str(), act, now);
        end_all(identity: &'a str, except: Option<&'a LoginId>, reason: EndReason, act: &'a Act, now: UnixTime) -> Option<u64>,
            |this| this.attempted(Action::LoginsEnded, identity, act, now);
        touch(id: &'a LoginId, now: UnixTime) -> (), |this| this.noted(id, now);
        confirm_refresh(id: &'a LoginId, generation: i64, now: UnixTime) -> bool, |this| this.noted(id, now);
        confirm_remember(id: &'a LoginId, generation: i64, now: UnixTime) -> bool, |this| this.noted(id, now);
        extend_remember(id: &'a LoginId, generation: i64, expires_at: UnixTime, now: UnixTime) -> bool,
            |this| this.noted(id, now);
    }
}

impl ApiTokenStore for WrongAudit {
    passed_on! {
        find_api_token(id: &'a ApiTokenId) -> Option<ApiToken>;
        api_tokens_of(identity: &'a str) -> Vec<ApiToken>;
    }

    followed! {
        insert_api_token(token: &'a ApiToken, act: &'a Act) -> ApiTokenInsertion,
            |this| this.attempted(Action::ApiTokenMade, token.id.as_str(), act, token.created_at);
        revoke_api_token(id: &'a ApiTokenId, identity: &'a str, act: &'a Act, now: UnixTime) -> bool,
            |this| this.attempted(Action::ApiTokenRevoked, id.as_str(), act, now);
        revoke_api_tokens_of(identity: &'a str, act: &'a Act, now: UnixTime) -> u64,
            |this| this.attempted(Action::ApiTokensRevoked, identity, act, now);
        touch_api_token(id: &'a ApiTokenId, now: UnixTime) -> (), |this| async {
            if this.fault == Fault::RecordsNotes {
                this.record(Action::ApiTokenMade, "1", id.as_str(), &Act::of_application(), now).await;
            }
        };
    }
}

impl CodeStore for WrongAudit {
    passed_on! {
        insert_code(code: &'a OneTimeCode, act: &'a Act, now: UnixTime) -> bool;
        find_code(hash: &'a CodeHash, now: UnixTime) -> Option<OneTimeCode>;
    }

    followed! {
        take_code(hash: &'a CodeHash, act: &'a Act, now: UnixTime) -> Option<OneTimeCode>,
            |this| this.attempted(Action::CodeUsed, "?", act, now);
    }
}

impl RevokedTokenStore for WrongAudit {
    followed! {
        revoke_token(token: &'a RevokedToken, identity: &'a str, act: &'a Act, now: UnixTime) -> (),
            |this| this.attempted(Action::AccessTokenRevoked, &token.id, act, now);
    }

    fn revoked_tokens(&self, now: UnixTime) -> StoreFuture<'_, Vec<RevokedToken>> {
        self.store.revoked_tokens(now)
    }
}

/// The reports of the four suites.
async fn report(fault: Fault) -> String {
    let make = async || Fixture::new(WrongAudit { fault, store: MemoryStore::default() });
    let outcomes = [
        AssertUnwindSafe(conformance::audit_of_logins(make)).catch_unwind().await,
        AssertUnwindSafe(conformance::audit_of_api_tokens(make)).catch_unwind().await,
        AssertUnwindSafe(conformance::audit_of_codes(make)).catch_unwind().await,
        AssertUnwindSafe(conformance::audit_of_revoked_tokens(make)).catch_unwind().await,
    ];
    let reports = outcomes.into_iter().filter_map(Result::err);
    reports.map(|panicked| *panicked.downcast::<String>().expect("it fails with a report")).collect()
}

#[actix_web::test]
async fn every_fault_of_an_audit_is_found_and_every_promise_can_be_broken() {
    assert_eq!(report(Fault::Nothing).await, "");
    let mut broken = BTreeSet::new();
    for (fault, promise) in FAULTS {
        let report = report(*fault).await;
        assert!(report.contains(promise), "{fault:?} breaks: {promise}\n{report}");
        broken.extend(report.lines().filter(|line| line.starts_with(" * ")).map(str::to_owned));
    }
    assert_eq!(broken.len(), PROMISES, "some check never failed; these did: {broken:#?}");
}
