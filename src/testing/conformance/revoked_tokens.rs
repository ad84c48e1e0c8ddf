//! The requirements of revoked tokens.

use super::fixture::Fixture;
use super::records::{NOW, act, random_hash};
use super::report::{Check, Outcome, checks, ensure};
use crate::{RevokedToken, RevokedTokenStore};

pub(super) fn checks<S: RevokedTokenStore>() -> Vec<Check<S>> {
    checks! {
        "`revoke_token`: adds the token, also for another process, and a second time changes nothing" => adds,
        "`revoked_tokens`: no token from `expires_at` on" => forgets,
    }
}

pub(super) fn token(expires_at: i64) -> RevokedToken {
    RevokedToken { id: random_hash().iter().map(|byte| format!("{byte:02x}")).collect(), expires_at }
}

async fn adds<S: RevokedTokenStore>(at: Fixture<S>) -> Outcome {
    let (one, other) = (token(NOW + 60), token(NOW + 90));
    for token in [&one, &other, &one] {
        at.here.revoke_token(token, &at.alice, &act(), NOW).await?;
    }
    let revoked = at.there.revoked_tokens(NOW).await?;
    for token in [&one, &other] {
        let found = revoked.iter().filter(|found| *found == token).count();
        ensure(found == 1, format!("a token that was revoked is there {found} times"))?;
    }
    Ok(())
}

async fn forgets<S: RevokedTokenStore>(at: Fixture<S>) -> Outcome {
    let token = token(NOW + 60);
    at.here.revoke_token(&token, &at.alice, &act(), NOW).await?;
    ensure(at.there.revoked_tokens(NOW + 59).await?.contains(&token), "a token is forgotten before its time")?;
    ensure(!at.there.revoked_tokens(NOW + 60).await?.contains(&token), "a token is there after its time")
}
