//! The requirements of rotation: each is atomic.

use super::difference::ensure_login;
use super::fixture::Fixture;
use super::race::{RACERS, ROUNDS, race, racer, winners};
use super::records::{NOW, act, found, inserted, login, remembered, successor};
use super::report::{Check, Outcome, Violation, checks, ensure, ensure_eq};
use crate::testing::FakeClock;
use crate::{Clock, EndReason, Login, LoginId, LoginStore, RememberRecord, UnixTime};

pub(super) fn checks<S: LoginStore>() -> Vec<Check<S>> {
    checks! {
        "`rotate_refresh`: adds one to the generation, which is not confirmed, sets the two times, and answers the time"
            => rotates_refresh,
        "`rotate_refresh`: changes nothing and answers `None` if the login is not live, or of another generation"
            => rotates_no_refresh,
        "`rotate_refresh`: of any number of racers exactly one succeeds" => rotates_refresh_for_one_racer,
        "`confirm_refresh`: sets `refresh_confirmed`, and nothing else, and answers `true`" => confirms_refresh,
        "`confirm_refresh`: changes nothing and answers `false` if the login is not live, or of another generation"
            => confirms_no_refresh,
        "`rotate_remember`: replaces the cookie's record by `next` with the time, and answers `true`" => rotates_remember,
        "`rotate_remember`: changes nothing and answers `false` if the login is not live, or its cookie not the one before"
            => rotates_no_remember,
        "`rotate_remember`: of any number of racers exactly one gets `true`" => rotates_remember_for_one_racer,
        "`confirm_remember`: sets the cookie's `confirmed`, and nothing else, and answers `true`" => confirms_remember,
        "`confirm_remember`: changes nothing and answers `false` if the login is not live, or its cookie not this one"
            => confirms_no_remember,
        "every method is one atomic step: a login that is ended stays ended, whoever writes to it at the time"
            => stays_ended,
    }
}

fn remember_of(login: &Login) -> Outcome<RememberRecord> {
    login.remember.clone().ok_or_else(|| Violation::new("the login has lost its remember cookie"))
}

async fn rotates_refresh<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let login = inserted(&at, remembered(&at.alice)).await?;
    for generation in 0..3 {
        let now = NOW + 10 + generation;
        let answer = at.here.rotate_refresh(&login.id, generation, &act(), &clock_at(now)).await?;
        ensure_eq("the answer for the right generation", &answer, &Some(now))?;
        let expected = Login {
            refresh_generation: generation + 1,
            refresh_rotated_at: now,
            refresh_confirmed: false,
            last_seen_at: now,
            ..login.clone()
        };
        ensure_login("the login", at.there.find(&login.id).await?, &expected)?;
    }
    Ok(())
}

async fn rotates_no_refresh<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let login = inserted(&at, login(&at.alice)).await?;
    let rotate = async |id: &LoginId, generation, now| {
        let rotated = at.there.rotate_refresh(id, generation, &act(), &clock_at(now)).await;
        rotated.map(|at| at.is_some())
    };
    ensure(!rotate(&LoginId::random(), 0, NOW).await?, "it succeeds for a login that is unknown")?;
    for generation in [1, -1] {
        ensure(!rotate(&login.id, generation, NOW).await?, "it succeeds for another generation")?;
    }
    ensure(!rotate(&login.id, 0, login.expires_at).await?, "it succeeds for a login that has expired")?;
    ensure_login("the login", at.here.find(&login.id).await?, &login)?;
    ensure(rotate(&login.id, 0, login.expires_at - 1).await?, "it fails in the last second of a login")?;
    at.here.end(&login.id, EndReason::Logout, &act(), NOW).await?;
    ensure(!rotate(&login.id, 1, NOW).await?, "it succeeds for a login that has been ended")?;
    ensure_eq("the generation", &found(&*at.here, &login.id).await?.refresh_generation, &1)
}

pub(super) fn clock_at(now: UnixTime) -> Clock {
    FakeClock::at(now).into()
}

async fn rotates_refresh_for_one_racer<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let login = inserted(&at, login(&at.alice)).await?;
    for generation in 0..ROUNDS {
        let racers =
            (0..RACERS).map(|racing| {
                let (store, id) = (at.handle(racing), login.id.clone());
                racer(move || async move {
                    Ok(store.rotate_refresh(&id, generation, &act(), &clock_at(NOW)).await?.is_some())
                })
            });
        let winners = winners(race(racers.collect()).await?)?;
        ensure(winners == 1, format!("of {RACERS} racers {winners} succeeded"))?;
        ensure_eq("the generation", &found(&*at.there, &login.id).await?.refresh_generation, &(generation + 1))?;
    }
    Ok(())
}

