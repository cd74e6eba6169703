//! S01: a host on its own, with Postfix's defaults: what ends in a mailbox.

use waxwing_tests::{client::ask, server::Server, users::Users, waiting};

use crate::{deliver, instance::Instance, scenario, scenario_with_users};

const ZONE: &str = "sender.test A 10.1.1.1\nelsewhere.test A 10.1.1.2\n";
const OUTSIDE: &str = "198.51.100.9";

/// The defaults, as far as the test's own directories allow.
fn defaults(server: &mut Server, users: &Users) {
    server.table("aliases", "postmaster: jane\n");
    let local = users.main_cf();
    server.main_cf(&format!("{local}local_recipient_maps = proxy:unix:passwd.byname $alias_maps\nbiff = yes\n"));
    server.start();
}

#[test]
fn s01_1_it_listens_on_every_interface() {
    scenario(ZONE, |server, _| {
        let instance = Instance::beside(server, "alone", "myhostname = mx.test\n", "smtp inet n - n - - smtpd\n");
        instance.start();
        let name = if server.is_postfix() { "Postfix" } else { "Waxwing" };
        for address in ["127.0.0.1", "192.0.2.1", "203.0.113.1"] {
            let mut greeting = None;
            waiting::until_true(10, || {
                greeting = Instance::greeting(&format!("{address}:25"));
                greeting.is_some()
            });
            let greeting = greeting.unwrap_or_default();
            // Debian's package adds its own name to the banner; the default is without.
            assert_eq!(greeting, format!("220 mx.test ESMTP {name}"), "{address}");
        }
    });
}

#[test]
fn s01_2_postconf_shows_values_and_defaults() {
    scenario(ZONE, |server, _| {
        let instance = Instance::beside(server, "alone", "myhostname = mx.test\nmynetworks_style = host\n", "");
        let bare = instance.says("postconf", &["-h", "mynetworks_style"]);
        assert_eq!(bare, "host\n", "a bare value");
        assert!(instance.says("postconf", &["-h", "daemon_directory"]).starts_with('/'));
        let defaults = instance.says("postconf", &["-d"]);
        let names: Vec<&str> = defaults.lines().map(|line| line.split(" =").next().unwrap_or_default()).collect();
        assert!(names.len() > 800, "{} lines", names.len());
        assert!(names.is_sorted(), "in the order of names");
        assert!(defaults.lines().any(|line| line == "mail_owner = postfix"), "as name = value");
    });
}

#[test]
fn s01_3_mail_for_a_user_is_in_the_spool() {
    scenario_with_users(ZONE, |server, users| {
        defaults(server, users);
        deliver(server, OUTSIDE, "a@sender.test", "joe@mx.test");
        assert!(waiting::until_true(20, || users.mailbox("joe").ends_with("body\n\n")), "{}", server.log_end());
        let text = users.mailbox("joe");
        let mut lines = text.lines();
        let first = lines.next().unwrap_or_default();
        assert!(first.starts_with("From a@sender.test  "), "{first}");
        assert_eq!(first.len(), "From a@sender.test  Sun Nov 22 01:02:03 2026".len(), "{first}");
        let next: Vec<&str> = lines.take(3).collect();
        assert_eq!(next, ["Return-Path: <a@sender.test>", "X-Original-To: joe@mx.test", "Delivered-To: joe@mx.test"]);
        let line = server.logged(&["to=<joe@mx.test>", "status=sent"]);
        assert!(
            line.contains("relay=local,") && line.contains("dsn=2.0.0") && line.ends_with("(delivered to mailbox)")
        );
        use std::os::unix::fs::MetadataExt;
        let facts = std::fs::metadata(users.spool().join("joe")).expect("a mailbox");
        assert_eq!((facts.uid(), facts.mode() & 0o777), (5001, 0o600));
    });
}

