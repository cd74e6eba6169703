//! Messages through the queue manager, with a real queue and invented agents: what is delivered, deferred, returned,
//! and what becomes of a message when its notice cannot be queued.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use hook::{
    AddressClass, AddressError, Addresses, BoxFuture, Clock, Delivery, Listing, MailLog, Outcome, ProbeStatus,
    Randomness, RecipientStatus, Request, Resolution,
};
use mail::{Envelope, EnvelopeRecipient, Status};
use queue::{Queue, Which};

/// A clock that starts now and is moved by hand.
struct HandClock(Mutex<SystemTime>);

impl Clock for HandClock {
    fn now(&self) -> SystemTime {
        *self.0.lock().expect("no panic under the lock")
    }
    fn monotonic(&self) -> Duration {
        self.now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970")
    }
}

struct Counting(Mutex<u64>);

impl Randomness for Counting {
    fn number(&self) -> u64 {
        let mut n = self.0.lock().expect("no panic under the lock");
        *n = n.wrapping_add(0x9E37_79B9_7F4A_7C15);
        *n
    }
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill_with(|| self.number() as u8);
    }
}

/// Everybody's transport is `test`, everybody's destination the domain.
struct ByDomain;

impl Addresses for ByDomain {
    fn resolve<'a>(&'a self, address: &'a str, _: &'a str) -> BoxFuture<'a, Result<Resolution, AddressError>> {
        Box::pin(async move {
            let domain = mail::address::split_domain(address).1.unwrap_or_default();
            Ok(Resolution {
                transport: "test".into(),
                nexthop: domain.into(),
                recipient: address.into(),
                address_class: if domain == "mx.test" { AddressClass::Local } else { AddressClass::Default },
                source_routed: false,
            })
        })
    }
    fn find_recipient<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Listing, AddressError>> {
        Box::pin(async { Ok(Listing::Listed) })
    }
    fn find_sender<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Listing, AddressError>> {
        Box::pin(async { Ok(Listing::Listed) })
    }
}

/// Does what the local part says, and remembers whom it was given.
#[derive(Default)]
struct Agent {
    seen: Mutex<Vec<Vec<String>>>,
    /// Deferred recipients get through from now on.
    open: Mutex<bool>,
    /// Nobody gets through as long as this is set.
    held: Mutex<bool>,
}

impl Delivery for Agent {
    fn deliver(&self, request: Request) -> BoxFuture<'_, Vec<RecipientStatus>> {
        Box::pin(async move {
            let open = *self.open.lock().expect("lock");
            let status = |address: &str| match address.split('@').next() {
                Some("bounce") => RecipientStatus::new(Outcome::Bounced, Status::permanent(1, 1), "no such user"),
                Some("defer") if !open => RecipientStatus::new(Outcome::Deferred, Status::temporary(4, 1), "busy"),
                _ => RecipientStatus::new(Outcome::Delivered, Status::success(0, 0), "ok"),
            };
            let statuses = request.recipients.iter().map(|r| status(&r.address)).collect();
            let names = request.recipients.into_iter().map(|r| r.address).collect();
            self.seen.lock().expect("lock").push(names);
            while *self.held.lock().expect("lock") {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            statuses
        })
    }
}

struct OneAgent(Arc<Agent>);

impl qmgr::Transports for OneAgent {
    fn find(&self, transport: &str) -> Option<Arc<dyn Delivery>> {
        (transport == "test").then(|| self.0.clone() as Arc<dyn Delivery>)
    }
}

/// Keeps notices, or refuses them.
#[derive(Default)]
struct Notices {
    kept: Mutex<Vec<(Envelope, String)>>,
    full: Mutex<bool>,
}

impl bounce::Submit for Notices {
    fn submit(&self, envelope: Envelope, content: Vec<u8>) -> BoxFuture<'_, Result<String, String>> {
        Box::pin(async move {
            if *self.full.lock().expect("lock") {
                return Err("queue file write error".into());
            }
            self.kept.lock().expect("lock").push((envelope, String::from_utf8_lossy(&content).into_owned()));
            Ok("NOTICE".into())
        })
    }
}

