//! Names to sign in with: one account however its name is written, and no two that can be taken for each other.

use std::path::Path;

use serde_json::json;
use tollbridge::Act;
use tollbridge::store::db::{CreateUserError, Database, User};

use crate::app::{PASSWORD, TestApp, cheap, hash, new_user, wait};
use crate::clients::{Anonymous, Answer, Browser, Client};

const FORM: &str = "application/x-www-form-urlencoded";

fn create(app: &TestApp, username: &str, hash: &str) -> Result<User, CreateUserError> {
    wait(app.database.create_user(new_user(None, username, "Somebody", hash.to_owned()), &Act::of_application()))
}

fn with_json(app: &TestApp, username: &str, password: &str) -> Answer {
    Anonymous(app).post_json("/login", &json!({ "username": username, "password": password }))
}

fn with_form(app: &TestApp, username: &str, password: &str) -> Answer {
    let pairs = [("username", username), ("password", password)];
    let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let browser = Browser::new(app);
    browser.call("POST", "/login").header("origin", app.url("")).body(FORM, form).send()
}

/// Asserts that this name signs in to the account with the password, and not with another one.
#[track_caller]
fn signs_in(app: &TestApp, typed: &str) {
    with_json(app, typed, PASSWORD).expect(200);
    with_form(app, typed, PASSWORD).expect(303);
    with_json(app, typed, "guess").refused(401, "invalid_credentials");
}

#[test]
fn the_examples_of_rfc_8265() {
    let app = TestApp::start();
    let hash = hash(cheap(), PASSWORD);
    // Section 3.5, table 1. What looks like the one before is refused for that reason, and not because of the RFC.
    for (username, forms) in [
        ("juliet@example.com", &["Juliet@Example.COM", " juliet@example.com ", "\u{ff4a}uliet@example.com"][..]),
        ("fussball", &["FUSSBALL"]),
        ("fu\u{df}ball", &["FU\u{df}BALL", "fu\u{df}ball\u{a0}"]),
        ("\u{3c0}", &["\u{3a0}"]),
        ("\u{3a3}", &["\u{3c3}", "\u{3a3} "]),
    ] {
        create(&app, username, &hash).expect(username);
        signs_in(&app, username);
        for form in forms {
            signs_in(&app, form);
            assert!(matches!(create(&app, form.trim(), &hash), Err(CreateUserError::UsernameTaken)), "{form}");
        }
    }
    // Neither case nor width makes of a sharp s two others.
    assert!(with_json(&app, "FUSSBALL", PASSWORD).json().get("access_token").is_some());
    // Table 2.
    for username in ["foo bar", "", "henry\u{2163}", "\u{265a}", "a\u{200d}b", " leo", "leo\u{feff}"] {
        let refused = create(&app, username, &hash);
        assert!(matches!(refused, Err(CreateUserError::UsernameInvalid)), "{username:?}: {refused:?}");
        with_json(&app, username, PASSWORD).refused(401, "invalid_credentials");
    }
}

/// <https://www.unicode.org/Public/UCD/latest/ucd/NormalizationTest.txt>
#[test]
fn composed_and_decomposed_letters_are_one_name() {
    let app = TestApp::start();
    let hash = hash(cheap(), PASSWORD);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/unicode/NormalizationTest.txt");
    let text = std::fs::read_to_string(path).expect("the vectors");
    let mut names = 0;
    for line in text.lines().filter(|line| line.contains(';') && !line.starts_with(['#', '@'])) {
        let mut forms = line.split(';').take(3).map(|form| {
            let letters = form.split(' ').map(|letter| u32::from_str_radix(letter, 16).ok().and_then(char::from_u32));
            letters.collect::<Option<String>>().expect("code points")
        });
        let (Some(source), Some(composed), Some(decomposed)) = (forms.next(), forms.next(), forms.next()) else {
            panic!("{line}");
        };
        match create(&app, &composed, &hash) {
            Ok(user) => {
                for typed in [&source, &composed, &decomposed] {
                    let answer = with_json(&app, typed, PASSWORD);
                    assert_eq!(answer.status, 200, "{line}: {}", typed.escape_unicode());
                    let taken = create(&app, typed, &hash);
                    assert!(matches!(taken, Err(CreateUserError::UsernameTaken)), "{line}: {taken:?}");
                }
                with_form(&app, &decomposed, PASSWORD).expect(303);
                assert!(
                    wait(app.database.delete_user(user.id, &Act::of_application(), app.clock.now())).expect("deleted")
                );
                names += 1;
            }
            Err(CreateUserError::UsernameInvalid) => {}
            Err(error) => panic!("{line}: {error}"),
        }
    }
    assert!(names > 300, "only {names} of the vectors are names");
}