#[test]
fn s01_4_unknown_local_names_are_refused() {
    scenario_with_users(ZONE, |server, users| {
        defaults(server, users);
        let reply = ask(OUTSIDE, server.port, "a@sender.test", "x@mx.test");
        assert_eq!(reply, "550 5.1.1 <x@mx.test>: Recipient address rejected: User unknown in local recipient table");
        assert_eq!(ask(OUTSIDE, server.port, "a@sender.test", "postmaster@mx.test"), "250 2.1.5 Ok");
    });
}

#[test]
fn s01_5_outside_clients_may_not_relay() {
    scenario_with_users(ZONE, |server, users| {
        defaults(server, users);
        let reply = ask(OUTSIDE, server.port, "a@sender.test", "u@elsewhere.test");
        assert_eq!(reply, "454 4.7.1 <u@elsewhere.test>: Relay access denied");
    });
}

#[test]
fn s01_6_sendmail_delivers_too() {
    scenario_with_users(ZONE, |server, users| {
        defaults(server, users);
        let message = users.out().join("message");
        std::fs::write(&message, "Subject: by sendmail\n\nbody\n").expect("written");
        let command = match server.kind {
            waxwing_tests::server::Kind::Postfix => "/usr/sbin/sendmail".to_string(),
            waxwing_tests::server::Kind::Waxwing => {
                format!("{} sendmail", waxwing_tests::server::binary().display())
            }
        };
        let conf = server.conf();
        let sent = std::process::Command::new("/bin/sh")
            .arg("-c")
            .arg(format!("{command} -C {} joe < {}", conf.display(), message.display()))
            .env("MAIL_CONFIG", &conf)
            .status()
            .expect("sh runs");
        assert!(sent.success());
        assert!(
            waiting::until_true(20, || users.mailbox("joe").contains("Subject: by sendmail")),
            "{}",
            server.log_end()
        );
        let text = users.mailbox("joe");
        assert!(text.contains("Return-Path: <root@mx.test>\n") && text.contains("\nFrom: root"), "{text}");
    });
}

#[test]
fn s01_6_an_ordinary_user_sends_and_looks_at_the_queue() {
    use std::os::unix::process::CommandExt;
    scenario_with_users(ZONE, |server, users| {
        defaults(server, users);
        // Postfix takes another directory than its usual one from nobody but root.
        for name in ["main.cf", "master.cf"].iter().filter(|_| server.is_postfix()) {
            let usual = std::path::Path::new("/etc/postfix").join(name);
            let mut mount = std::process::Command::new("mount");
            mount.arg("--bind").arg(server.conf().join(name)).arg(usual);
            assert!(mount.status().expect("mount runs").success(), "mount {name}");
        }
        let as_jane = |command: &str, words: &str| {
            let program = match server.is_postfix() {
                true => format!("/usr/sbin/{command}"),
                false => {
                    let option = if command == "sendmail" { "-C" } else { "-c" };
                    let binary = waxwing_tests::server::binary();
                    format!("{} {command} {option} {}", binary.display(), server.conf().display())
                }
            };
            let id = waxwing_tests::users::id_of("jane");
            let output = std::process::Command::new("/bin/sh")
                .arg("-c")
                .arg(format!("{program} {words}"))
                .current_dir("/")
                .uid(id)
                .gid(id)
                .output()
                .expect("sh runs");
            assert!(output.status.success(), "{command}: {output:?}\n{}", server.log_end());
            String::from_utf8_lossy(&output.stdout).into_owned()
        };
        let message = users.out().join("message");
        std::fs::write(&message, "Subject: by jane\n\nbody\n").expect("written");
        as_jane("sendmail", &format!("joe < {}", message.display()));
        assert!(waiting::until_true(20, || users.mailbox("joe").contains("Subject: by jane")), "{}", server.log_end());
        let text = users.mailbox("joe");
        assert!(text.contains("Return-Path: <jane@mx.test>\n"), "{text}");
        assert!(text.contains(&format!(", from userid {})", waxwing_tests::users::id_of("jane"))), "{text}");
        assert_eq!(as_jane("postqueue", "-p"), "Mail queue is empty\n");
    });
}
