//! S02: workstations and a server.

use std::fs;

use waxwing_tests::{server::Server, sink::Sink, users::Users, waiting};

use crate::{SHORT_TIMES, deliver, scenario_with_users, sendmail};

const ZONE: &str = "
joes.workstation.test   MX 10 joes.workstation.test
joes.workstation.test   A  10.2.0.1
";

fn mail_server(server: &mut Server, users: &Users) {
    let local = users.main_cf();
    server.main_cf(&format!(
        "{local}myorigin = $mydomain
mydestination = $myhostname, localhost.$mydomain, $mydomain
local_recipient_maps =
default_transport = smtp
{SHORT_TIMES}"
    ));
    server.table("aliases", "joe: joe@joes.workstation.test\njane: jane@janes.workstation.test\n");
    server.start();
}

/// main.cf of a workstation is one line; the rest says where it is.
fn workstation(server: &mut Server, users: &Users) {
    let local = users.main_cf();
    server.table("aliases", "postmaster: joe\n");
    server.main_cf(&format!(
        "{local}myorigin = $mydomain
myhostname = janes.domain.test
mydomain = domain.test
mydestination = $myhostname, localhost.$mydomain, localhost
default_transport = smtp
local_recipient_maps =
"
    ));
    server.start();
}

const DOMAIN: &str = "domain.test MX 10 server.domain.test\nserver.domain.test A 10.2.0.2\n";

#[test]
fn s02_1_senders_have_the_domain_without_the_host() {
    scenario_with_users(DOMAIN, |server, users| {
        let mail_server = Sink::listen("10.2.0.2:25");
        workstation(server, users);
        sendmail(server, &["friend@domain.test"], "To: friend@domain.test\n\nbody\n");
        let received = &mail_server.wait_for(1)[0];
        assert!(received.mail.starts_with("MAIL FROM:<root@domain.test>"), "{received:?}");
        let text = received.text();
        assert!(
            text.contains("\nFrom: root <root@domain.test>\n") || text.contains("\nFrom: root@domain.test"),
            "{text}"
        );
        assert!(!text.contains("@janes.domain.test>\nTo"), "{text}");
    });
}

#[test]
fn s02_2_mail_for_the_workstation_stays_mail_for_the_domain_goes_to_the_server() {
    scenario_with_users(DOMAIN, |server, users| {
        let mail_server = Sink::listen("10.2.0.2:25");
        workstation(server, users);
        deliver(server, "127.0.0.1", "jane@domain.test", "joe@janes.domain.test");
        deliver(server, "127.0.0.1", "jane@domain.test", "joe@domain.test");
        let received = &mail_server.wait_for(1)[0];
        assert!(received.recipients[0].starts_with("RCPT TO:<joe@domain.test>"), "{received:?}");
        server.wait_until_queue_empty(20);
        assert_eq!(users.mailbox("joe").matches("\nSubject: mail").count(), 1, "{}", server.log_end());
        assert_eq!(mail_server.messages().len(), 1);
    });
}

#[test]
fn s02_3_mail_goes_on_to_the_workstation() {
    scenario_with_users(ZONE, |server, users| {
        let workstation = Sink::listen("10.2.0.1:25");
        mail_server(server, users);
        deliver(server, "127.0.0.1", "jane@test", "joe@test");
        let received = &workstation.wait_for(1)[0];
        assert!(received.recipients[0].starts_with("RCPT TO:<joe@joes.workstation.test>"), "{received:?}");
        assert!(received.mail.starts_with("MAIL FROM:<jane@test>"), "{received:?}");
        let text = received.text();
        assert!(text.contains("\nDelivered-To: joe@test\n"), "{text}");
        server.logged(&["to=<joe@test>", "relay=local", "status=sent (forwarded as "]);
        server.wait_until_queue_empty(20);
    });
}

/// In a file that newaliases(1) makes, of the type that both programs read and write.
#[test]
fn s02_4_newaliases_makes_a_change_visible() {
    scenario_with_users(ZONE, |server, users| {
        let local = users.main_cf();
        let others: String =
            local.lines().filter(|line| !line.starts_with("alias_")).map(|l| format!("{l}\n")).collect();
        server.main_cf(&format!(
            "{others}alias_maps = lmdb:$config_directory/aliases
alias_database = $alias_maps
mydestination = $myhostname, localhost.$mydomain, $mydomain
local_recipient_maps =
default_transport = smtp
"
        ));
        server.table("aliases", "list: joe\n");
        let newaliases = |server: &Server| {
            let output = server.command("sendmail", &["-I"]);
            assert!(output.status.success(), "{output:?}");
        };
        newaliases(server);
        server.start();
        let shown = server.command("postconf", &["alias_maps"]).stdout;
        assert_eq!(String::from_utf8_lossy(&shown), "alias_maps = lmdb:$config_directory/aliases\n");
        deliver(server, "127.0.0.1", "jane@test", "list@test");
        assert!(waiting::until_true(20, || users.mailbox("joe").ends_with("body\n\n")), "{}", server.log_end());
        server.table("aliases", "list: jane\n");
        newaliases(server);
        std::thread::sleep(std::time::Duration::from_secs(1));
        deliver(server, "127.0.0.1", "joe@test", "list@test");
        assert!(waiting::until_true(20, || users.mailbox("jane").ends_with("body\n\n")), "{}", server.log_end());
        assert_eq!(users.mailbox("joe").matches("Subject: ").count(), 1, "the old alias is gone");
    });
}

#[test]
fn s02_5_a_missing_alias_database_defers() {
    scenario_with_users(ZONE, |server, users| {
        mail_server(server, users);
        for name in ["aliases", "aliases.db"] {
            let _ = fs::rename(server.conf().join(name), server.conf().join(format!("{name}.away")));
        }
        // Postfix's local(8) opens it with its first mail, Waxwing looks at it every 100 ms.
        std::thread::sleep(std::time::Duration::from_millis(500));
        deliver(server, "127.0.0.1", "jane@test", "jane@test");
        let line = server.logged(&["to=<jane@test>", "status=deferred"]);
        assert!(line.contains("alias database unavailable"), "{line}");
        assert!(server.log().lines().any(|l| l.contains("warning:") && l.contains("aliases")), "{}", server.log_end());
        for name in ["aliases", "aliases.db"] {
            let _ = fs::rename(server.conf().join(format!("{name}.away")), server.conf().join(name));
        }
        fs::write(server.conf().join("aliases"), "joe: joe\n").expect("written");
        if server.is_postfix() {
            let output = server.command("postalias", &[&format!("hash:{}/aliases", server.conf().display())]);
            assert!(output.status.success(), "{output:?}");
            // Its local(8) does not try again to open what it could not open.
            server.reload();
        }
        std::thread::sleep(std::time::Duration::from_millis(500));
        server.flush();
        assert!(waiting::until_true(30, || !users.mailbox("jane").is_empty()), "{}", server.log_end());
    });
}
