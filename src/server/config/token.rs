//! `[token]`: the API face of a login.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretSlice;

use super::bounds::{DAY, MINUTE, YEAR, period, size};
use super::setting_reader::SettingReader;
use crate::server::key_text;
use crate::{Algorithm, CredentialLocation};

/// The source of the key that signs tokens.
#[derive(Clone, Debug, Default)]
pub enum TokenKeyConfig {
    /// HS256 with a key that is generated in the data directory at the first start.
    #[default]
    Generated,
    /// An HMAC algorithm with this key.
    Secret(Algorithm, SecretSlice<u8>),
    /// An HMAC algorithm with the key in this file (base64url).
    SecretFile(Algorithm, PathBuf),
    /// An algorithm with the private key in this PEM file.
    PrivateKeyFile(Algorithm, PathBuf),
    /// This algorithm, with keys of the ring in the database. The first one is made at the first start.
    Ring(Algorithm),
}

/// The shortest key that seals others.
const SEALING_KEY_BYTES: usize = 32;

/// `[token]`: the API face of a login.
#[derive(Clone, Debug)]
pub struct TokenConfig {
    /// The algorithm and the key.
    pub key: TokenKeyConfig,
    /// The key that seals the keys of the ring, if it is not in a file.
    pub sealing_key: Option<SecretSlice<u8>>,
    /// The file of the key that seals the keys of the ring. Default: `sealing.key` in the data directory.
    pub sealing_key_file: Option<PathBuf>,
    /// The claim `iss` of issued tokens.
    pub issuer: String,
    /// The claim `aud` of issued tokens.
    pub audience: String,
    /// How long an access token lives.
    pub access_ttl: Duration,
    /// How long a login lives that has only tokens.
    pub refresh_ttl: Duration,
    /// How long an unused refresh token lives.
    pub refresh_idle_ttl: Duration,
    /// How long a used refresh token gives the same response again, for clients that lost it.
    pub refresh_grace: Duration,
    /// The tolerance for the clocks of other machines.
    pub leeway: Duration,
    /// The locations of tokens, in the order of the search.
    pub locations: Vec<CredentialLocation>,
    /// The longest JSON body, in bytes, that is searched for a token.
    pub json_body_limit: usize,
    /// Whether tokens of Flask-JWT-Extended with the same key are accepted too.
    pub accept_flask_jwt_extended: bool,
}

impl Default for TokenConfig {
    fn default() -> Self {
        Self {
            key: TokenKeyConfig::Generated,
            sealing_key: None,
            sealing_key_file: None,
            issuer: "tollbridge".to_owned(),
            audience: "tollbridge".to_owned(),
            access_ttl: Duration::from_secs(15 * MINUTE),
            refresh_ttl: Duration::from_secs(30 * DAY),
            refresh_idle_ttl: Duration::from_secs(14 * DAY),
            refresh_grace: Duration::from_secs(10),
            leeway: Duration::from_secs(5),
            locations: vec![CredentialLocation::Header, CredentialLocation::Json],
            json_body_limit: 2 << 20,
            accept_flask_jwt_extended: false,
        }
    }
}

/// The key `access_ttl` of `[token]` and of each template. Other services cannot ask whether the login has ended.
pub(super) fn access_ttl(reader: &mut SettingReader, default: Duration) -> Duration {
    period(reader, "access_ttl", default, DAY, "whoever verifies a token by itself accepts a stolen one for this long")
}

impl TokenConfig {
    /// `body_limit`: the limit of all bodies, which is the default of `json_body_limit`.
    pub(super) fn read(reader: &mut SettingReader, body_limit: usize) -> Self {
        let default = Self { json_body_limit: body_limit, ..Self::default() };
        reader.section("token");
        let key = Self::read_key(reader);
        let (sealing_key, sealing_key_file) = Self::read_sealing_key(reader);
        let issuer = reader.get("issuer", default.issuer);
        let audience = reader.get("audience", default.audience);
        let access_ttl = access_ttl(reader, default.access_ttl);
        let refresh_ttl = period(
            reader,
            "refresh_ttl",
            default.refresh_ttl,
            YEAR,
            "a device that nobody remembers would stay signed in",
        );
        let config = Self {
            key,
            sealing_key,
            sealing_key_file,
            issuer,
            audience,
            access_ttl,
            refresh_ttl,
            refresh_idle_ttl: period(
                reader,
                "refresh_idle_ttl",
                default.refresh_idle_ttl.min(refresh_ttl),
                YEAR,
                "a stolen token that nobody uses would stay good",
            ),
            refresh_grace: reader.get("refresh_grace", default.refresh_grace),
            leeway: reader.get("leeway", default.leeway),
            locations: Self::read_locations(reader),
            json_body_limit: size(reader, "json_body_limit", default.json_body_limit),
            accept_flask_jwt_extended: reader.get("accept_flask_jwt_extended", default.accept_flask_jwt_extended),
        };
        reader.require(
            config.access_ttl <= config.refresh_ttl,
            &["access_ttl", "refresh_ttl"],
            "access_ttl is longer than refresh_ttl; make it shorter or the other longer",
        );
        reader.require(
            (config.access_ttl..=config.refresh_ttl).contains(&config.refresh_idle_ttl)
                || config.access_ttl > config.refresh_ttl,
            &["refresh_idle_ttl", "access_ttl"],
            "refresh_idle_ttl must be from access_ttl to refresh_ttl",
        );
        reader.require(
            config.refresh_grace <= Duration::from_secs(5 * MINUTE),
            &["refresh_grace"],
            "a stolen refresh token works this long beside its owner's; write at most \"5m\"",
        );
        reader.require(
            config.leeway <= Duration::from_secs(5 * MINUTE),
            &["leeway"],
            "every token lives longer by this; write at most \"5m\"",
        );
        config
    }

