//! S21: masquerading with exceptions.

use waxwing_tests::{client::Client, server::Server, sink::Sink};

use crate::scenario;

const MAIN: &str = "\
myhostname = gw.my.domain
mydomain = my.domain
myorigin = $myhostname
append_dot_mydomain = yes
append_at_myorigin = yes
relayhost = [127.0.0.1]:2525
default_transport = smtp
masquerade_exceptions = root
";

/// What the next server gets of a message: MAIL and RCPT command, header.
fn sent(server: &Server, sink: &Sink, client: &str, sender: &str, recipient: &str, header: &str) -> String {
    let before = sink.messages().len();
    let mut session = Client::ready(client, server.port);
    let reply = session.mail(sender, recipient, &format!("{header}\nbody\n"));
    assert!(reply.starts_with("250 2.0.0 Ok"), "{reply}");
    session.quit();
    let message = sink.wait_for(before + 1).pop().expect("it came");
    let header = message.text();
    let lines: Vec<&str> = header.split("\n\n").next().unwrap_or_default().lines().collect();
    let kept = lines.iter().filter(|l| ["From:", "To:", "Cc:"].iter().any(|name| l.starts_with(name)));
    let mail = message.mail.split(" SIZE").next().unwrap_or_default().to_string();
    let rcpt = message.recipients[0].split(" ORCPT").next().unwrap_or_default().to_string();
    [mail, rcpt].into_iter().chain(kept.map(|l| l.to_string())).collect::<Vec<_>>().join("\n")
}

#[test]
fn s21_1_hosts_are_hidden_in_envelope_sender_and_headers() {
    scenario("", |server, _| {
        let sink = Sink::listen("127.0.0.1:2525");
        server.main_cf(&format!("{MAIN}masquerade_domains = $mydomain\n"));
        server.start();
        assert_eq!(
            sent(
                server,
                &sink,
                "127.0.0.1",
                "joe@ws1.my.domain",
                "x@out.test",
                "From: joe@ws1.my.domain\nTo: x@out.test\nCc: Jim <jim@ws2.my.domain>\n"
            ),
            "MAIL FROM:<joe@my.domain>\nRCPT TO:<x@out.test>\nFrom: joe@my.domain\nTo: x@out.test\nCc: Jim <jim@my.domain>"
        );
    });
}

#[test]
fn s21_2_and_3_exceptions_and_recipients_stay() {
    scenario("", |server, _| {
        let sink = Sink::listen("127.0.0.1:2525");
        server.main_cf(&format!("{MAIN}masquerade_domains = $mydomain\n"));
        server.start();
        assert_eq!(
            sent(
                server,
                &sink,
                "127.0.0.1",
                "root@ws1.my.domain",
                "user@ws1.my.domain",
                "From: root@ws1.my.domain\nTo: x@y.test\n"
            ),
            "MAIL FROM:<root@ws1.my.domain>\nRCPT TO:<user@ws1.my.domain>\nFrom: root@ws1.my.domain\nTo: x@y.test"
        );
    });
}

#[test]
fn s21_4_the_first_domain_wins() {
    scenario("", |server, _| {
        let sink = Sink::listen("127.0.0.1:2525");
        let orders = [
            ("somehost.my.domain otherhost.my.domain $mydomain", "joe@somehost.my.domain"),
            ("$mydomain somehost.my.domain", "joe@my.domain"),
        ];
        for (number, (domains, expected)) in orders.into_iter().enumerate() {
            let lines = format!("{MAIN}masquerade_domains = {domains}\n");
            if number == 0 {
                server.main_cf(&lines);
                server.start();
            } else {
                server.reconfigure(&lines, number);
            }
            let header = "From: f@b.test\nTo: x@y.test\n";
            let sent = sent(server, &sink, "127.0.0.1", "joe@a.somehost.my.domain", "x@out.test", header);
            assert!(sent.starts_with(&format!("MAIL FROM:<{expected}>\n")), "{domains}: {sent}");
        }
    });
}

#[test]
fn s21_5_names_are_completed_first() {
    scenario("", |server, _| {
        let sink = Sink::listen("127.0.0.1:2525");
        server.main_cf(&format!("{MAIN}masquerade_domains = $mydomain\n"));
        server.start();
        let sent = sent(server, &sink, "127.0.0.1", "joe", "x@out.test", "From: joe\nTo: jim@ws2\n");
        assert_eq!(sent, "MAIL FROM:<joe@my.domain>\nRCPT TO:<x@out.test>\nFrom: joe@my.domain\nTo: jim@my.domain");
    });
}

#[test]
fn s21_6_headers_of_remote_clients_stay() {
    scenario("", |server, _| {
        let sink = Sink::listen("127.0.0.1:2525");
        server.main_cf(&format!("{MAIN}masquerade_domains = $mydomain\nmynetworks = 127.0.0.0/8 198.51.100.0/24\n"));
        server.start();
        let sent = sent(
            server,
            &sink,
            "198.51.100.7",
            "joe@ws1.my.domain",
            "x@out.test",
            "From: joe@ws1.my.domain\nTo: jim\n",
        );
        assert_eq!(sent, "MAIL FROM:<joe@my.domain>\nRCPT TO:<x@out.test>\nFrom: joe@ws1.my.domain\nTo: jim");
    });
}
