//! The requirements of an audit: one record with each change, and none without one.

use super::fixture::Fixture;
use super::race::{RACERS, ROUNDS, race, racer};
use super::records::{NOW, inserted, login, remembered, successor};
use super::report::{Check, Outcome, checks, ensure, ensure_eq};
use super::{api_tokens, codes, revoked_tokens, rotation};
use crate::{
    Act, Action, Actor, ApiTokenStore, AuditRecord, AuditStore, CodeStore, EndReason, Login, LoginId, LoginStore,
    RevokedTokenStore, StoreError, Via,
};

pub(super) fn of_logins<S: LoginStore + AuditStore>() -> Vec<Check<S>> {
    checks! {
        "`add_record`: keeps a record, every field of it" => keeps_every_field,
        "`records_of`: those about this user, with these actions, the latest first, and no more than `most`" => lists_the_latest,
        "`insert`: records `SignedIn` with the number of logins that ended, and nothing if it answers `false`" => signs_in,
        "`rotate_refresh`: records `Refreshed` at its time, and nothing if it answers `None`" => refreshes,
        "`rotate_refresh`: of any number of racers exactly one is recorded" => records_one_racer,
        "`rotate_remember`: records `Remembered`, and nothing if it answers `false`" => remembers,
        "`confirm`: records `Confirmed`, and nothing if it answers `false`" => confirms,
        "`end`: records `LoginEnded` with the reason, and nothing if it answers `false`" => ends,
        "`end_all`: records `LoginsEnded` with the reason and the number, and nothing if none ended" => ends_all,
        "`touch`, `confirm_refresh`, `confirm_remember` and `extend_remember` record nothing" => keeps_notes_apart,
    }
}

pub(super) fn of_api_tokens<S: ApiTokenStore + AuditStore>() -> Vec<Check<S>> {
    checks! {
        "`insert_api_token`: records `ApiTokenMade`, and nothing if there are too many" => makes_api_token,
        "`revoke_api_token`: records `ApiTokenRevoked`, and nothing if it answers `false`" => revokes_api_token,
        "`revoke_api_tokens_of`: records `ApiTokensRevoked` with the number, and nothing if there were none" => revokes_all,
        "`touch_api_token` records nothing" => keeps_uses_apart,
    }
}

pub(super) fn of_codes<S: CodeStore + AuditStore>() -> Vec<Check<S>> {
    checks! {
        "`insert_code`: records `CodeMade`; `take_code`: records `CodeUsed`, once" => makes_and_uses,
    }
}

pub(super) fn of_revoked_tokens<S: RevokedTokenStore + AuditStore>() -> Vec<Check<S>> {
    checks! {
        "`revoke_token`: records `AccessTokenRevoked`, once" => revokes_token,
    }
}

/// An act with every field, which no other check has.
fn act<S>(at: &Fixture<S>) -> Act {
    let mut act = Act::new(Actor::User(at.alice.clone()));
    act.login = Some(at.logins[0].clone());
    act.via = Some(Via::Token);
    act.address = Some([0x2001, 0xdb8, 0, 0, 0, 0, 0, 7].into());
    act.user_agent = Some("Mozilla/5.0 (\u{1f409})".to_owned());
    act.request_id = Some(LoginId::random().to_string());
    act
}

/// The records of this act about this user, the latest first.
async fn records<S: AuditStore>(at: &Fixture<S>, identity: &str, act: &Act) -> Outcome<Vec<AuditRecord>> {
    let mut records = at.there.records_of(identity, &[], 10_000).await?;
    records.retain(|record| record.act.request_id == act.request_id);
    Ok(records)
}

/// Makes sure that these are the records of the act about the first user, the first one first.
async fn ensure_records<S: AuditStore>(at: &Fixture<S>, act: &Act, expected: &[AuditRecord]) -> Outcome {
    let mut records = records(at, &at.alice, act).await?;
    records.reverse();
    ensure_eq("the records", &records, &expected.to_vec())
}

/// The record of something that was done to the first user.
fn record<S>(at: &Fixture<S>, action: Action, act: &Act) -> AuditRecord {
    AuditRecord::new(NOW, action, act.clone()).of_user(&at.alice)
}