/// A login whose refresh token has been rotated once at `NOW`.
async fn rotated<S: LoginStore>(at: &Fixture<S>) -> Outcome<Login> {
    let login = inserted(at, remembered(&at.alice)).await?;
    at.here.rotate_refresh(&login.id, 0, &act(), &clock_at(NOW)).await?;
    found(&*at.there, &login.id).await
}

async fn confirms_refresh<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let (login, other) = (rotated(&at).await?, rotated(&at).await?);
    for now in [NOW + 5, login.expires_at - 1] {
        ensure(at.here.confirm_refresh(&login.id, 1, now).await?, "it answers `false` for the current generation")?;
        let expected = Login { refresh_confirmed: true, ..login.clone() };
        ensure_login("the login", at.there.find(&login.id).await?, &expected)?;
    }
    ensure_login("another login", at.there.find(&other.id).await?, &other)
}

async fn confirms_no_refresh<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let login = rotated(&at).await?;
    let confirm = async |id: &LoginId, generation, now| at.there.confirm_refresh(id, generation, now).await;
    ensure(!confirm(&LoginId::random(), 1, NOW).await?, "it answers `true` for a login that is unknown")?;
    for generation in [0, 2, -1] {
        ensure(!confirm(&login.id, generation, NOW).await?, "it answers `true` for another generation")?;
    }
    ensure(!confirm(&login.id, 1, login.expires_at).await?, "it answers `true` for a login that has expired")?;
    ensure_login("the login", at.here.find(&login.id).await?, &login)?;
    at.here.end(&login.id, EndReason::Logout, &act(), NOW).await?;
    ensure(!confirm(&login.id, 1, NOW).await?, "it answers `true` for a login that has been ended")?;
    ensure(!found(&*at.here, &login.id).await?.refresh_confirmed, "it confirms a login that has been ended")
}

async fn rotates_remember<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let login = inserted(&at, remembered(&at.alice)).await?;
    let before = remember_of(&login)?;
    let next = successor(&before);
    let rotated = at.here.rotate_remember(&login.id, &next, &act(), &clock_at(NOW + 5)).await?;
    ensure(rotated, "it answers `false` for the right generation")?;
    let expected = Login { remember: Some(RememberRecord { rotated_at: NOW + 5, ..next.clone() }), ..login };
    ensure_login("the login", at.there.find(&expected.id).await?, &expected)?;
    ensure_login("the login by its selector", at.there.find_remembered(&next.selector).await?, &expected)
}

async fn rotates_no_remember<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let without = inserted(&at, login(&at.alice)).await?;
    let with = inserted(&at, remembered(&at.alice)).await?;
    let before = remember_of(&with)?;
    let next = successor(&before);
    let rotate = async |id: &LoginId, next: &RememberRecord| {
        at.there.rotate_remember(id, next, &act(), &clock_at(next.rotated_at)).await
    };
    ensure(!rotate(&LoginId::random(), &next).await?, "it answers `true` for a login that is unknown")?;
    ensure(!rotate(&without.id, &next).await?, "it answers `true` for a login without a remember cookie")?;
    for generation in [before.generation, before.generation + 2, before.generation - 1] {
        let wrong = RememberRecord { generation, ..next.clone() };
        ensure(!rotate(&with.id, &wrong).await?, "it answers `true` for another generation")?;
    }
    let replaced = RememberRecord { selector: LoginId::random().to_string(), ..next.clone() };
    ensure(!rotate(&with.id, &replaced).await?, "it answers `true` for another selector")?;
    let late = RememberRecord { rotated_at: with.expires_at, ..next.clone() };
    ensure(!rotate(&with.id, &late).await?, "it answers `true` for a login that has expired")?;
    ensure_login("the login", at.here.find(&with.id).await?, &with)?;
    ensure_login("a login without a remember cookie", at.here.find(&without.id).await?, &without)?;
    at.here.end(&with.id, EndReason::Logout, &act(), NOW).await?;
    ensure(!rotate(&with.id, &next).await?, "it answers `true` for a login that has been ended")?;
    ensure_eq("the cookie's record", &found(&*at.here, &with.id).await?.remember, &Some(before))
}

