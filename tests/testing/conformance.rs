//! The suite for stores can fail: each fault is found, and each promise can be found broken.

use std::collections::BTreeSet;
use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;
use tollbridge::testing::conformance::{self, Fixture};

use crate::wrong_store::{ApiTokenFault, Fault, WrongApiTokenStore, WrongStore};

/// Which fault breaks which promise: a part of the sentence.
const FAULTS: &[(Fault, &str)] = &[
    (Fault::AnswersErrors, "but it answers an error: the store is not available: out of order"),
    (Fault::Panics, "but it panics"),
    (Fault::LosesAField, "`insert`: keeps a new login"),
    (Fault::KeepsWhatItRefuses, "`insert`: keeps nothing of a login for which it answers `false`"),
    (Fault::OverwritesLogins, "`insert`: an id or a remember selector that is there"),
    (Fault::SharesSelectors, "`insert`: an id or a remember selector that is there"),
    (Fault::FindsAnyLogin, "`find`: `None` when it is unknown"),
    (Fault::FindsNoDeadLogin, "`find`: the login with this id, live or not"),
    (Fault::FindsNoDeadLoginByCookie, "`find_remembered`: the login whose remember cookie has this selector"),
    (Fault::ListsTheDead, "`logins_of`: the live logins of a user"),
    (Fault::ListsEverybody, "`logins_of`: the live logins of a user"),
    (Fault::ListsInAnyOrder, "`logins_of`: the live logins of a user"),
    (Fault::KeepsEveryLogin, "`insert`: ends the logins of the user that are more"),
    (Fault::EndsTheNewest, "`insert`: ends the logins of the user that are more"),
    (Fault::BoundForgetsTheReason, "`insert`: ends the logins of the user that are more"),
    (Fault::CountsTheDead, "`insert`: counts neither logins that are over"),
    (Fault::InsertsLoginsInTwoSteps, "`insert`: of racers for one user"),
    (Fault::BoundForgetsSessions, "`insert`: deletes the sessions of the logins that are too many"),
    (Fault::FindsEverySession, "`logins_with_session`: those of the logins"),
    (Fault::FindsExpiredSessions, "`logins_with_session`: those of the logins"),
    (Fault::ExtendsOtherLogins, "`extend_remember`: sets `expires_at` of a live login's remember cookie"),
    (Fault::ExtendsCookiesOfTheDead, "`extend_remember`: changes nothing and answers `false` if the login is not live"),
    (Fault::ExtendsAnyGeneration, "`extend_remember`: changes nothing and answers `false` if the cookie has another"),
    (Fault::ConfirmsTheDead, "`confirm`: changes nothing and answers `false` if the login is not live"),
    (Fault::ConfirmsWithoutATrace, "`confirm`: sets `auth_time` and `last_seen_at`"),
    (Fault::TouchesEveryLogin, "`touch`: sets `last_seen_at`, and nothing else"),
    (Fault::EndWithoutReason, "`end`: ends a login, with the time and the reason"),
    (Fault::EndsAgain, "`end`: `false` when it was unknown or had been ended before"),
    (Fault::EndsInTwoSteps, "`end`: is one atomic step"),
    (Fault::EndsAllButNone, "`end_all`: ends every login of a user but `except`"),
    (Fault::EndsEverybody, "`end_all`: ends every login of a user but `except`"),
    (Fault::EndsAllAgain, "`end_all`: ends every login of a user but `except`"),
    (Fault::Miscounts, "`end_all`: ends every login of a user but `except`"),
    (Fault::EndsAllForTheDead, "`end_all`: changes nothing and answers `None` if `except` is not a live login"),
    (Fault::EndsAllForAnybody, "`end_all`: changes nothing and answers `None` if `except` is not a live login"),
    (Fault::EndsAllInTwoSteps, "`end_all`: is one atomic step"),
    (Fault::RotatesWithoutTime, "`rotate_refresh`: adds one to the generation"),
    (Fault::RotatesConfirmed, "`rotate_refresh`: adds one to the generation"),
    (Fault::RotatesTheDead, "`rotate_refresh`: changes nothing and answers `None`"),
    (Fault::RotatesAnyGeneration, "`rotate_refresh`: changes nothing and answers `None`"),
    (Fault::RotatesInTwoSteps, "`rotate_refresh`: of any number of racers exactly one"),
    (Fault::ConfirmsWithTime, "`confirm_refresh`: sets `refresh_confirmed`, and nothing else"),
    (Fault::ConfirmsAnyGeneration, "`confirm_refresh`: changes nothing and answers `false`"),
    (Fault::ConfirmsRefreshOfTheDead, "`confirm_refresh`: changes nothing and answers `false`"),
    (Fault::RotatesHalfACookie, "`rotate_remember`: replaces the cookie's record by `next`"),
    (Fault::RotatesCookiesOfTheDead, "`rotate_remember`: changes nothing and answers `false`"),
    (Fault::RotatesCookiesOfAnyGeneration, "`rotate_remember`: changes nothing and answers `false`"),
    (Fault::RotatesCookiesOfAnySelector, "`rotate_remember`: changes nothing and answers `false`"),
    (Fault::RotatesCookiesInTwoSteps, "`rotate_remember`: of any number of racers exactly one"),
    (Fault::RotatesCookiesWithoutTime, "`rotate_remember`: replaces the cookie's record by `next`"),
    (Fault::ConfirmsCookiesWithTime, "`confirm_remember`: sets the cookie's `confirmed`, and nothing else"),
    (Fault::ConfirmsCookiesOfAnyGeneration, "`confirm_remember`: changes nothing and answers `false`"),
    (Fault::ConfirmsCookiesOfTheDead, "`confirm_remember`: changes nothing and answers `false`"),
    (Fault::WritesBackWhatItRead, "a login that is ended stays ended"),
    (Fault::EndForgetsSessions, "`end`: deletes the login's sessions"),
    (Fault::EndKnowsTheFirstLoginOnly, "`end`: deletes the sessions that are the login's at the time"),
    (Fault::EndAllForgetsSessions, "`end_all`: ends logins with their sessions"),
    (Fault::EndAllTakesAllSessions, "`end_all`: ends logins with their sessions"),
    (Fault::LosesTheLoginOfASession, "keep which login a session is a face of"),
    (Fault::KeepsSessionsForever, "`load_session`: the session, `None` when"),
    (Fault::OverwritesSessions, "`insert_session`: a key that exists already is an error"),
    (Fault::MergesSessions, "`insert_session`: a key that exists already is an error"),
    (Fault::InsertsSessionsInTwoSteps, "`insert_session`: sessions are never merged"),
    (Fault::KeepsEverySession, "`insert_session`: keeps at most"),
    (Fault::ResurrectsSessions, "`update_session`: `false`, and nothing written, when it is gone"),
    (Fault::ResurrectsSessionsInARace, "when the session ended must not bring it back"),
    (Fault::ResurrectsSessionsInARace, "when the login ended must not bring its session back"),
    (Fault::TouchResurrectsSessions, "`touch_session`: moves the idle timeout"),
    (Fault::TouchForgetsValues, "`touch_session`: moves the idle timeout"),
    (Fault::DeletesNothing, "`delete_session`: deletes a session"),
    (Fault::DeletesEverything, "`delete_session`: deletes a session"),
    (Fault::CachesSessions, "`update_session`: replaces a session"),
    (Fault::CachesLogins, "`end`: ends a login"),
];