async fn keeps_every_field<S: LoginStore + AuditStore>(at: Fixture<S>) -> Outcome {
    let full = act(&at);
    let mut bare = Act::new(Actor::Anonymous);
    bare.request_id = full.request_id.clone();
    let actors = [Actor::Service("notes".into()), Actor::Operator("root".into()), Actor::Application];
    let mut expected = vec![
        record(&at, Action::SignInFailed, &full).about("it's %s").because("invalid_credentials").counting(1 << 40),
        record(&at, Action::SignedIn, &bare),
    ];
    expected.extend(actors.map(|by| record(&at, Action::KeyAdded, &Act { by, ..bare.clone() })));
    for record in &expected {
        at.here.add_record(record).await?;
    }
    ensure_records(&at, &full, &expected).await
}

async fn lists_the_latest<S: LoginStore + AuditStore>(at: Fixture<S>) -> Outcome {
    let act = act(&at);
    let first = record(&at, Action::TokensIssued, &act);
    let other = AuditRecord { user: Some(at.bob.clone()), ..first.clone() };
    let nobodys = AuditRecord { user: None, ..first.clone() };
    for record in [&first, &first.clone().counting(2), &first.clone().counting(3), &other, &nobodys] {
        at.here.add_record(record).await?;
    }
    let latest = at.there.records_of(&at.alice, &[], 2).await?;
    ensure_eq("the latest two", &latest.iter().map(|record| record.count).collect::<Vec<_>>(), &vec![3, 2])?;
    ensure_eq("the records of another user", &records(&at, &at.bob, &act).await?, &vec![other])?;
    let coded = AuditRecord { action: Action::CodeMade, ..first.clone() };
    at.here.add_record(&coded).await?;
    at.here.add_record(&first).await?;
    let asked_for = at.there.records_of(&at.alice, &[Action::CodeMade, Action::CodeUsed], 1).await?;
    ensure_eq("the latest one with an action that was asked for", &asked_for, &vec![coded])
}

async fn signs_in<S: LoginStore + AuditStore>(at: Fixture<S>) -> Outcome {
    at.here.end_all(&at.alice, None, EndReason::Logout, &Act::of_application(), NOW).await?;
    let act = act(&at);
    let first = login(&at.alice);
    let second = Login { created_at: NOW + 1, ..login(&at.alice) };
    let third = Login { created_at: NOW + 2, ..login(&at.alice) };
    let mut expected = Vec::new();
    for (login, most, ended) in [(&first, 9, 0), (&second, 9, 0), (&third, 1, 2)] {
        at.here.insert(login, most, &act).await?;
        let signed_in = AuditRecord { at: login.created_at, ..record(&at, Action::SignedIn, &act) };
        expected.push(signed_in.about(login.id.as_str()).counting(ended));
    }
    ensure(at.here.insert(&third, 9, &act).await.is_err(), "it takes an id that exists already")?;
    ensure_records(&at, &act, &expected).await
}

async fn refreshes<S: LoginStore + AuditStore>(at: Fixture<S>) -> Outcome {
    let login = inserted(&at, login(&at.alice)).await?;
    let act = act(&at);
    let clock = rotation::clock_at(NOW + 7);
    at.here.rotate_refresh(&login.id, 0, &act, &clock).await?;
    ensure(at.here.rotate_refresh(&login.id, 0, &act, &clock).await?.is_none(), "it rotates twice")?;
    at.here.rotate_refresh(&LoginId::random(), 0, &act, &clock).await?;
    let refreshed = AuditRecord { at: NOW + 7, ..record(&at, Action::Refreshed, &act) };
    ensure_records(&at, &act, &[refreshed.about(login.id.as_str())]).await
}

