//! The queue's disk fills up: mail is put off, nothing accepted is lost, and when there is room again mail is taken again.

use waxwing_tests::{
    client::send_mail,
    dns::Dns,
    load::{self, Arrivals},
    namespace,
    sink::Sink,
    waiting,
};

use crate::{NEEDS, ZONE, mail_server};

fn message(n: usize, size: usize) -> String {
    format!("Subject: {n}\nX-Load: full-{n}\n\n{}", format!("{}\n", "x".repeat(70)).repeat(size / 71))
}

fn fills_up(size: usize, kib: u64) {
    fills_up_inside(size, kib, &format!("disk_full::a_full_disk_defers_messages_of_{size}"));
}

fn fills_up_inside(size: usize, kib: u64, name: &str) {
    namespace::inside_named(name.to_string(), NEEDS, |place| {
        let _dns = Dns::serve(ZONE);
        let (mut server, _) = mail_server(place, "message_size_limit = 1000000\n");
        place.small_disk(&server.queue_directory(), kib);
        server.give("spool");
        server.start();
        // The sink is down, so all that is accepted stays.
        let mut accepted = Vec::new();
        let mut refused = None;
        for n in 0..2000 {
            let reply = send_mail("127.0.0.1", server.port, "a@sender.test", "a@sink.test", &message(n, size));
            if !reply.starts_with("250") {
                refused = Some(reply);
                break;
            }
            accepted.push(format!("full-{n}"));
        }
        let refused = refused.expect("2000 messages cannot fit");
        assert!(refused.starts_with("452 4.3.1") || refused.starts_with("451 4.3.0"), "a full disk said: {refused}");
        assert!(accepted.len() > 3, "only {} messages fitted in {kib} KiB", accepted.len());
        assert!(server.lives(), "the server ended");
        let sink = Sink::listen("10.30.0.1:2599");
        let arrived = || {
            let mut arrivals = Arrivals::new();
            load::arrived_in_sink(&sink, &mut arrivals);
            arrivals
        };
        let all = waiting::until_true(90, || accepted.iter().all(|k| arrived().contains_key(k)));
        let missing: Vec<_> = accepted.iter().filter(|k| !arrived().contains_key(*k)).collect();
        assert!(all, "accepted and not delivered once the sink was up: {missing:?}\n{}", server.log());
        let again = || send_mail("127.0.0.1", server.port, "a@sender.test", "a@sink.test", &message(9999, size));
        assert!(waiting::until_true(30, || again().starts_with("250")), "there is room again, but: {}", again());
        waiting::until_true(10, || arrived().contains_key("full-9999"));
        assert!(arrived().contains_key("full-9999"));
        server.stop();
    });
}

#[test]
fn a_full_disk_defers_messages_of_20000() {
    fills_up(20000, 4096);
}

/// Above 256 KiB a message has a file of its own.
#[test]
fn a_full_disk_defers_messages_of_400000() {
    fills_up(400000, 8192);
}
