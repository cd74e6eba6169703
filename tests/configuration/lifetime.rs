//! Starting and ending: all processes, once, in time.

use std::{path::Path, time::Duration};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use waxwing_tests::{
    client::Client,
    dns::Dns,
    namespace::{self, Place},
    needs::Need,
    server::{Kind, Server, descendants, is_gone},
    waiting,
};

const NEEDS: &[Need] = &[Need::Waxwing];

fn started(place: &Place) -> (Server, Vec<u32>) {
    let mut server = Server::new(place, Kind::Waxwing);
    server.main_cf("");
    server.start();
    let family = descendants(server.pid());
    (server, family)
}

fn pid(number: u32) -> Pid {
    Pid::from_raw(i32::try_from(number).expect("a process id"))
}

fn alive(family: &[u32]) -> Vec<u32> {
    family.iter().copied().filter(|pid| !is_gone(*pid)).collect()
}

fn all_end(family: &[u32], why: &str) {
    waiting::until_true(15, || alive(family).is_empty());
    assert!(alive(family).is_empty(), "15 s after {why}: {:#?}", alive(family));
    // A process is a zombie before the last of its threads has closed what it held.
    let silent = waiting::until_true(15, || Client::connect(2502).is_err());
    assert!(silent, "something still listens after {why}");
}

#[test]
fn sigterm_ends_all_processes() {
    namespace::inside(NEEDS, |place| {
        let _dns = Dns::serve("");
        let (mut server, family) = started(place);
        // An idle session must not hold it up for long.
        let _idle = Client::ready("127.0.0.1", server.port);
        kill(pid(server.pid()), Signal::SIGTERM).expect("it lives");
        all_end(&family[1..], "SIGTERM");
        waiting::until_true(5, || !server.lives());
        assert!(!server.lives());
    });
}

#[test]
fn the_server_ends_with_its_parent() {
    namespace::inside(NEEDS, |place| {
        let _dns = Dns::serve("");
        let (mut server, family) = started(place);
        kill(pid(server.pid()), Signal::SIGKILL).expect("it lives");
        waiting::until_true(5, || !server.lives());
        all_end(&family[1..], "SIGKILL of the first process");
        server.start();
        assert!(Client::ready("127.0.0.1", server.port).quit().starts_with("221"));
    });
}

/// Processes other than this one that have the file open.
fn holding_open(path: &Path) -> Vec<String> {
    let own = std::process::id().to_string();
    let processes = std::fs::read_dir("/proc").expect("/proc is mounted").flatten().map(|e| e.path());
    let others = processes.filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy() != own));
    let holds = |process: &std::path::PathBuf| {
        let open = std::fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
        open.filter_map(|fd| std::fs::read_link(fd.path()).ok()).any(|to| to == path)
    };
    others
        .filter(holds)
        .map(|p| std::fs::read_to_string(p.join("cmdline")).unwrap_or_default().replace('\0', " "))
        .collect()
}

#[test]
fn status_stop_and_a_second_start() {
    namespace::inside(NEEDS, |place| {
        let _dns = Dns::serve("");
        let (mut server, family) = started(place);
        let output = server.command("status", &[]);
        assert!(output.status.success(), "status: {}", String::from_utf8_lossy(&output.stderr));
        let output = server.command("start", &[]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("already running"), "a second start: {said}");
        let output = server.command("stop", &[]);
        assert!(output.status.success(), "stop: {}", String::from_utf8_lossy(&output.stderr));
        all_end(&family[1..], "stop");
        waiting::until_true(5, || !server.lives());
        let output = server.command("status", &[]);
        assert!(!output.status.success(), "status after stop");
        let output = server.command("start", &[]);
        assert!(output.status.success(), "start: {}", String::from_utf8_lossy(&output.stderr));
        assert!(waiting::until_true(10, || Client::connect(server.port).is_ok()), "start: nothing listens");
        let held = holding_open(&server.directory.join("start.stderr"));
        assert!(held.is_empty(), "who started it waits for its output to end: {held:?} hold it open");
        server.command("stop", &[]);
        assert!(waiting::until_true(15, || Client::connect(server.port).is_err()), "stop: something listens");
        std::thread::sleep(Duration::from_millis(100));
    });
}
