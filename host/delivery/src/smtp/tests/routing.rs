//! Which servers are tried, in which order, and what is said when none is left.

use hook::DnsReason;
use mail::Status;

use super::*;

fn mailbox(text: &'static str) -> Vec<Act> {
    [accepted(EHLO), vec![say(text)]].concat()
}

#[tokio::test]
async fn no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    drop(listener);
    let statuses = plain_agent().deliver(testing::request(&at(address), &["r@d.test"], MESSAGE)).await;
    let text = "connect to 127.0.0.1[127.0.0.1]:PORT: Connection refused".to_string();
    assert_eq!(brief(&statuses, address), [(Outcome::Deferred, "4.4.1".to_string(), text)]);
    assert_eq!((statuses[0].relay.as_str(), statuses[0].destination_failed), ("none", true));
}

#[tokio::test]
async fn the_next_server_takes_what_the_first_could_not() {
    let later = vec![say("421 4.3.2 later\r\n")];
    let mixed = {
        let mut script = hello(EHLO);
        script.extend([Expect("MAIL"), Expect("RCPT"), Expect("RCPT"), Expect("DATA")]);
        script.push(say("250 ok\r\n450 4.2.0 later\r\n250 ok\r\n354 go\r\n"));
        [script, vec![Content, say("250 first\r\n")]].concat()
    };
    for (first, expected) in [(later, ["250 second", "250 second"]), (mixed, ["250 second", "250 first"])] {
        let both = expected[1] == "250 second";
        let (one, first_server) = server(first).await;
        let second = if both {
            let mut script = hello(EHLO);
            script.extend([Expect("MAIL"), Expect("RCPT"), Expect("RCPT"), Expect("DATA")]);
            script.push(say("250 ok\r\n250 ok\r\n250 ok\r\n354 go\r\n"));
            [script, vec![Content, say("250 second\r\n")]].concat()
        } else {
            mailbox("250 second\r\n")
        };
        let (two, second_server) = server(second).await;
        let nexthop = format!("{}, {}", at(one), at(two));
        let statuses = plain_agent().deliver(testing::request(&nexthop, &["a@d.test", "b@d.test"], MESSAGE)).await;
        let texts: Vec<_> = statuses.iter().map(|status| status.text.as_str()).collect();
        assert_eq!(texts, expected);
        first_server.await.expect("the first script fits");
        second_server.await.expect("the second script fits");
    }
}

#[tokio::test]
async fn fallback_relay_after_all_others() {
    let (address, server) = server(mailbox("250 ok\r\n")).await;
    let zone = || Zone::default().failing("MX gone.test", DnsReason::NoSuchDomain);
    let main_cf = format!("smtp_fallback_relay = {}", at(address));
    let good = agent(&main_cf, zone(), FakeTables::default());
    let statuses = good.deliver(testing::request("gone.test", &["r@gone.test"], MESSAGE)).await;
    assert_eq!(statuses[0].outcome, Outcome::Delivered, "{}", statuses[0].text);
    server.await.expect("the script fits");

    let bad = agent("smtp_fallback_relay = nowhere.test", zone(), FakeTables::default());
    let statuses = bad.deliver(testing::request("gone.test", &["r@gone.test"], MESSAGE)).await;
    assert_eq!((statuses[0].outcome, statuses[0].status), (Outcome::Deferred, Status::temporary(3, 5)));
}

