//! S30: some users are local, mail is sent as user@domain.

use waxwing_tests::{server::Server, sink::Sink, users::Users, waiting};

use crate::{scenario_with_users, sendmail};

const ZONE: &str = "domain.test MX 10 mail.domain.test\nmail.domain.test A 10.3.0.1\n";

const MESSAGE: &str = "Subject: by sendmail\n\nbody\n";

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

#[test]
fn s30_1_names_without_a_domain_are_elsewhere() {
    scenario_with_users(ZONE, |server, users| {
        let domain = Sink::listen("10.3.0.1:25");
        host(server, users);
        sendmail(server, &["joe"], MESSAGE);
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
            sendmail(server, &[name], MESSAGE);
        }
        let count = || users.mailbox("joe").matches("\nSubject: by sendmail").count();
        assert!(waiting::until_true(20, || count() == 2), "{} {}", count(), server.log_end());
        let text = users.mailbox("joe");
        assert!(text.contains("Delivered-To: root@localhost\n"), "{text}");
    });
}

/// As cron(8) does it: no sender on the command line, and From: with a name alone.
#[test]
fn s30_3_mail_of_cron_comes_from_root_at_the_domain() {
    scenario_with_users(ZONE, |server, users| {
        host(server, users);
        let text = "From: root (Cron Daemon)\nTo: root\nSubject: Cron <root@host> nothing\n\noutput\n";
        sendmail(server, &["-i", "-FCronDaemon", "-B8BITMIME", "-oem", "root"], text);
        assert!(waiting::until_true(20, || !users.mailbox("joe").is_empty()), "{}", server.log_end());
        let text = users.mailbox("joe");
        assert!(text.contains("Return-Path: <root@domain.test>\n"), "{text}");
        assert!(text.contains("\nFrom: root@domain.test (Cron Daemon)\n"), "{text}");
        assert!(text.contains("\nTo: root@domain.test\n"), "{text}");
    });
}
