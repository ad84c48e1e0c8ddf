//! The configuration as an operator meets it: real files, a real environment, `tollbridge config show|check`.

#![cfg(feature = "server")]
#![expect(clippy::unwrap_used, reason = "a test ends where its world is not what it says")]

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// A random HS256 secret, made for these tests.
const SECRET: &str = "4hXq7B0Zt2vVwLkJ9sRkQm3yPz6nCfUuE1dGa8bTo5I";

struct Place(TempDir);

impl Place {
    fn new(file: &str) -> Self {
        let place = Self(TempDir::new().unwrap());
        let path = place.path().join("tollbridge.toml");
        fs::write(&path, file).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        place
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tollbridge"));
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("TOLLBRIDGE_")) {
            command.env_remove(name);
        }
        command.args(arguments).envs(environment.iter().copied()).current_dir(self.path()).output().unwrap()
    }

    /// What `config check` complains about.
    fn faults(&self, environment: &[(&str, &str)]) -> String {
        let output = self.run(&["config", "check"], environment);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        assert!(output.stdout.is_empty(), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    fn show(&self, arguments: &[&str], environment: &[(&str, &str)]) -> String {
        let output = self.run(&[&["config", "show"], arguments].concat(), environment);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn accepts(&self, environment: &[(&str, &str)]) {
        let output = self.run(&["config", "check"], environment);
        assert!(output.status.success(), "{output:?}");
    }
}

/// The line of a key in `config show`, with single spaces.
fn line(shown: &str, key: &str) -> String {
    let line = shown.lines().find(|line| line.trim_start_matches("# ").starts_with(&format!("{key} ")));
    line.unwrap_or_else(|| panic!("no {key} in\n{shown}")).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in\n{text}");
    }
}

#[test]
fn the_contract_of_defaults() {
    let shown = Place::new("").show(&[], &[]);
    let cores = std::thread::available_parallelism().unwrap();
    for (key, value) in [
        ("listen", r#""127.0.0.1:8080""#),
        ("workers", &cores.to_string()),
        ("body_limit", r#""2MiB""#),
        ("body_timeout", r#""10s""#),
        ("shutdown_timeout", r#""30s""#),
        ("error_profile", r#""problem""#),
        ("hsts", r#""include_subdomains""#),
        ("url", r#""sqlite://data/tollbridge.db""#),
        ("migrate_at_start", "true"),
        ("store", r#""database""#),
        ("idle_ttl", r#""1d""#),
        ("absolute_ttl", r#""30d""#),
        ("remember_ttl", r#""30d""#),
        ("algorithm", r#""HS256""#),
        ("issuer", r#""tollbridge""#),
        ("audience", r#""tollbridge""#),
        ("access_ttl", r#""15m""#),
        ("refresh_ttl", r#""30d""#),
        ("refresh_idle_ttl", r#""14d""#),
        ("refresh_grace", r#""10s""#),
        ("leeway", r#""5s""#),
        ("locations", r#"["header", "json"]"#),
        ("json_body_limit", r#""2MiB""#),
        ("accept_flask_jwt_extended", "false"),
        ("memory_kib", "19456"),
        ("iterations", "2"),
        ("parallelism", "1"),
        ("threads", &cores.to_string()),
        ("queue", "64"),
        ("min_length", "8"),
        ("max_length", "1024"),
        ("refused_words", "[]"),
        ("trusted_proxies", "[]"),
        ("enabled", "true"),
        ("account_attempts", "5"),
        ("network_attempts", "30"),
        ("overall_attempts", "1000"),
        ("longest_delay", r#""15m""#),
        ("fresh_window", r#""15m""#),
        ("retention", r#""30d""#),
        ("handoff_confirm", "true"),
        ("conflict", r#""prefer_token""#),
        ("revocation", r#""strict""#),
        ("revocation_bound", r#""1s""#),
        ("level", r#""info""#),
        ("format", r#""text""#),
    ] {
        has(&line(&shown, key), &[&format!("{key} = {value} # default")]);
    }
    for key in
        ["public_url", "operations_listen", "password_file", "redis_url", "secret_file", "secret", "private_key_file"]
    {
        has(&line(&shown, key), &["(not set)"]);
    }
}

#[test]
fn what_show_prints_is_a_configuration() {
    let shown = Place::new("[server]\npublic_url = \"https://login.example.com/\"\n").show(&[], &[]);
    let again = Place::new(&shown);
    again.accepts(&[]);
    has(&line(&again.show(&[], &[]), "public_url"), &[r#"public_url = "https://login.example.com" # "#]);
}

#[test]
fn a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default() {
    let place = Place::new("[token]\naccess_ttl = \"1h\"\n\n[database]\nurl = \"sqlite://file.db\"\n");
    let environment = [("TOLLBRIDGE_DATABASE__URL", "sqlite://environment.db"), ("TOLLBRIDGE_TOKEN__LEEWAY", "90s")];
    let shown = place.show(&[], &[]);
    assert_eq!(line(&shown, "access_ttl"), r#"access_ttl = "1h" # tollbridge.toml:2:1"#);
    assert_eq!(line(&shown, "url"), r#"url = "sqlite://file.db" # tollbridge.toml:5:1"#);
    let shown = place.show(&[], &environment);
    assert_eq!(
        line(&shown, "url"),
        r#"url = "sqlite://environment.db" # environment variable TOLLBRIDGE_DATABASE__URL"#
    );
    assert_eq!(line(&shown, "leeway"), r#"leeway = "90s" # environment variable TOLLBRIDGE_TOKEN__LEEWAY"#);
    let shown = place.show(&["--database-url", "sqlite://flag.db"], &environment);
    assert_eq!(line(&shown, "url"), r#"url = "sqlite://flag.db" # flag --database-url"#);
}

#[test]
fn config_names_another_file_which_must_be_there() {
    let place = Place::new("this is not read");
    fs::write(place.path().join("other.toml"), "[token]\nissuer = \"other\"\n").unwrap();
    has(&line(&place.show(&["--config", "other.toml"], &[]), "issuer"), &[r#""other" # other.toml:2:1"#]);
    let missing = place.run(&["config", "show", "--config", "missing.toml"], &[]);
    assert_eq!(missing.status.code(), Some(1));
    has(&String::from_utf8_lossy(&missing.stderr), &["missing.toml: the configuration file cannot be read"]);
}

#[test]
fn every_fault_is_named_with_its_place_at_once() {
    let place = Place::new(
        "[server]\nlisten = \"localhost\"\npublic_url = \"https://example.com/login\"\nlisen = 1\n\n\
         [token]\n  access_ttl = \"15\"\nrefresh_ttl = 30\nlocations = [\"header\", \"cookies\", \"pigeon\"]\n\n[tokens]\nissuer = \"x\"\n",
    );
    let faults = place.faults(&[
        ("TOLLBRIDGE_LOG__LEVEL", "verbose"),
        ("TOLLBRIDGE_PASSWORD__MIN_LENGTH", "2000"),
        ("TOLLBRIDGE_ACCESS_TTL", "15m"),
        ("TOLLBRIDGE_TOKEN__ACESS_TTL", "15m"),
    ]);
    has(
        &faults,
        &[
            "the configuration has 12 faults:",
            "tollbridge.toml:2:1: server.listen: \"localhost\" is no address",
            "tollbridge.toml:3:1: server.public_url: this is more than an origin; write only scheme, host and port",
            "tollbridge.toml:4:1: server.lisen: there is no such key; the keys of [server] are listen, public_url,",
            "tollbridge.toml:7:3: token.access_ttl: \"15\" is not a duration",
            "such as \"15m\" or \"30d\"",
            "tollbridge.toml:8:1: token.refresh_ttl: an integer does not fit here",
            "tollbridge.toml:9:1: token.locations: \"cookies\" is not known; write \"header\", \"json\", \"query\" or \"cookie\"",
            "tollbridge.toml:9:1: token.locations: \"pigeon\" is not known",
            "tollbridge.toml:11:2: there is no section `tokens`; the sections are server, database, session, token,",
            "environment variable TOLLBRIDGE_LOG__LEVEL: log.level: \"verbose\" is not a level",
            "environment variable TOLLBRIDGE_PASSWORD__MIN_LENGTH: password.min_length: min_length must be",
            "environment variable TOLLBRIDGE_ACCESS_TTL: there is no such variable",
            "environment variable TOLLBRIDGE_TOKEN__ACESS_TTL: token.acess_ttl: there is no such key",
        ],
    );
}

#[test]
fn a_file_that_is_not_toml_is_refused_with_its_place_and_without_its_text() {
    let faults = Place::new(&format!("[token]\nsecret = \"{SECRET}\nissuer = \"x\"\n")).faults(&[]);
    has(&faults, &["tollbridge.toml:2:", "this is not TOML"]);
    assert!(!faults.contains(SECRET), "{faults}");
}

#[test]
fn what_is_not_there_yet_is_refused_and_says_so() {
    for (variable, value) in [
        ("SESSION__STORE", "redis"),
        ("SESSION__STORE", "cookie"),
        ("SESSION__REDIS_URL", "redis://localhost"),
        ("LOGIN__REVOCATION", "bounded"),
        ("LOGIN__REVOCATION", "stateless"),
        ("LOGIN__REVOCATION_BOUND", "2s"),
    ] {
        let variable = format!("TOLLBRIDGE_{variable}");
        let faults = Place::new("").faults(&[(&variable, value)]);
        has(&faults, &["a fault:", &format!("environment variable {variable}: "), "not there yet"]);
    }
    Place::new("[login]\nconflict = \"reject_both\"\n").accepts(&[]);
    Place::new("[login]\nconflict = \"require_same_user\"\n").accepts(&[]);
    has(&Place::new("[login]\nconflict = \"prefer_cookie\"\n").faults(&[]), &["\"prefer_cookie\" is not known"]);
    Place::new("[login]\nrevocation = \"strict\"\nrevocation_bound = \"1s\"\n[throttle]\n").accepts(&[]);
    has(&Place::new("[token]\nalgorithm = \"none\"\n").faults(&[]), &["\"none\" is not known"]);
}

#[test]
fn values_that_do_not_go_together_are_refused() {
    for (file, place) in [
        ("[token]\naccess_ttl = \"2h\"\nrefresh_ttl = \"1h\"\n", "tollbridge.toml:2:1: token.access_ttl: "),
        ("[token]\nrefresh_ttl = \"13d\"\nrefresh_idle_ttl = \"14d\"\n", "toml:3:1: token.refresh_idle_ttl: "),
        ("[token]\nrefresh_idle_ttl = \"14m\"\n", "tollbridge.toml:2:1: token.refresh_idle_ttl: "),
        ("[token]\nrefresh_ttl = \"1m\"\n", "tollbridge.toml:2:1: token.refresh_ttl: "),
        ("[session]\nidle_ttl = \"31d\"\n", "tollbridge.toml:2:1: session.idle_ttl: "),
        ("[server]\nbody_limit = \"8KiB\"\n[token]\njson_body_limit = \"9KiB\"\n", ":4:1: token.json_body_limit: "),
        ("[password]\niterations = 1\n", "tollbridge.toml:2:1: password.iterations: stolen hashes"),
        ("[clients.billing]\nmay = [\"introspect\"]\n", "clients.billing.secret_hash: a client needs this"),
        ("[token]\naccess_ttl = \"0s\"\n", "token.access_ttl: this must be at least"),
        ("[token]\naccess_ttl = \"1500ms\"\n", "token.access_ttl: \"1500ms\" is not a whole number of seconds"),
        ("[token]\nprivate_key_file = \"key.pem\"\n", "token.private_key_file: HS256 uses no private key"),
        (
            "[token]\nsealing_key = \"4hXq7B0Zt2vVwLkJ9sRkQm3yPz6nCfUuE1dGa8bTo5Y\"\nsealing_key_file = \"key\"\n",
            "sealing_key and sealing_key_file are both set",
        ),
        ("[token]\nsealing_key = \"short\"\n", "token.sealing_key: "),
        ("[token]\nalgorithm = \"PS256\"\nsecret_file = \"key\"\n", "token.secret_file: this is for HMAC"),
        (
            "[token]\nalgorithm = \"HS384\"\nsecret = \"4hXq7B0Zt2vVwLkJ9sRkQm3yPz6nCfUuE1dGa8bTo5Y\"\n",
            "token.secret: the key is 32 bytes long and must have at least 48",
        ),
        ("listen = \"127.0.0.1:80\"\n", "tollbridge.toml:1:1: `listen` stands outside a section"),
    ] {
        has(&Place::new(file).faults(&[]), &[place]);
    }
    Place::new("[token]\nrefresh_grace = \"0s\"\nleeway = \"0s\"\n").accepts(&[]);
}

#[test]
fn what_would_protect_nobody_is_refused_with_the_bound() {
    for (file, bound) in [
        ("[password]\nmemory_kib = 8\n", "19456 with 2"),
        ("[password]\nmemory_kib = 47103\niterations = 1\n", "47104 with 1 iteration"),
        ("[password]\nmemory_kib = 19455\n", "19456 with 2"),
        ("[password]\nmemory_kib = 12287\niterations = 9\n", "12288 with more"),
        ("[password]\nmemory_kib = 4194305\n", "write at most 4194304"),
        ("[clients.billing]\nsecret_hash = \"sha256:ab\"\n", "this is no hash; write \"sha256:\""),
        ("[password]\nmin_length = 7\n", "min_length must be from 8"),
        ("[password]\nmax_length = 255\n", "write from 256"),
        ("[password]\nbreached_file = \"nowhere.txt\"\n", "password.breached_file: nowhere.txt: No such file"),
        ("[password]\nbreached_file = \"tollbridge.toml\"\n", "no SHA-1 in hexadecimal"),
        (
            "[password]\nbreached_service = \"http://example.org/range/\"\n",
            "password.breached_service: write an https URL",
        ),
        (
            "[password]\nbreached_service = \"https://example.org/range\"\n",
            "password.breached_service: write an https URL",
        ),
        (
            "[password]\nbreached_service = \"https://example.org/?q=\"\n",
            "password.breached_service: write an https URL",
        ),
        ("[token]\naccess_ttl = \"25h\"\n", "accepts a stolen one for this long; write at most \"1d\""),
        ("[token]\nrefresh_ttl = \"367d\"\n", "write at most \"366d\""),
        ("[templates.billing]\naccess_ttl = \"25h\"\n", "write at most \"1d\""),
        ("[session]\nremember_ttl = \"401d\"\n", "write at most \"400d\""),
        ("[session]\nabsolute_ttl = \"401d\"\n", "write at most \"400d\""),
        ("[throttle]\naccount_attempts = 101\n", "write a number from 1 to 100"),
        ("[throttle]\nnetwork_attempts = 0\n", "write a number from 1 to 10000"),
        ("[throttle]\nlongest_delay = \"25h\"\n", "write at most \"1d\""),
        ("[server]\ntrusted_proxies = [\"10.0.0.0/33\"]\n", "`10.0.0.0/33` is no network"),
        ("[login]\nfresh_window = \"25h\"\n", "write at most \"1d\""),
        ("[login]\nretention = \"367d\"\n", "write at most \"366d\""),
        ("[server]\nbody_timeout = \"11m\"\n", "write at most \"10m\""),
        ("[server]\nshutdown_timeout = \"61m\"\n", "write at most \"1h\""),
        ("[server]\ndrain = \"11m\"\n", "write at most \"10m\""),
    ] {
        has(&Place::new(file).faults(&[]), &["a fault:", "tollbridge.toml:", bound]);
    }
    Place::new(
        "[password]\nmemory_kib = 12288\niterations = 3\nmin_length = 256\nmax_length = 256\n\
         [token]\naccess_ttl = \"1d\"\nrefresh_ttl = \"366d\"\n\
         [session]\nidle_ttl = \"400d\"\nabsolute_ttl = \"400d\"\nremember_ttl = \"400d\"\n\
         [login]\nfresh_window = \"1d\"\n[server]\nbody_timeout = \"10m\"\nshutdown_timeout = \"1h\"\n",
    )
    .accepts(&[]);
    Place::new("[password]\nmemory_kib = 47104\niterations = 1\n").accepts(&[]);
}

#[test]
fn variables_of_the_tests_are_no_configuration() {
    let place = Place::new("");
    place.accepts(&[("TOLLBRIDGE_TEST_POSTGRES_URL", "x"), ("TOLLBRIDGE_GOLDEN_UPDATE", "1"), ("TOLLBRIDGED", "x")]);
    has(&place.faults(&[("TOLLBRIDGE_TESTS", "1")]), &["environment variable TOLLBRIDGE_TESTS: "]);
}

#[test]
fn a_secret_is_shown_as_set_and_never_itself() {
    let place = Place::new(&format!("[token]\nsecret = \"{SECRET}\"\n"));
    let shown = place.show(&[], &[]);
    assert_eq!(line(&shown, "secret"), "# secret (set) # tollbridge.toml:2:1");
    assert!(!shown.contains(SECRET), "{shown}");

    let url = "postgres://tollbridge:hunter2@db.example.com/app";
    let shown = Place::new("").show(&["--database-url", url], &[]);
    has(&line(&shown, "url"), &["postgres://tollbridge:***@db.example.com/app"]);
    for url in [url, "postgres://db/app?password=hunter2", "postgres://db/app?pass%77ord=hunter2"] {
        assert!(!Place::new("").show(&["--database-url", url], &[]).contains("hunter2"), "{url}");
    }
}

#[test]
fn a_token_secret_that_is_no_key_is_refused_without_being_repeated() {
    for (secret, problem) in [
        ("", "the value is empty"),
        ("secret", "must have at least 32"),
        ("4hXq7B0Zt2vVwLkJ9sRkQm3yPz6nCfUuE1dGa8bTo5", "must have at least 32"),
        ("super-secret-signing-key-that-nobody-can-ever-guess", "can be guessed"),
        ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "can be guessed"),
        ("c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0", "can be guessed"),
        ("4hXq7B0Zt2vVwLkJ9sRkQm3yPz6nCfUuE1dGa8b+o5I=", "is not base64url"),
    ] {
        let faults = Place::new("").faults(&[("TOLLBRIDGE_TOKEN__SECRET", secret)]);
        has(&faults, &["environment variable TOLLBRIDGE_TOKEN__SECRET: token.secret: ", problem]);
        assert!(secret.len() < 10 || !faults.contains(secret), "{faults}");
    }
    let hexadecimal = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    // What Python's `secrets.token_urlsafe(32)` made for a Flask application, whose key is that text.
    let of_flask = "VjB4c2RfUTlrV3M3WlROWVB1Y2pCRTRobUxnS3JBSTFmdE81eURlMm5hOA";
    for secret in [SECRET, &format!("{SECRET}="), hexadecimal, of_flask] {
        Place::new("").accepts(&[("TOLLBRIDGE_TOKEN__SECRET", secret)]);
    }
    let both = format!("[token]\nsecret = \"{SECRET}\"\nsecret_file = \"key\"\n");
    has(&Place::new(&both).faults(&[]), &["secret and secret_file are both set"]);
}

#[test]
fn a_secret_file_is_for_its_owner_alone() {
    let place = Place::new("[token]\nsecret_file = \"key\"\n");
    has(&place.faults(&[]), &["the secret file key cannot be read"]);
    let key = place.path().join("key");
    fs::write(&key, format!("{SECRET}\n")).unwrap();
    for mode in [0o604, 0o620, 0o660, 0o644, 0o650] {
        fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
        has(&place.faults(&[]), &[&format!("(mode {mode:o})"), "run `chmod 600 key`"]);
    }
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    place.accepts(&[]);
    fs::write(&key, "changeme").unwrap();
    has(&place.faults(&[]), &["the secret file key: ", "must have at least 32"]);
}

/// What Kubernetes, Docker and systemd mount: a file of root that the server reads by its group.
#[test]
fn a_mounted_secret_may_be_read_by_our_group() {
    let place = Place::new("[token]\nsecret_file = \"key\"\n");
    let key = place.path().join("key");
    fs::write(&key, SECRET).unwrap();
    let set_mode = |mode| fs::set_permissions(&key, fs::Permissions::from_mode(mode)).unwrap();
    let is_root = fs::metadata(&key).unwrap().uid() == 0;
    if !is_root {
        // The group of a file of the operator's own is that of colleagues.
        set_mode(0o640);
        return has(&place.faults(&[]), &["(mode 640)"]);
    }
    let own_group = fs::metadata(&key).unwrap().gid();
    for (owner, group, mode, is_accepted) in [
        (0, own_group, 0o440, true),
        (0, 0, 0o640, true),
        (0, own_group, 0o444, false),
        (0, own_group, 0o460, false),
        (0, 4242, 0o440, false),
        (1000, own_group, 0o440, false),
        (1000, own_group, 0o400, true),
    ] {
        chown(&key, Some(owner), Some(group)).unwrap();
        set_mode(mode);
        if is_accepted {
            place.accepts(&[]);
        } else {
            has(&place.faults(&[]), &["the secret file key can be read by other users", &format!("(mode {mode:o})")]);
        }
    }
}

#[test]
fn a_configuration_file_with_a_secret_is_for_its_owner_alone() {
    let secret = format!("[token]\nsecret = \"{SECRET}\"\n");
    let url = "[database]\nurl = \"postgres://bridge:hunter2@db.example/app\"\n".to_owned();
    let query = "[database]\nurl = \"postgres://bridge@db.example/app?password=hunter2\"\n".to_owned();
    for (file, key, instead) in
        [(secret, "token.secret", "secret_file"), (url, "database.url", "password_file"), (query, "database.url", "")]
    {
        let place = Place::new(&file);
        place.accepts(&[]);
        for mode in [0o644, 0o604, 0o660] {
            let path = place.path().join("tollbridge.toml");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let faults = place.faults(&[]);
            let (named, mode) = (format!(": {key}: this is a secret"), format!("(mode {mode:o})"));
            let named = [named.as_str(), &mode, instead];
            has(&faults, &["a fault:", "tollbridge.toml:2:1", "run `chmod 600 tollbridge.toml`"]);
            has(&faults, &named);
            assert!(!faults.contains(SECRET) && !faults.contains("hunter2"), "{faults}");
            // Elsewhere it is not read from the file.
            if key == "token.secret" {
                place.accepts(&[("TOLLBRIDGE_TOKEN__SECRET", SECRET)]);
            }
        }
    }
    let place = Place::new("[database]\nurl = \"postgres://bridge@db.example/app\"\n[token]\nissuer = \"x\"\n");
    fs::set_permissions(place.path().join("tollbridge.toml"), fs::Permissions::from_mode(0o644)).unwrap();
    place.accepts(&[]);
}

#[test]
fn check_warns_of_an_address_that_others_reach_without_tls() {
    let place = Place::new("[server]\nlisten = \"0.0.0.0:8080\"\n");
    let output = place.run(&["config", "check"], &[]);
    has(&String::from_utf8_lossy(&output.stdout), &["tollbridge.toml is in order", "warning: server.listen"]);
    let output = place.run(&["config", "check"], &[("TOLLBRIDGE_SERVER__PUBLIC_URL", "https://example.com")]);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "tollbridge.toml is in order\n");
}

#[test]
fn check_warns_of_a_key_that_one_would_not_choose_today() {
    for (algorithm, key, warnings) in [
        ("RS256", "rsa2048.pem", vec!["has 2048 bits", "RS256 signs with the padding of PKCS #1 v1.5", "use PS256, "]),
        ("PS384", "rsa2048.pem", vec!["has 2048 bits"]),
        ("EdDSA", "ed25519.pem", vec![]),
        ("ES256", "p256.pem", vec![]),
    ] {
        let place = Place::new(&format!("[token]\nalgorithm = \"{algorithm}\"\nprivate_key_file = \"key.pem\"\n"));
        let file = place.path().join("key.pem");
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(key), &file).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
        let output = place.run(&["config", "check"], &[]);
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8_lossy(&output.stdout);
        has(&said, &warnings);
        let counted = said.matches("warning: ").count();
        assert_eq!(counted, warnings.len().min(2), "{algorithm}: {said}");
    }
}

#[test]
fn a_template_is_a_section_of_its_own() {
    let place = Place::new(
        "[token]\naccess_ttl = \"5m\"\n\n[templates.billing]\naudience = \"https://billing.example\"\n\
         claims = { name = \"full_name\", \"https://x.example/login\" = \"username\" }\n",
    );
    let environment = [("TOLLBRIDGE_TEMPLATES__BILLING__ACCESS_TTL", "2m"), ("TOLLBRIDGE_TEMPLATES__A__AUDIENCE", "a")];
    let shown = place.show(&[], &environment);
    let (a, billing) = shown.split_once("[templates.billing]").unwrap();
    let (_, a) = a.split_once("[templates.a]").unwrap();
    has(&line(a, "audience"), &[r#"audience = "a" # environment variable TOLLBRIDGE_TEMPLATES__A__AUDIENCE"#]);
    has(&line(a, "access_ttl"), &[r#"access_ttl = "5m" # default"#]);
    has(&line(a, "scope"), &[r#"scope = ["*"] # default"#]);
    has(&line(billing, "audience"), &[r#"audience = "https://billing.example""#, "tollbridge.toml:5:1"]);
    has(&line(billing, "access_ttl"), &[r#"access_ttl = "2m""#]);
    has(&line(billing, "claims"), &[r#""name" = "full_name""#, r#""https://x.example/login" = "username""#]);
    Place::new(&shown).accepts(&[]);
}

#[test]
fn the_faults_of_a_template_have_their_place() {
    let faults = |text: &str| Place::new(text).faults(&[]);
    let claims = |claims: &str| faults(&format!("[templates.billing]\naccess_ttl = \"2m\"\nclaims = {claims}\n"));
    has(
        &claims(r#"{ rank = "grade" }"#),
        &["tollbridge.toml:3:1", "templates.billing.claims", r#"no field "grade" for the claim "rank""#, "username"],
    );
    for hidden in ["active", "credential_epoch", "password_hash"] {
        has(&claims(&format!(r#"{{ x = "{hidden}" }}"#)), &["no field"]);
    }
    has(&claims(r#"{ sub = "username" }"#), &["tollbridge.toml:3:1", r#"every token has the claim "sub""#]);
    has(&claims(r#"{ x = 7 }"#), &[r#"the claim "x" is no string"#]);
    has(&claims(r#""full_name""#), &["this does not fit here", "full_name"]);
    has(&faults("[templates.billing]\nttl = \"2m\"\n"), &["tollbridge.toml:2:1", "templates.billing.ttl", "claims"]);
    has(&faults("[templates.billing]\naccess_ttl = \"0s\"\n"), &["tollbridge.toml:2:1", "at least"]);
    has(&faults("[templates.billing]\nscope = [\"two words\"]\n"), &["tollbridge.toml:2:1", "without spaces"]);
    has(&faults("[templates]\nbilling = \"2m\"\n"), &["tollbridge.toml:2:1", "templates"]);
}

/// What is printed for each key: `section.key`, and its value, or `None` if it is not set.
fn settings(shown: &str) -> Vec<(String, Option<String>)> {
    let mut section = "";
    let mut settings = Vec::new();
    for line in shown.lines().filter(|line| !line.is_empty()) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name;
        } else if let Some(unset) = line.strip_prefix("# ") {
            settings.push((format!("{section}.{}", unset.split(' ').next().unwrap()), None));
        } else {
            let (key, value) = line.split_once(" = ").unwrap();
            let value = value.rsplit_once(" # ").unwrap().0.trim_end();
            settings.push((format!("{section}.{key}"), Some(value.to_owned())));
        }
    }
    settings
}

/// The file that people begin with has every setting, and says of each what its default is.
#[test]
fn the_annotated_file_is_the_defaults() {
    let file = include_str!("../deploy/tollbridge.toml");
    Place::new(file).accepts(&[]);
    let defaults = settings(&Place::new("").show(&[], &[]));
    let mut section = "";
    let mut annotated = Vec::new();
    for line in file.lines().take_while(|line| !line.starts_with("# Other services")) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = name;
        } else if let Some((key, value)) = line.strip_prefix("# ").and_then(|line| line.split_once(" = ")) {
            annotated.push((format!("{section}.{key}"), value));
        }
    }
    let names = |mut of: Vec<String>| {
        of.sort_unstable();
        of
    };
    let wanted = names(defaults.iter().map(|(key, _)| key.clone()).collect());
    assert_eq!(names(annotated.iter().map(|(key, _)| key.clone()).collect()), wanted);
    for (key, value) in annotated {
        let of_machine = ["server.workers", "password.threads"].contains(&&*key);
        let default = defaults.iter().find(|(name, _)| *name == key).and_then(|(_, value)| value.as_deref());
        assert!(of_machine || default.is_none_or(|default| default == value), "{key}: {value}, not {default:?}");
    }
}
