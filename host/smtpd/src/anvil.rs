//! Connection and rate counters of clients: anvil(8).

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use hook::{Clock, MailLog};

/// What is counted. Anything but `Connection` is a rate alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Counted {
    Connection,
    Message,
    Recipient,
    NewTls,
    Auth,
}

const KINDS: usize = 5;

/// The counters of all smtpd services. One lives as long as the server, over reloads.
pub struct Anvil {
    clock: Arc<dyn Clock>,
    time_unit: Duration,
    log: MailLog,
    counters: Mutex<Counters>,
}

#[derive(Default)]
struct Counters {
    clients: HashMap<(Arc<str>, IpAddr), Client>,
    peaks: Peaks,
}

/// One client of one service.
#[derive(Clone, Copy, Default)]
struct Client {
    open: u32,
    /// When the time unit in progress began.
    since: Duration,
    events: [u32; KINDS],
}

#[derive(Default)]
struct Peak {
    value: u32,
    who: String,
    when: Option<SystemTime>,
}

#[derive(Default)]
struct Peaks {
    rates: [Peak; KINDS],
    connections: Peak,
    cache: Peak,
}

/// A connection being counted; its end is the end of the connection.
pub(crate) struct Counting {
    anvil: Arc<Anvil>,
    key: (Arc<str>, IpAddr),
    /// Connections open now, and begun in this time unit, this one included.
    pub connections: u32,
    pub rate: u32,
}

impl Anvil {
    /// `time_unit` is anvil_rate_time_unit; `log` writes as anvil.
    pub fn new(clock: Arc<dyn Clock>, time_unit: Duration, log: MailLog) -> Self {
        Self { clock, time_unit, log, counters: Mutex::default() }
    }

    /// Counts a connection until the answer is dropped.
    pub(crate) fn connect(self: &Arc<Self>, service: &Arc<str>, client: IpAddr) -> Counting {
        let key = (service.clone(), client);
        let rate = self.count(&key, Counted::Connection);
        let mut counters = self.lock();
        let entry = counters.clients.entry(key.clone()).or_default();
        entry.open += 1;
        let connections = entry.open;
        let cached = counters.clients.len() as u32;
        let now = self.clock.now();
        counters.peaks.connections.reach(connections, &key, now);
        counters.peaks.cache.reach(cached, &key, now);
        drop(counters);
        Counting { anvil: self.clone(), key, connections, rate }
    }

    /// One more event: how many there were in this time unit.
    fn count(&self, key: &(Arc<str>, IpAddr), kind: Counted) -> u32 {
        let now = self.clock.monotonic();
        let mut counters = self.lock();
        let entry = counters.clients.entry(key.clone()).or_insert_with(|| Client { since: now, ..Client::default() });
        if now.saturating_sub(entry.since) >= self.time_unit {
            *entry = Client { open: entry.open, since: now, events: [0; KINDS] };
        }
        let events = &mut entry.events[kind as usize];
        *events += 1;
        let rate = *events;
        counters.peaks.rates[kind as usize].reach(rate, key, self.clock.now());
        rate
    }

    /// How many there were in this time unit.
    fn rate(&self, key: &(Arc<str>, IpAddr), kind: Counted) -> u32 {
        let now = self.clock.monotonic();
        let counters = self.lock();
        let entry = counters.clients.get(key).filter(|entry| now.saturating_sub(entry.since) < self.time_unit);
        entry.map_or(0, |entry| entry.events[kind as usize])
    }

    fn disconnect(&self, key: &(Arc<str>, IpAddr)) {
        if let Some(entry) = self.lock().clients.get_mut(key) {
            entry.open = entry.open.saturating_sub(1);
        }
    }

    /// Logs the peaks since the last call, and forgets clients that are gone for a time unit. Nothing in this crate calls it:
    /// the server does, every anvil_status_update_time, at a reload and when it ends.
    pub fn log_statistics(&self) {
        let now = self.clock.monotonic();
        let mut counters = self.lock();
        counters.clients.retain(|_, c| c.open > 0 || now.saturating_sub(c.since) < self.time_unit);
        let peaks = std::mem::take(&mut counters.peaks);
        drop(counters);
        let unit = self.time_unit.as_secs();
        let rates = [
            ("connection rate", Counted::Connection),
            ("connection count", Counted::Connection),
            ("message rate", Counted::Message),
            ("recipient rate", Counted::Recipient),
            ("newtls rate", Counted::NewTls),
            ("auth rate", Counted::Auth),
        ];
        for (what, kind) in rates {
            let count = what == "connection count";
            let peak = if count { &peaks.connections } else { &peaks.rates[kind as usize] };
            let Some(when) = peak.when else { continue };
            let (value, who, when) = (peak.value, &peak.who, mail::date::syslog(when));
            match count {
                true => self.log.info(format_args!("statistics: max {what} {value} for ({who}) at {when}")),
                false => self.log.info(format_args!("statistics: max {what} {value}/{unit}s for ({who}) at {when}")),
            }
        }
        if let Some(when) = peaks.cache.when {
            self.log.info(format_args!(
                "statistics: max cache size {} at {}",
                peaks.cache.value,
                mail::date::syslog(when)
            ));
        }
    }

    // A poisoned lock only means that another session panicked between two complete operations.
    fn lock(&self) -> MutexGuard<'_, Counters> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Peak {
    fn reach(&mut self, value: u32, (service, client): &(Arc<str>, IpAddr), now: SystemTime) {
        if value > self.value {
            *self = Self { value, who: format!("{service}:{client}"), when: Some(now) };
        }
    }
}

impl Counting {
    /// One more event of this client: how many in this time unit.
    pub fn count(&self, kind: Counted) -> u32 {
        self.anvil.count(&self.key, kind)
    }
}

impl Counting {
    /// How many events of this client there were in this time unit.
    pub fn rate_of(&self, kind: Counted) -> u32 {
        self.anvil.rate(&self.key, kind)
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        self.anvil.disconnect(&self.key);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    struct Seconds(AtomicU64);

    impl Clock for Seconds {
        fn now(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH
        }
        fn monotonic(&self) -> Duration {
            Duration::from_secs(self.0.load(Ordering::Relaxed))
        }
    }

    #[test]
    fn counts_connections_and_rates() {
        let clock = Arc::new(Seconds(AtomicU64::new(0)));
        let anvil = Arc::new(Anvil::new(clock.clone(), Duration::from_secs(60), MailLog::new("postfix", "anvil")));
        let (service, client) = (Arc::from("smtp"), IpAddr::from([192, 0, 2, 1]));
        let first = anvil.connect(&service, client);
        let second = anvil.connect(&service, client);
        assert_eq!((first.connections, second.connections, second.rate), (1, 2, 2));
        assert_eq!((second.count(Counted::Message), second.count(Counted::Message)), (1, 2));
        drop(first);
        clock.0.store(61, Ordering::Relaxed);
        let third = anvil.connect(&service, client);
        assert_eq!((third.connections, third.rate), (2, 1), "a new time unit begins, connections stay");
        drop((second, third));
        anvil.log_statistics();
        clock.0.store(200, Ordering::Relaxed);
        anvil.log_statistics();
        assert!(anvil.lock().clients.is_empty());
    }
}
