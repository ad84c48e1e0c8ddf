//! The requirements of sessions, with anonymous ones.

use super::fixture::Fixture;
use super::race::{RACERS, ROUNDS, race, racer};
use super::records::{NOW, is_open, open, random_key, same, session};
use super::report::{Check, Outcome, Violation, checks, ensure};
use crate::{SessionHash, SessionRecord, SessionStore, UnixTime};

pub(super) fn checks<S: SessionStore>() -> Vec<Check<S>> {
    checks! {
        "`load_session`: the session, `None` when it is unknown or `expires_at <= now`" => keeps_until_its_time,
        "`insert_session`: a key that exists already is an error" => takes_none_twice,
        "`insert_session`: sessions are never merged, so that of any number of racers exactly one is kept"
            => takes_one_of_many,
        "`update_session`: replaces a session that is still there" => updates,
        "`update_session`: `false`, and nothing written, when it is gone" => updates_nothing_that_is_gone,
        "`update_session`: a request that was in flight when the session ended must not bring it back" => stays_gone,
        "`touch_session`: moves the idle timeout of a session that is still there, and changes nothing else" => touches,
        "`delete_session`: deletes a session, if it is there" => deletes,
    }
}

/// Checks that a session equals the expected one.
pub(super) async fn ensure_is<S: SessionStore>(store: &S, key: &SessionHash, expected: &SessionRecord) -> Outcome {
    let seen = store.load_session(key, NOW).await?.ok_or_else(|| Violation::new("the session is not there"))?;
    ensure(same(&seen, expected), format!("the session is {seen:?}, and should be {expected:?}"))
}

fn other_values(expires_at: UnixTime) -> SessionRecord {
    SessionRecord { state: r#"{"note":"\"another\""}"#.to_owned(), login: None, expires_at }
}

async fn keeps_until_its_time<S: SessionStore>(at: Fixture<S>) -> Outcome {
    for record in [session(None), SessionRecord { state: "{}".to_owned(), ..session(None) }] {
        let key = open(&at, &record).await?;
        ensure_is(&*at.there, &key, &record).await?;
        let in_time = at.there.load_session(&key, record.expires_at - 1).await?;
        ensure(in_time.is_some(), "the session is gone a second before `expires_at`")?;
        let late = at.there.load_session(&key, record.expires_at).await?;
        ensure(late.is_none(), "the session is still there at `expires_at`")?;
    }
    ensure(!is_open(&*at.there, &random_key()).await?, "there is a session under a key that nobody has used")
}

async fn takes_none_twice<S: SessionStore>(at: Fixture<S>) -> Outcome {
    let key = open(&at, &session(None)).await?;
    let second = at.there.insert_session(&key, &other_values(NOW + 200)).await;
    ensure(second.is_err(), "it takes a second session under the same key")?;
    ensure_is(&*at.here, &key, &session(None)).await
}

async fn takes_one_of_many<S: SessionStore>(at: Fixture<S>) -> Outcome {
    for _ in 0..ROUNDS {
        let key = random_key();
        let racers = (0..RACERS).map(|racing| {
            let store = at.handle(racing);
            racer(move || async move { store.insert_session(&key, &session(None)).await })
        });
        let kept = race(racers.collect()).await?.into_iter().filter(Result::is_ok).count();
        ensure(kept == 1, format!("of {RACERS} sessions under the same key {kept} were kept"))?;
    }
    Ok(())
}

async fn updates<S: SessionStore>(at: Fixture<S>) -> Outcome {
    let key = open(&at, &session(None)).await?;
    let other = open(&at, &session(None)).await?;
    for record in [other_values(NOW + 200), SessionRecord { state: "{}".to_owned(), ..session(None) }] {
        ensure(at.here.update_session(&key, &record).await?, "it answers `false` for a session that is there")?;
        ensure_is(&*at.there, &key, &record).await?;
    }
    ensure_is(&*at.there, &other, &session(None)).await
}

async fn updates_nothing_that_is_gone<S: SessionStore>(at: Fixture<S>) -> Outcome {
    let deleted = open(&at, &session(None)).await?;
    at.here.delete_session(&deleted).await?;
    for (key, which) in [(deleted, "has been deleted"), (random_key(), "never was")] {
        let updated = at.there.update_session(&key, &session(None)).await?;
        ensure(!updated, format!("it answers `true` for a session that {which}"))?;
        ensure(!is_open(&*at.here, &key).await?, format!("it keeps a session that {which}"))?;
    }
    Ok(())
}

async fn stays_gone<S: SessionStore>(at: Fixture<S>) -> Outcome {
    for _ in 0..ROUNDS {
        let key = open(&at, &session(None)).await?;
        let racers = (0..RACERS).map(|racing| {
            let store = at.handle(racing);
            racer(move || async move {
                match racing % 4 {
                    0 => store.touch_session(&key, NOW + 200).await,
                    1 => store.delete_session(&key).await,
                    _ => store.update_session(&key, &session(None)).await.map(drop),
                }
            })
        });
        for answer in race(racers.collect()).await? {
            answer?;
        }
        ensure(!is_open(&*at.there, &key).await?, "a session is there again that was deleted while it was written")?;
    }
    Ok(())
}

async fn touches<S: SessionStore>(at: Fixture<S>) -> Outcome {
    let key = open(&at, &session(None)).await?;
    let deleted = open(&at, &session(None)).await?;
    at.here.delete_session(&deleted).await?;
    at.here.touch_session(&key, NOW + 300).await?;
    ensure_is(&*at.there, &key, &SessionRecord { expires_at: NOW + 300, ..session(None) }).await?;
    let in_time = at.there.load_session(&key, NOW + 299).await?;
    ensure(in_time.is_some(), "the session runs out at the time that it had before")?;
    for (key, which) in [(deleted, "has been deleted"), (random_key(), "never was")] {
        at.here.touch_session(&key, NOW + 300).await?;
        ensure(!is_open(&*at.there, &key).await?, format!("it keeps a session that {which}"))?;
    }
    Ok(())
}

async fn deletes<S: SessionStore>(at: Fixture<S>) -> Outcome {
    let key = open(&at, &session(None)).await?;
    let other = open(&at, &session(None)).await?;
    for _ in 0..2 {
        at.here.delete_session(&key).await?;
        ensure(!is_open(&*at.there, &key).await?, "the session is still there")?;
    }
    ensure_is(&*at.there, &other, &session(None)).await
}
