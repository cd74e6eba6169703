//! What smtp(8) makes of other servers' answers, and of the DNS about them, by the parameters that say so.

use waxwing_tests::{
    client::send_mail,
    server::Server,
    sink::{Answer, Sink},
};

use crate::scenario;

const ZONE: &str = "
two.test     MX  10 first.test
two.test     MX  20 second.test
first.test   A   10.8.1.1
second.test  A   10.8.1.2
one.test     A   10.8.1.1
many.test    A   10.8.2.1
many.test    A   10.8.2.2
many.test    A   10.8.2.3
";

fn send(server: &Server, sender: &str, recipient: &str) {
    let reply = send_mail("127.0.0.1", server.port, sender, recipient, "Subject: x\n\nbody\n");
    assert!(reply.starts_with("250 2.0.0 Ok: queued as "), "{reply}");
}

#[test]
fn smtp_dns_reply_filter_hides_records() {
    scenario(ZONE, |server, _| {
        let (first, second) = (Sink::listen("10.8.1.1:25"), Sink::listen("10.8.1.2:25"));
        server.table(
            "filter",
            "/^two\\.test\\. [0-9]+ IN MX 10 FIRST\\.test\\.$/ ignore\n/^one\\.test\\. / IGNORE\n/^many/ DROP\n",
        );
        server.main_cf("default_transport = smtp\nsmtp_dns_reply_filter = regexp:$config_directory/filter\n");
        server.start();
        send(server, "a@sender.test", "b@two.test");
        second.wait_for(1);
        assert_eq!(first.connections(), 0);
        let line = server.logged(&["/smtp[", "ignoring DNS RR: two.test. "]);
        assert!(line.ends_with(" IN MX 10 first.test."), "{line}");
        send(server, "a@sender.test", "b@one.test");
        server.logged(&[
            "to=<b@one.test>, relay=none, ",
            "dsn=4.7.0, status=deferred (Error looking up name=one.test type=A: DNS reply filter drops all results)",
        ]);
        send(server, "a@sender.test", "b@many.test");
        server.logged(&["/smtp[", "warning: smtp_dns_reply_filter: unknown DNS filter action: \"DROP\""]);
        server.logged(&[
            "to=<b@many.test>, ",
            "(Error looking up name=many.test type=A: Invalid DNS reply filter syntax)",
        ]);
    });
}

#[test]
fn smtp_dns_support_level_stands_above_disable_dns_lookups() {
    scenario(ZONE, |server, _| {
        let first = Sink::listen("10.8.1.1:25");
        server.main_cf("default_transport = smtp\ndisable_dns_lookups = yes\nsmtp_dns_support_level = enabled\n");
        server.start();
        send(server, "a@sender.test", "b@two.test");
        first.wait_for(1);
    });
}

#[test]
fn smtp_balance_inet_protocols_leaves_room_for_both() {
    let six: String = (1..=5).map(|n| format!("many.test AAAA fd00::{n}\n")).collect();
    scenario(&format!("{ZONE}{six}"), |server, _| {
        let settings = "default_transport = smtp\ninet_protocols = all\nsmtp_randomize_addresses = no\nsmtp_address_preference = ipv6\n";
        server.main_cf(&format!("{settings}smtp_mx_address_limit = 4\n"));
        server.start();
        send(server, "a@sender.test", "b@many.test");
        server.logged(&["to=<b@many.test>, ", "status=deferred"]);
        let log = server.log();
        let tried = |address: &str| {
            log.lines().filter(|line| line.contains(&format!("]: connect to many.test[{address}"))).count()
        };
        assert_eq!((tried("fd00:"), tried("10.8.2.")), (2, 2), "{}", server.log_end());
    });
}

#[test]
fn smtp_reply_filter_changes_what_a_server_said() {
    scenario(ZONE, |server, _| {
        let next = Sink::listen("10.8.1.1:25");
        next.script(|stage, line| match stage {
            "RCPT" if line.contains("<soft") => Some(Answer::Reply("550 5.1.1 grey, come back".into())),
            "RCPT" if line.contains("<odd") => Some(Answer::Reply("250-2.1.5 one\nnonsense\n250 2.1.5 two".into())),
            _ => None,
        });
        server.table(
            "filter",
            "/^550 (.*) grey, (.*)/ 450 4.7.1 $2\n/^250-SIZE/ 250-X\n!/^([2-5][0-9][0-9]($|[- ]))/ 250-filler\n",
        );
        server.main_cf("default_transport = smtp\nsmtp_reply_filter = pcre:$config_directory/filter\n");
        server.start();
        send(server, "a@sender.test", "soft@one.test");
        server.logged(&[
            "to=<soft@one.test>, ",
            "dsn=4.7.1, status=deferred (host one.test[10.8.1.1] said: 450 4.7.1 come back (in reply to RCPT TO command))",
        ]);
        send(server, "a@sender.test", "odd@one.test");
        let message = &next.wait_for(1)[0];
        assert!(!message.mail.contains("SIZE="), "{}", message.mail);
        server.logged(&["to=<odd@one.test>, ", "dsn=2.0.0, status=sent (250 2.0.0 Ok: sunk)"]);
        assert!(!server.log().contains("non-ESMTP response"));
    });
}

