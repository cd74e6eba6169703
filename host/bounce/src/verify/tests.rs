//! Questions and reports with a clock that is moved by hand and a queue that only remembers.

use std::{
    path::Path,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use hook::{BoxFuture, Clock, Probe, ProbeStatus};
use mail::Envelope;

use super::*;
use crate::{BounceError, Submit};

const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;
const IN_PROGRESS: &str = "Address verification in progress";

struct HandClock(Mutex<Duration>);

impl Clock for HandClock {
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH + self.monotonic()
    }
    fn monotonic(&self) -> Duration {
        *self.0.lock().expect("no panic under the lock")
    }
}

#[derive(Default)]
struct Probes {
    sent: Mutex<Vec<Envelope>>,
    full: Mutex<bool>,
}

impl Submit for Probes {
    fn submit(&self, envelope: Envelope, content: Vec<u8>) -> BoxFuture<'_, Result<String, String>> {
        assert_eq!(content.len(), 0);
        Box::pin(async move {
            if *self.full.lock().expect("lock") {
                return Err("queue file write error".into());
            }
            self.sent.lock().expect("lock").push(envelope);
            Ok("PROBE".into())
        })
    }
}

struct Scene {
    clock: Arc<HandClock>,
    probes: Arc<Probes>,
    verify: Arc<Verify>,
}

fn settings(main_cf: &str) -> Result<Settings, BounceError> {
    let rows = &[config::parameters::PARAMETERS, parameters::PARAMETERS];
    let config =
        config::Config::from_text(&format!("myhostname = mx.test\n{main_cf}\n"), rows).expect("a good main.cf");
    Settings::new(&config, |address| if address.contains('@') { address.into() } else { format!("{address}@mx.test") })
}

impl Scene {
    /// In memory.
    fn new(main_cf: &str) -> Self {
        Self::with(&format!("address_verify_map =\n{main_cf}"))
    }

    fn with(main_cf: &str) -> Self {
        let clock = Arc::new(HandClock(Mutex::new(Duration::from_secs(1_795_308_975))));
        let probes = Arc::new(Probes::default());
        let verify = Verify::new(settings(main_cf).expect("usable"), None, probes.clone(), clock.clone());
        Self { clock, probes, verify }
    }

    fn later(&self, seconds: u64) {
        *self.clock.0.lock().expect("lock") += Duration::from_secs(seconds);
    }

    /// The answer; whoever has to wait for it waits in no time.
    async fn ask(&self, address: &str) -> (ProbeStatus, String) {
        let Probe { status, text } = self.verify.query(address, false).await.expect("an answer");
        // What was spawned runs now.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        (status, text)
    }

    async fn tell(&self, address: &str, status: ProbeStatus, text: &str) {
        self.verify.report(address, status, text).await.expect("kept");
    }

    /// How many probes were sent.
    fn sent(&self) -> usize {
        self.probes.sent.lock().expect("lock").len()
    }
}

fn answer(status: ProbeStatus, text: &str) -> (ProbeStatus, String) {
    (status, text.to_string())
}

#[tokio::test(start_paused = true)]
async fn one_probe_and_its_answer() {
    let scene = Scene::new("");
    let begin = tokio::time::Instant::now();
    assert_eq!(scene.ask("a@x.test").await, answer(ProbeStatus::InProgress, IN_PROGRESS));
    assert_eq!(begin.elapsed().as_secs(), 6, "asked three times, three seconds apart");
    assert_eq!(scene.ask("a@x.test").await.0, ProbeStatus::InProgress);
    assert_eq!(scene.sent(), 1, "one is enough while it is under way");
    let probe = scene.probes.sent.lock().expect("lock")[0].clone();
    assert_eq!((probe.sender.as_str(), probe.recipients[0].address.as_str()), ("double-bounce@mx.test", "a@x.test"));
    assert!(probe.probe && probe.internal && probe.client.local && !probe.smtputf8);
    scene.tell("a@x.test", ProbeStatus::Undeliverable, "host x said:\n550 no").await;
    assert_eq!(scene.ask("a@x.test").await, answer(ProbeStatus::Undeliverable, "host x said: 550 no"));
    assert_eq!(scene.sent(), 1);
    assert_eq!(scene.ask("A@x.test").await.0, ProbeStatus::InProgress, "another address");
}

#[tokio::test(start_paused = true)]
async fn a_lost_probe_is_sent_again_after_a_while() {
    let scene = Scene::new("");
    scene.ask("a@x.test").await;
    scene.later(1000);
    scene.ask("a@x.test").await;
    assert_eq!(scene.sent(), 1);
    scene.later(1);
    scene.ask("a@x.test").await;
    assert_eq!(scene.sent(), 2);
}