/// What the suite reports of a store with this fault.
async fn report(fault: Fault) -> Option<String> {
    let make = async || {
        let store = WrongStore::new(fault);
        Fixture::new(store.second_handle()).second_handle(store)
    };
    let panicked = AssertUnwindSafe(conformance::store(make)).catch_unwind().await.err()?;
    Some(*panicked.downcast::<String>().expect("it fails with a report"))
}

#[actix_web::test]
async fn a_store_without_a_fault_passes() {
    assert_eq!(report(Fault::Nothing).await, None);
    conformance::login_store(async || Fixture::new(WrongStore::new(Fault::EndForgetsSessions))).await;
    conformance::session_store(async || Fixture::new(WrongStore::new(Fault::RotatesTheDead))).await;
}

#[actix_web::test]
async fn every_fault_is_found_and_every_promise_can_be_broken() {
    let mut broken = BTreeSet::new();
    let mut promises = 0;
    for (fault, promise) in FAULTS {
        let report = report(*fault).await.unwrap_or_else(|| panic!("{fault:?} is not found"));
        assert!(report.contains(promise), "{fault:?} breaks: {promise}\n{report}");
        let head = report.split(" promises").next().and_then(|head| head.split(' ').next_back());
        promises = head.and_then(|count| count.parse().ok()).expect("the report begins with how many there are");
        // A fault that breaks everything shows nothing of a single check.
        if !matches!(fault, Fault::AnswersErrors | Fault::Panics) {
            broken.extend(report.lines().filter(|line| line.starts_with(" * ")).map(str::to_owned));
        }
    }
    assert_eq!(broken.len(), promises, "some check never failed; these did: {broken:#?}");
}

