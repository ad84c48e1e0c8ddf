//! The requirements of API tokens.

use super::fixture::Fixture;
use super::race::{RACERS, ROUNDS, race, racer, winners};
use super::records::{NOW, act};
use super::report::{Check, Outcome, Violation, checks, ensure, ensure_eq};
use crate::bridge::model::random;
use crate::{Abilities, ApiToken, ApiTokenId, ApiTokenInsertion, ApiTokenStore, MAX_API_TOKENS_OF_USER};

pub(super) fn checks<S: ApiTokenStore>() -> Vec<Check<S>> {
    checks! {
        "`insert_api_token`: keeps a new token, every field of it, and answers `Inserted`" => keeps_every_field,
        "`insert_api_token`: an id that exists already is an error, and changes nothing" => takes_no_id_twice,
        "`insert_api_token`: `TooMany`, and nothing kept, if the user has the most live tokens" => keeps_a_bounded_number,
        "`insert_api_token`: is one atomic step, so that racers never get more than the bound" => bounds_racers,
        "`find_api_token`: the token with this id, live or not" => finds_the_dead,
        "`find_api_token`: `None` when it is unknown" => finds_nothing_unknown,
        "`api_tokens_of`: the tokens of one user that are not revoked, the newest first" => lists_of_one_user,
        "`revoke_api_token`: sets `revoked_at`, and nothing else, and answers `true`" => revokes,
        "`revoke_api_token`: changes nothing and answers `false` for an unknown, another user's or a revoked token"
            => revokes_once,
        "`revoke_api_token`: is one atomic step, so that of any number of racers exactly one gets `true`"
            => revokes_for_one_racer,
        "`revoke_api_tokens_of`: revokes every token of one user, and answers how many that were" => revokes_all_of_user,
        "`touch_api_token`: sets `last_used_at`, and nothing else" => touches,
    }
}

/// A live token of `identity` that was made at `NOW`.
pub(super) fn token(identity: &str) -> ApiToken {
    ApiToken {
        id: random_id(),
        identity: identity.to_owned(),
        credential_epoch: 0,
        secret_hash: random::bytes(),
        name: "nightly backup \u{1f409}".to_owned(),
        abilities: Abilities::from_text("notes:read notes:write"),
        created_at: NOW,
        created_by: None,
        expires_at: None,
        last_used_at: None,
        revoked_at: None,
    }
}

fn random_id() -> ApiTokenId {
    ApiTokenId::from(random::base64url::<12>())
}

/// Begins without live tokens of the fixture's users: those that other checks left are revoked.
pub(super) async fn clear<S: ApiTokenStore>(at: &Fixture<S>) -> Outcome {
    for identity in [&at.alice, &at.bob] {
        at.here.revoke_api_tokens_of(identity, &act(), NOW).await?;
    }
    Ok(())
}

/// Inserts a token, and finds it by the other handle: if that one caches it, later writes must reach the cache.
async fn inserted<S: ApiTokenStore>(at: &Fixture<S>, token: ApiToken) -> Outcome<ApiToken> {
    let insertion = at.here.insert_api_token(&token, &act()).await?;
    ensure_eq("the answer of `insert_api_token` for a user of the epoch 0", &insertion, &ApiTokenInsertion::Inserted)?;
    at.there.find_api_token(&token.id).await?;
    Ok(token)
}

/// Checks that a token is found and equals the expected one.
async fn ensure_token<S: ApiTokenStore>(which: &str, store: &S, expected: &ApiToken) -> Outcome {
    let found = store.find_api_token(&expected.id).await?;
    let seen = found.ok_or_else(|| Violation::new(format!("{which} is not found")))?;
    ensure(seen.secret_hash == expected.secret_hash, format!("the hash of {which} is another one"))?;
    ensure_eq(&format!("`created_by` of {which}"), &seen.created_by, &expected.created_by)?;
    ensure_eq(&format!("`credential_epoch` of {which}"), &seen.credential_epoch, &expected.credential_epoch)?;
    ensure_eq(which, &seen, expected)
}