#[tokio::test(start_paused = true)]
async fn who_waits_hears_at_once() {
    let scene = Scene::new("");
    let begin = tokio::time::Instant::now();
    let (verify, teller) = (scene.verify.clone(), scene.verify.clone());
    let asking = tokio::spawn(async move { verify.query("a@x.test", false).await });
    tokio::time::sleep(Duration::from_millis(1500)).await;
    teller.report("a@x.test", ProbeStatus::Deliverable, "250 ok").await.expect("kept");
    let probe = asking.await.expect("no panic").expect("an answer");
    assert_eq!((probe.status, begin.elapsed().as_millis()), (ProbeStatus::Deliverable, 1500));
}

#[tokio::test(start_paused = true)]
async fn under_stress_nobody_waits() {
    let scene = Scene::new("");
    let begin = tokio::time::Instant::now();
    let probe = scene.verify.query("a@x.test", true).await.expect("an answer");
    assert_eq!((probe.status, begin.elapsed().as_secs()), (ProbeStatus::InProgress, 0));
}

#[tokio::test(start_paused = true)]
async fn refresh_and_expiry_of_good_addresses() {
    let scene = Scene::new("");
    scene.tell("a@x.test", ProbeStatus::Deliverable, "250 ok").await;
    scene.later(7 * DAY);
    scene.ask("a@x.test").await;
    assert_eq!(scene.sent(), 0, "not older than 7 days");
    scene.later(1);
    assert_eq!(scene.ask("a@x.test").await.0, ProbeStatus::Deliverable, "the old answer, while it is refreshed");
    assert_eq!(scene.sent(), 1);
    scene.tell("a@x.test", ProbeStatus::Undeliverable, "550 no").await;
    assert_eq!(scene.ask("a@x.test").await.0, ProbeStatus::Deliverable, "a failure does not count yet");
    assert_eq!(scene.sent(), 1, "nor is it asked again at once");
    scene.later(1001);
    scene.ask("a@x.test").await;
    assert_eq!(scene.sent(), 2);
    scene.later(25 * DAY);
    assert_eq!(scene.ask("a@x.test").await.0, ProbeStatus::InProgress, "expired");
    scene.tell("a@x.test", ProbeStatus::Undeliverable, "550 no").await;
    assert_eq!(scene.ask("a@x.test").await.0, ProbeStatus::Undeliverable);
}

#[tokio::test(start_paused = true)]
async fn refresh_and_expiry_of_bad_addresses() {
    let scene = Scene::new("address_verify_negative_expire_time = 1h\naddress_verify_negative_refresh_time = 10m");
    scene.tell("a@x.test", ProbeStatus::Unreachable, "timed out").await;
    scene.later(600);
    assert_eq!((scene.ask("a@x.test").await.0, scene.sent()), (ProbeStatus::Unreachable, 0));
    scene.later(1);
    assert_eq!((scene.ask("a@x.test").await.0, scene.sent()), (ProbeStatus::Unreachable, 1));
    scene.tell("a@x.test", ProbeStatus::Undeliverable, "550 no").await;
    scene.later(HOUR + 1);
    assert_eq!((scene.ask("a@x.test").await.0, scene.sent()), (ProbeStatus::InProgress, 2));
    scene.tell("a@x.test", ProbeStatus::Deliverable, "250 ok").await;
    assert_eq!(scene.ask("a@x.test").await.0, ProbeStatus::Deliverable, "success always counts");
}

#[tokio::test(start_paused = true)]
async fn failures_are_not_remembered_when_they_should_not_be() {
    let scene = Scene::new("address_verify_negative_cache = no\naddress_verify_poll_count = 1");
    scene.ask("a@x.test").await;
    scene.ask("a@x.test").await;
    assert_eq!(scene.sent(), 1, "none while one is under way");
    scene.tell("a@x.test", ProbeStatus::Undeliverable, "550 no").await;
    assert_eq!((scene.ask("a@x.test").await.0, scene.sent()), (ProbeStatus::InProgress, 2));
    scene.tell("a@x.test", ProbeStatus::Deliverable, "250 ok").await;
    assert_eq!((scene.ask("a@x.test").await.0, scene.sent()), (ProbeStatus::Deliverable, 2));
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_is_not_kept_starts_no_storm() {
    let scene = Scene::new("address_verify_negative_cache = no");
    let verify = scene.verify.clone();
    let asking = tokio::spawn(async move { verify.query("a@x.test", false).await });
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        scene.tell("a@x.test", ProbeStatus::Undeliverable, "550 no").await;
    }
    assert_eq!(asking.await.expect("no panic").map(|probe| probe.status), Ok(ProbeStatus::InProgress));
    assert_eq!(scene.sent(), 3, "one for each time the cache was asked");
}