async fn records_one_racer<S: LoginStore + AuditStore>(at: Fixture<S>) -> Outcome {
    for _ in 0..ROUNDS {
        let login = inserted(&at, login(&at.alice)).await?;
        let act = act(&at);
        let racers = (0..RACERS).map(|number| {
            let (store, id, act, clock) = (at.handle(number), login.id.clone(), act.clone(), rotation::clock_at(NOW));
            racer(move || async move { store.rotate_refresh(&id, 0, &act, &clock).await })
        });
        let rotated: Result<Vec<_>, StoreError> = race(racers.collect()).await?.into_iter().collect();
        ensure(rotated?.iter().flatten().count() == 1, "it does not answer for exactly one racer")?;
        ensure_records(&at, &act, &[record(&at, Action::Refreshed, &act).about(login.id.as_str())]).await?;
    }
    Ok(())
}

async fn remembers<S: LoginStore + AuditStore>(at: Fixture<S>) -> Outcome {
    let login = inserted(&at, remembered(&at.alice)).await?;
    let act = act(&at);
    let Some(remember) = &login.remember else { return Ok(()) };
    let next = successor(remember);
    let clock = rotation::clock_at(NOW + 7);
    at.here.rotate_remember(&login.id, &next, &act, &clock).await?;
    ensure(!at.here.rotate_remember(&login.id, &next, &act, &clock).await?, "it rotates twice")?;
    let remembered = AuditRecord { at: NOW + 7, ..record(&at, Action::Remembered, &act) };
    ensure_records(&at, &act, &[remembered.about(login.id.as_str())]).await
}

async fn confirms<S: LoginStore + AuditStore>(at: Fixture<S>) -> Outcome {
    let login = inserted(&at, login(&at.alice)).await?;
    let act = act(&at);
    at.here.confirm(&login.id, &act, NOW).await?;
    at.here.confirm(&login.id, &act, login.expires_at).await?;
    ensure_records(&at, &act, &[record(&at, Action::Confirmed, &act).about(login.id.as_str())]).await
}

async fn ends<S: LoginStore + AuditStore>(at: Fixture<S>) -> Outcome {
    let login = inserted(&at, login(&at.alice)).await?;
    let act = act(&at);
    for id in [&login.id, &login.id, &LoginId::random()] {
        at.here.end(id, EndReason::RefreshReused, &act, NOW).await?;
    }
    let ended = record(&at, Action::LoginEnded, &act).about(login.id.as_str()).because("refresh_reused");
    ensure_records(&at, &act, &[ended]).await
}

async fn ends_all<S: LoginStore + AuditStore>(at: Fixture<S>) -> Outcome {
    at.here.end_all(&at.alice, None, EndReason::Logout, &Act::of_application(), NOW).await?;
    let mut logins = Vec::new();
    for _ in 0..3 {
        logins.push(inserted(&at, login(&at.alice)).await?);
    }
    let act = act(&at);
    let kept = &logins[0].id;
    at.here.end_all(&at.alice, Some(kept), EndReason::Logout, &act, NOW).await?;
    at.here.end_all(&at.alice, Some(kept), EndReason::Logout, &act, NOW).await?;
    at.here.end_all(&at.alice, Some(&LoginId::random()), EndReason::Logout, &act, NOW).await?;
    let ended = record(&at, Action::LoginsEnded, &act).because("logout").counting(2);
    ensure_records(&at, &act, &[ended]).await
}

async fn keeps_notes_apart<S: LoginStore + AuditStore>(at: Fixture<S>) -> Outcome {
    let login = inserted(&at, remembered(&at.alice)).await?;
    let latest = at.there.records_of(&at.alice, &[], 1).await?;
    at.here.touch(&login.id, NOW + 1).await?;
    at.here.confirm_refresh(&login.id, 0, NOW + 1).await?;
    at.here.confirm_remember(&login.id, 0, NOW + 1).await?;
    at.here.extend_remember(&login.id, 0, NOW + 400, NOW + 1).await?;
    ensure_eq("the latest record", &at.there.records_of(&at.alice, &[], 1).await?, &latest)
}

