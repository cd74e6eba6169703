//! S30: some users are local, mail is sent as user@domain.

use waxwing_tests::{server::Server, sink::Sink, users::Users, waiting};

use crate::scenario_with_users;

const ZONE: &str = "domain.test MX 10 mail.domain.test\nmail.domain.test A 10.3.0.1\n";

fn host(server: &mut Server, users: &Users) {
    server.table("aliases", "root: joe@localhost\npostmaster: joe@localhost\n");
    server.table("virtual", "root root@localhost\npostmaster postmaster@localhost\n");
    let local = users.main_cf();
    server.main_cf(&format!(
        "{local}myorigin = domain.test
virtual_maps = hash:$config_directory/virtual
default_transport = smtp
local_recipient_maps =
"
    ));
    server.start();
}

fn sendmail(server: &Server, recipient: &str) {
    let message = server.directory.join("message");
    std::fs::write(&message, "Subject: by sendmail\n\nbody\n").expect("written");
    let command = match server.kind {
        waxwing_tests::server::Kind::Postfix => "/usr/sbin/sendmail".to_string(),
        waxwing_tests::server::Kind::Waxwing => format!("{} sendmail", waxwing_tests::server::binary().display()),
    };
    let line = format!("{command} -C {} {recipient} < {}", server.conf().display(), message.display());
    let sent = std::process::Command::new("/bin/sh").arg("-c").arg(line).env("MAIL_CONFIG", server.conf()).status();
    assert!(sent.expect("sh runs").success());
}

#[test]
fn s30_1_names_without_a_domain_are_elsewhere() {
    scenario_with_users(ZONE, |server, users| {
        let domain = Sink::listen("10.3.0.1:25");
        host(server, users);
        sendmail(server, "joe");
        let received = &domain.wait_for(1)[0];
        assert!(received.mail.starts_with("MAIL FROM:<root@domain.test>"), "{received:?}");
        assert!(received.recipients[0].starts_with("RCPT TO:<joe@domain.test>"), "{received:?}");
        assert_eq!(users.mailbox("joe"), "");
    });
}

#[test]
fn s30_2_root_and_postmaster_are_here() {
    scenario_with_users(ZONE, |server, users| {
        host(server, users);
        for name in ["root", "postmaster"] {
            sendmail(server, name);
        }
        let count = || users.mailbox("joe").matches("\nSubject: by sendmail").count();
        assert!(waiting::until_true(20, || count() == 2), "{} {}", count(), server.log_end());
        let text = users.mailbox("joe");
        // S30.3: mail of root's own, such as cron's, comes from root@domain.name.
        assert!(text.contains("Return-Path: <root@domain.test>\n"), "{text}");
        assert!(text.contains("Delivered-To: root@localhost\n"), "{text}");
    });
}
