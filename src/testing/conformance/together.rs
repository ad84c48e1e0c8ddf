//! The requirements between logins and sessions: the end of a login deletes its sessions.

use super::fixture::Fixture;
use super::race::{RACERS, ROUNDS, race, racer};
use super::records::{NOW, act, inserted, is_open, login, open, remembered, session};
use super::report::{Check, Outcome, checks, ensure};
use super::sessions::ensure_is;
use crate::{EndReason, Login, LoginId, LoginStore, MAX_SESSIONS_OF_LOGIN, SessionRecord, SessionStore};

pub(super) fn checks<S: LoginStore + SessionStore>() -> Vec<Check<S>> {
    checks! {
        "`insert_session` and `update_session`: keep which login a session is a face of" => keeps_whose_it_is,
        "`insert_session`: keeps at most `MAX_SESSIONS_OF_LOGIN` sessions of a login, the new one and the latest others"
            => keeps_the_latest,
        "`insert`: deletes the sessions of the logins that are too many" => bound_takes_sessions_along,
        "`logins_with_session`: those of the logins that have a session which has not expired" => finds_sessions,
        "`end`: deletes the login's sessions" => end_takes_sessions_along,
        "`end`: deletes the sessions that are the login's at the time, by `update_session`" => end_knows_updates,
        "`end_all`: ends logins with their sessions" => end_all_takes_sessions_along,
        "`update_session`: a request that was in flight when the login ended must not bring its session back" => stays_gone,
    }
}

async fn keeps_whose_it_is<S: LoginStore + SessionStore>(at: Fixture<S>) -> Outcome {
    let login = inserted(&at, login(&at.alice)).await?;
    let signed_in = session(Some(&login));
    let key = open(&at, &signed_in).await?;
    ensure_is(&*at.there, &key, &signed_in).await?;
    for record in [session(None), signed_in] {
        at.here.update_session(&key, &record).await?;
        ensure_is(&*at.there, &key, &record).await?;
    }
    Ok(())
}

async fn keeps_the_latest<S: LoginStore + SessionStore>(at: Fixture<S>) -> Outcome {
    let (login, other) = (inserted(&at, login(&at.alice)).await?, inserted(&at, login(&at.alice)).await?);
    let others = [open(&at, &session(Some(&other))).await?, open(&at, &session(None)).await?];
    let first = open(&at, &SessionRecord { expires_at: NOW + 50, ..session(Some(&login)) }).await?;
    let used = open(&at, &SessionRecord { expires_at: NOW + 40, ..session(Some(&login)) }).await?;
    at.there.touch_session(&used, NOW + 200).await?;
    for _ in 2..MAX_SESSIONS_OF_LOGIN {
        open(&at, &session(Some(&login))).await?;
    }
    ensure(is_open(&*at.there, &first).await?, "a session is gone although there were not too many")?;
    let new = open(&at, &SessionRecord { expires_at: NOW + 10, ..session(Some(&login)) }).await?;
    ensure(!is_open(&*at.there, &first).await?, "there are too many sessions, and the oldest is still there")?;
    ensure(is_open(&*at.there, &used).await?, "a session is gone that had been used later than others")?;
    for key in others.iter().chain([&new]) {
        ensure(is_open(&*at.there, key).await?, "a session is gone that was new, or not of the login")?;
    }
    Ok(())
}

async fn bound_takes_sessions_along<S: LoginStore + SessionStore>(at: Fixture<S>) -> Outcome {
    let (ended, other) = (inserted(&at, login(&at.alice)).await?, inserted(&at, login(&at.bob)).await?);
    let (of_ended, of_other) = (open(&at, &session(Some(&ended))).await?, open(&at, &session(Some(&other))).await?);
    let new = Login { created_at: NOW + 1, ..login(&at.alice) };
    at.here.insert(&new, 1, &act()).await?;
    ensure(!is_open(&*at.there, &of_ended).await?, "a session of a login that was too many is still there")?;
    ensure(is_open(&*at.there, &of_other).await?, "a session of another user is gone")
}

async fn finds_sessions<S: LoginStore + SessionStore>(at: Fixture<S>) -> Outcome {
    let mut logins = Vec::new();
    for _ in 0..4 {
        logins.push(inserted(&at, login(&at.alice)).await?);
    }
    let [with, expired, without, unasked] = &logins[..] else { return Ok(()) };
    for session in [session(Some(with)), session(Some(with)), session(Some(unasked)), session(None)] {
        open(&at, &session).await?;
    }
    open(&at, &SessionRecord { expires_at: NOW + 10, ..session(Some(expired)) }).await?;
    let asked = [&with.id, &expired.id, &without.id, &LoginId::random()].map(LoginId::clone);
    let found = at.there.logins_with_session(&asked, NOW + 10).await?;
    ensure(found == [with.id.clone()], format!("the logins with a session are {found:?}"))?;
    ensure(at.here.logins_with_session(&[], NOW).await?.is_empty(), "of no logins some have a session")
}

