//! Connections of `socket` that a plugin keeps for later calls: first with the session that used them, as policy servers
//! expect all requests for a message over one connection (SMTPD_POLICY_README), then in a pool that all sessions share.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hook::{Call, Clock, Stream};

/// Idle connections of one plugin to one endpoint, and to all. More are closed.
const IDLE_OF_ENDPOINT: usize = 64;
const IDLE: usize = 256;
/// In [`hook::Instances`] a plugin's connections have its number with this bit; no generation comes near it.
const CONNECTIONS: u64 = 1 << 63;

/// What a plugin holds as `connection`; empty after `keep`, because the plugin's handle lives on.
pub struct Held(pub(crate) Option<Connection>);

/// An open connection.
pub(crate) struct Connection {
    pub(crate) stream: Box<dyn Stream>,
    pub(crate) endpoint: String,
    /// Of each read and write.
    pub(crate) timeout: Duration,
    /// Read and not asked for yet.
    pub(crate) unread: Vec<u8>,
    /// Clock time ([`Clock::monotonic`]) when it was opened.
    pub(crate) opened: Duration,
    /// How often `connect` gave it out.
    pub(crate) uses: u32,
}

impl Connection {
    fn is_idle(&mut self) -> bool {
        self.unread.is_empty() && self.stream.is_idle()
    }
}

/// A connection nobody uses, and the clock time when it is closed.
struct Kept {
    connection: Connection,
    until: Duration,
}

/// The kept connections of one plugin.
pub(crate) struct Connections {
    number: u64,
    clock: Arc<dyn Clock>,
    idle: Mutex<HashMap<String, Vec<Kept>>>,
    /// A task closes what is out of time.
    closing: AtomicBool,
}

impl Connections {
    /// `number` is the plugin's.
    pub(crate) fn new(number: u64, clock: Arc<dyn Clock>) -> Arc<Self> {
        let number = number | CONNECTIONS;
        Arc::new(Self { number, clock, idle: Mutex::default(), closing: AtomicBool::new(false) })
    }

    pub(crate) fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    /// A kept connection: the session's own, or one of the pool. Those that the peer closed are dropped.
    pub(crate) fn take(&self, call: Option<&Call>, endpoint: &str) -> Option<Connection> {
        let now = self.now();
        let usable = |kept: Kept| {
            let mut connection = kept.connection;
            (kept.until > now && connection.is_idle()).then_some(connection)
        };
        if let Some(kept) = call.and_then(|call| self.of_session(call, endpoint))
            && let Some(connection) = usable(kept)
        {
            return Some(connection);
        }
        // The last one put back: the others may come to their end.
        loop {
            let kept = self.lock().get_mut(endpoint)?.pop()?;
            if let Some(connection) = usable(kept) {
                return Some(connection);
            }
        }
    }

    fn of_session(&self, call: &Call, endpoint: &str) -> Option<Kept> {
        let mut reserved = call.instances.take(self.number)?.downcast::<Reserved>().ok()?;
        let at = reserved.kept.iter().position(|kept| kept.connection.endpoint == endpoint);
        let found = at.map(|at| reserved.kept.swap_remove(at));
        if !reserved.kept.is_empty() {
            call.instances.keep(self.number, true, reserved);
        }
        found
    }

    /// Keeps a connection for `time`: until the mail transaction ends for this session alone, then for all.
    pub(crate) fn keep(self: &Arc<Self>, call: Option<&Call>, connection: Connection, time: Duration) {
        let kept = Kept { connection, until: self.now() + time };
        let Some(call) = call else { return self.put(kept) };
        let reserved = call.instances.take(self.number).and_then(|reserved| reserved.downcast::<Reserved>().ok());
        let mut reserved =
            reserved.unwrap_or_else(|| Box::new(Reserved { kept: Vec::new(), connections: self.clone() }));
        reserved.kept.push(kept);
        call.instances.keep(self.number, true, reserved);
    }

    fn put(self: &Arc<Self>, mut kept: Kept) {
        // A session can end while the server does: then there is nothing left to close connections in time.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        if kept.until <= self.now() || !kept.connection.is_idle() {
            return;
        }
        {
            let mut idle = self.lock();
            let all: usize = idle.values().map(Vec::len).sum();
            let same = idle.entry(kept.connection.endpoint.clone()).or_default();
            if all >= IDLE || same.len() >= IDLE_OF_ENDPOINT {
                return;
            }
            same.push(kept);
        }
        if !self.closing.swap(true, Ordering::AcqRel) {
            runtime.spawn(close_in_time(Arc::downgrade(self)));
        }
    }

    /// Closes what is out of time; how long the next one has.
    fn close_expired(&self) -> Option<Duration> {
        let now = self.now();
        let mut idle = self.lock();
        for kept in idle.values_mut() {
            kept.retain(|kept| kept.until > now);
        }
        idle.retain(|_, kept| !kept.is_empty());
        let next = idle.values().flatten().map(|kept| kept.until).min();
        if next.is_none() {
            // Said while the lock is held, so that whoever puts the next one in starts another task.
            self.closing.store(false, Ordering::Release);
        }
        next.map(|next| next - now)
    }

    // A poisoned lock only means that another call panicked between two complete map operations.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Kept>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends when nothing is left, or the plugin's generation is gone.
async fn close_in_time(connections: std::sync::Weak<Connections>) {
    loop {
        let Some(next) = connections.upgrade().and_then(|connections| connections.close_expired()) else { return };
        tokio::time::sleep(next).await;
    }
}

/// What a session keeps until its message ends. Dropped, it goes to the pool.
struct Reserved {
    kept: Vec<Kept>,
    connections: Arc<Connections>,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        for kept in self.kept.drain(..) {
            self.connections.put(kept);
        }
    }
}

#[cfg(test)]
mod tests;
