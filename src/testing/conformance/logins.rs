//! The requirements of logins, except rotation.

use super::difference::ensure_login;
use super::fixture::Fixture;
use super::race::{RACERS, ROUNDS, race, racer, winners};
use super::records::{NOW, act, found, inserted, login, remembered};
use super::report::{Check, Outcome, checks, ensure, ensure_eq};
use crate::{EndReason, Login, LoginId, LoginStore, RememberRecord};

pub(super) fn checks<S: LoginStore>() -> Vec<Check<S>> {
    checks! {
        "`insert`: keeps a new login, every field of it, and answers `true`" => keeps_every_field,
        "`insert`: keeps nothing of a login for which it answers `false`" => keeps_nothing_refused,
        "`insert`: an id or a remember selector that is there already is an error, and changes nothing" => takes_none_twice,
        "`find`: the login with this id, live or not" => finds_the_dead,
        "`find`: `None` when it is unknown" => finds_nothing_unknown,
        "`find_remembered`: the login whose remember cookie has this selector, live or not" => finds_by_selector,
        "`extend_remember`: sets `expires_at` of a live login's remember cookie, and answers `true`" => extends,
        "`extend_remember`: changes nothing and answers `false` if the login is not live" => extends_nothing_dead,
        "`extend_remember`: changes nothing and answers `false` if the cookie has another generation, or is not there"
            => extends_no_other_generation,
        "`confirm`: sets `auth_time` and `last_seen_at` of a live login, and answers `true`" => confirms,
        "`confirm`: changes nothing and answers `false` if the login is not live" => confirms_nothing_dead,
        "`touch`: sets `last_seen_at`, and nothing else" => touches,
        "`end`: ends a login, with the time and the reason" => ends,
        "`end`: `false` when it was unknown or had been ended before, which stays as it was" => ends_once,
        "`end`: is one atomic step, so that of any number of racers exactly one gets `true`" => ends_for_one_racer,
        "`end_all`: ends every login of a user but `except`, and answers how many that were" => ends_all_of_one_user,
        "`end_all`: changes nothing and answers `None` if `except` is not a live login of this user" => ends_none_for_the_dead,
        "`end_all`: is one atomic step, so that racers who except their own logins leave one" => leaves_one_login,
    }
}

async fn keeps_every_field<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let full = Login {
        created_at: NOW + 2,
        auth_time: NOW + 3,
        amr: "pwd otp".to_owned(),
        // The latest expiry that the bridge sets.
        expires_at: NOW + (1 << 52),
        last_seen_at: NOW + 5,
        ended: Some((NOW + 6, EndReason::RefreshReused)),
        user_agent: None,
        ip: Some("2001:db8::1".to_owned()),
        refresh_generation: 7,
        refresh_rotated_at: NOW + 8,
        refresh_confirmed: false,
        ..remembered(&at.bob)
    };
    for kept in [login(&at.alice), full] {
        ensure(
            at.here.insert(&kept, usize::MAX, &act()).await?,
            "it answers `false` for a user's login of the epoch 0",
        )?;
        ensure_login("the login", at.there.find(&kept.id).await?, &kept)?;
    }
    Ok(())
}

async fn keeps_nothing_refused<S: LoginStore>(at: Fixture<S>) -> Outcome {
    for epoch in [-1, 1, i64::MAX] {
        let login = Login { credential_epoch: epoch, ..login(&at.alice) };
        // Whether a store refuses it depends on whether it knows the users.
        let kept = at.here.insert(&login, usize::MAX, &act()).await?.then_some(&login);
        match (at.there.find(&login.id).await?, kept) {
            (found, Some(kept)) => ensure_login("the login", found, kept)?,
            (found, None) => ensure_eq("what was refused", &found, &None)?,
        }
    }
    Ok(())
}

