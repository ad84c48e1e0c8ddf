//! Authentication by password, and the change of password.

use actix_web::{HttpRequest, web};
use secrecy::{ExposeSecret, SecretString};

use crate::store::db::{ChangePasswordError, PasswordChange, User, username_key};
use crate::{
    Attempt, AttemptBy, Auth, AuthError, CurrentLogin, LoginId, NewLogin, PasswordError, PasswordVerification,
    StoreError, TokenPair, UserStore as _,
};

use super::device_cookie::device_of;
use super::metrics::LoginOutcome;
use super::password_policy::PasswordPolicy;
use super::state::AppState;

/// The longest username, in characters. A longer one is neither created nor looked up.
pub(super) const MAX_USERNAME: usize = 150;

/// The user with this name and password.
///
/// An unknown name, a wrong password and a disabled account are the same error at the same cost, one query and one
/// hash, so that the response does not tell which names exist (ASVS 5.0 6.3.8).
///
/// # Errors
///
/// [`AuthError::InvalidCredentials`] as above; [`AuthError::InvalidRequest`] for a password over the maximum, which is
/// never hashed; [`AuthError::TooManyAttempts`] before anything is hashed; [`AuthError::Overloaded`] when the queue of the
/// hasher is full; or the store is unavailable.
pub(crate) async fn authenticate(
    state: &AppState,
    auth: &Auth,
    req: &HttpRequest,
    username: &str,
    password: SecretString,
) -> Result<User, AuthError> {
    let result = check(state, auth, req, username, password).await;
    state.metrics.count_login(match &result {
        Ok(_) => LoginOutcome::Ok,
        Err(AuthError::InvalidCredentials) => LoginOutcome::Failed,
        Err(AuthError::Overloaded { .. }) => LoginOutcome::Shed,
        Err(AuthError::TooManyAttempts { .. }) => LoginOutcome::Throttled,
        Err(_) => LoginOutcome::Error,
    });
    result
}

async fn check(
    state: &AppState,
    auth: &Auth,
    req: &HttpRequest,
    username: &str,
    password: SecretString,
) -> Result<User, AuthError> {
    state.password_policy.check_presented(password.expose_secret())?;
    // PostgreSQL rejects NUL in text with an error instead of finding no user.
    let found = if username.chars().nth(MAX_USERNAME).is_some() || username.contains('\0') {
        None
    } else {
        state.db.find_by_username(username).await?
    };
    let (user, hash) = found.unzip();
    // The same is done for a name that nobody has, so that the time does not tell.
    let (unknown, nobody) = (unknown_account(username), String::new());
    let account = user.as_ref().map_or(unknown, account_of);
    let identity = user.as_ref().map_or(nobody, |user| state.db.identity(user));
    let by_token = auth.login_of_token(&identity).await?.map(|login| login.as_str().to_owned());
    let known_as = device_of(state, req, &account).or(by_token);
    let checked = async {
        let attempt = begin_attempt(state, auth, &account, known_as.as_deref()).await?;
        let verified = verify(state, user.as_ref(), password, hash.clone()).await;
        match answered(attempt, verified, user.as_ref()).await? {
            PasswordVerification::No => Err(AuthError::InvalidCredentials),
            _ if user.as_ref().is_none_or(|user| !user.active) => Err(AuthError::InvalidCredentials),
            verified => Ok(verified),
        }
    };
    let verified = recorded(auth, user.as_ref(), checked.await)?;
    let user = user.ok_or(AuthError::InvalidCredentials)?;
    match verified {
        PasswordVerification::No | PasswordVerification::Yes => {}
        PasswordVerification::Rehashed(new_hash) => {
            store_rehash(state, &user, &hash.unwrap_or_default(), &new_hash).await
        }
    }
    Ok(user)
}

/// The account of a user, for the throttle and the device cookie.
pub(super) fn account_of(user: &User) -> String {
    format!("user {}", user.id)
}