async fn rotates_remember_for_one_racer<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let login = inserted(&at, remembered(&at.alice)).await?;
    let mut remember = remember_of(&login)?;
    for _ in 0..ROUNDS {
        remember = successor(&remember);
        let racers = (0..RACERS).map(|racing| {
            let (store, id, next) = (at.handle(racing), login.id.clone(), remember.clone());
            racer(move || async move { store.rotate_remember(&id, &next, &act(), &clock_at(next.rotated_at)).await })
        });
        let winners = winners(race(racers.collect()).await?)?;
        ensure(winners == 1, format!("of {RACERS} racers {winners} got `true`"))?;
        ensure_eq("the cookie's record", &remember_of(&found(&*at.there, &login.id).await?)?, &remember)?;
    }
    Ok(())
}

/// A login whose remember cookie has been rotated once, and the new record.
async fn rotated_cookie<S: LoginStore>(at: &Fixture<S>) -> Outcome<(Login, RememberRecord)> {
    let login = inserted(at, remembered(&at.alice)).await?;
    at.here.rotate_remember(&login.id, &successor(&remember_of(&login)?), &act(), &clock_at(NOW)).await?;
    let login = found(&*at.there, &login.id).await?;
    let remember = remember_of(&login)?;
    Ok((login, remember))
}

async fn confirms_remember<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let ((login, remember), (other, _)) = (rotated_cookie(&at).await?, rotated_cookie(&at).await?);
    for now in [NOW + 5, login.expires_at - 1] {
        let confirmed = at.here.confirm_remember(&login.id, remember.generation, now).await?;
        ensure(confirmed, "it answers `false` for the current generation")?;
        let remember = Some(RememberRecord { confirmed: true, ..remember.clone() });
        ensure_login("the login", at.there.find(&login.id).await?, &Login { remember, ..login.clone() })?;
    }
    ensure_login("another login", at.there.find(&other.id).await?, &other)
}

async fn confirms_no_remember<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let (with, remember) = rotated_cookie(&at).await?;
    let without = inserted(&at, login(&at.alice)).await?;
    let current = remember.generation;
    let confirm = async |id: &LoginId, generation, now| at.there.confirm_remember(id, generation, now).await;
    ensure(!confirm(&LoginId::random(), current, NOW).await?, "it answers `true` for a login that is unknown")?;
    ensure(!confirm(&without.id, 0, NOW).await?, "it answers `true` for a login without a remember cookie")?;
    for generation in [current - 1, current + 1] {
        ensure(!confirm(&with.id, generation, NOW).await?, "it answers `true` for another generation")?;
    }
    ensure(!confirm(&with.id, current, with.expires_at).await?, "it answers `true` for a login that has expired")?;
    ensure_login("the login", at.here.find(&with.id).await?, &with)?;
    ensure_login("a login without a remember cookie", at.here.find(&without.id).await?, &without)?;
    at.here.end(&with.id, EndReason::Logout, &act(), NOW).await?;
    ensure(!confirm(&with.id, current, NOW).await?, "it answers `true` for a login that has been ended")?;
    ensure_eq("the cookie's record", &found(&*at.here, &with.id).await?.remember, &Some(remember))
}

async fn stays_ended<S: LoginStore>(at: Fixture<S>) -> Outcome {
    for _ in 0..ROUNDS {
        let login = inserted(&at, remembered(&at.alice)).await?;
        let next = successor(&remember_of(&login)?);
        let racers = (0..RACERS).map(|racing| {
            let (store, id, next) = (at.handle(racing), login.id.clone(), next.clone());
            racer(move || async move {
                match racing % 7 {
                    0 => store.touch(&id, NOW).await,
                    1 => store.rotate_refresh(&id, 0, &act(), &clock_at(NOW)).await.map(drop),
                    4 => store.confirm_refresh(&id, 0, NOW).await.map(drop),
                    5 => store.confirm_remember(&id, 0, NOW).await.map(drop),
                    2 => store.rotate_remember(&id, &next, &act(), &clock_at(NOW)).await.map(drop),
                    3 => store.confirm(&id, &act(), NOW).await.map(drop),
                    _ => store.end(&id, EndReason::Logout, &act(), NOW).await.map(drop),
                }
            })
        });
        for answer in race(racers.collect()).await? {
            answer?;
        }
        ensure(found(&*at.there, &login.id).await?.ended.is_some(), "one that was ended lives again")?;
    }
    Ok(())
}