async fn takes_none_twice<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let first = inserted(&at, remembered(&at.alice)).await?;
    let same_id = Login { id: first.id.clone(), ..login(&at.bob) };
    let same_selector = Login { remember: first.remember.clone(), ..login(&at.bob) };
    ensure(at.there.insert(&same_id, usize::MAX, &act()).await.is_err(), "it takes a second login with the same id")?;
    ensure(
        at.there.insert(&same_selector, usize::MAX, &act()).await.is_err(),
        "it takes a second login with the same selector",
    )?;
    ensure_login("the first login", at.here.find(&first.id).await?, &first)?;
    ensure_eq("what was refused", &at.here.find(&same_selector.id).await?, &None)
}

async fn finds_the_dead<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let expired = inserted(&at, Login { expires_at: NOW - 1, ..login(&at.alice) }).await?;
    let ended = inserted(&at, login(&at.alice)).await?;
    at.here.end(&ended.id, EndReason::Logout, &act(), NOW).await?;
    for id in [&expired.id, &ended.id] {
        found(&*at.there, id).await?;
    }
    Ok(())
}

async fn finds_nothing_unknown<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let known = inserted(&at, remembered(&at.alice)).await?;
    let id = known.id.as_str();
    for other in ["", "unknown", "%", &id[1..], &id[..id.len() - 1], &format!("{id} "), &format!("{id}%")] {
        let other = LoginId::from(other.to_owned());
        ensure_eq("the login of an unknown id", &at.here.find(&other).await?, &None)?;
    }
    Ok(())
}

async fn finds_by_selector<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let logins = [inserted(&at, remembered(&at.alice)).await?, inserted(&at, remembered(&at.alice)).await?];
    inserted(&at, login(&at.alice)).await?;
    for login in logins {
        let selector = login.remember.as_ref().map(|remember| remember.selector.clone()).unwrap_or_default();
        ensure_login("the login", at.there.find_remembered(&selector).await?, &login)?;
        // The end must be visible, so that the cookie is rejected with its reason.
        at.here.end(&login.id, EndReason::Logout, &act(), NOW).await?;
        let ended = at.there.find_remembered(&selector).await?.is_some_and(|login| login.ended.is_some());
        ensure(ended, "a login that has been ended is not found, or not found to be ended")?;
    }
    for selector in ["", "unknown", "%"] {
        ensure_eq("the login of an unknown selector", &at.here.find_remembered(selector).await?, &None)?;
    }
    Ok(())
}

fn extended(login: &Login, to: i64) -> Login {
    let remember = login.remember.clone().map(|remember| RememberRecord { expires_at: to, ..remember });
    Login { remember, ..login.clone() }
}

async fn extends<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let login = inserted(&at, remembered(&at.alice)).await?;
    let other = inserted(&at, remembered(&at.alice)).await?;
    let generation = login.remember.as_ref().map_or(0, |remember| remember.generation);
    for (to, now) in [(NOW + 5000, NOW), (NOW + 4000, login.expires_at - 1)] {
        let done = at.here.extend_remember(&login.id, generation, to, now).await?;
        ensure(done, "it answers `false` for a live login")?;
        ensure_login("the login", at.there.find(&login.id).await?, &extended(&login, to))?;
    }
    ensure_login("another login", at.there.find(&other.id).await?, &other)
}

async fn extends_nothing_dead<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let login = inserted(&at, remembered(&at.alice)).await?;
    let generation = login.remember.as_ref().map_or(0, |remember| remember.generation);
    let extend = async |id: &LoginId, now| at.there.extend_remember(id, generation, NOW + 5000, now).await;
    ensure(!extend(&LoginId::random(), NOW).await?, "it answers `true` for a login that is unknown")?;
    ensure(!extend(&login.id, login.expires_at).await?, "it answers `true` for a login that has expired")?;
    ensure_login("the login", at.here.find(&login.id).await?, &login)?;
    at.here.end(&login.id, EndReason::Logout, &act(), NOW).await?;
    ensure(!extend(&login.id, NOW + 1).await?, "it answers `true` for a login that has been ended")?;
    ensure_eq("the cookie's record", &found(&*at.here, &login.id).await?.remember, &login.remember)
}

