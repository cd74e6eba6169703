//! The loop: arrivals and due mail in, one task a message.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicUsize},
    time::{Duration, SystemTime},
};

use hook::{Addresses, Clock, Delivery, DeliveryAttempts, MailLog};
use queue::{Message, Queue, QueueId, Which};
use tokio::sync::Semaphore;

use crate::{
    Settings,
    destination::Destinations,
    message, outcome,
    probe::{self, Pending},
};

/// Finds the delivery agent of a master.cf transport.
pub trait Transports: Send + Sync {
    fn find(&self, transport: &str) -> Option<Arc<dyn Delivery>>;

    /// The agent that logs, as qmgr, what is delivered by being thrown away; the nexthop is the reason.
    fn discarding(&self) -> Option<Arc<dyn Delivery>> {
        None
    }
}

/// Everything that a reload replaces.
pub struct Generation {
    pub settings: Settings,
    pub addresses: Arc<dyn Addresses>,
    pub transports: Arc<dyn Transports>,
    pub bounce: bounce::Bounce,
    /// delivery_plugins.
    pub attempts: Vec<Arc<dyn DeliveryAttempts>>,
    pub log: MailLog,
}

/// The queue manager.
pub struct Manager {
    queue: Queue,
    clock: Arc<dyn Clock>,
    current: Mutex<Arc<Generation>>,
    destinations: Destinations,
    /// Deferred messages in hand.
    active: Arc<Semaphore>,
    /// Due messages that are being loaded, or could not be: until when they are let alone.
    loading: Mutex<HashMap<QueueId, Duration>>,
    /// defer_transports hold nothing back for messages that arrived in the queue before this.
    flushed_at: Mutex<Option<SystemTime>>,
    /// Probes of verify(8) in hand.
    probes: AtomicUsize,
}

/// Messages taken from the deferred queue at a time.
const DUE_BATCH: usize = 1000;
/// The longest sleep, so that a clock that was changed is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// After a trouble of the queue itself.
pub(crate) const QUEUE_RETRY: Duration = Duration::from_secs(10);

impl Manager {
    /// `active_limit` is qmgr_message_active_limit.
    pub fn new(queue: Queue, clock: Arc<dyn Clock>, generation: Generation, active_limit: usize) -> Arc<Self> {
        Arc::new(Self {
            queue,
            clock,
            current: Mutex::new(Arc::new(generation)),
            destinations: Destinations::default(),
            active: Arc::new(Semaphore::new(active_limit.clamp(1, Semaphore::MAX_PERMITS))),
            loading: Mutex::default(),
            flushed_at: Mutex::new(None),
            probes: AtomicUsize::new(0),
        })
    }

    /// A new configuration; rounds under way finish with the old one.
    pub fn replace(&self, generation: Generation) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(generation);
    }

    /// postqueue -f, -i: tries deferred mail now, and destinations that were left alone. Gives the number of messages.
    pub fn flush(&self, which: &Which) -> usize {
        self.destinations.revive();
        let now = self.clock.now();
        *self.flushed_at.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
        self.queue.flush(which, now)
    }

    /// Runs until it is dropped.
    pub async fn run(self: Arc<Self>) {
        let arrivals = tokio::spawn(self.clone().take_arrivals());
        let deferred = tokio::spawn(self.clone().take_due());
        let rescans = tokio::spawn(self.clone().rescan());
        let _all = (AbortOnDrop(arrivals), AbortOnDrop(deferred), AbortOnDrop(rescans));
        std::future::pending::<()>().await;
    }

    async fn take_arrivals(self: Arc<Self>) {
        loop {
            // The queue itself bounds how many arrivals are in hand.
            let message = self.queue.next_arrival().await;
            let manager = self.clone();
            tokio::spawn(async move { manager.round(message).await });
        }
    }

    async fn take_due(self: Arc<Self>) {
        loop {
            let due = self.take_batch();
            let none = due.is_empty();
            for id in due {
                let Ok(place) = self.active.clone().acquire_owned().await else { return };
                let manager = self.clone();
                tokio::spawn(async move {
                    manager.load(id).await;
                    drop(place);
                });
            }
            if none {
                tokio::select! {
                    () = tokio::time::sleep(self.pause()) => {}
                    () = self.queue.due_changed() => {}
                }
            }
        }
    }

    /// Due messages that are not being loaded already. One that could not be loaded comes again after a while.
    fn take_batch(&self) -> Vec<QueueId> {
        let now = self.clock.monotonic();
        let mut loading = self.loading();
        loading.retain(|_, until| *until > now);
        let mut due = self.queue.due(self.clock.now(), DUE_BATCH + loading.len());
        due.retain(|id| !loading.contains_key(id));
        loading.extend(due.iter().map(|id| (*id, now + QUEUE_RETRY)));
        due
    }

    /// Until the next message is due, or one that could not be loaded may be tried again.
    fn pause(&self) -> Duration {
        let until = self.queue.next_due().map(|at| at.duration_since(self.clock.now()).unwrap_or(Duration::ZERO));
        let now = self.clock.monotonic();
        let again = self.loading().values().map(|until| until.saturating_sub(now)).min();
        let next = match (until, again) {
            // What is due and being loaded needs no second look before then.
            (Some(Duration::ZERO), Some(again)) => again,
            (until, _) => until.unwrap_or(LONGEST_SLEEP),
        };
        next.clamp(Duration::from_millis(10), LONGEST_SLEEP)
    }

    fn loading(&self) -> MutexGuard<'_, HashMap<QueueId, Duration>> {
        self.loading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn load(&self, id: QueueId) {
        match self.queue.load(id).await {
            Ok(Some(message)) => {
                self.loading().remove(&id);
                self.round(message).await;
            }
            // Gone, held or corrupt: the queue does not call it due again.
            Ok(None) => {}
            Err(error) => self.generation().log.warning(format_args!("{id}: {error}")),
        }
    }

    /// Looks for mail that others put into the queue directory, every queue_run_delay.
    async fn rescan(self: Arc<Self>) {
        loop {
            tokio::time::sleep(self.generation().settings.queue_run_delay).await;
            if let Err(error) = self.queue.rescan().await {
                self.generation().log.warning(format_args!("queue scan: {error}"));
            }
        }
    }

    fn generation(&self) -> Arc<Generation> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// One round of attempts and its settlement.
    async fn round(&self, message: Message) {
        let generation = self.generation();
        let now = self.clock.now();
        generation.log.info(format_args!(
            "{}: from=<{}>, size={}, nrcpt={} (queue active)",
            message.id,
            message.envelope.sender,
            message.size(),
            message.remaining().count()
        ));
        let flushed = self
            .flushed_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .is_some_and(|at| message.envelope.arrival <= at);
        if message.envelope.probe {
            let pending = Pending::new(&self.probes, generation.settings.probe_limit);
            let attempted = probe::attempt(&message, &generation, &self.destinations, now, &pending).await;
            return probe::settle(&self.queue, &generation, &message, &attempted).await;
        }
        let attempted = message::attempt(&message, &generation, &self.destinations, now, flushed).await;
        let id = message.id;
        if let Err(error) = outcome::settle(&self.queue, &generation, message, attempted, self.clock.now()).await {
            // The queue is closing, and has the message as it was before the round.
            generation.log.warning(format_args!("{id}: {error}"));
        }
    }
}

struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
