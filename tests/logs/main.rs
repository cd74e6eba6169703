//! The log, read by the tool admins use: pflogsumm counts the same of Waxwing as of Postfix, and counts right.

mod compatibility;

use std::{collections::BTreeMap, fs, process::Command};

use waxwing_tests::{
    client::{ask, send_mail},
    dns::Dns,
    namespace,
    needs::Need,
    server::{Server, both},
    sink::{Answer, Sink},
    waiting,
};

const ZONE: &str = "
sender.test A 10.40.0.9
";

/// The grand totals: received 11, delivered 7 ...
fn totals(server: &Server) -> BTreeMap<String, u64> {
    let path = server.directory.join("mail.log");
    let output = Command::new("/usr/sbin/pflogsumm").arg(&path).output().expect("pflogsumm runs");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let wanted = [
        "received",
        "delivered",
        "forwarded",
        "deferred",
        "bounced",
        "rejected",
        "held",
        "discarded",
        "senders",
        "recipients",
    ];
    let mut found = BTreeMap::new();
    for line in text.lines() {
        let mut words = line.split_whitespace();
        let (Some(count), Some(word)) = (words.next(), words.next()) else { continue };
        if let (Ok(count), true) = (count.parse(), wanted.contains(&word)) {
            found.entry(word.to_string()).or_insert(count);
        }
    }
    fs::write(server.directory.join("pflogsumm"), text).expect("write");
    found
}

fn mixed_load(server: &Server) {
    let mail = "Subject: x\n\nbody\n";
    let send = |recipient: &str| send_mail("127.0.0.1", server.port, "a@sender.test", recipient, mail);
    for n in 0..5 {
        assert!(send(&format!("ok{n}@sink.test")).starts_with("250"));
    }
    for recipient in ["later@sink.test", "later2@sink.test", "never@sink.test", "never2@sink.test", "held@sink.test"] {
        assert!(send(recipient).starts_with("250"), "{recipient}");
    }
    for recipient in ["x@elsewhere.test", "y@elsewhere.test", "z@elsewhere.test"] {
        assert!(ask("198.51.100.9", server.port, "a@sender.test", recipient).starts_with("554"), "{recipient}");
    }
    assert!(ask("198.51.100.9", server.port, "a@sender.test", "u@notnow.test").starts_with("450"));
    assert!(send("thrown@away.test").starts_with("250"));
}

#[test]
fn pflogsumm_counts_right() {
    namespace::inside(&[Need::Postfix, Need::Waxwing, Need::Pflogsumm], |place| {
        let _dns = Dns::serve(ZONE);
        both(place, |server| {
            let (next, sender) = (Sink::listen("10.40.0.1:25"), Sink::listen("10.40.0.9:25"));
            next.script(|stage, line| match stage {
                "RCPT" if line.contains("later") => Some(Answer::Reply("450 4.2.1 mailbox busy".into())),
                "RCPT" if line.contains("never") => Some(Answer::Reply("550 5.1.1 no such user".into())),
                _ => None,
            });
            server.main_cf(
                "default_transport = smtp
relay_transport = relay
relay_domains = sink.test, away.test, notnow.test
transport_maps = inline:{sink.test=smtp:[10.40.0.1], away.test=discard:}
smtpd_relay_restrictions = permit_mynetworks, check_recipient_access inline:{{notnow.test=450 4.7.1 not now}}, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access inline:{held@sink.test=HOLD}
",
            );
            server.start();
            mixed_load(server);
            next.wait_for(5);
            sender.wait_for(2);
            let settled = waiting::until_true(20, || server.log().matches("status=deferred").count() >= 2);
            assert!(settled, "two messages are deferred");
            std::thread::sleep(std::time::Duration::from_secs(1));
            let expected = [
                // What came by SMTP: pflogsumm leaves the two notices out.
                ("received", 11),
                // 5 to the sink, 2 notices, 1 thrown away.
                ("delivered", 8),
                ("forwarded", 0),
                ("deferred", 2),
                ("bounced", 2),
                ("rejected", 4),
                ("held", 1),
                ("discarded", 0),
                ("recipients", 7),
                ("senders", 1),
            ];
            let found = totals(server);
            let wrong: Vec<_> = expected.iter().filter(|(word, n)| found.get(*word) != Some(n)).collect();
            let report = fs::read_to_string(server.directory.join("pflogsumm")).unwrap_or_default();
            assert!(wrong.is_empty(), "expected {wrong:?}, found {found:?}\n{report}\n{}", server.log());
        });
    });
}