struct Scene {
    _dir: tempfile::TempDir,
    clock: Arc<HandClock>,
    queue: Queue,
    agent: Arc<Agent>,
    notices: Arc<Notices>,
    verify: Arc<bounce::Verify>,
    manager: Arc<qmgr::Manager>,
    running: tokio::task::JoinHandle<()>,
}

impl Drop for Scene {
    fn drop(&mut self) {
        self.running.abort();
    }
}

impl Scene {
    fn new(main_cf: &str) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let clock = Arc::new(HandClock(Mutex::new(SystemTime::now())));
        let rows = &[
            config::parameters::PARAMETERS,
            qmgr::parameters::PARAMETERS,
            bounce::parameters::PARAMETERS,
            bounce::verify::parameters::PARAMETERS,
        ];
        let main_cf = format!("myhostname = mx.test\naddress_verify_map =\n{main_cf}");
        let config = config::Config::from_texts(&main_cf, "test unix - - n - - smtp\n", "", rows).expect("good texts");
        let log = MailLog::new("postfix", "qmgr");
        let settings = queue::Settings::new(dir.path(), Arc::new(Counting(Mutex::new(7))));
        let queue = Queue::open(settings, log.clone()).expect("a new queue");
        let (agent, notices) = (Arc::new(Agent::default()), Arc::new(Notices::default()));
        let verify = bounce::verify::Settings::new(&config, str::to_string).expect("usable");
        let verify = bounce::Verify::new(verify, None, notices.clone(), clock.clone());
        let generation = qmgr::Generation {
            settings: qmgr::Settings::from(&config),
            addresses: Arc::new(ByDomain),
            transports: Arc::new(OneAgent(agent.clone())),
            bounce: bounce::Bounce::new(bounce::Settings::from(&config), notices.clone()).with_verify(verify.clone()),
            attempts: Vec::new(),
            log,
        };
        let manager = qmgr::Manager::new(queue.clone(), clock.clone(), generation, 100);
        let running = tokio::spawn(manager.clone().run());
        Self { _dir: dir, clock, queue, agent, notices, verify, manager, running }
    }

    async fn send(&self, sender: &str, recipients: &[&str]) {
        let recipient = |address: &&str| EnvelopeRecipient { address: address.to_string(), ..Default::default() };
        self.send_to(sender, recipients.iter().map(recipient).collect(), false).await;
    }

    /// A probe for `original`, which cleanup made the other addresses of; alone it stayed what it was.
    async fn probe(&self, original: &str, became: &[&str]) {
        let recipient = |address: &&str| EnvelopeRecipient {
            address: address.to_string(),
            original: original.to_string(),
            ..Default::default()
        };
        let alone = [EnvelopeRecipient { address: original.to_string(), ..Default::default() }];
        let recipients = if became.is_empty() { alone.to_vec() } else { became.iter().map(recipient).collect() };
        self.send_to("double-bounce@mx.test", recipients, true).await;
        self.until_empty().await;
    }

    /// What verify(8) knows now. Waits for nothing, because it is asked as under stress.
    async fn known(&self, address: &str) -> (ProbeStatus, String) {
        let probe = self.verify.query(address, true).await.expect("an answer");
        (probe.status, probe.text)
    }

    async fn send_to(&self, sender: &str, recipients: Vec<EnvelopeRecipient>, probe: bool) {
        let mut envelope = Envelope::new(sender, self.clock.now());
        (envelope.recipients, envelope.probe) = (recipients, probe);
        let mut writer = self.queue.create(self.queue.new_id(self.clock.now()));
        writer.write(b"Subject: original\r\n\r\nbody\r\n").await.expect("written");
        writer.commit(envelope).await.expect("committed");
    }

    /// Addresses still in the queue, with their reasons.
    async fn waiting(&self) -> Vec<(String, Option<String>)> {
        let listed = self.queue.list().await.expect("a listing");
        let recipients = listed.into_iter().flat_map(|m| m.recipients);
        recipients.map(|r| (r.address, r.reason.map(|reason| reason.text))).collect()
    }

    async fn until(&self, what: &str, mut done: impl AsyncFnMut(&Self) -> bool) {
        for _ in 0..1000 {
            if done(self).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("waited 5 s for {what}; in the queue: {:?}", self.waiting().await);
    }

    async fn until_empty(&self) {
        self.until("an empty queue", async |s| s.waiting().await.is_empty()).await;
    }

    async fn until_deferred(&self) {
        self.until("a deferral", async |s| s.waiting().await.iter().any(|(_, reason)| reason.is_some())).await;
    }

    fn advance(&self, by: Duration) {
        *self.clock.0.lock().expect("lock") += by;
        self.manager.flush(&Which::All);
    }

    fn notices(&self) -> Vec<(Envelope, String)> {
        self.notices.kept.lock().expect("lock").clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn delivered_mail_is_gone_and_one_destination_is_one_request() {
    let scene = Scene::new("");
    scene.send("s@src.test", &["a@x.test", "b@x.test", "c@y.test"]).await;
    scene.until_empty().await;
    let mut seen = scene.agent.seen.lock().expect("lock").clone();
    seen.sort();
    assert_eq!(seen, [vec!["a@x.test", "b@x.test"], vec!["c@y.test"]]);
    assert!(scene.notices().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn recipient_limit_splits_requests() {
    let scene = Scene::new("test_destination_recipient_limit = 2\n");
    scene.send("s@src.test", &["a@x.test", "b@x.test", "c@x.test"]).await;
    scene.until_empty().await;
    let mut sizes: Vec<usize> = scene.agent.seen.lock().expect("lock").iter().map(Vec::len).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn deferred_mail_waits_with_its_reason_and_only_its_recipients_are_tried_again() {
    let scene = Scene::new("");
    scene.send("s@src.test", &["ok@x.test", "defer@x.test"]).await;
    scene.until_deferred().await;
    assert_eq!(scene.waiting().await, [("defer@x.test".to_string(), Some("busy".to_string()))]);
    *scene.agent.open.lock().expect("lock") = true;
    scene.advance(Duration::from_secs(301));
    scene.until_empty().await;
    let seen = scene.agent.seen.lock().expect("lock").clone();
    assert_eq!(seen.last().map(Vec::as_slice), Some(&["defer@x.test".to_string()][..]), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bounce_goes_to_the_sender_with_only_the_failed_recipients() {
    let scene = Scene::new("");
    scene.send("s@src.test", &["ok@x.test", "bounce@x.test"]).await;
    scene.until_empty().await;
    let notices = scene.notices();
    let [(envelope, text)] = notices.as_slice() else { panic!("one notice: {notices:?}") };
    assert_eq!((envelope.sender.as_str(), envelope.recipients[0].address.as_str()), ("", "s@src.test"));
    for want in ["Final-Recipient: rfc822; bounce@x.test", "Status: 5.1.1", "Action: failed", "Subject: original"] {
        assert!(text.contains(want), "no {want:?} in\n{text}");
    }
    assert!(!text.contains("ok@x.test"), "a delivered recipient in the notice:\n{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_durable_notice_the_recipient_stays() {
    let scene = Scene::new("");
    *scene.notices.full.lock().expect("lock") = true;
    scene.send("s@src.test", &["bounce@x.test"]).await;
    scene.until_deferred().await;
    *scene.notices.full.lock().expect("lock") = false;
    scene.advance(Duration::from_secs(301));
    scene.until_empty().await;
    assert_eq!(scene.notices().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn too_old_mail_is_returned_and_a_notice_about_a_notice_is_not_sent() {
    let scene = Scene::new("maximal_queue_lifetime = 1h\nbounce_queue_lifetime = 1h\n");
    scene.send("s@src.test", &["defer@x.test"]).await;
    scene.send("", &["defer@y.test"]).await;
    scene.until("both deferred", async |s| s.waiting().await.iter().filter(|(_, r)| r.is_some()).count() == 2).await;
    scene.advance(Duration::from_secs(3601));
    scene.until_empty().await;
    let notices = scene.notices();
    let [(envelope, text)] = notices.as_slice() else { panic!("one notice: {notices:?}") };
    assert_eq!(envelope.recipients[0].address, "s@src.test");
    assert!(text.contains("Status: 4.4.1") && text.contains("busy"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn double_bounces_reach_postmaster_when_asked_for() {
    let scene = Scene::new("notify_classes = 2bounce\n");
    scene.send("", &["bounce@x.test"]).await;
    scene.until_empty().await;
    let notices = scene.notices();
    let [(envelope, _)] = notices.as_slice() else { panic!("one notice: {notices:?}") };
    assert_eq!(envelope.recipients[0].address, "postmaster@mx.test");
    assert_eq!(envelope.sender, "double-bounce@mx.test");
    // And when that one bounces, too, it is the end.
    scene.send("double-bounce@mx.test", &["bounce@x.test"]).await;
    scene.until_empty().await;
    assert_eq!(scene.notices().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn soft_bounce_keeps_everything() {
    let scene = Scene::new("soft_bounce = yes\n");
    scene.send("s@src.test", &["bounce@x.test"]).await;
    scene.until_deferred().await;
    assert!(scene.notices().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_are_tried_once_and_reported() {
    let scene = Scene::new("soft_bounce = yes\ndelay_warning_time = 1h\nnotify_classes = bounce, 2bounce, delay\n");
    for (address, status, text) in [
        ("ok@x.test", ProbeStatus::Deliverable, "ok"),
        ("bounce@x.test", ProbeStatus::Undeliverable, "no such user"),
        ("defer@x.test", ProbeStatus::Unreachable, "busy"),
    ] {
        scene.probe(address, &[]).await;
        assert_eq!(scene.known(address).await, (status, text.to_string()));
    }
    assert!(scene.notices().is_empty(), "{:?}", scene.notices());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_of_an_alias() {
    let scene = Scene::new("");
    scene.probe("one@al.test", &["bounce@x.test"]).await;
    let failed = (ProbeStatus::Undeliverable, "no such user".to_string());
    assert_eq!((scene.known("one@al.test").await, scene.known("bounce@x.test").await), (failed.clone(), failed));
    let asked = scene.agent.seen.lock().expect("lock").len();
    scene.probe("many@al.test", &["bounce@y.test", "bounce@z.test"]).await;
    let good = (ProbeStatus::Deliverable, "aliased to multiple recipients".to_string());
    assert_eq!(scene.known("many@al.test").await, good);
    assert_eq!(scene.agent.seen.lock().expect("lock").len(), asked, "no agent is asked");
    assert_eq!(scene.known("bounce@y.test").await.0, ProbeStatus::InProgress, "nothing is known of its recipients");
}

#[tokio::test(flavor = "multi_thread")]
async fn double_bounces_to_this_system_are_thrown_away() {
    let scene = Scene::new("");
    scene.send("s@src.test", &["double-bounce@mx.test", "Double-Bounce@x.test"]).await;
    scene.until_empty().await;
    assert_eq!(*scene.agent.seen.lock().expect("lock"), [["Double-Bounce@x.test"]]);
    scene.probe("double-bounce@mx.test", &[]).await;
    let text = "undeliverable postmaster notification discarded".to_string();
    assert_eq!(scene.known("double-bounce@mx.test").await, (ProbeStatus::Deliverable, text));
}

#[tokio::test(flavor = "multi_thread")]
async fn too_many_probes_are_answered_without_trying() {
    let scene = Scene::new("address_verify_pending_request_limit = 1\n");
    // One holds the only place as long as it waits for the transport.
    *scene.agent.held.lock().expect("lock") = true;
    let slow = EnvelopeRecipient { address: "held@x.test".into(), ..Default::default() };
    scene.send_to("double-bounce@mx.test", vec![slow], true).await;
    scene.until("the agent", async |s| !s.agent.seen.lock().expect("lock").is_empty()).await;
    let more = EnvelopeRecipient { address: "ok@x.test".into(), ..Default::default() };
    scene.send_to("double-bounce@mx.test", vec![more], true).await;
    let text = "Too many address verification requests";
    scene
        .until("an answer", async |s| s.known("ok@x.test").await == (ProbeStatus::Unreachable, text.to_string()))
        .await;
    *scene.agent.held.lock().expect("lock") = false;
    scene.until_empty().await;
    assert_eq!(scene.known("held@x.test").await.0, ProbeStatus::Deliverable);
}
