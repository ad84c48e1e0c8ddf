//! A PostgreSQL cluster of one test, to stop, to suspend and to start again. It needs the programs of a server, which are
//! there where `TOLLBRIDGE_TEST_POSTGRES` is set.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub(crate) struct Cluster {
    directory: TempDir,
    programs: PathBuf,
    port: u16,
}

impl Cluster {
    /// A running cluster. `None` where the tests have no PostgreSQL.
    pub(crate) fn start_new() -> Option<Self> {
        std::env::var_os("TOLLBRIDGE_TEST_POSTGRES")?;
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).expect("a mode");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port").port();
        let cluster = Self { directory, programs: programs(), port };
        let data = cluster.data();
        cluster
            .run("initdb", &["-D", &data, "-U", "postgres", "--auth=trust", "--locale=C", "-E", "UTF8", "--no-sync"]);
        cluster.start();
        Some(cluster)
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    pub(crate) fn start(&self) {
        let sockets = self.directory.path().display();
        let options =
            format!("-p {} -c listen_addresses=127.0.0.1 -c unix_socket_directories={sockets} -c fsync=off", self.port);
        let log = self.directory.path().join("log");
        self.run("pg_ctl", &["-D", &self.data(), "-l", &log.to_string_lossy(), "-w", "-s", "-o", &options, "start"]);
    }

    pub(crate) fn stop(&self) {
        self.run("pg_ctl", &["-D", &self.data(), "-m", "immediate", "-w", "-s", "stop"]);
    }

    /// All of its processes stop running, and their connections stay open.
    pub(crate) fn suspend(&self) {
        self.signal(Signal::STOP);
    }

    pub(crate) fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let postmaster = self.postmaster().expect("it runs");
        let of_server = |pid: &i32| *pid == postmaster || parent(*pid) == Some(postmaster);
        let processes =
            fs::read_dir("/proc").expect("Linux").filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        for pid in processes.filter(of_server).filter_map(Pid::from_raw) {
            // One may have ended.
            let _ = kill_process(pid, signal);
        }
    }

    fn postmaster(&self) -> Option<i32> {
        let file = fs::read_to_string(Path::new(&self.data()).join("postmaster.pid")).ok()?;
        file.lines().next()?.parse().ok()
    }

    fn data(&self) -> String {
        self.directory.path().join("data").display().to_string()
    }

    /// PostgreSQL does not run as root.
    fn run(&self, program: &str, arguments: &[&str]) {
        let program = self.programs.join(program);
        let mut command = if rustix::process::geteuid().is_root() {
            let mut command = Command::new("runuser");
            command.args(["-u", "postgres", "--"]).arg(&program);
            command
        } else {
            Command::new(&program)
        };
        let run = command.args(arguments).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).status();
        assert!(run.expect("the program runs").success(), "{program:?} {arguments:?}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if self.postmaster().is_some() {
            self.resume();
            self.stop();
        }
    }
}

fn programs() -> PathBuf {
    let installed = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let mut versions: Vec<PathBuf> = installed.filter_map(|entry| Some(entry.ok()?.path().join("bin"))).collect();
    versions.sort();
    versions.pop().unwrap_or_default()
}

fn parent(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(") ").next()?.split(' ').nth(1)?.parse().ok()
}
