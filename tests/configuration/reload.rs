//! Reload: what is good is taken, what is broken leaves the running configuration alone.

use std::{
    fs,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use waxwing_tests::{
    client::Client,
    dns::Dns,
    namespace::{self, Place},
    needs::Need,
    server::{Kind, Server, binary},
    waiting,
};

/// The component that quickstart installs.
pub fn example_plugin(place: &Place) -> Vec<u8> {
    let directory = place.directory("example");
    let mut quickstart = Command::new(binary())
        .args(["quickstart", "--port", "2599", "--directory"])
        .arg(&directory)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("waxwing runs");
    let path = directory.join("conf/plugins/greylist.wasm");
    waiting::until_true(20, || Client::connect(2599).is_ok());
    let component = fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    for pid in waxwing_tests::server::descendants(quickstart.id()) {
        let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).expect("a process id"));
        // It may be gone already.
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
    }
    quickstart.wait().expect("a child");
    component
}

fn greeting(server: &Server) -> String {
    let mut client = Client::connect(server.port).expect("it listens");
    let greeting = client.reply();
    client.quit();
    greeting
}

#[test]
fn a_broken_file_keeps_the_old_configuration() {
    namespace::inside(&[Need::Waxwing], |place| {
        let _dns = Dns::serve("");
        let mut server = Server::new(place, Kind::Waxwing);
        server.main_cf("smtpd_banner = $myhostname one\n");
        server.start();
        assert_eq!(greeting(&server), "220 mx.test one");
        for broken in ["smtpd_banner $myhostname two", "smtpd_banner = two\nsmtpd_timeout = soon"] {
            server.main_cf(&format!("{broken}\n"));
            let output = server.reload();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(!output.status.success() && said.contains("main.cf, line "), "{broken}: {said}");
            server.logged(&["reload refused", "main.cf, line "]);
            assert_eq!(greeting(&server), "220 mx.test one", "after {broken}");
        }
        let main_cf = server.conf().join("main.cf");
        server.main_cf("smtpd_banner = $myhostname three\n");
        let master_cf = fs::read_to_string(server.conf().join("master.cf")).expect("master.cf");
        fs::write(server.conf().join("master.cf"), format!("{master_cf}broken line\n")).expect("write");
        server.reload();
        thread::sleep(Duration::from_secs(1));
        assert_eq!(greeting(&server), "220 mx.test one", "master.cf is broken, so main.cf waits, too");
        fs::write(server.conf().join("master.cf"), master_cf).expect("write");
        assert!(main_cf.exists());
        server.reload();
        let followed = waiting::until_true(10, || greeting(&server) == "220 mx.test three");
        assert!(followed, "all is well again, but: {}\n{}", greeting(&server), server.log());
        server.stop();
    });
}

#[test]
fn a_session_under_way_survives_a_reload() {
    namespace::inside(&[Need::Waxwing], |place| {
        let _dns = Dns::serve("");
        let mut server = Server::new(place, Kind::Waxwing);
        server.main_cf("");
        server.start();
        let mut client = Client::ready("127.0.0.1", server.port);
        assert_eq!(client.command("MAIL FROM:<a@mx.test>"), "250 2.1.0 Ok");
        server.reconfigure("smtpd_helo_required = yes\n", 1);
        assert_eq!(client.command("RCPT TO:<b@mx.test>"), "250 2.1.5 Ok");
        assert!(client.command("DATA").starts_with("354"));
        assert!(client.content("Subject: x\n").starts_with("250 2.0.0 Ok: queued as"));
        server.stop();
    });
}

#[test]
fn sighup_reloads() {
    namespace::inside(&[Need::Waxwing], |place| {
        let _dns = Dns::serve("");
        let mut server = Server::new(place, Kind::Waxwing);
        server.main_cf("smtpd_banner = one\n");
        server.start();
        server.main_cf("smtpd_banner = two\n");
        let pid = nix::unistd::Pid::from_raw(i32::try_from(server.pid()).expect("a process id"));
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGHUP).expect("it lives");
        assert!(waiting::until_true(10, || greeting(&server) == "220 two"), "{}\n{}", greeting(&server), server.log());
        server.stop();
    });
}
