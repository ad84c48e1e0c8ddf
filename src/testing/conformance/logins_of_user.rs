//! The requirements of the logins of one user: their list, and the bound of their number.

use super::difference::ensure_login;
use super::fixture::Fixture;
use super::race::{RACERS, ROUNDS, race, racer};
use super::records::{NOW, act, found, inserted, login, remembered};
use super::report::{Check, Outcome, checks, ensure, ensure_eq};
use crate::{EndReason, Login, LoginId, LoginStore};

pub(super) fn checks<S: LoginStore>() -> Vec<Check<S>> {
    checks! {
        "`logins_of`: the live logins of a user, those that began last first" => lists,
        "`insert`: ends the logins of the user that are more than `most`, those that began first" => ends_the_oldest,
        "`insert`: counts neither logins that are over nor those of other users" => counts_the_live,
        "`insert`: of racers for one user no more than `most` are left" => keeps_the_bound_in_a_race,
    }
}

/// A login of alice that began `after` seconds later than usual. She has no other live one.
fn begun(at: &Fixture<impl LoginStore>, after: i64) -> Login {
    Login { created_at: NOW + after, ..login(&at.alice) }
}

async fn alone<S: LoginStore>(at: &Fixture<S>) -> Outcome {
    for user in [&at.alice, &at.bob] {
        at.here.end_all(user, None, EndReason::Logout, &act(), NOW).await?;
    }
    Ok(())
}

fn ids(logins: &[Login]) -> Vec<&LoginId> {
    logins.iter().map(|login| &login.id).collect()
}

async fn lists<S: LoginStore>(at: Fixture<S>) -> Outcome {
    alone(&at).await?;
    let middle = inserted(&at, Login { created_at: NOW + 2, ..remembered(&at.alice) }).await?;
    let last = inserted(&at, begun(&at, 3)).await?;
    let first = inserted(&at, begun(&at, 1)).await?;
    let ended = inserted(&at, begun(&at, 4)).await?;
    at.here.end(&ended.id, EndReason::Logout, &act(), NOW).await?;
    inserted(&at, Login { expires_at: NOW + 10, ..begun(&at, 5) }).await?;
    inserted(&at, login(&at.bob)).await?;
    let listed = at.there.logins_of(&at.alice, NOW + 10).await?;
    ensure_eq("the ids of the logins", &ids(&listed), &vec![&last.id, &middle.id, &first.id])?;
    for (listed, login) in listed.into_iter().zip([last, middle, first]) {
        ensure_login("a login of the list", Some(listed), &login)?;
    }
    for nobody in ["", "nobody", "%"] {
        let listed = at.here.logins_of(nobody, NOW).await?;
        ensure(listed.is_empty(), "somebody unknown has logins")?;
    }
    Ok(())
}

async fn ends_the_oldest<S: LoginStore>(at: Fixture<S>) -> Outcome {
    alone(&at).await?;
    let mut logins = Vec::new();
    for after in [3, 1, 2, 4] {
        logins.push(inserted(&at, begun(&at, after)).await?);
    }
    let [third, first, second, fourth] = &logins[..] else { return Ok(()) };
    let new = begun(&at, 5);
    ensure(at.here.insert(&new, 3, &act()).await?, "it answers `false` for one login too many")?;
    let listed = at.there.logins_of(&at.alice, NOW + 5).await?;
    ensure_eq("the ids of the logins that are left", &ids(&listed), &vec![&new.id, &fourth.id, &third.id])?;
    for ended in [first, second] {
        let found = found(&*at.there, &ended.id).await?;
        ensure_eq("the end of a login that is too many", &found.ended, &Some((NOW + 5, EndReason::TooMany)))?;
    }
    // The new login stays, also when the clock has been set back.
    let earlier = begun(&at, 0);
    ensure(at.there.insert(&earlier, 0, &act()).await?, "it answers `false` for one login too many")?;
    let listed = at.here.logins_of(&at.alice, NOW + 5).await?;
    ensure_eq("the ids of the logins that are left", &ids(&listed), &vec![&earlier.id])
}

async fn counts_the_live<S: LoginStore>(at: Fixture<S>) -> Outcome {
    alone(&at).await?;
    let live = inserted(&at, begun(&at, 1)).await?;
    let ended = inserted(&at, begun(&at, 2)).await?;
    at.here.end(&ended.id, EndReason::RefreshReused, &act(), NOW + 2).await?;
    let expired = inserted(&at, Login { expires_at: NOW + 3, ..begun(&at, 3) }).await?;
    let other = inserted(&at, login(&at.bob)).await?;
    let new = begun(&at, 4);
    at.here.insert(&new, 2, &act()).await?;
    for kept in [&live, &other] {
        let found = found(&*at.there, &kept.id).await?;
        ensure_eq("the end of a login that is not too many", &found.ended, &None)?;
    }
    let found_ended = found(&*at.there, &ended.id).await?;
    ensure_eq("an earlier end", &found_ended.ended, &Some((NOW + 2, EndReason::RefreshReused)))?;
    ensure_eq("the end of an expired login", &found(&*at.there, &expired.id).await?.ended, &None)
}

async fn keeps_the_bound_in_a_race<S: LoginStore>(at: Fixture<S>) -> Outcome {
    const MOST: usize = 2;
    for _ in 0..ROUNDS {
        alone(&at).await?;
        let racers = (0..RACERS).map(|racing| {
            let (store, login) = (at.handle(racing), login(&at.alice));
            racer(move || async move { store.insert(&login, MOST, &act()).await })
        });
        for answer in race(racers.collect()).await? {
            ensure(answer?, "it answers `false` for one login too many")?;
        }
        let left = at.there.logins_of(&at.alice, NOW).await?.len();
        ensure_eq("the number of logins that are left", &left, &MOST)?;
    }
    Ok(())
}