/// The account of a name that nobody has, so that it is throttled like one that somebody has.
fn unknown_account(username: &str) -> String {
    // What is too long is nobody's, and is not worth composing.
    let username: String = username.chars().take(MAX_USERNAME).collect();
    format!("name {}", username_key(&username).unwrap_or_else(|| username.trim().to_lowercase()))
}

/// Records in the audit that a password was wrong, or was not looked at because there were too many before it.
fn recorded<T>(auth: &Auth, user: Option<&User>, result: Result<T, AuthError>) -> Result<T, AuthError> {
    if let Err(error @ (AuthError::InvalidCredentials | AuthError::TooManyAttempts { .. })) = &result {
        let reason = match user {
            Some(user) if !user.active => "user_disabled",
            _ => error.code(),
        };
        auth.sign_in_failed(user.map(|user| user.id.to_string()).as_deref(), reason);
    }
    result
}

/// Counts an attempt before the password is hashed.
async fn begin_attempt(
    state: &AppState,
    auth: &Auth,
    account: &str,
    known_as: Option<&str>,
) -> Result<Option<Attempt>, AuthError> {
    let Some(throttle) = &state.throttle else { return Ok(None) };
    let by = AttemptBy { account, address: auth.client().address, known_as };
    Ok(Some(throttle.begin(by).await?))
}

/// Settles the attempt: it is forgiven if the password was right, and if it was not looked at.
async fn answered(
    attempt: Option<Attempt>,
    verified: Result<PasswordVerification, AuthError>,
    user: Option<&User>,
) -> Result<PasswordVerification, AuthError> {
    let Some(attempt) = attempt else { return verified };
    match &verified {
        Ok(PasswordVerification::No) => {}
        // Whoever is disabled is answered like one who is unknown.
        Ok(_) if user.is_none_or(|user| !user.active) => {}
        Ok(_) => attempt.succeeded().await?,
        Err(_) => attempt.forgive().await?,
    }
    verified
}

/// Verifies a password. No password is right for a hash that cannot be read, such as one that another program has
/// stored: its user is refused like an unknown one, and the operator is told.
async fn verify(
    state: &AppState,
    user: Option<&User>,
    password: SecretString,
    hash: Option<String>,
) -> Result<PasswordVerification, AuthError> {
    match (state.passwords.verify(password, hash).await, user) {
        (Err(PasswordError::UnusableHash(fault)), Some(user)) => {
            tracing::error!(
                user.id = user.id,
                fault,
                "the stored password hash of a user cannot be verified; `tollbridge user password` replaces it"
            );
            Ok(PasswordVerification::No)
        }
        (verified, _) => Ok(verified?),
    }
}

/// Stores the password's hash with the current parameters. A failed write is only logged, because the user is
/// authenticated: the next login tries again.
async fn store_rehash(state: &AppState, user: &User, old_hash: &str, new_hash: &str) {
    if let Err(error) = state.db.set_password_hash(user.id, old_hash, new_hash).await {
        tracing::warn!(user.id = user.id, %error, "a password hash could not be renewed");
    }
}

/// Makes the login of the request fresh, after its user has given the password again. Returns the login.
///
/// # Errors
///
/// [`AuthError::InvalidCredentials`] when `password` is not the user's, or another request has changed it meanwhile; the
/// refusal of the request when its login has ended; and those of [`authenticate`].
pub(crate) async fn reauthenticate<'a>(
    state: &AppState,
    auth: &'a Auth,
    user: &User,
    by: &CurrentLogin,
    password: SecretString,
) -> Result<NewLogin<'a>, AuthError> {
    state.password_policy.check_presented(password.expose_secret())?;
    let hash = state.db.current_password_hash(user.id).await?.ok_or(AuthError::UserNotFound)?;
    let verified = verify_again(state, auth, user, by, password, &hash).await?;
    let verified_hash = hash.clone();
    let confirmed = auth.confirm_by(async |_, login, act| {
        let confirmed = state.db.reauthenticate(user.id, verified_hash, login, &act, &state.clock).await;
        confirmed.map_err(|error| refusal_of(error, auth))
    });
    let confirmed = confirmed.await?;
    if let PasswordVerification::Rehashed(new_hash) = verified {
        store_rehash(state, user, &hash, &new_hash).await;
    }
    Ok(confirmed)
}