async fn keeps_every_field<S: ApiTokenStore>(at: Fixture<S>) -> Outcome {
    clear(&at).await?;
    let full = ApiToken {
        abilities: Abilities::all(),
        created_at: NOW + 1,
        // The latest expiry that the bridge sets.
        expires_at: Some(NOW + (1 << 52)),
        last_used_at: Some(NOW + 3),
        revoked_at: Some(NOW + 4),
        ..token(&at.bob)
    };
    let bare = ApiToken { abilities: Abilities::from_text(""), ..token(&at.alice) };
    for kept in [token(&at.alice), bare, full] {
        inserted(&at, kept.clone()).await?;
        ensure_token("the token", &*at.there, &kept).await?;
    }
    Ok(())
}

async fn takes_no_id_twice<S: ApiTokenStore>(at: Fixture<S>) -> Outcome {
    clear(&at).await?;
    let first = inserted(&at, token(&at.alice)).await?;
    for identity in [&at.alice, &at.bob] {
        let second = ApiToken { id: first.id.clone(), ..token(identity) };
        ensure(at.there.insert_api_token(&second, &act()).await.is_err(), "it takes an id that exists already")?;
    }
    ensure_token("the first token", &*at.here, &first).await
}

async fn keeps_a_bounded_number<S: ApiTokenStore>(at: Fixture<S>) -> Outcome {
    clear(&at).await?;
    let expired = ApiToken { expires_at: Some(NOW), ..token(&at.alice) };
    inserted(&at, ApiToken { created_at: NOW - 10, ..expired }).await?;
    let mut last = None;
    for _ in 0..MAX_API_TOKENS_OF_USER {
        last = Some(inserted(&at, token(&at.alice)).await?);
    }
    let further = token(&at.alice);
    let insertion = at.there.insert_api_token(&further, &act()).await?;
    ensure_eq("the answer for one too many", &insertion, &ApiTokenInsertion::TooMany)?;
    ensure(at.here.find_api_token(&further.id).await?.is_none(), "it keeps the one that is too many")?;
    inserted(&at, token(&at.bob)).await?;
    if let Some(last) = last {
        at.here.revoke_api_token(&last.id, &at.alice, &act(), NOW).await?;
        inserted(&at, further).await?;
    }
    clear(&at).await
}

async fn bounds_racers<S: ApiTokenStore>(at: Fixture<S>) -> Outcome {
    clear(&at).await?;
    for _ in 0..MAX_API_TOKENS_OF_USER - 1 {
        inserted(&at, token(&at.alice)).await?;
    }
    for _ in 0..ROUNDS {
        let racers = (0..RACERS).map(|racing| {
            let (store, token) = (at.handle(racing), token(&at.alice));
            racer(move || async move { store.insert_api_token(&token, &act()).await })
        });
        let mut kept = 0;
        for answer in race(racers.collect()).await? {
            kept += usize::from(answer? == ApiTokenInsertion::Inserted);
        }
        ensure_eq("the number of racers that get the last place", &kept, &1)?;
        let newest = at.there.api_tokens_of(&at.alice).await?;
        ensure_eq("the number of tokens", &newest.len(), &MAX_API_TOKENS_OF_USER)?;
        if let Some(one) = newest.first() {
            at.here.revoke_api_token(&one.id, &at.alice, &act(), NOW).await?;
        }
    }
    clear(&at).await
}

async fn finds_the_dead<S: ApiTokenStore>(at: Fixture<S>) -> Outcome {
    clear(&at).await?;
    let expired = ApiToken { created_at: NOW - 10, expires_at: Some(NOW), ..token(&at.alice) };
    let revoked = ApiToken { revoked_at: Some(NOW), ..token(&at.alice) };
    for dead in [expired, revoked] {
        inserted(&at, dead.clone()).await?;
        ensure_token("a token that is over", &*at.there, &dead).await?;
    }
    Ok(())
}

async fn finds_nothing_unknown<S: ApiTokenStore>(at: Fixture<S>) -> Outcome {
    clear(&at).await?;
    inserted(&at, token(&at.alice)).await?;
    ensure(at.here.find_api_token(&random_id()).await?.is_none(), "it finds a token")
}

