//! S07: a backup MX.

use waxwing_tests::{
    client::{ask, send_mail},
    server::Server,
    sink::Sink,
    waiting,
};

use crate::{SHORT_TIMES, scenario};

const ZONE: &str = "
the.backed-up.domain.name   MX  50  primary.there.test
the.backed-up.domain.name   MX  100 your.machine.name
the.backed-up.domain.name   MX  200 third.there.test
primary.there.test          A   10.7.0.1
third.there.test            A   10.7.0.2
your.machine.name           A   10.7.0.99
sender.test                 MX  10  mail.sender.test
mail.sender.test            A   10.7.0.3
";
const OUTSIDE: &str = "198.51.100.9";
const RECIPIENT: &str = "user@the.backed-up.domain.name";

fn backup(server: &mut Server, more: &str) {
    server.main_cf(&format!(
        "compatibility_level = 3.6
smtpd_relay_restrictions =
myhostname = your.machine.name
mydestination = $myhostname
inet_interfaces = 127.0.0.1, 10.7.0.99
relay_domains = $mydestination the.backed-up.domain.name
smtpd_recipient_restrictions = permit_mynetworks check_relay_domains
default_transport = smtp
relay_transport = relay
smtp_connect_timeout = 3s
{SHORT_TIMES}{more}"
    ));
    server.start();
}

fn send(server: &Server) {
    let reply = send_mail(OUTSIDE, server.port, "a@sender.test", RECIPIENT, "Subject: backup\n\nbody\n");
    assert!(reply.starts_with("250 2.0.0 Ok: queued as "), "{reply}");
}

#[test]
fn s07_1_goes_to_the_better_mx_only() {
    scenario(ZONE, |server, _| {
        let (primary, third) = (Sink::listen("10.7.0.1:25"), Sink::listen("10.7.0.2:25"));
        backup(server, "");
        send(server);
        let received = &primary.wait_for(1)[0];
        assert!(received.recipients[0].starts_with(&format!("RCPT TO:<{RECIPIENT}>")), "{received:?}");
        server.wait_until_queue_empty(20);
        assert_eq!((primary.messages().len(), third.connections()), (1, 0));
    });
}

#[test]
fn s07_2_deferred_while_the_better_mx_is_down_then_delivered() {
    scenario(ZONE, |server, _| {
        let third = Sink::listen("10.7.0.2:25");
        backup(server, "");
        send(server);
        let log = server.logged(&["status=deferred", RECIPIENT]);
        assert!(log.contains("dsn=4.4.1") && log.contains("Connection refused"), "{log}");
        let deferred = waiting::until(10, || server.queue().into_iter().find(|m| m["queue_name"] == "deferred"));
        let deferred = deferred.unwrap_or_else(|| panic!("not in the deferred queue: {:?}", server.queue()));
        assert_eq!(deferred["recipients"][0]["address"], RECIPIENT, "{deferred}");
        let primary = Sink::listen("10.7.0.1:25");
        primary.wait_for(1);
        server.wait_until_queue_empty(20);
        assert_eq!((primary.messages().len(), third.connections()), (1, 0), "no other host may get it");
    });
}

#[test]
fn s07_2_bounced_after_maximal_queue_lifetime() {
    scenario(ZONE, |server, _| {
        let sender = Sink::listen("10.7.0.3:25");
        backup(server, "maximal_queue_lifetime = 3s\nbounce_queue_lifetime = 3s\n");
        send(server);
        let bounce = &sender.wait_for(1)[0];
        assert!(bounce.mail.starts_with("MAIL FROM:<>"), "{bounce:?}");
        assert!(bounce.recipients[0].starts_with("RCPT TO:<a@sender.test>"), "{bounce:?}");
        let text = bounce.text();
        for part in [
            "From: Mail Delivery System <MAILER-DAEMON@your.machine.name>\n",
            "To: a@sender.test\n",
            "Subject: Undelivered Mail Returned to Sender\n",
            "Content-Type: multipart/report; report-type=delivery-status;",
            &format!("Final-Recipient: rfc822; {RECIPIENT}\n"),
            "Action: failed\n",
            "Status: 4.4.1\n",
            "Reporting-MTA: dns; your.machine.name\n",
            "\nSubject: backup\n",
        ] {
            assert!(text.contains(part), "the notice has no {part:?}:\n{text}");
        }
        server.wait_until_queue_empty(20);
        assert_eq!(sender.messages().len(), 1, "one notice only");
        server.logged(&["status=expired, returned to sender"]);
    });
}

#[test]
fn s07_3_other_domains_are_refused() {
    scenario(ZONE, |server, _| {
        backup(server, "");
        let reply = ask(OUTSIDE, server.port, "a@sender.test", "x@other.test");
        assert_eq!(reply, "554 5.7.1 <x@other.test>: Recipient address rejected: Relay access denied");
    });
}
