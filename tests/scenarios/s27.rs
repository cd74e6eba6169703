//! S27: several instances, each with its own configuration and queue; reload.

use std::path::Path;

use waxwing_tests::{client::Client, server::Server, sink::Sink, waiting};

use crate::{instance::Instance, scenario};

const ZONE: &str = "
far.test        MX  10 mail.far.test
mail.far.test   A   10.27.0.9
";

/// Where `foo1` and `foo2` listen: addresses of interfaces, which Postfix asks for.
const ADDRESSES: [&str; 2] = ["192.0.2.1", "203.0.113.1"];

fn address(number: usize) -> &'static str {
    ADDRESSES[number - 1]
}

fn instance(server: &Server, number: usize, more: &str) -> Instance {
    let main = format!(
        "myhostname = foo{number}.my.test
inet_interfaces = {}
mydestination =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_banner = $myhostname ESMTP
{more}",
        address(number)
    );
    Instance::beside(server, &format!("foo{number}"), &main, "2527 inet n - n - - smtpd\n")
}

const HOLD: &str = "smtpd_end_of_data_restrictions = check_client_access static:HOLD\n";

fn deliver(number: usize, recipient: &str) {
    // Both listen on addresses of this host.
    let mut client = Client::between("127.0.0.1", &format!("{}:2527", address(number))).expect("it listens");
    assert!(client.reply().starts_with(&format!("220 foo{number}.my.test ")));
    assert!(client.command("EHLO client.test").starts_with("250"));
    let reply = client.mail("a@my.test", recipient, "Subject: mail\n\nbody\n");
    assert!(reply.starts_with("250 2.0.0 Ok: queued as "), "{reply}");
}

#[test]
fn s27_1_two_instances_have_queues_and_addresses_of_their_own() {
    scenario(ZONE, |server, _| {
        let far = Sink::listen("10.27.0.9:25");
        let (one, two) = (instance(server, 1, HOLD), instance(server, 2, ""));
        one.start();
        two.start();
        deliver(1, "held@far.test");
        deliver(2, "sent@far.test");
        let received = far.wait_for(1);
        assert!(received[0].recipients[0].contains("sent@far.test"), "{received:?}");
        assert!(received[0].client.starts_with(address(2)), "it comes from {}", received[0].client);
        assert!(received[0].helo.ends_with("foo2.my.test"), "{}", received[0].helo);
        let queue = one.mailq_with(&["held@far.test"]);
        assert!(!queue.contains("sent@far.test"), "{queue}");
        two.mailq_with(&["Mail queue is empty"]);
        assert!(one.log().contains("held@far.test") || !one.log().contains("sent@far.test"), "{}", one.log());
        assert!(!two.log().contains("held@far.test"), "{}", two.log());
    });
}

#[test]
fn s27_2_commands_act_on_the_instance_that_is_named() {
    scenario(ZONE, |server, _| {
        let later = "defer_transports = smtp\n";
        let (one, two) = (instance(server, 1, later), instance(server, 2, later));
        one.start();
        two.start();
        assert_eq!(one.says("postconf", &["-h", "myhostname"]), "foo1.my.test\n");
        assert_eq!(two.says("postconf", &["-h", "myhostname"]), "foo2.my.test\n");
        one.sendmail(Some("a@my.test"), "one@far.test");
        two.sendmail(Some("a@my.test"), "two@far.test");
        let queue = one.mailq_with(&["one@far.test"]);
        assert!(!queue.contains("two@far.test"), "{queue}");
        two.mailq_with(&["two@far.test"]);
        one.says("postsuper", &["-d", "ALL"]);
        one.mailq_with(&["Mail queue is empty"]);
        two.mailq_with(&["two@far.test"]);
    });
}

#[test]
fn s27_3_a_queue_has_one_instance() {
    scenario(ZONE, |server, _| {
        let one = instance(server, 1, "");
        one.start();
        let spool = one.directory.join("spool");
        let second = instance(server, 2, &format!("queue_directory = {}\n", spool.display()));
        second.postfix("start");
        // Postfix's start may say yes before its master says no.
        assert!(waiting::until_true(10, || !second.log().is_empty() || !one.log().is_empty()));
        std::thread::sleep(std::time::Duration::from_secs(2));
        assert_eq!(Instance::greeting("203.0.113.1:2527"), None, "the second one listens\n{}", second.log());
        assert!(
            Instance::greeting("192.0.2.1:2527").is_some_and(|line| line.contains("foo1")),
            "the first one is gone"
        );
    });
}

#[test]
fn s27_4_a_reload_takes_changes_over_and_drops_no_session() {
    scenario(ZONE, |server, _| {
        let one = instance(server, 1, "");
        one.start();
        let mut client = Client::between("127.0.0.1", "192.0.2.1:2527").expect("it listens");
        assert_eq!(client.reply(), "220 foo1.my.test ESMTP");
        assert!(client.command("EHLO client.test").starts_with("250"));
        assert_eq!(client.command("MAIL FROM:<a@my.test>"), "250 2.1.0 Ok");
        let main = std::fs::read_to_string(one.conf().join("main.cf")).expect("main.cf");
        let master = std::fs::read_to_string(one.conf().join("master.cf")).expect("master.cf");
        std::fs::write(one.conf().join("main.cf"), format!("{main}smtpd_banner = $myhostname changed\n"))
            .expect("main.cf");
        std::fs::write(one.conf().join("master.cf"), format!("{master}2528 inet n - n - - smtpd\n"))
            .expect("master.cf");
        assert!(one.postfix("reload"), "{}", one.log());
        let followed = |port: u16| {
            let changed = |line: String| line == "220 foo1.my.test changed";
            waiting::until_true(15, || Instance::greeting(&format!("192.0.2.1:{port}")).is_some_and(changed))
        };
        assert!(followed(2528), "the new service\n{}", one.log());
        assert!(followed(2527), "the old service\n{}", one.log());
        assert_eq!(client.command("RCPT TO:<b@far.test>"), "250 2.1.5 Ok");
        assert!(client.command("DATA").starts_with("354"));
        assert!(client.content("Subject: x\n").starts_with("250 2.0.0 Ok: queued as"));
    });
}

#[test]
fn s27_5_stop_ends_only_the_one_that_is_named() {
    scenario(ZONE, |server, _| {
        let (one, two) = (instance(server, 1, ""), instance(server, 2, ""));
        one.start();
        two.start();
        assert!(one.postfix("stop"));
        let gone = waiting::until_true(10, || Instance::greeting("192.0.2.1:2527").is_none());
        assert!(gone, "it still listens");
        assert!(!one.postfix("status") && two.postfix("status"));
        assert!(Instance::greeting("203.0.113.1:2527").is_some_and(|line| line == "220 foo2.my.test ESMTP"));
        let output = two.command("sendmail", &["-q"], Path::new("/dev/null"));
        assert!(output.status.success());
    });
}
