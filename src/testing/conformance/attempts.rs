//! The requirements of counters of attempts.

use std::sync::Arc;

use super::fixture::Fixture;
use super::race::{RACERS, ROUNDS, race, racer};
use super::records::{NOW, random_hash};
use super::report::{Check, Outcome, checks, ensure_eq};
use crate::{AttemptChange, AttemptStore, Attempts, MAX_ATTEMPT_COUNTERS};

pub(super) fn checks<S: AttemptStore>() -> Vec<Check<S>> {
    checks! {
        "`read_attempts`: the counters in the order in which they are asked for, new ones as `Attempts::default()`" => reads,
        "`change_attempts`: writes all counters, and returns them as they were before" => writes_all,
        "`change_attempts`: writes nothing if `change` returns `false`" => writes_nothing,
        "`change_attempts`: is one atomic step, so that no change of a racer is lost" => loses_no_change,
        "`change_attempts`: of racers with counters in common none waits for ever" => does_not_lock_up,
    }
}

/// Some counters of all there are.
fn counters<const N: usize>() -> [u32; N] {
    let hash = random_hash();
    let first = u32::from_be_bytes([hash[0], hash[1], hash[2], hash[3]]) % MAX_ATTEMPT_COUNTERS;
    std::array::from_fn(|index| (first + u32::try_from(index).unwrap_or_default() * 7919) % MAX_ATTEMPT_COUNTERS)
}

fn attempts(number: i64) -> Attempts {
    Attempts { forgotten_at: NOW + number, blocked_until: NOW - number }
}

/// Puts all counters off by these seconds.
fn put_off(seconds: i64) -> AttemptChange {
    Arc::new(move |counters: &mut [Attempts]| {
        counters.iter_mut().for_each(|attempts| attempts.forgotten_at += seconds);
        true
    })
}

/// Writes these counters, whatever they were.
async fn set<S: AttemptStore>(at: &Fixture<S>, counters: &[u32], to: &[Attempts]) -> Outcome {
    let to = to.to_vec();
    let set = move |counters: &mut [Attempts]| {
        counters.copy_from_slice(&to);
        true
    };
    at.here.change_attempts(counters, Arc::new(set)).await?;
    Ok(())
}

async fn reads<S: AttemptStore>(at: Fixture<S>) -> Outcome {
    let [one, two, three] = counters();
    set(&at, &[one, two, three], &[attempts(1), attempts(2), Attempts::default()]).await?;
    let read = at.there.read_attempts(&[three, two, one]).await?;
    ensure_eq("the counters", &read, &vec![Attempts::default(), attempts(2), attempts(1)])?;
    ensure_eq("no counters", &at.here.read_attempts(&[]).await?, &vec![])
}

async fn writes_all<S: AttemptStore>(at: Fixture<S>) -> Outcome {
    let counters: [u32; 3] = counters();
    set(&at, &counters, &[attempts(1), attempts(2), attempts(3)]).await?;
    let before = at.there.change_attempts(&counters, put_off(10)).await?;
    ensure_eq("the counters before", &before, &vec![attempts(1), attempts(2), attempts(3)])?;
    let expected: Vec<_> = [11, 12, 13]
        .into_iter()
        .map(|number| Attempts { forgotten_at: NOW + number, blocked_until: NOW - number + 10 })
        .collect();
    ensure_eq("the counters after", &at.here.read_attempts(&counters).await?, &expected)
}

async fn writes_nothing<S: AttemptStore>(at: Fixture<S>) -> Outcome {
    let counters: [u32; 2] = counters();
    set(&at, &counters, &[attempts(1), attempts(2)]).await?;
    let refuse = Arc::new(|counters: &mut [Attempts]| {
        counters.fill(attempts(9));
        false
    });
    let before = at.there.change_attempts(&counters, refuse).await?;
    ensure_eq("the counters before", &before, &vec![attempts(1), attempts(2)])?;
    ensure_eq("the counters after", &at.here.read_attempts(&counters).await?, &vec![attempts(1), attempts(2)])
}

async fn loses_no_change<S: AttemptStore>(at: Fixture<S>) -> Outcome {
    for _ in 0..ROUNDS {
        let counters: [u32; 2] = counters();
        set(&at, &counters, &[Attempts::default(); 2]).await?;
        let racers = (0..RACERS).map(|number| {
            let store = at.handle(number);
            racer(move || async move { store.change_attempts(&counters, put_off(1)).await })
        });
        for outcome in race(racers.collect()).await? {
            outcome?;
        }
        let expected = Attempts { forgotten_at: i64::try_from(RACERS).unwrap_or_default(), blocked_until: 0 };
        ensure_eq("the counters", &at.here.read_attempts(&counters).await?, &vec![expected; 2])?;
    }
    Ok(())
}

async fn does_not_lock_up<S: AttemptStore>(at: Fixture<S>) -> Outcome {
    for _ in 0..ROUNDS {
        let [one, two, three] = {
            let mut counters: [u32; 3] = counters();
            counters.sort_unstable();
            counters
        };
        set(&at, &[one, two, three], &[Attempts::default(); 3]).await?;
        let pairs = [[one, two], [two, three], [one, three]];
        let racers = (0..RACERS).map(|number| {
            let (store, pair) = (at.handle(number), pairs[number % pairs.len()]);
            racer(move || async move { store.change_attempts(&pair, put_off(1)).await })
        });
        for outcome in race(racers.collect()).await? {
            outcome?;
        }
        let total: i64 =
            at.here.read_attempts(&[one, two, three]).await?.iter().map(|attempts| attempts.forgotten_at).sum();
        ensure_eq("the changes", &total, &i64::try_from(2 * RACERS).unwrap_or_default())?;
    }
    Ok(())
}