async fn end_takes_sessions_along<S: LoginStore + SessionStore>(at: Fixture<S>) -> Outcome {
    let ended = inserted(&at, remembered(&at.alice)).await?;
    let other = inserted(&at, login(&at.alice)).await?;
    let theirs = [open(&at, &session(Some(&ended))).await?, open(&at, &session(Some(&ended))).await?];
    let others = [open(&at, &session(Some(&other))).await?, open(&at, &session(None)).await?];
    for key in &theirs {
        // The handle may cache it.
        ensure(is_open(&*at.there, key).await?, "the session is not there before the end")?;
    }
    at.here.end(&ended.id, EndReason::Logout, &act(), NOW).await?;
    for key in &theirs {
        ensure(!is_open(&*at.there, key).await?, "a session of the login is still there")?;
        let updated = at.there.update_session(key, &session(Some(&ended))).await?;
        ensure(!updated, "a session of the login can be updated after its end")?;
        let updated = at.there.update_session(key, &session(None)).await?;
        ensure(!updated, "a session of the login can be updated after its end")?;
        at.there.touch_session(key, NOW + 500).await?;
        ensure(!is_open(&*at.here, key).await?, "a session of the login is there again after its end")?;
    }
    for key in &others {
        ensure(is_open(&*at.there, key).await?, "a session is gone that was not of the login")?;
    }
    Ok(())
}

async fn end_knows_updates<S: LoginStore + SessionStore>(at: Fixture<S>) -> Outcome {
    let login = inserted(&at, login(&at.alice)).await?;
    // An anonymous session that becomes the login's, and one of the login that becomes anonymous.
    let signed_in = open(&at, &session(None)).await?;
    let signed_out = open(&at, &session(Some(&login))).await?;
    at.here.update_session(&signed_in, &session(Some(&login))).await?;
    at.here.update_session(&signed_out, &session(None)).await?;
    at.there.end(&login.id, EndReason::Logout, &act(), NOW).await?;
    ensure(!is_open(&*at.here, &signed_in).await?, "a session is still there that became the login's by an update")?;
    ensure(is_open(&*at.here, &signed_out).await?, "a session is gone that was not the login's any more")
}

async fn end_all_takes_sessions_along<S: LoginStore + SessionStore>(at: Fixture<S>) -> Outcome {
    let mut sessions = Vec::new();
    let mut except = None;
    for (identity, lives) in [(&at.alice, false), (&at.alice, true), (&at.alice, false), (&at.bob, true)] {
        let login = inserted(&at, login(identity)).await?;
        sessions.push((open(&at, &session(Some(&login))).await?, lives));
        if lives {
            except.get_or_insert(login.id);
        }
    }
    at.here.end_all(&at.alice, except.as_ref(), EndReason::Logout, &act(), NOW).await?;
    for (key, lives) in &sessions {
        let which =
            if *lives { "a session is gone whose login lives" } else { "a session is there whose login is over" };
        ensure(is_open(&*at.there, key).await? == *lives, which)?;
    }
    at.here.end_all(&at.alice, None, EndReason::Logout, &act(), NOW).await?;
    ensure(!is_open(&*at.there, &sessions[1].0).await?, "a session is there whose login is over")?;
    ensure(is_open(&*at.there, &sessions[3].0).await?, "a session of another user is gone")
}

async fn stays_gone<S: LoginStore + SessionStore>(at: Fixture<S>) -> Outcome {
    for _ in 0..ROUNDS {
        let login = inserted(&at, login(&at.alice)).await?;
        let key = open(&at, &session(Some(&login))).await?;
        let racers = (0..RACERS).map(|racing| {
            let (store, login) = (at.handle(racing), login.clone());
            racer(move || async move {
                match racing % 4 {
                    0 => store.touch_session(&key, NOW + 200).await,
                    1 => store.end(&login.id, EndReason::Logout, &act(), NOW).await.map(drop),
                    _ => {
                        let written = SessionRecord { expires_at: NOW + 300, ..session(Some(&login)) };
                        store.update_session(&key, &written).await.map(drop)
                    }
                }
            })
        });
        for answer in race(racers.collect()).await? {
            answer?;
        }
        ensure(!is_open(&*at.there, &key).await?, "a session is there again whose login ended while it was written")?;
    }
    Ok(())
}