    fn read_key(reader: &mut SettingReader) -> TokenKeyConfig {
        let algorithm = reader.word("algorithm", &Algorithm::ALL.map(Algorithm::name), &[]);
        let algorithm: Algorithm = algorithm.parse().unwrap_or(Algorithm::HS256);
        let secret = reader.secret("secret");
        let secret_file = reader.optional::<PathBuf>("secret_file");
        let private_key_file = reader.optional::<PathBuf>("private_key_file");
        if algorithm.is_symmetric() {
            let problem = format!("{algorithm} uses no private key; remove this key, or write algorithm = \"EdDSA\"");
            reader.require(private_key_file.is_none(), &["private_key_file"], &problem);
            let problem = "secret and secret_file are both set; remove one of them";
            reader.require(secret.is_none() || secret_file.is_none(), &["secret"], problem);
            match (secret, secret_file) {
                (Some(secret), _) => match key_text::decode(&secret, algorithm.shortest_secret()) {
                    Ok(key) => TokenKeyConfig::Secret(algorithm, key),
                    Err(weakness) => {
                        reader.fault("secret", weakness.to_string());
                        TokenKeyConfig::Generated
                    }
                },
                (None, Some(file)) => TokenKeyConfig::SecretFile(algorithm, file),
                (None, None) if algorithm == Algorithm::HS256 => TokenKeyConfig::Generated,
                (None, None) => TokenKeyConfig::Ring(algorithm),
            }
        } else {
            for (key, set) in [("secret", secret.is_some()), ("secret_file", secret_file.is_some())] {
                reader.require(!set, &[key], "this is for HMAC; remove it and use private_key_file");
            }
            match private_key_file {
                Some(file) => TokenKeyConfig::PrivateKeyFile(algorithm, file),
                None => TokenKeyConfig::Ring(algorithm),
            }
        }
    }

    fn read_sealing_key(reader: &mut SettingReader) -> (Option<SecretSlice<u8>>, Option<PathBuf>) {
        let secret = reader.secret("sealing_key");
        let file = reader.optional::<PathBuf>("sealing_key_file");
        let problem = "sealing_key and sealing_key_file are both set; remove one of them";
        reader.require(secret.is_none() || file.is_none(), &["sealing_key"], problem);
        let key = secret.and_then(|secret| {
            let key = key_text::decode(&secret, SEALING_KEY_BYTES);
            key.map_err(|weakness| reader.fault("sealing_key", weakness.to_string())).ok()
        });
        (key, file)
    }

    fn read_locations(reader: &mut SettingReader) -> Vec<CredentialLocation> {
        let names = reader.get("locations", vec!["header".to_owned(), "json".to_owned()]);
        let mut locations = Vec::new();
        for name in &names {
            let location = match name.as_str() {
                "header" => CredentialLocation::Header,
                "json" => CredentialLocation::Json,
                "query" => CredentialLocation::Query,
                "cookie" => CredentialLocation::Cookie,
                _ => {
                    let name = name.escape_debug();
                    let known = r#"write "header", "json", "query" or "cookie""#;
                    reader.fault("locations", format!("\"{name}\" is not known; {known}"));
                    continue;
                }
            };
            if locations.contains(&location) {
                reader.fault("locations", format!("\"{name}\" stands there twice; write it once"));
            }
            locations.push(location);
        }
        reader.require(!names.is_empty(), &["locations"], "no token would ever be found; write [\"header\"]");
        locations
    }
}
