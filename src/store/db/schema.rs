//! The tables, the same in both backends (`migrations/{sqlite,postgres}`). Times are [`UnixTime`](crate::UnixTime).

diesel::table! {
    users (id) {
        id -> BigInt,
        username -> Text,
        full_name -> Text,
        password_hash -> Text,
        active -> Bool,
        credential_epoch -> BigInt,
        created_at -> BigInt,
        username_key -> Nullable<Text>,
        username_skeleton -> Nullable<Text>,
    }
}

diesel::table! {
    logins (id) {
        id -> Text,
        user_id -> BigInt,
        credential_epoch -> BigInt,
        created_at -> BigInt,
        auth_time -> BigInt,
        amr -> Text,
        expires_at -> BigInt,
        last_seen_at -> BigInt,
        ended_at -> Nullable<BigInt>,
        end_reason -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        ip -> Nullable<Text>,
        refresh_generation -> BigInt,
        refresh_rotated_at -> BigInt,
        refresh_confirmed -> Bool,
        remember_selector -> Nullable<Text>,
        remember_hash -> Nullable<Binary>,
        remember_generation -> Nullable<BigInt>,
        remember_rotated_at -> Nullable<BigInt>,
        remember_confirmed -> Bool,
        remember_expires_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    login_codes (hash) {
        hash -> Binary,
        login_id -> Text,
        credential_epoch -> BigInt,
        auth_time -> Nullable<BigInt>,
        taken -> Bool,
        expires_at -> BigInt,
    }
}

diesel::table! {
    sessions (key_hash) {
        key_hash -> Binary,
        state -> Text,
        login_id -> Nullable<Text>,
        expires_at -> BigInt,
    }
}

diesel::table! {
    api_tokens (id) {
        id -> Text,
        user_id -> BigInt,
        credential_epoch -> BigInt,
        secret_hash -> Binary,
        name -> Text,
        abilities -> Text,
        created_at -> BigInt,
        created_by -> Nullable<Text>,
        expires_at -> Nullable<BigInt>,
        last_used_at -> Nullable<BigInt>,
        revoked_at -> Nullable<BigInt>,
    }
}

diesel::table! {
    attempts (counter) {
        counter -> BigInt,
        forgotten_at -> BigInt,
        blocked_until -> BigInt,
    }
}

diesel::table! {
    signing_keys (kid) {
        kid -> Text,
        algorithm -> Text,
        sealed -> Binary,
        created_at -> BigInt,
        signs_from -> Nullable<BigInt>,
        verifies_until -> Nullable<BigInt>,
    }
}

diesel::table! {
    revoked_tokens (jti) {
        jti -> Text,
        expires_at -> BigInt,
    }
}

diesel::table! {
    key_ring (id) {
        id -> Integer,
        version -> BigInt,
    }
}

diesel::table! {
    audit (id) {
        id -> BigInt,
        at -> BigInt,
        action -> Text,
        user_id -> Nullable<BigInt>,
        subject -> Nullable<Text>,
        count -> BigInt,
        reason -> Nullable<Text>,
        actor -> Text,
        actor_name -> Nullable<Text>,
        login_id -> Nullable<Text>,
        via -> Nullable<Text>,
        address -> Nullable<Text>,
        user_agent -> Nullable<Text>,
        request_id -> Nullable<Text>,
    }
}

diesel::table! {
    settings (name) {
        name -> Text,
        value -> Text,
    }
}

diesel::joinable!(api_tokens -> users (user_id));
diesel::joinable!(logins -> users (user_id));
diesel::joinable!(login_codes -> logins (login_id));
diesel::joinable!(sessions -> logins (login_id));
diesel::allow_tables_to_appear_in_same_query!(users, logins, login_codes, sessions, api_tokens, key_ring);