/// Changes the user's password, ends all their logins but that of the request, and renews its credentials. Returns its
/// new tokens, if a token made the request.
///
/// # Errors
///
/// [`AuthError::InvalidCredentials`] when `current` is not the password, or another request has changed it meanwhile;
/// [`AuthError::InvalidRequest`] with the reason when the policy refuses `new`; the refusal of the request when its login
/// has ended or is not fresh any more when the password is written; and those of [`authenticate`].
pub(crate) async fn change_password(
    state: &AppState,
    auth: &Auth,
    user: &User,
    by: &CurrentLogin,
    current: SecretString,
    new: SecretString,
) -> Result<Option<TokenPair>, AuthError> {
    let policy = &state.password_policy;
    policy.check_presented(current.expose_secret())?;
    if new.expose_secret() == current.expose_secret() {
        return Err(AuthError::InvalidRequest("The new password is the current one. Choose another.".into()));
    }
    check_new(policy, user, &new).await?;
    let hash = state.db.current_password_hash(user.id).await?.ok_or(AuthError::UserNotFound)?;
    verify_again(state, auth, user, by, current, &hash).await?;
    let new_hash = state.passwords.hash(new).await?;
    let renewal = auth.prepare_renewal().await?;
    let change = PasswordChange {
        verified_hash: hash,
        new_hash,
        login: renewal.login().clone(),
        fresh_until: renewal.fresh_until(),
        remember: renewal.remember().cloned(),
    };
    let changed = state.db.change_password(user.id, change, &auth.act(), &state.clock).await;
    let login = changed.map_err(|error| refusal_of(error, auth))?;
    tracing::info!(user.id = user.id, login.id = %login.id, "password changed, other logins ended");
    renewal.complete(&login)
}

/// Verifies the password of a user who has signed in before.
async fn verify_again(
    state: &AppState,
    auth: &Auth,
    user: &User,
    by: &CurrentLogin,
    password: SecretString,
    hash: &str,
) -> Result<PasswordVerification, AuthError> {
    let checked = async {
        let attempt = begin_attempt(state, auth, &account_of(user), login_id(by)).await?;
        let verified = verify(state, Some(user), password, Some(hash.to_owned())).await;
        match answered(attempt, verified, Some(user)).await? {
            PasswordVerification::No => Err(AuthError::InvalidCredentials),
            verified => Ok(verified),
        }
    };
    let checked = recorded(auth, Some(user), checked.await);
    if let Err(AuthError::InvalidCredentials) = checked {
        tracing::info!(user.id = user.id, "the password was given again, and is wrong");
    }
    checked
}

/// The login that a password is asked for in. Whoever has it has signed in before.
fn login_id(by: &CurrentLogin) -> Option<&str> {
    by.login_id.as_ref().map(LoginId::as_str)
}

/// Checks a new password on a thread that may wait, because the policy may search a file.
async fn check_new(policy: &PasswordPolicy, user: &User, new: &SecretString) -> Result<(), AuthError> {
    let (policy, new) = (policy.clone(), new.clone());
    let (username, full_name) = (user.username.clone(), user.full_name.clone());
    let checked = web::block(move || policy.check_new(&[&username, &full_name], new.expose_secret())).await;
    checked.map_err(StoreError::new)?
}

/// The refusal of a request for which nothing was written.
fn refusal_of(error: ChangePasswordError, auth: &Auth) -> AuthError {
    match error {
        ChangePasswordError::UserNotFound => AuthError::UserNotFound,
        ChangePasswordError::UserDisabled => AuthError::UserDisabled,
        ChangePasswordError::LoginEnded => AuthError::LoginEnded,
        ChangePasswordError::LoginNotFresh => auth.needs_refresh(),
        ChangePasswordError::PasswordReplaced => AuthError::InvalidCredentials,
        ChangePasswordError::Store(error) => error.into(),
    }
}