#[tokio::test]
async fn lookups_that_find_nothing() {
    let prefix = "Host or domain name not found. Name service error for name=";
    let zone = || {
        Zone::default()
            .failing("MX servfail.test", DnsReason::ServerFailure)
            .failing("MX refused.test", DnsReason::Refused)
            .failing("MX null.test", DnsReason::NullMx)
            .failing("MX a-only.test", DnsReason::NoData)
            .failing("A a-only.test", DnsReason::Timeout)
            .with("MX deadmx.test", &["10 nowhere.test"])
            .with("MX mixed.test", &["10 nowhere.test", "20 slow.test"])
            .failing("A slow.test", DnsReason::ServerFailure)
            .failing("AAAA slow.test", DnsReason::NoData)
    };
    let not_found = |name: &str| format!("{prefix}{name} type=AAAA: Host not found");
    let cases = [
        ("none.test", Outcome::Bounced, "5.4.4", not_found("none.test")),
        ("[none.test]", Outcome::Bounced, "5.4.4", not_found("none.test")),
        (
            "servfail.test",
            Outcome::Deferred,
            "4.4.3",
            format!("{prefix}servfail.test type=MX: Host not found, try again"),
        ),
        ("refused.test", Outcome::Bounced, "5.4.3", format!("{prefix}refused.test type=MX: Non-recoverable error")),
        ("null.test", Outcome::Bounced, "5.1.0", "Domain null.test does not accept mail (nullMX)".to_string()),
        ("a-only.test", Outcome::Deferred, "4.4.3", format!("{prefix}a-only.test type=A: Host not found, try again")),
        ("deadmx.test", Outcome::Bounced, "5.4.4", not_found("nowhere.test")),
        ("mixed.test", Outcome::Deferred, "4.4.3", format!("{prefix}slow.test type=A: Host not found, try again")),
    ];
    let agent = agent("", zone(), FakeTables::default());
    for (nexthop, outcome, status, text) in cases {
        let got = agent.deliver(testing::request(nexthop, &["r@d.test"], MESSAGE)).await.remove(0);
        let expected = (outcome, status.to_string(), text);
        assert_eq!((got.outcome, got.status.to_string(), got.text), expected, "{nexthop}");
        assert_eq!(got.relay, "none", "{nexthop}");
    }
    let patient = super::agent("smtp_defer_if_no_mx_address_found = yes", zone(), FakeTables::default());
    let got = patient.deliver(testing::request("deadmx.test", &["r@d.test"], MESSAGE)).await.remove(0);
    assert_eq!((got.outcome, got.status), (Outcome::Deferred, Status::temporary(4, 4)));
    let mut relayed = super::agent("relayhost = none.test", zone(), FakeTables::default());
    let got = relayed.deliver(testing::request("none.test", &["r@d.test"], MESSAGE)).await.remove(0);
    assert_eq!((got.outcome, got.status), (Outcome::Deferred, Status::temporary(3, 5)), "relayhost never bounces");
    relayed = super::agent("", zone(), FakeTables::default());
    let got = relayed.deliver(testing::request("[broken", &["r@d.test"], MESSAGE)).await.remove(0);
    assert_eq!((got.status, got.text.as_str()), (Status::temporary(3, 0), "unknown mail transport error"));
}

#[tokio::test]
async fn mail_that_would_loop() {
    let zone = Zone::default()
        .with("MX loop.test", &["10 me.test"])
        .with("MX backup.test", &["10 dead.test", "20 me.test"])
        .with("A me.test", &["192.0.2.25"]);
    let mut tables = FakeTables::default();
    tables.0.insert(("inet_interfaces", "192.0.2.25"), "");
    let agent = agent("", zone, tables);
    let cases = [
        ("loop.test", Outcome::Bounced, "5.4.6", "mail for loop.test loops back to myself"),
        ("[me.test]", Outcome::Bounced, "5.4.6", "mail for me.test loops back to myself"),
        ("backup.test", Outcome::Deferred, "4.4.4", "unable to find primary relay for backup.test"),
    ];
    for (nexthop, outcome, status, text) in cases {
        let got = agent.deliver(testing::request(nexthop, &["r@d.test"], MESSAGE)).await.remove(0);
        assert_eq!((got.outcome, got.status.to_string(), got.text.as_str()), (outcome, status.to_string(), text));
    }
}

#[tokio::test]
async fn address_limit_and_order() {
    // 127.0.0.2 and up refuse; the limit keeps the third from being tried.
    let (address, server) = server(mailbox("250 ok\r\n")).await;
    let port = address.port();
    let zone = || Zone::default().with("A many.test", &["127.0.0.2", "127.0.0.3", "127.0.0.1"]);
    let nexthop = format!("[many.test]:{port}");
    let short = agent("smtp_mx_address_limit = 2", zone(), FakeTables::default());
    let got = short.deliver(testing::request(&nexthop, &["r@d.test"], MESSAGE)).await.remove(0);
    assert_eq!(got.text, format!("connect to many.test[127.0.0.3]:{port}: Connection refused"));
    let long = agent("", zone(), FakeTables::default());
    let got = long.deliver(testing::request(&nexthop, &["r@d.test"], MESSAGE)).await.remove(0);
    assert_eq!((got.outcome, got.relay), (Outcome::Delivered, format!("many.test[127.0.0.1]:{port}")));
    server.await.expect("the script fits");
}

#[tokio::test]
async fn session_limit_ends_the_search() {
    let busy = || {
        let mut script = hello(PLAIN_EHLO);
        script.extend([Expect("MAIL"), say("451 4.3.0 later\r\n")]);
        script
    };
    let (one, _first) = server(busy()).await;
    let zone = Zone::default().with("A x.test", &["127.0.0.1", "127.0.0.2"]);
    let agent = agent("smtp_mx_session_limit = 1", zone, FakeTables::default());
    let got =
        agent.deliver(testing::request(&format!("[x.test]:{}", one.port()), &["r@d.test"], MESSAGE)).await.remove(0);
    assert_eq!(got.text, "host x.test[127.0.0.1] said: 451 4.3.0 later (in reply to MAIL FROM command)");
    assert_eq!(got.relay, format!("x.test[127.0.0.1]:{}", one.port()), "the last server's word");
}
