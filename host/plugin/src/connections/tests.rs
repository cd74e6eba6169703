use std::{
    io,
    sync::atomic::{AtomicUsize, Ordering},
};

use hook::{Attribute, BoxFuture, Facts, Instances, NameStatus, Notes, SessionView, Stage, Stream};

use super::*;

/// A peer that is there until it is told otherwise; counts how many connections are open.
struct Peer {
    open: Arc<AtomicUsize>,
    gone: Arc<AtomicBool>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Stream for Peer {
    fn read<'a>(&'a mut self, _: &'a mut [u8]) -> BoxFuture<'a, io::Result<usize>> {
        Box::pin(async { Ok(0) })
    }
    fn write<'a>(&'a mut self, _: &'a [u8]) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(async { Ok(()) })
    }
    fn is_idle(&mut self) -> bool {
        !self.gone.load(Ordering::SeqCst)
    }
}

/// tokio's clock, which tests can stop.
struct TokioClock(tokio::time::Instant);

impl Clock for TokioClock {
    fn now(&self) -> std::time::SystemTime {
        std::time::UNIX_EPOCH
    }
    fn monotonic(&self) -> Duration {
        self.0.elapsed()
    }
}

struct Nobody;

impl SessionView for Nobody {
    fn attribute(&self, _: Attribute) -> Option<&str> {
        None
    }
    fn named(&self, _: &str) -> Option<String> {
        None
    }
    fn facts(&self) -> Facts {
        Facts::empty()
    }
    fn recipient_count(&self) -> u32 {
        0
    }
    fn recipient_at(&self, _: u32) -> Option<&str> {
        None
    }
    fn size(&self) -> u64 {
        0
    }
    fn client_port(&self) -> u16 {
        0
    }
    fn server_port(&self) -> u16 {
        0
    }
    fn encryption_keysize(&self) -> u16 {
        0
    }
    fn client_connections(&self) -> u32 {
        0
    }
    fn client_name_status(&self) -> NameStatus {
        NameStatus::Unchecked
    }
    fn reverse_client_name_status(&self) -> NameStatus {
        NameStatus::Unchecked
    }
}

struct World {
    connections: Arc<Connections>,
    open: Arc<AtomicUsize>,
    gone: Arc<AtomicBool>,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(TokioClock(tokio::time::Instant::now()));
        Self { connections: Connections::new(7, clock), open: Arc::default(), gone: Arc::default() }
    }

    fn connection(&self, endpoint: &str, uses: u32) -> Connection {
        self.open.fetch_add(1, Ordering::SeqCst);
        let stream = Box::new(Peer { open: self.open.clone(), gone: self.gone.clone() });
        let (timeout, opened) = (Duration::from_secs(1), self.connections.now());
        Connection { stream, endpoint: endpoint.into(), timeout, unread: Vec::new(), opened, uses }
    }

    /// Which of the kept connections comes, by the number it was made with.
    fn take(&self, call: &Call, endpoint: &str) -> Option<u32> {
        self.connections.take(Some(call), endpoint).map(|connection| connection.uses)
    }

    fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

fn session() -> Call {
    let (notes, instances) = (Notes::default(), Instances::default());
    Call { session: Arc::new(Nobody), message: None, stage: Stage::Recipient, notes, instances }
}

const IDLE_TIME: Duration = Duration::from_secs(300);

#[tokio::test]
async fn a_message_has_its_connection_to_itself() {
    let world = World::new();
    let (one, other) = (session(), session());
    world.connections.keep(Some(&one), world.connection("unix:a", 1), IDLE_TIME);
    world.connections.keep(Some(&one), world.connection("unix:b", 2), IDLE_TIME);
    assert_eq!(world.take(&other, "unix:a"), None, "another session's, in the middle of its message");
    assert_eq!(world.take(&one, "unix:c"), None, "another endpoint");
    assert_eq!(world.take(&one, "unix:a"), Some(1));
    world.connections.keep(Some(&one), world.connection("unix:a", 3), IDLE_TIME);
    one.instances.end_message();
    assert_eq!(world.take(&other, "unix:a"), Some(3));
    assert_eq!(world.take(&other, "unix:b"), Some(2));
    world.connections.keep(Some(&one), world.connection("unix:a", 4), IDLE_TIME);
    drop(one);
    assert_eq!(world.take(&other, "unix:a"), Some(4), "the session ended");
    assert_eq!(world.open(), 0);
}

#[tokio::test]
async fn what_the_peer_closed_is_not_given_out() {
    let world = World::new();
    let call = session();
    world.connections.keep(Some(&call), world.connection("unix:a", 1), IDLE_TIME);
    call.instances.end_message();
    world.gone.store(true, Ordering::SeqCst);
    assert_eq!(world.take(&call, "unix:a"), None);
    assert_eq!(world.open(), 0);
}

#[tokio::test(start_paused = true)]
async fn idle_connections_are_closed_in_time() {
    let world = World::new();
    world.connections.keep(None, world.connection("unix:a", 1), Duration::from_secs(10));
    world.connections.keep(None, world.connection("unix:b", 2), Duration::from_secs(30));
    tokio::time::sleep(Duration::from_secs(9)).await;
    assert_eq!(world.open(), 2);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.open(), 1, "nobody asked for it, and its time is over");
    tokio::time::sleep(Duration::from_secs(20)).await;
    assert_eq!(world.open(), 0);
    world.connections.keep(None, world.connection("unix:a", 3), Duration::from_secs(1));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.open(), 0, "the closing task has begun again");
}

#[tokio::test]
async fn the_pool_is_bounded() {
    let world = World::new();
    for n in 0..IDLE_OF_ENDPOINT + 5 {
        world.connections.keep(None, world.connection("unix:a", n as u32), IDLE_TIME);
    }
    assert_eq!(world.open(), IDLE_OF_ENDPOINT);
    for n in 0..IDLE + 5 {
        world.connections.keep(None, world.connection(&format!("unix:{n}"), 1), IDLE_TIME);
    }
    assert_eq!(world.open(), IDLE);
}