async fn extends_no_other_generation<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let login = inserted(&at, remembered(&at.alice)).await?;
    let bare = inserted(&at, super::records::login(&at.alice)).await?;
    let generation = login.remember.as_ref().map_or(0, |remember| remember.generation);
    for (id, generation) in [(&login.id, generation + 1), (&login.id, generation - 1), (&bare.id, 0)] {
        let done = at.here.extend_remember(id, generation, NOW + 5000, NOW).await?;
        ensure(!done, format!("it answers `true` for generation {generation}"))?;
    }
    ensure_login("the login", at.there.find(&login.id).await?, &login)?;
    ensure_login("the login without a cookie", at.there.find(&bare.id).await?, &bare)
}

async fn confirms<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let login = inserted(&at, remembered(&at.alice)).await?;
    let other = inserted(&at, super::records::login(&at.alice)).await?;
    for now in [NOW + 1, login.expires_at - 1] {
        ensure(at.here.confirm(&login.id, &act(), now).await?, "it answers `false` for a live login")?;
        let expected = Login { auth_time: now, last_seen_at: now, ..login.clone() };
        ensure_login("the login", at.there.find(&login.id).await?, &expected)?;
    }
    ensure_login("another login", at.there.find(&other.id).await?, &other)
}

async fn confirms_nothing_dead<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let login = inserted(&at, login(&at.alice)).await?;
    let confirm = async |id: &LoginId, now| at.there.confirm(id, &act(), now).await;
    ensure(!confirm(&LoginId::random(), NOW).await?, "it answers `true` for a login that is unknown")?;
    ensure(!confirm(&login.id, login.expires_at).await?, "it answers `true` for a login that has expired")?;
    ensure_login("the login", at.here.find(&login.id).await?, &login)?;
    at.here.end(&login.id, EndReason::Logout, &act(), NOW).await?;
    ensure(!confirm(&login.id, NOW + 1).await?, "it answers `true` for a login that has been ended")?;
    ensure_eq("the time of the proof", &found(&*at.here, &login.id).await?.auth_time, &login.auth_time)
}

async fn touches<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let login = inserted(&at, remembered(&at.alice)).await?;
    let other = inserted(&at, super::records::login(&at.alice)).await?;
    at.here.touch(&login.id, NOW + 60).await?;
    at.here.touch(&LoginId::random(), NOW + 60).await?;
    let expected = Login { last_seen_at: NOW + 60, ..login };
    ensure_login("the login", at.there.find(&expected.id).await?, &expected)?;
    ensure_login("another login", at.there.find(&other.id).await?, &other)
}

async fn ends<S: LoginStore>(at: Fixture<S>) -> Outcome {
    for reason in EndReason::ALL {
        let login = inserted(&at, remembered(&at.alice)).await?;
        let other = inserted(&at, super::records::login(&at.alice)).await?;
        ensure(at.here.end(&login.id, reason, &act(), NOW + 1).await?, "it answers `false` for a live login")?;
        let expected = Login { ended: Some((NOW + 1, reason)), ..login };
        ensure_login("the login", at.there.find(&expected.id).await?, &expected)?;
        ensure_login("another login", at.there.find(&other.id).await?, &other)?;
    }
    Ok(())
}

async fn ends_once<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let login = inserted(&at, login(&at.alice)).await?;
    let unknown = at.here.end(&LoginId::random(), EndReason::Logout, &act(), NOW).await?;
    ensure(!unknown, "it answers `true` for a login that is unknown")?;
    at.here.end(&login.id, EndReason::PasswordChanged, &act(), NOW + 1).await?;
    let again = at.there.end(&login.id, EndReason::Logout, &act(), NOW + 2).await?;
    ensure(!again, "it answers `true` for a login that had been ended before")?;
    let ended = found(&*at.here, &login.id).await?.ended;
    ensure_eq("its end", &ended, &Some((NOW + 1, EndReason::PasswordChanged)))
}

async fn ends_for_one_racer<S: LoginStore>(at: Fixture<S>) -> Outcome {
    for _ in 0..ROUNDS {
        let login = inserted(&at, login(&at.alice)).await?;
        let racers = (0..RACERS).map(|racing| {
            let (store, id) = (at.handle(racing), login.id.clone());
            racer(move || async move { store.end(&id, EndReason::Logout, &act(), NOW).await })
        });
        let answers = race(racers.collect()).await?;
        let winners = winners(answers)?;
        ensure(winners == 1, format!("of {RACERS} racers {winners} got `true`"))?;
    }
    Ok(())
}