#[test]
fn who_looks_like_another_one_is_refused() {
    let app = TestApp::start();
    let hash = hash(cheap(), PASSWORD);
    for (name, twins) in [
        ("scope", &["\u{455}\u{441}\u{43e}\u{440}\u{435}", "sc\u{43e}pe", "\u{3f2}cope", "SC\u{41e}PE"][..]),
        ("paypal1", &["paypall", "p\u{430}ypal1"]),
        ("mary", &["rnary"]),
        ("\u{3b1}\u{3b2}\u{3b3}", &["a\u{3b2}\u{3b3}"]),
    ] {
        create(&app, name, &hash).expect(name);
        for twin in twins {
            // Letters of several cases may be no names at all.
            match create(&app, twin, &hash) {
                Err(CreateUserError::LooksLike(other)) => assert_eq!(other, name),
                other => assert!(twin.starts_with('\u{3f2}'), "{}: {other:?}", twin.escape_unicode()),
            }
            with_json(&app, twin, PASSWORD).refused(401, "invalid_credentials");
        }
    }
    assert!(wait(app.database.twins()).expect("an answer").is_empty());
}

/// Of two that would be twins, whoever comes first has the name.
#[test]
fn of_many_who_want_a_name_one_gets_it() {
    let app = TestApp::start();
    let hash = hash(cheap(), PASSWORD);
    let forms = ["Zo\u{eb}", "zo\u{eb}", "Zoe\u{308}", "ZO\u{cb}", "\u{ff3a}o\u{eb}"];
    let results: Vec<_> = std::thread::scope(|scope| {
        let (app, hash) = (&app, &hash);
        let threads = forms.map(|form| scope.spawn(move || create(app, form, hash).map(|user| user.id)));
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
    for refused in results.iter().filter_map(|result| result.as_ref().err()) {
        assert!(matches!(refused, CreateUserError::UsernameTaken), "{refused:?}");
    }
}

/// A server whose database had these accounts before names were compared.
fn with_accounts_from_before(usernames: &[&str]) -> TestApp {
    let app = TestApp::start();
    let backend = if app.place.url().starts_with("sqlite") { "sqlite" } else { "postgres" };
    let undo = format!("migrations/{backend}/2026-11-26-000020_username_keys/down.sql");
    let undo = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(undo)).expect("the migration");
    app.place.execute(&undo);
    app.place.execute("DELETE FROM __diesel_schema_migrations WHERE version = '20261126000020'");
    let hash = hash(cheap(), PASSWORD);
    for username in usernames {
        app.place.execute(&format!(
            "INSERT INTO users (username, full_name, password_hash, active, credential_epoch, created_at)
             VALUES ('{username}', 'Somebody', '{hash}', true, 0, 0)"
        ));
    }
    assert_eq!(wait(app.database.migrate()).expect("migrations").len(), 1);
    app
}

#[test]
fn accounts_from_before_go_on_working() {
    let app = with_accounts_from_before(&[
        "Bob",
        "bob",
        "leo the lion",
        "sc\u{43e}pe",
        "scope",
        "Z\u{f6}e",
        "\u{2163}",
        " x ",
    ]);
    let id = |database: &Database, typed: &str| {
        wait(database.find_by_username(typed)).expect("an answer").map(|(user, _)| user.username)
    };
    // Each by its own spelling.
    for name in ["Bob", "bob", "leo the lion", "sc\u{43e}pe", "scope", "Z\u{f6}e", "\u{2163}", " x "] {
        signs_in(&app, name);
        assert_eq!(id(&app.database, name).as_deref(), Some(name));
    }
    // By another one where it leads to one account, and to none where it could lead to two or where it is no name.
    signs_in(&app, "zo\u{308}e ");
    signs_in(&app, "X");
    for typed in ["BOB", "LEO THE LION", "leo the lion "] {
        with_json(&app, typed, PASSWORD).refused(401, "invalid_credentials");
        assert_eq!(id(&app.database, typed), None, "{typed}");
    }
    let hash = hash(cheap(), PASSWORD);
    assert!(matches!(create(&app, "BOB", &hash), Err(CreateUserError::UsernameTaken)));
    assert!(matches!(create(&app, "sco\u{440}e", &hash), Err(CreateUserError::LooksLike(_))));
    let twins = wait(app.database.twins()).expect("an answer");
    let names: Vec<Vec<&str>> =
        twins.iter().map(|twins| twins.users.iter().map(|user| &*user.username).collect()).collect();
    assert!(names.contains(&vec!["Bob", "bob"]) && names.contains(&vec!["sc\u{43e}pe", "scope"]), "{names:?}");
    assert_eq!(names.len(), 2);
    assert_eq!(twins.iter().filter(|twins| twins.are_equal).count(), 1);
}
