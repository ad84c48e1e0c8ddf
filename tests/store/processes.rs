//! Several processes at one database, and a process that is killed. The children are this same program, told by an
//! environment variable to play the child's part of the same test.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Barrier;
use std::thread;

use actix_web::rt::System;
use tollbridge::store::db::Database;
use tollbridge::{Act, EndReason, LoginId, LoginStore};

use crate::database::TestDatabase;
use crate::records::{NOW, create_user, login};

const CHILD_OF: &str = "TOLLBRIDGE_TEST_CHILD_OF";

fn spawn(test: &str, place: &TestDatabase) -> Child {
    Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(CHILD_OF, place.url())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the child starts")
}

fn say(line: &str) {
    println!("\n{line}");
    std::io::stdout().flush().unwrap();
}

fn migrations_applied(url: &str) -> usize {
    let database = Database::open(url, 2).expect("the database opens");
    System::new().block_on(database.migrate()).expect("migrations").len()
}

#[test]
fn migrates_once_when_processes_start_together() {
    if let Ok(url) = env::var(CHILD_OF) {
        return say(&format!("applied {}", migrations_applied(&url)));
    }
    let place = TestDatabase::empty();
    let name = "processes::migrates_once_when_processes_start_together";
    let children: Vec<Child> = (0..4).map(|_| spawn(name, &place)).collect();
    let mut applied = Vec::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
        let output = String::from_utf8(output.stdout).unwrap();
        let count = output.lines().find_map(|line| line.strip_prefix("applied ")).expect("the child's answer");
        applied.push(count.parse::<usize>().unwrap());
    }
    assert_eq!(applied.iter().filter(|count| **count > 0).count(), 1, "{applied:?}");
}

#[test]
fn migrates_once_when_threads_start_together() {
    let place = TestDatabase::empty();
    let start = Barrier::new(8);
    let applied: Vec<usize> = thread::scope(|scope| {
        let migrate = || {
            start.wait();
            migrations_applied(place.url())
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(migrate)).collect();
        threads.into_iter().map(|thread| thread.join().expect("no thread fails")).collect()
    });
    assert_eq!(applied.iter().filter(|count| **count > 0).count(), 1, "{applied:?}");
}

/// Begins and ends logins, and says so each time, for as long as it lives.
fn write_until_killed(url: &str) {
    let database = Database::open(url, 2).expect("the database opens");
    System::new().block_on(async {
        loop {
            let login = login("1");
            database.insert(&login, usize::MAX, &Act::of_application()).await.expect("the login is kept");
            say(&format!("began {}", login.id));
            assert!(
                database.end(&login.id, EndReason::Logout, &Act::of_application(), NOW).await.expect("the login ends")
            );
            say(&format!("ended {}", login.id));
        }
    });
}

#[test]
fn keeps_what_it_acknowledged_before_it_was_killed() {
    if let Ok(url) = env::var(CHILD_OF) {
        return write_until_killed(&url);
    }
    let place = TestDatabase::empty();
    let database = place.open();
    let runtime = System::new();
    runtime.block_on(database.migrate()).unwrap();
    assert_eq!(runtime.block_on(create_user(&database, "alice")).id, 1);

    let mut child = spawn("processes::keeps_what_it_acknowledged_before_it_was_killed", &place);
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut said = String::new();
    while said.matches("ended ").count() < 20 {
        assert_ne!(output.read_line(&mut said).unwrap(), 0, "the child stopped: {said}");
    }
    child.kill().unwrap();
    output.read_to_string(&mut said).unwrap();
    child.wait().unwrap();

    let find = |id: &str| runtime.block_on(LoginStore::find(&database, &LoginId::from(id.to_owned()))).unwrap();
    for line in said.lines() {
        if let Some(id) = line.strip_prefix("began ") {
            assert!(find(id).is_some(), "{line}");
        } else if let Some(id) = line.strip_prefix("ended ") {
            assert!(find(id).is_some_and(|login| login.ended.is_some()), "{line}");
        }
    }
}
