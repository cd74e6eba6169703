//! Address verification over restarts, and in the log.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use waxwing_tests::{
    client::Client,
    server::Server,
    sink::{Answer, Sink},
    waiting,
};

use crate::scenario;

const MAIN_CF: &str = "\
default_transport = smtp
relayhost = [127.0.0.1]:2525
address_verify_poll_delay = 1s
smtpd_recipient_restrictions = reject_unverified_recipient, permit_mynetworks, reject
";

const GOOD: &str = "250 2.1.5 Ok";

fn next_server() -> Sink {
    let sink = Sink::listen("127.0.0.1:2525");
    sink.script(|stage, line| match (stage, line.contains("<bad"), line.contains("<busy")) {
        ("RCPT", true, _) => Some(Answer::Reply("550 5.1.1 no such user".into())),
        ("RCPT", _, true) => Some(Answer::Reply("450 4.2.0 come back later".into())),
        _ => None,
    });
    sink
}

/// The reply to RCPT TO.
fn ask(server: &Server, recipient: &str) -> String {
    let mut client = Client::ready("127.0.0.1", server.port);
    client.command("MAIL FROM:<a@sender.test>");
    client.command(&format!("RCPT TO:<{recipient}>"))
}

#[test]
fn verification_is_remembered_over_a_restart() {
    scenario("", |server, _| {
        let sink = next_server();
        server.main_cf(MAIN_CF);
        server.start();
        let bad = "450 4.1.1 <bad@a.test>: Recipient address rejected: unverified address: host 127.0.0.1[127.0.0.1] said: 550 \
                   5.1.1 no such user (in reply to RCPT TO command)";
        assert_eq!((ask(server, "good@a.test").as_str(), ask(server, "bad@a.test").as_str()), (GOOD, bad));
        server.stop();
        server.start();
        assert_eq!((ask(server, "good@a.test").as_str(), ask(server, "bad@a.test").as_str()), (GOOD, bad));
        assert_eq!(sink.connections(), 2, "one probe for each address");
        server.wait_until_queue_empty(5);
    });
}

#[test]
fn verification_in_memory_is_forgotten() {
    scenario("", |server, _| {
        let sink = next_server();
        server.main_cf(&format!("{MAIN_CF}address_verify_map =\n"));
        server.start();
        assert_eq!(ask(server, "good@a.test"), GOOD);
        assert_eq!(ask(server, "good@a.test"), GOOD);
        assert_eq!(sink.connections(), 1);
        server.stop();
        server.start();
        assert_eq!(ask(server, "good@a.test"), GOOD);
        assert_eq!(sink.connections(), 2);
    });
}

#[test]
fn verification_is_logged_and_leaves_nothing() {
    scenario("", |server, _| {
        let _sink = next_server();
        server.main_cf(MAIN_CF);
        server.start();
        for recipient in ["good@a.test", "bad@a.test", "busy@a.test"] {
            ask(server, recipient);
        }
        let relay = "relay=127.0.0.1[127.0.0.1]:2525, ";
        let said = "(host 127.0.0.1[127.0.0.1] said: ";
        for words in [
            ["to=<good@a.test>, ", relay, "dsn=2.1.5, status=deliverable (250 2.1.5 Ok)", ""],
            ["to=<bad@a.test>, ", relay, "dsn=5.1.1, status=undeliverable ", said],
            ["to=<busy@a.test>, ", relay, "dsn=4.2.0, status=undeliverable ", said],
        ] {
            let line = server.logged(&words);
            let id = line.split("]: ").nth(1).and_then(|rest| rest.split(':').next()).expect("a queue id");
            server.logged(&[id, "from=<double-bounce@mx.test>, size=", ", nrcpt=1 (queue active)"]);
            server.logged(&[id, ": removed"]);
        }
        server.logged(&["verify_cache full cleanup: retained=0 dropped=0 entries"]);
        server.wait_until_queue_empty(5);
        assert!(!server.log().contains("notification: "), "no notices about probes");
    });
}

#[test]
fn verification_goes_on_after_a_kill() {
    scenario("", |server, _| {
        // SIGKILL to Postfix would show nothing of ours.
        if server.is_postfix() {
            return;
        }
        let sink = next_server();
        let asked = Arc::new(AtomicBool::new(false));
        let at_rcpt = asked.clone();
        sink.script(move |stage, _| {
            (stage == "RCPT").then(|| {
                at_rcpt.store(true, Ordering::SeqCst);
                Answer::Hang
            })
        });
        server.main_cf(&format!("{MAIN_CF}address_verify_poll_count = 1\n"));
        server.start();
        assert!(ask(server, "good@a.test").contains("Address verification in progress"));
        assert!(waiting::until_true(20, || asked.load(Ordering::SeqCst)), "a probe is under way");
        assert_eq!(sink.connections(), 1);
        server.kill();
        sink.script(|_, _| None);
        server.start();
        assert!(waiting::until_true(20, || ask(server, "good@a.test") == GOOD), "{}", server.log_end());
        assert_eq!(sink.connections(), 2, "the probe that was left, and no second one");
        server.wait_until_queue_empty(5);
    });
}