/// Which fault of a store of API tokens breaks which promise.
const API_TOKEN_FAULTS: &[(ApiTokenFault, &str)] = &[
    (ApiTokenFault::AnswersErrors, "but it answers an error: the store is not available: out of order"),
    (ApiTokenFault::LosesTheExpiry, "`insert_api_token`: keeps a new token, every field of it"),
    (ApiTokenFault::Overwrites, "`insert_api_token`: an id that exists already is an error"),
    (ApiTokenFault::KeepsAnyNumber, "`insert_api_token`: `TooMany`, and nothing kept"),
    (ApiTokenFault::CountsTheDead, "`insert_api_token`: `TooMany`, and nothing kept"),
    (ApiTokenFault::KeepsWhatIsTooMany, "`insert_api_token`: `TooMany`, and nothing kept"),
    (ApiTokenFault::CountsInTwoSteps, "`insert_api_token`: is one atomic step"),
    (ApiTokenFault::FindsNoDead, "`find_api_token`: the token with this id, live or not"),
    (ApiTokenFault::FindsAny, "`find_api_token`: `None` when it is unknown"),
    (ApiTokenFault::ListsTheRevoked, "`api_tokens_of`: the tokens of one user that are not revoked"),
    (ApiTokenFault::ListsTheOldestFirst, "`api_tokens_of`: the tokens of one user that are not revoked"),
    (ApiTokenFault::ListsEverybodys, "`api_tokens_of`: the tokens of one user that are not revoked"),
    (ApiTokenFault::ListsNoExpired, "`api_tokens_of`: the tokens of one user that are not revoked"),
    (ApiTokenFault::RevokesWithoutTime, "`revoke_api_token`: sets `revoked_at`, and nothing else"),
    (ApiTokenFault::RevokesAllOfTheUser, "`revoke_api_token`: sets `revoked_at`, and nothing else"),
    (ApiTokenFault::RevokesAnybodys, "`revoke_api_token`: changes nothing and answers `false`"),
    (ApiTokenFault::RevokesAgain, "`revoke_api_token`: changes nothing and answers `false`"),
    (ApiTokenFault::RevokesInTwoSteps, "`revoke_api_token`: is one atomic step"),
    (ApiTokenFault::RevokesEverybodys, "`revoke_api_tokens_of`: revokes every token of one user"),
    (ApiTokenFault::RevokesAllAgain, "`revoke_api_tokens_of`: revokes every token of one user"),
    (ApiTokenFault::Miscounts, "`revoke_api_tokens_of`: revokes every token of one user"),
    (ApiTokenFault::TouchesAll, "`touch_api_token`: sets `last_used_at`, and nothing else"),
    (ApiTokenFault::TouchesTheCreation, "`touch_api_token`: sets `last_used_at`, and nothing else"),
    (ApiTokenFault::Caches, "`revoke_api_token`: sets `revoked_at`, and nothing else"),
];

/// What the suite reports of a store of API tokens with this fault.
async fn api_token_report(fault: ApiTokenFault) -> Option<String> {
    let make = async || {
        let store = WrongApiTokenStore::new(fault);
        Fixture::new(store.second_handle()).second_handle(store)
    };
    let panicked = AssertUnwindSafe(conformance::api_token_store(make)).catch_unwind().await.err()?;
    Some(*panicked.downcast::<String>().expect("it fails with a report"))
}

#[actix_web::test]
async fn every_fault_of_a_store_of_api_tokens_is_found() {
    assert_eq!(api_token_report(ApiTokenFault::Nothing).await, None);
    let mut broken = BTreeSet::new();
    for (fault, promise) in API_TOKEN_FAULTS {
        let report = api_token_report(*fault).await.unwrap_or_else(|| panic!("{fault:?} is not found"));
        assert!(report.contains(promise), "{fault:?} breaks: {promise}\n{report}");
        if *fault != ApiTokenFault::AnswersErrors {
            broken.extend(report.lines().filter(|line| line.starts_with(" * ")).map(str::to_owned));
        }
    }
    assert_eq!(broken.len(), 12, "some check never failed; these did: {broken:#?}");
}
