//! The requirements of one-time codes.

use super::fixture::Fixture;
use super::race::{RACERS, ROUNDS, race, racer, winners};
use super::records::{NOW, act, random_hash};
use super::report::{Check, Outcome, Violation, checks, ensure, ensure_eq};
use crate::{CodeHash, CodeStore, LoginId, MAX_CODES_OF_LOGIN, OneTimeCode, StoreError};

pub(super) fn checks<S: CodeStore>() -> Vec<Check<S>> {
    checks! {
        "`insert_code`: keeps a new code, every field of it, and answers `true`" => keeps_every_field,
        "`insert_code`: a hash that exists already is an error, and changes nothing" => takes_none_twice,
        "`insert_code`: `false` when the login has `MAX_CODES_OF_LOGIN` codes, and nothing is inserted" => bounds_codes,
        "`insert_code`: is one atomic step, so that racers do not exceed the bound" => bounds_codes_of_racers,
        "`find_code`: leaves the code as it is, until `expires_at`" => finds_until_its_time,
        "`take_code`: the code, once" => takes_once,
        "`take_code`: `None` from `expires_at` on" => takes_nothing_expired,
        "`take_code`: of any number of racers exactly one gets it" => takes_for_one_racer,
    }
}

/// A code of this login that expires after 60 seconds.
pub(super) fn code(login: &LoginId) -> OneTimeCode {
    OneTimeCode {
        hash: CodeHash(random_hash()),
        login: login.clone(),
        credential_epoch: 0,
        auth_time: None,
        expires_at: NOW + 60,
    }
}

async fn inserted<S: CodeStore>(at: &Fixture<S>, code: OneTimeCode) -> Outcome<OneTimeCode> {
    if !at.here.insert_code(&code, &act(), NOW).await? {
        return Err(Violation::new("`insert_code` answers `false` for a login without codes"));
    }
    Ok(code)
}

async fn keeps_every_field<S: CodeStore>(at: Fixture<S>) -> Outcome {
    let full = OneTimeCode { credential_epoch: 7, auth_time: Some(NOW - 5), ..code(&at.logins[1]) };
    for code in [code(&at.logins[0]), full] {
        let code = inserted(&at, code).await?;
        ensure_eq("the code", &at.there.find_code(&code.hash, NOW).await?, &Some(code.clone()))?;
        ensure_eq("the code that was taken", &at.there.take_code(&code.hash, &act(), NOW).await?, &Some(code))?;
    }
    Ok(())
}

async fn takes_none_twice<S: CodeStore>(at: Fixture<S>) -> Outcome {
    let first = inserted(&at, code(&at.logins[0])).await?;
    let second = OneTimeCode { hash: first.hash, auth_time: Some(NOW), ..code(&at.logins[1]) };
    ensure(at.there.insert_code(&second, &act(), NOW).await.is_err(), "it takes a second code with the same hash")?;
    ensure_eq("the first code", &at.here.find_code(&first.hash, NOW).await?, &Some(first))
}

async fn bounds_codes<S: CodeStore>(at: Fixture<S>) -> Outcome {
    let [login, other] = &at.logins;
    let first = inserted(&at, OneTimeCode { expires_at: NOW + 30, ..code(login) }).await?;
    ensure(at.here.take_code(&first.hash, &act(), NOW).await?.is_some(), "the first code cannot be taken")?;
    for _ in 1..MAX_CODES_OF_LOGIN {
        inserted(&at, code(login)).await?;
    }
    let excess = code(login);
    ensure(!at.there.insert_code(&excess, &act(), NOW + 29).await?, "it answers `true` although there are too many")?;
    ensure_eq("what was refused", &at.here.find_code(&excess.hash, NOW + 29).await?, &None)?;
    inserted(&at, code(other)).await?;
    ensure(at.here.insert_code(&excess, &act(), NOW + 30).await?, "it answers `false` although one code has expired")
}

async fn bounds_codes_of_racers<S: CodeStore>(at: Fixture<S>) -> Outcome {
    let insert = |racing| {
        let (store, code) = (at.handle(racing), code(&at.logins[0]));
        racer(move || async move { store.insert_code(&code, &act(), NOW).await })
    };
    let mut inserted = 0;
    while inserted <= MAX_CODES_OF_LOGIN {
        match winners(race((0..RACERS).map(insert).collect()).await?)? {
            0 => break,
            more => inserted += more,
        }
    }
    ensure(inserted == MAX_CODES_OF_LOGIN, format!("there are {inserted} codes of one login"))
}

async fn finds_until_its_time<S: CodeStore>(at: Fixture<S>) -> Outcome {
    let code = inserted(&at, code(&at.logins[0])).await?;
    for _ in 0..2 {
        ensure_eq("the code", &at.there.find_code(&code.hash, NOW + 59).await?, &Some(code.clone()))?;
    }
    ensure_eq("the code at `expires_at`", &at.there.find_code(&code.hash, NOW + 60).await?, &None)?;
    let unknown = CodeHash(random_hash());
    ensure_eq("the code of an unknown hash", &at.here.find_code(&unknown, NOW).await?, &None)
}

async fn takes_once<S: CodeStore>(at: Fixture<S>) -> Outcome {
    let taken = inserted(&at, code(&at.logins[0])).await?;
    let other = inserted(&at, code(&at.logins[0])).await?;
    ensure_eq("the code", &at.here.take_code(&taken.hash, &act(), NOW).await?, &Some(taken.clone()))?;
    ensure_eq("the code that was taken", &at.there.take_code(&taken.hash, &act(), NOW).await?, &None)?;
    ensure_eq("the code that was taken", &at.there.find_code(&taken.hash, NOW).await?, &None)?;
    ensure_eq("another code", &at.there.find_code(&other.hash, NOW).await?, &Some(other))?;
    let unknown = CodeHash(random_hash());
    ensure_eq("the code of an unknown hash", &at.here.take_code(&unknown, &act(), NOW).await?, &None)
}

async fn takes_nothing_expired<S: CodeStore>(at: Fixture<S>) -> Outcome {
    let code = inserted(&at, code(&at.logins[0])).await?;
    ensure_eq("the code at `expires_at`", &at.there.take_code(&code.hash, &act(), NOW + 60).await?, &None)?;
    ensure_eq("the code before it", &at.there.take_code(&code.hash, &act(), NOW + 59).await?, &Some(code))
}

async fn takes_for_one_racer<S: CodeStore>(at: Fixture<S>) -> Outcome {
    // No more rounds than a login may have codes.
    for _ in 0..ROUNDS.min(MAX_CODES_OF_LOGIN as i64) {
        let code = inserted(&at, code(&at.logins[0])).await?;
        let racers = (0..RACERS).map(|racing| {
            let store = at.handle(racing);
            racer(move || async move { Ok::<_, StoreError>(store.take_code(&code.hash, &act(), NOW).await?.is_some()) })
        });
        let winners = winners(race(racers.collect()).await?)?;
        ensure(winners == 1, format!("{winners} of {RACERS} racers took the same code"))?;
    }
    Ok(())
}