async fn ends_all_of_one_user<S: LoginStore>(at: Fixture<S>) -> Outcome {
    // Ends the logins that other checks left.
    at.here.end_all(&at.alice, None, EndReason::Logout, &act(), NOW).await?;
    let before = inserted(&at, login(&at.alice)).await?;
    at.here.end(&before.id, EndReason::UserDisabled, &act(), NOW).await?;
    let mut logins = Vec::new();
    for identity in [&at.alice, &at.alice, &at.alice, &at.bob] {
        logins.push(inserted(&at, login(identity)).await?);
    }
    let lives = async |which: usize| found(&*at.there, &logins[which].id).await.map(|login| login.is_live(NOW));
    let ended = at.there.end_all(&at.alice, Some(&logins[1].id), EndReason::Logout, &act(), NOW + 1).await?;
    for (which, expected) in [(0, false), (1, true), (2, false), (3, true)] {
        let whose = if which == 3 { "another user's login" } else { "a login of the user's" };
        let excepted = if which == 1 { ", the one that is excepted" } else { "" };
        ensure(lives(which).await? == expected, format!("{whose}{excepted} lives: {}, not {expected}", !expected))?;
    }
    ensure_eq("the number of them", &ended, &Some(2))?;
    ensure_eq("the end of one", &found(&*at.here, &logins[0].id).await?.ended, &Some((NOW + 1, EndReason::Logout)))?;
    let untouched = found(&*at.here, &before.id).await?.ended;
    ensure_eq("the end of one that had been ended before", &untouched, &Some((NOW, EndReason::UserDisabled)))?;
    for expected in [1, 0] {
        let ended = at.here.end_all(&at.alice, None, EndReason::PasswordChanged, &act(), NOW + 2).await?;
        ensure_eq("the number of those that were left", &ended, &Some(expected))?;
    }
    ensure(lives(3).await?, "another user's login was ended")
}

async fn ends_none_for_the_dead<S: LoginStore>(at: Fixture<S>) -> Outcome {
    let of_bob = inserted(&at, login(&at.bob)).await?;
    let ended = inserted(&at, login(&at.alice)).await?;
    at.here.end(&ended.id, EndReason::Logout, &act(), NOW).await?;
    let expired = inserted(&at, Login { expires_at: NOW + 1, ..login(&at.alice) }).await?;
    let other = inserted(&at, login(&at.alice)).await?;
    for (which, except) in [
        ("a login that is unknown", &LoginId::random()),
        ("another user's login", &of_bob.id),
        ("a login that has been ended", &ended.id),
        ("a login that has expired", &expired.id),
    ] {
        let answer = at.here.end_all(&at.alice, Some(except), EndReason::Logout, &act(), NOW + 1).await?;
        ensure_eq(&format!("the answer for {which}"), &answer, &None)?;
        ensure_login("another login of the user", at.there.find(&other.id).await?, &other)?;
    }
    Ok(())
}

async fn leaves_one_login<S: LoginStore>(at: Fixture<S>) -> Outcome {
    for _ in 0..ROUNDS {
        let mut logins = Vec::new();
        for _ in 0..RACERS {
            logins.push(inserted(&at, login(&at.alice)).await?.id);
        }
        let racers = logins.iter().cloned().enumerate().map(|(racing, own)| {
            let (store, identity) = (at.handle(racing), at.alice.clone());
            racer(move || async move {
                let ended = store.end_all(&identity, Some(&own), EndReason::Logout, &act(), NOW).await;
                ended.map(|ended| ended.is_some())
            })
        });
        let won = winners(race(racers.collect()).await?)?;
        let mut left = 0;
        for id in &logins {
            left += usize::from(found(&*at.there, id).await?.is_live(NOW));
        }
        ensure_eq("the number of racers whose answer is a number", &won, &1)?;
        ensure_eq("the number of logins that are left", &left, &1)?;
        at.here.end_all(&at.alice, None, EndReason::Logout, &act(), NOW).await?;
    }
    Ok(())
}