async fn lists_of_one_user<S: ApiTokenStore>(at: Fixture<S>) -> Outcome {
    clear(&at).await?;
    let mut expected = Vec::new();
    for (age, expires_at) in [(3, None), (2, Some(NOW)), (1, Some(NOW + 10)), (0, None)] {
        let listed = ApiToken { created_at: NOW - age, expires_at, ..token(&at.alice) };
        expected.insert(0, inserted(&at, listed).await?);
    }
    inserted(&at, ApiToken { revoked_at: Some(NOW), ..token(&at.alice) }).await?;
    inserted(&at, token(&at.bob)).await?;
    ensure_eq("the list", &at.there.api_tokens_of(&at.alice).await?, &expected)
}

async fn revokes<S: ApiTokenStore>(at: Fixture<S>) -> Outcome {
    clear(&at).await?;
    let (token, other) = (inserted(&at, token(&at.alice)).await?, inserted(&at, token(&at.alice)).await?);
    ensure(
        at.here.revoke_api_token(&token.id, &at.alice, &act(), NOW + 1).await?,
        "it answers `false` for a live token",
    )?;
    ensure_token("the token", &*at.there, &ApiToken { revoked_at: Some(NOW + 1), ..token }).await?;
    ensure_token("another token", &*at.there, &other).await
}

async fn revokes_once<S: ApiTokenStore>(at: Fixture<S>) -> Outcome {
    clear(&at).await?;
    let token = inserted(&at, token(&at.alice)).await?;
    let revoke =
        async |id: &ApiTokenId, identity: &str, now| at.there.revoke_api_token(id, identity, &act(), now).await;
    ensure(!revoke(&random_id(), &at.alice, NOW).await?, "it answers `true` for a token that is unknown")?;
    ensure(!revoke(&token.id, &at.bob, NOW).await?, "it answers `true` for another user's token")?;
    ensure_token("the token", &*at.here, &token).await?;
    at.here.revoke_api_token(&token.id, &at.alice, &act(), NOW + 1).await?;
    ensure(!revoke(&token.id, &at.alice, NOW + 2).await?, "it answers `true` for a token that had been revoked")?;
    ensure_token("the token", &*at.here, &ApiToken { revoked_at: Some(NOW + 1), ..token }).await
}

async fn revokes_for_one_racer<S: ApiTokenStore>(at: Fixture<S>) -> Outcome {
    clear(&at).await?;
    for _ in 0..ROUNDS {
        let token = inserted(&at, token(&at.alice)).await?;
        let racers = (0..RACERS).map(|racing| {
            let (store, token) = (at.handle(racing), token.clone());
            racer(move || async move { store.revoke_api_token(&token.id, &token.identity, &act(), NOW).await })
        });
        let won = winners(race(racers.collect()).await?)?;
        ensure(won == 1, format!("of {RACERS} racers {won} got `true`"))?;
    }
    Ok(())
}

async fn revokes_all_of_user<S: ApiTokenStore>(at: Fixture<S>) -> Outcome {
    clear(&at).await?;
    let before = inserted(&at, ApiToken { revoked_at: Some(NOW), ..token(&at.alice) }).await?;
    let theirs = [inserted(&at, token(&at.alice)).await?, inserted(&at, token(&at.alice)).await?];
    let other = inserted(&at, token(&at.bob)).await?;
    let revoked = at.here.revoke_api_tokens_of(&at.alice, &act(), NOW + 1).await?;
    ensure_eq("the number of them", &revoked, &2)?;
    for token in theirs {
        ensure_token("a token of the user", &*at.there, &ApiToken { revoked_at: Some(NOW + 1), ..token }).await?;
    }
    ensure_token("a token that had been revoked before", &*at.there, &before).await?;
    ensure_token("another user's token", &*at.there, &other).await?;
    ensure_eq(
        "the number of those that were left",
        &at.there.revoke_api_tokens_of(&at.alice, &act(), NOW + 2).await?,
        &0,
    )
}

async fn touches<S: ApiTokenStore>(at: Fixture<S>) -> Outcome {
    clear(&at).await?;
    let (token, other) = (inserted(&at, token(&at.alice)).await?, inserted(&at, token(&at.alice)).await?);
    at.here.touch_api_token(&token.id, NOW + 60).await?;
    at.here.touch_api_token(&random_id(), NOW + 60).await?;
    ensure_token("the token", &*at.there, &ApiToken { last_used_at: Some(NOW + 60), ..token }).await?;
    ensure_token("another token", &*at.there, &other).await
}