#[test]
fn smtp_discard_ehlo_keyword_address_maps_know_servers() {
    scenario(ZONE, |server, _| {
        let (first, second) = (Sink::listen("10.8.1.1:25"), Sink::listen("10.8.1.2:25"));
        first.offer(&["SIZE 10000", "DSN"]);
        second.offer(&["8BITMIME", "SIZE 10000", "DSN"]);
        let third = Sink::listen("10.8.2.1:25");
        third.offer(&["8BITMIME", "SIZE 10000", "DSN"]);
        server.table("discard", "10.8.1.1 dsn, SIZE\n10.8.2.1 xforward\n");
        server.main_cf(
            "default_transport = smtp\nsmtp_discard_ehlo_keywords = 8bitmime\n\
             smtp_discard_ehlo_keyword_address_maps = hash:$config_directory/discard\n",
        );
        server.start();
        send(server, "a@sender.test", "b@first.test");
        send(server, "a@sender.test", "b@second.test");
        send(server, "a@sender.test", "b@[10.8.2.1]");
        let said = |sink: &Sink| {
            let message = sink.wait_for(1).remove(0);
            (message.mail.contains(" SIZE="), message.recipients[0].contains("ORCPT"))
        };
        // No SIZE of what may have to be converted.
        assert_eq!([said(&first), said(&second), said(&third)], [(false, false), (false, true), (true, true)]);
    });
}

#[test]
fn smtp_quote_rfc821_envelope_can_be_left_out() {
    scenario(ZONE, |server, _| {
        let next = Sink::listen("10.8.1.1:25");
        server.main_cf("default_transport = smtp\nsmtp_quote_rfc821_envelope = no\n");
        server.start();
        send(server, "\"a b\"@sender.test", "\"c d\"@one.test");
        let message = &next.wait_for(1)[0];
        assert!(message.mail.starts_with("MAIL FROM:<a b@sender.test>"), "{}", message.mail);
        assert!(message.recipients[0].starts_with("RCPT TO:<c d@one.test>"), "{}", message.recipients[0]);
    });
}

#[test]
fn smtp_sender_dependent_authentication_logs_in_as_the_sender() {
    scenario(ZONE, |server, _| {
        let next = Sink::listen("10.8.1.1:25");
        next.offer(&["AUTH PLAIN"]);
        next.script(|stage, line| {
            // a:one and host:two in RFC 4616's form.
            let known = ["AUTH PLAIN AGEAb25l", "AUTH PLAIN AGhvc3QAdHdv"].contains(&line);
            (stage == "AUTH").then(|| Answer::Reply(if known { "235 2.7.0 in" } else { "535 5.7.8 no" }.into()))
        });
        server.table("passwords", "a@sender.test a:one\n@other.test x:y\none.test host:two\n");
        server.main_cf(
            "default_transport = smtp\nsmtp_sasl_auth_enable = yes\nsmtp_sasl_security_options =\n\
             smtp_sasl_password_maps = hash:$config_directory/passwords\nsmtp_send_dummy_mail_auth = yes\n\
             smtp_sender_dependent_authentication = yes\n",
        );
        server.start();
        send(server, "a@sender.test", "b@one.test");
        assert!(next.wait_for(1)[0].mail.ends_with(" AUTH=<>"), "{}", next.messages()[0].mail);
        send(server, "c@sender.test", "b@one.test");
        next.wait_for(2);
        send(server, "d@other.test", "b@one.test");
        server
            .logged(&["to=<b@one.test>, ", "SASL authentication failed; server one.test[10.8.1.1] said: 535 5.7.8 no"]);
        assert_eq!(next.connections(), 3, "a login belongs to its sender");
    });
}

#[test]
fn delivery_status_filters_change_outcomes() {
    scenario(ZONE, |server, _| {
        let next = Sink::listen("10.8.1.1:25");
        next.script(|stage, line| match stage {
            "RCPT" if line.contains("<hard") => Some(Answer::Reply("450 4.7.1 never".into())),
            "RCPT" if line.contains("<wrong") => Some(Answer::Reply("450 4.7.1 wrong".into())),
            _ => None,
        });
        server.table(
            "filter",
            "/^4(\\..* never .*)/ 5$1\n/^2\\.0\\.0 .*sunk/ 2.1.9 taken\n/wrong/ 2.0.0 fine\n/^4.* connect to 10.8.1.9.*/ 5.4.9 nobody there\n",
        );
        server.main_cf(
            "default_transport = smtp\nvirtual_mailbox_domains = box.test\nvirtual_mailbox_base = $queue_directory\n\
             virtual_mailbox_maps = inline:{user@box.test=none}\nvirtual_uid_maps = static:65534\nvirtual_gid_maps = static:65534\n\
             default_delivery_status_filter = pcre:$config_directory/filter\n",
        );
        server.start();
        send(server, "", "fine@one.test");
        server.logged(&["to=<fine@one.test>, ", "dsn=2.1.9, status=sent (taken)"]);
        send(server, "", "hard@one.test");
        server.logged(&[
            "to=<hard@one.test>, ",
            "dsn=5.7.1, status=bounced (host one.test[10.8.1.1] said: 450 4.7.1 never (in reply to RCPT TO command))",
        ]);
        send(server, "", "wrong@one.test");
        server.logged(&["/smtp[", "warning: smtp_delivery_status_filter: bad status code: 2.0.0 fine"]);
        server.logged(&[
            "to=<wrong@one.test>, ",
            "dsn=4.7.1, status=deferred (host one.test[10.8.1.1] said: 450 4.7.1 wrong",
        ]);
        send(server, "", "x@[10.8.1.9]");
        server.logged(&["to=<x@[10.8.1.9]>, ", "dsn=5.4.9, status=bounced (nobody there)"]);
    });
}