#[tokio::test(start_paused = true)]
async fn a_probe_that_is_not_queued_is_tried_again() {
    let scene = Scene::new("");
    *scene.probes.full.lock().expect("lock") = true;
    assert_eq!(scene.ask("a@x.test").await.0, ProbeStatus::InProgress);
    *scene.probes.full.lock().expect("lock") = false;
    scene.ask("a@x.test").await;
    assert_eq!(scene.sent(), 1);
}

#[tokio::test]
async fn the_file_outlives_the_server() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("verify_cache");
    let main_cf = format!("address_verify_map = btree:{}\naddress_verify_poll_count = 1", path.display());
    {
        let scene = Scene::with(&main_cf);
        assert_eq!(scene.ask("a@x.test").await.0, ProbeStatus::InProgress);
        scene.tell("a@x.test", ProbeStatus::Deliverable, "250 ok").await;
        scene.tell("b@x.test", ProbeStatus::Undeliverable, "550 no: not here").await;
        scene.ask("c@x.test").await;
        let reloaded = settings(&format!("{main_cf}\naddress_verify_negative_expire_time = 1s")).expect("usable");
        let next = Verify::new(reloaded, Some(&scene.verify), scene.probes.clone(), scene.clock.clone());
        assert_eq!(next.query("a@x.test", false).await.map(|probe| probe.status), Ok(ProbeStatus::Deliverable));
    }
    assert!(Path::new(&format!("{}.redb", path.display())).exists());
    let scene = Scene::with(&main_cf);
    assert_eq!(reopened(&scene, "a@x.test").await, answer(ProbeStatus::Deliverable, "250 ok"));
    assert_eq!(scene.ask("b@x.test").await, answer(ProbeStatus::Undeliverable, "550 no: not here"));
    assert_eq!(scene.ask("c@x.test").await.0, ProbeStatus::InProgress);
    assert_eq!(scene.sent(), 0, "the probe for c is still in the queue");
}

/// The writer of the store that was dropped closes the file a moment later.
async fn reopened(scene: &Scene, address: &str) -> (ProbeStatus, String) {
    for _ in 0..100 {
        if let Ok(Probe { status, text }) = scene.verify.query(address, false).await {
            return (status, text);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the file stays locked");
}

#[tokio::test]
async fn cleanup_removes_what_has_expired() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = format!("address_verify_map = hash:{}/v", directory.path().display());
    for map in ["address_verify_map =", &file] {
        let scene = Scene::with(&format!("{map}\naddress_verify_poll_count = 1"));
        scene.tell("good@x.test", ProbeStatus::Deliverable, "250 ok").await;
        scene.tell("bad@x.test", ProbeStatus::Undeliverable, "550 no").await;
        let clean = |interval: u64| {
            let (cache, now) = (scene.verify.cache(), scene.clock.monotonic());
            let at = now.as_secs();
            let lifetimes = settings(map).expect("usable").lifetimes;
            async move {
                let dead = move |entry: &entry::Entry| entry.has_expired(&lifetimes, at);
                cache.clean(Duration::from_secs(interval), now, dead).await
            }
        };
        assert_eq!(clean(HOUR).await, Ok(Some((2, 0))), "{map}");
        scene.later(4 * DAY);
        assert_eq!(clean(10 * DAY).await, Ok(None), "not yet: {map}");
        assert_eq!(clean(HOUR).await, Ok(Some((1, 1))), "{map}");
        scene.later(40 * DAY);
        assert_eq!(clean(HOUR).await, Ok(Some((0, 1))), "{map}");
    }
}

#[tokio::test]
async fn a_cache_that_cannot_be_opened_is_an_error_and_not_an_answer() {
    let scene = Scene::with("address_verify_map = btree:/nonexistent/directory/verify");
    let error = scene.verify.query("a@x.test", false).await.expect_err("no such directory");
    assert!(error.to_string().contains("/nonexistent/directory/verify.redb"), "{error}");
    assert_eq!(scene.sent(), 0);
}

#[test]
fn maps() {
    for good in ["", "btree:/x/y", "hash:/x", "lmdb:/x", "proxy:btree:/x", "internal:x"] {
        settings(&format!("address_verify_map = {good}")).map(drop).expect(good);
    }
    for bad in ["cdb:/x", "btree:x", "nonsense", "proxy:pcre:/x"] {
        let error = settings(&format!("address_verify_map = {bad}")).map(drop).expect_err(bad).to_string();
        assert!(error.contains(&format!("main.cf, line 2: address_verify_map = {bad}: ")), "{error}");
    }
}

#[test]
fn senders_with_half_an_address_are_refused() {
    let rows = &[config::parameters::PARAMETERS, parameters::PARAMETERS];
    for (sender, how) in [("@x.test", "start"), ("a@", "end")] {
        let text = format!("myhostname = mx.test\naddress_verify_sender = {sender}\n");
        let error = config::Config::from_text(&text, rows).map(drop).expect_err(sender).to_string();
        assert!(error.contains(&format!("must not {how} with '@'")), "{error}");
    }
}
