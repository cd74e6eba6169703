//! S07: what check_relay_domains allows and refuses, and a backup MX that is the best one.

use std::collections::HashMap;

use waxwing_tests::{
    client::{Client, ask},
    server::Server,
    sink::Sink,
};

use crate::{deliver, scenario};

const ZONE: &str = "
the.backed-up.domain.name       MX  10  your.machine.name
your.machine.name               A   10.7.0.99
sender.test                     MX  10  mail.sender.test
mail.sender.test                A   10.7.0.3
198.51.100.20                   PTR the.backed-up.domain.name
the.backed-up.domain.name       A   198.51.100.20
198.51.100.21                   PTR pc.the.backed-up.domain.name
pc.the.backed-up.domain.name    A   198.51.100.21
198.51.100.22                   PTR pc.the.backed-up.domain.name
198.51.100.23                   PTR pc.other.test
pc.other.test                   A   198.51.100.23
";
const OUTSIDE: &str = "198.51.100.9";
const RECIPIENT: &str = "user@the.backed-up.domain.name";

fn backup(server: &mut Server) {
    server.main_cf(
        "compatibility_level = 3.6
smtpd_relay_restrictions =
myhostname = your.machine.name
mydestination = $myhostname
inet_interfaces = 127.0.0.1, 10.7.0.99
relay_domains = $mydestination the.backed-up.domain.name
smtpd_recipient_restrictions = permit_mynetworks check_relay_domains
smtpd_peername_lookup = yes
default_transport = smtp
relay_transport = relay
",
    );
    server.start();
}

fn refused(recipient: &str) -> String {
    format!("554 5.7.1 <{recipient}>: Recipient address rejected: Relay access denied")
}

#[test]
fn s07_4_each_process_warns_once_of_check_relay_domains() {
    scenario(ZONE, |server, _| {
        backup(server);
        let mut client = Client::ready(OUTSIDE, server.port);
        client.command("MAIL FROM:<a@sender.test>");
        for _ in 0..3 {
            assert_eq!(client.command(&format!("RCPT TO:<{RECIPIENT}>")), "250 2.1.5 Ok");
        }
        client.quit();
        for _ in 0..3 {
            assert_eq!(ask(OUTSIDE, server.port, "a@sender.test", RECIPIENT), "250 2.1.5 Ok");
        }
        let warning = "warning: support for restriction \"check_relay_domains\" will be removed from Postfix; use \
                       \"reject_unauth_destination\" instead";
        server.logged(&["/smtpd[", warning]);
        let log = server.log();
        let mut warnings: HashMap<&str, usize> = HashMap::new();
        for line in log.lines().filter(|line| line.contains(warning)) {
            let process = line.split("/smtpd[").nth(1).and_then(|rest| rest.split(']').next());
            *warnings.entry(process.unwrap_or_else(|| panic!("no process in {line}"))).or_default() += 1;
        }
        assert!(warnings.values().all(|count| *count == 1), "{warnings:?}");
    });
}

#[test]
fn s07_5_clients_below_relay_domains_may_relay_anywhere() {
    scenario(ZONE, |server, _| {
        backup(server);
        for client in ["198.51.100.20", "198.51.100.21"] {
            assert_eq!(ask(client, server.port, "a@sender.test", "x@other.test"), "250 2.1.5 Ok", "{client}");
        }
        for (client, why) in [
            ("198.51.100.22", "its name belongs to another address"),
            ("198.51.100.23", "its name is not below relay_domains"),
            (OUTSIDE, "it has no name"),
        ] {
            let reply = ask(client, server.port, "a@sender.test", "x@other.test");
            assert_eq!(reply, refused("x@other.test"), "{client}: {why}");
        }
    });
}

#[test]
fn s07_6_the_best_mx_bounces_mail_for_itself() {
    scenario(ZONE, |server, _| {
        let sender = Sink::listen("10.7.0.3:25");
        backup(server);
        deliver(server, OUTSIDE, "a@sender.test", RECIPIENT);
        let reason = "mail for the.backed-up.domain.name loops back to myself";
        let line = server.logged(&[&format!("to=<{RECIPIENT}>"), "relay=none"]);
        assert!(line.ends_with(&format!("dsn=5.4.6, status=bounced ({reason})")), "{line}");
        let text = sender.wait_for(1)[0].text();
        for part in [
            "Action: failed\n",
            "Status: 5.4.6\n",
            "Diagnostic-Code: X-Postfix; mail for the.backed-up.domain.name loops back to\n    myself\n",
        ] {
            assert!(text.contains(part), "the notice has no {part:?}:\n{text}");
        }
        server.wait_until_queue_empty(20);
    });
}

#[test]
fn s07_7_routes_through_the_backed_up_domain_are_refused() {
    scenario(ZONE, |server, _| {
        backup(server);
        for (sent, shown) in [
            ("user%x.test@the.backed-up.domain.name", "user%x.test@the.backed-up.domain.name"),
            ("x.test!user@the.backed-up.domain.name", "x.test!user@the.backed-up.domain.name"),
            ("\"user@x.test\"@the.backed-up.domain.name", "user@x.test@the.backed-up.domain.name"),
        ] {
            assert_eq!(ask(OUTSIDE, server.port, "a@sender.test", sent), refused(shown), "{sent}");
        }
        assert_eq!(ask(OUTSIDE, server.port, "a@sender.test", RECIPIENT), "250 2.1.5 Ok", "without a route");
    });
}