async fn makes_api_token<S: ApiTokenStore + AuditStore>(at: Fixture<S>) -> Outcome {
    api_tokens::clear(&at).await?;
    let act = act(&at);
    let token = api_tokens::token(&at.alice);
    at.here.insert_api_token(&token, &act).await?;
    ensure(at.here.insert_api_token(&token, &act).await.is_err(), "it takes an id that exists already")?;
    let made = AuditRecord { at: token.created_at, ..record(&at, Action::ApiTokenMade, &act) };
    ensure_records(&at, &act, &[made.about(token.id.as_str())]).await?;
    let mut further = Vec::new();
    for _ in 1..crate::MAX_API_TOKENS_OF_USER {
        further.push(api_tokens::token(&at.alice));
    }
    for token in &further {
        at.here.insert_api_token(token, &Act::of_application()).await?;
    }
    let before = records(&at, &at.alice, &act).await?;
    at.here.insert_api_token(&api_tokens::token(&at.alice), &act).await?;
    ensure_eq("the records after one token too many", &records(&at, &at.alice, &act).await?, &before)
}

async fn revokes_api_token<S: ApiTokenStore + AuditStore>(at: Fixture<S>) -> Outcome {
    api_tokens::clear(&at).await?;
    let act = act(&at);
    let token = api_tokens::token(&at.alice);
    at.here.insert_api_token(&token, &Act::of_application()).await?;
    at.here.revoke_api_token(&token.id, &at.bob, &act, NOW).await?;
    at.here.revoke_api_token(&token.id, &at.alice, &act, NOW).await?;
    at.here.revoke_api_token(&token.id, &at.alice, &act, NOW).await?;
    ensure_eq("the records of another user", &records(&at, &at.bob, &act).await?, &Vec::new())?;
    ensure_records(&at, &act, &[record(&at, Action::ApiTokenRevoked, &act).about(token.id.as_str())]).await
}

async fn revokes_all<S: ApiTokenStore + AuditStore>(at: Fixture<S>) -> Outcome {
    api_tokens::clear(&at).await?;
    let act = act(&at);
    for token in [api_tokens::token(&at.alice), api_tokens::token(&at.alice)] {
        at.here.insert_api_token(&token, &Act::of_application()).await?;
    }
    at.here.revoke_api_tokens_of(&at.alice, &act, NOW).await?;
    at.here.revoke_api_tokens_of(&at.alice, &act, NOW).await?;
    ensure_records(&at, &act, &[record(&at, Action::ApiTokensRevoked, &act).counting(2)]).await
}

async fn keeps_uses_apart<S: ApiTokenStore + AuditStore>(at: Fixture<S>) -> Outcome {
    api_tokens::clear(&at).await?;
    let token = api_tokens::token(&at.alice);
    at.here.insert_api_token(&token, &act(&at)).await?;
    let latest = at.there.records_of(&at.alice, &[], 1).await?;
    at.here.touch_api_token(&token.id, NOW + 1).await?;
    ensure_eq("the latest record", &at.there.records_of(&at.alice, &[], 1).await?, &latest)
}

async fn makes_and_uses<S: CodeStore + AuditStore>(at: Fixture<S>) -> Outcome {
    let act = act(&at);
    let code = codes::code(&at.logins[0]);
    at.here.insert_code(&code, &act, NOW).await?;
    ensure(at.here.insert_code(&code, &act, NOW).await.is_err(), "it takes a second code with the same hash")?;
    at.here.find_code(&code.hash, NOW).await?;
    at.here.take_code(&code.hash, &act, NOW + 1).await?;
    at.here.take_code(&code.hash, &act, NOW + 1).await?;
    let made = record(&at, Action::CodeMade, &act).about(code.login.as_str());
    let used = AuditRecord { at: NOW + 1, action: Action::CodeUsed, ..made.clone() };
    ensure_records(&at, &act, &[made, used]).await
}

async fn revokes_token<S: RevokedTokenStore + AuditStore>(at: Fixture<S>) -> Outcome {
    let act = act(&at);
    let token = revoked_tokens::token(NOW + 60);
    at.here.revoke_token(&token, &at.alice, &act, NOW).await?;
    at.here.revoke_token(&token, &at.alice, &act, NOW).await?;
    ensure_records(&at, &act, &[record(&at, Action::AccessTokenRevoked, &act).about(&*token.id)]).await
}
