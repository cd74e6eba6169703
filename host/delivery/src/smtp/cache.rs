//! Open sessions kept for the next message to the same destination: scache(8), CONNECTION_CACHE_README.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use hook::Clock;

use super::{session::Session, settings::CacheSettings};

/// Sessions by destination. One for each agent.
pub struct Cache {
    settings: CacheSettings,
    clock: Arc<dyn Clock>,
    destinations: Mutex<HashMap<String, Destination>>,
}

#[derive(Default)]
struct Destination {
    /// Deliveries under way.
    active: usize,
    /// When the last one began, and the one before it; monotonic.
    begins: [Option<Duration>; 2],
    /// The newest last.
    idle: Vec<(Session, Duration)>,
    /// A task closes what is idle for too long.
    swept: bool,
}

/// A delivery to a destination; its end is counted when this goes.
pub struct Visit<'c> {
    cache: &'c Cache,
    key: String,
}

impl Cache {
    pub fn new(settings: CacheSettings, clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { settings, clock, destinations: Mutex::default() })
    }

    /// A delivery begins.
    pub fn visit(&self, key: &str) -> Visit<'_> {
        let now = self.clock.monotonic();
        let mut destinations = self.lock();
        let destination = destinations.entry(key.to_string()).or_default();
        destination.active += 1;
        destination.begins = [Some(now), destination.begins[0]];
        Visit { cache: self, key: key.to_string() }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Destination>> {
        // Another task's panic leaves no half-made entry behind: every change is one assignment or push.
        self.destinations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes out what has been idle for too long.
    fn expired(&self, key: &str) -> (Vec<Session>, bool) {
        let now = self.clock.monotonic();
        let mut destinations = self.lock();
        let Some(destination) = destinations.get_mut(key) else { return (Vec::new(), true) };
        let too_long = |(_, since): &(Session, Duration)| now.saturating_sub(*since) >= self.settings.idle_limit;
        let count = destination.idle.iter().take_while(|idle| too_long(idle)).count();
        let old = destination.idle.drain(..count).map(|(session, _)| session).collect();
        let done = destination.idle.is_empty();
        if done {
            destination.swept = false;
            if destination.active == 0 {
                destinations.remove(key);
            }
        }
        (old, done)
    }
}

impl Visit<'_> {
    /// The newest session that is still of use.
    pub fn take(&self) -> Option<Session> {
        let now = self.cache.clock.monotonic();
        loop {
            let mut session = self.cache.lock().get_mut(&self.key)?.idle.pop()?.0;
            if self.is_young(&session, now) && is_quiet(&session) {
                session.earlier_uses += 1;
                return Some(session);
            }
        }
    }

    /// Whether a session should be kept open after the present message: smtp_connection_cache_destinations, or on
    /// demand, while others deliver to the same destination or just did.
    pub fn wants(&self, session: &Session) -> bool {
        let settings = &self.cache.settings;
        let now = self.cache.clock.monotonic();
        let used = settings.use_limit > 0 && session.earlier_uses + 1 >= settings.use_limit;
        if used || !self.is_young(session, now) {
            return false;
        }
        if settings.destinations.iter().any(|name| name.eq_ignore_ascii_case(&self.key)) {
            return true;
        }
        let destinations = self.cache.lock();
        let busy = |destination: &Destination| {
            let recent = |time: Duration| now.saturating_sub(time) < settings.idle_limit;
            destination.active > 1 || destination.begins[1].is_some_and(recent)
        };
        settings.on_demand && destinations.get(&self.key).is_some_and(busy)
    }

    fn is_young(&self, session: &Session, now: Duration) -> bool {
        now.saturating_sub(session.opened) < self.cache.settings.age_limit
    }

    /// Keeps a session for others.
    pub fn keep(&self, cache: &Arc<Cache>, session: Session) {
        let now = self.cache.clock.monotonic();
        let mut destinations = self.cache.lock();
        let destination = destinations.entry(self.key.clone()).or_default();
        destination.idle.push((session, now));
        if !std::mem::replace(&mut destination.swept, true) {
            tokio::spawn(sweep(Arc::downgrade(cache), self.key.clone(), self.cache.settings.idle_limit));
        }
    }
}

impl Drop for Visit<'_> {
    fn drop(&mut self) {
        let mut destinations = self.cache.lock();
        if let Some(destination) = destinations.get_mut(&self.key) {
            destination.active -= 1;
            // With idle sessions the sweeper forgets the destination; without, what came last is all there is to know.
            let recent =
                |time: Duration| self.cache.clock.monotonic().saturating_sub(time) < self.cache.settings.idle_limit;
            let forgettable = destination.active == 0 && destination.idle.is_empty();
            if forgettable && !destination.begins[0].is_some_and(recent) {
                destinations.remove(&self.key);
            }
        }
        if destinations.len() > 10_000 {
            destinations.retain(|_, destination| destination.active > 0 || !destination.idle.is_empty());
        }
    }
}

/// The server neither closed nor said something unasked, such as 421.
fn is_quiet(session: &Session) -> bool {
    let mut byte = [0];
    let silent = |read: std::io::Result<usize>| read.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock);
    session.connection.buffered().is_empty()
        && session.connection.stream().lowest().is_some_and(|stream| silent(stream.try_read(&mut byte)))
}

/// Ends when the destination has no idle session left, or the agent is gone.
async fn sweep(cache: Weak<Cache>, key: String, pause: Duration) {
    loop {
        tokio::time::sleep((pause / 4).max(Duration::from_millis(50))).await;
        let Some(cache) = cache.upgrade() else { return };
        let (old, done) = cache.expired(&key);
        drop(cache);
        for mut session in old {
            let mut deadline = net::Deadline::per_read(Duration::from_secs(5));
            session.connection.write(b"QUIT\r\n");
            // An idle session: nobody waits for it, and nothing depends on it.
            let _ = session.connection.flush(&mut deadline).await;
        }
        if done {
            return;
        }
    }
}
