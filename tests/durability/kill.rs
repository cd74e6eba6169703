//! SIGKILL at random moments under load. WAXWING_KILLS says how many; 20 without it.

use std::{
    env, thread,
    time::{Duration, SystemTime},
};

use waxwing_tests::{
    dns::Dns,
    load::{self, Arrivals, Load},
    namespace,
    needs::say,
    sink::Sink,
    waiting,
};

use crate::{NEEDS, ZONE, mail_server};

/// A delivery this close before a kill may not have its mark on disk yet.
const IN_FLIGHT: Duration = Duration::from_secs(1);

#[test]
fn killed_at_random_moments_loses_nothing() {
    namespace::inside(NEEDS, |place| {
        let kills: usize = env::var("WAXWING_KILLS").map_or(20, |n| n.parse().expect("WAXWING_KILLS is a number"));
        let _dns = Dns::serve(ZONE);
        let sink = Sink::listen("10.30.0.1:2599");
        let (mut server, maildir) = mail_server(place, "");
        server.start();
        let load = Load::start(server.port, 6, &["a@box.test", "a@sink.test"], 3000, Duration::from_millis(5));
        let mut killed = Vec::new();
        for n in 0..kills {
            let before = load.promised_so_far();
            // Some kills strike the start itself; most strike a server that takes mail.
            if n % 8 != 7 {
                waiting::until_true(20, || load.promised_so_far() > before);
            }
            thread::sleep(Duration::from_millis(random() % 400));
            server.kill();
            killed.push(SystemTime::now());
            server.start();
        }
        thread::sleep(Duration::from_secs(1));
        let (promised, refused) = load.finish();
        let arrivals = || {
            let mut arrivals = Arrivals::new();
            load::arrived_in_maildir(&maildir, &mut arrivals);
            load::arrived_in_sink(&sink, &mut arrivals);
            arrivals
        };
        let all_there = |a: &Arrivals| promised.iter().all(|key| a.contains_key(key));
        waiting::until_true(60, || all_there(&arrivals()));
        let drained = waiting::until_true(30, || server.queue().is_empty());
        let arrived = arrivals();
        let lost: Vec<&String> = promised.iter().filter(|key| !arrived.contains_key(*key)).collect();
        let twice: Vec<_> = arrived.iter().filter(|(_, times)| times.len() > 1).collect();
        let in_flight = |times: &[SystemTime]| {
            let first = times.iter().min().expect("it arrived");
            killed.iter().any(|k| k.duration_since(*first).is_ok_and(|since| since < IN_FLIGHT))
        };
        let unexplained: Vec<_> = twice.iter().filter(|(_, times)| !in_flight(times)).collect();
        say(&format!(
            "RESULT {kills} kills: {} promised, {} arrived, {} lost, {} twice, {} of them not in flight",
            promised.len(),
            arrived.len(),
            lost.len(),
            twice.len(),
            unexplained.len()
        ));
        assert!(promised.len() > kills, "too little mail to say anything: {}", promised.len());
        assert!(lost.is_empty(), "promised and lost: {lost:?}");
        assert!(unexplained.is_empty(), "delivered twice without a kill near: {unexplained:?}");
        assert!(drained, "left in the queue: {:?}", server.queue());
        assert!(refused.iter().all(|r| r.starts_with('4')), "a restart may defer, never reject: {refused:?}");
        server.stop();
    });
}

/// Milliseconds nobody can foresee; the test does not depend on which.
fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(SystemTime::now())
}
