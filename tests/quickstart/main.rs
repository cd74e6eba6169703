//! What the README promises to a newcomer: one command, one mail, it lies in the Maildir.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use waxwing_tests::{
    client::{Client, send_mail},
    dns::Dns,
    namespace::{self, Place},
    needs::Need,
    server::binary,
    waiting,
};

struct Quickstart {
    process: Child,
    directory: PathBuf,
    printed: PathBuf,
}

impl Quickstart {
    fn start(place: &Place, arguments: &[&str], directory: &Path) -> Self {
        let printed = place.path().join("printed");
        let output = fs::File::create(&printed).expect("create");
        let process = Command::new(binary())
            .arg("quickstart")
            .args(arguments)
            .current_dir(place.path())
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a file"))
            .stderr(output)
            .spawn()
            .expect("waxwing runs");
        Self { process, directory: directory.into(), printed }
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.printed).unwrap_or_default()
    }

    fn wait_for_port(&self, port: u16) {
        let up = waiting::until_true(30, || Client::connect(port).is_ok());
        assert!(up, "nothing listens on {port}:\n{}", self.said());
    }

    fn mails(&self) -> Vec<String> {
        let new = fs::read_dir(self.directory.join("Maildir/new"));
        new.into_iter().flatten().flatten().map(|e| fs::read_to_string(e.path()).expect("a mail")).collect()
    }

    fn wait_for_mail(&self, subject: &str) -> String {
        let find = || self.mails().into_iter().find(|m| m.contains(&format!("Subject: {subject}")));
        waiting::until(20, find).unwrap_or_else(|| panic!("no mail {subject:?} in the Maildir:\n{}", self.said()))
    }

    fn ends_at(&mut self, signal: Signal) {
        kill(Pid::from_raw(i32::try_from(self.process.id()).expect("a process id")), signal).expect("it lives");
        let ended = waiting::until(15, || self.process.try_wait().expect("a child"));
        assert!(ended.is_some(), "still there 15 s after {signal}");
        assert!(waiting::until_true(5, || Client::connect(2525).is_err()), "its port is still taken after {signal}");
    }
}

#[test]
fn the_first_mail() {
    namespace::inside(&[Need::Waxwing], |place| {
        let _dns = Dns::serve("");
        let mut server = Quickstart::start(place, &[], &place.path().join("quickstart"));
        server.wait_for_port(2525);
        let said = server.said();
        for word in ["127.0.0.1:2525", "swaks", "Maildir", "mode=enforce", "plugins.cf"] {
            assert!(said.contains(word), "{word} is not in:\n{said}");
        }
        let reply = send_mail("127.0.0.1", 2525, "me@example.org", "you@example.com", "Subject: first\n\nIt works.\n");
        assert!(reply.starts_with("250 2.0.0 Ok: queued as"), "{reply}\n{}", server.said());
        let mail = server.wait_for_mail("first");
        assert!(
            mail.contains("It works.")
                && mail.contains("Received: from")
                && mail.contains("Delivered-To: you@example.com"),
            "{mail}"
        );
        // The log is written in batches, some milliseconds later.
        waiting::until_true(5, || server.said().contains("status=sent"));
        let said = server.said();
        assert!(said.contains("from=<me@example.org>") && said.contains("to=<you@example.com>"), "the story:\n{said}");
        assert!(said.contains("status=sent (delivered to maildir)"), "the story:\n{said}");
        assert!(said.to_lowercase().contains("greylist"), "what the plugin would have done:\n{said}");
        server.ends_at(Signal::SIGINT);
    });
}

#[test]
fn enforcing_the_plugin_needs_no_restart() {
    namespace::inside(&[Need::Waxwing], |place| {
        let _dns = Dns::serve("");
        let directory = place.directory("elsewhere");
        let mut server =
            Quickstart::start(place, &["--directory", &directory.display().to_string(), "--port", "2525"], &directory);
        server.wait_for_port(2525);
        let plugins = directory.join("conf/plugins.cf");
        let text = fs::read_to_string(&plugins).expect("plugins.cf");
        assert!(text.contains("mode=warn"), "{text}");
        fs::write(&plugins, text.replace("-o mode=warn", "-o mode=enforce")).expect("write");
        let mut reply = String::new();
        let enforced = waiting::until_true(20, || {
            reply = send_mail("127.0.0.1", 2525, "me@example.org", "new@example.com", "Subject: x\n\nx\n");
            reply.starts_with("450 4.7.1")
        });
        assert!(enforced && reply.contains("Greylisted"), "{reply}\n{}", server.said());
        server.ends_at(Signal::SIGTERM);
    });
}

#[test]
fn swaks_and_the_sendmail_command() {
    namespace::inside(&[Need::Waxwing, Need::Swaks], |place| {
        let _dns = Dns::serve("");
        let directory = place.path().join("quickstart");
        let mut server = Quickstart::start(place, &[], &directory);
        server.wait_for_port(2525);
        let swaks = Command::new("swaks")
            .args(["--server", "127.0.0.1:2525", "--from", "me@example.org", "--to", "you@example.com"])
            .args(["--header", "Subject: by swaks"])
            .output()
            .expect("swaks runs");
        assert!(swaks.status.success(), "{}", String::from_utf8_lossy(&swaks.stdout));
        server.wait_for_mail("by swaks");
        let message = place.path().join("message");
        fs::write(&message, "Subject: by sendmail\nTo: you@example.com\n\nIt works.\n").expect("write");
        let sendmail = Command::new(binary())
            .args(["sendmail", "-C"])
            .arg(directory.join("conf"))
            .args(["-f", "me@example.org", "-t"])
            .stdin(fs::File::open(&message).expect("open"))
            .output()
            .expect("waxwing runs");
        assert!(sendmail.status.success(), "{}", String::from_utf8_lossy(&sendmail.stderr));
        server.wait_for_mail("by sendmail");
        server.ends_at(Signal::SIGTERM);
    });
}

/// The dialogue of examples/greylist, played to quickstart with the plugins.cf of the example.
#[test]
fn the_session_of_the_greylist_example() {
    namespace::inside(&[Need::Waxwing], |place| {
        let _dns = Dns::serve("");
        let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/greylist");
        let directory = place.path().join("quickstart");
        fs::create_dir_all(directory.join("conf")).expect("create");
        fs::copy(example.join("plugins.cf"), directory.join("conf/plugins.cf")).expect("copy");
        let mut server = Quickstart::start(place, &[], &directory);
        server.wait_for_port(2525);
        let session = fs::read_to_string(example.join("session.txt")).expect("the session");
        let mut client = Client::connect(2525).expect("connected");
        let mut heard = client.reply();
        for (number, line) in session.lines().enumerate() {
            match line.split_at_checked(3) {
                Some(("S: ", sent)) => heard = client.command(sent),
                Some(("W: ", seconds)) => {
                    std::thread::sleep(std::time::Duration::from_secs(seconds.trim().parse().expect("seconds")));
                }
                Some(("R: ", wanted)) => {
                    let same = match wanted.strip_prefix('~') {
                        Some(pattern) => regex::Regex::new(pattern).expect("a pattern").is_match(&heard),
                        None => heard.trim_end() == wanted,
                    };
                    assert!(same, "session.txt:{}: wanted {wanted:?}, heard {heard:?}\n{}", number + 1, server.said());
                }
                _ => assert!(line.is_empty() || line.starts_with('#'), "session.txt:{}: {line:?}", number + 1),
            }
        }
        server.ends_at(Signal::SIGTERM);
    });
}
