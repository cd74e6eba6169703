//! The loop: arrivals and due mail in, one task a message.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use hook::{Addresses, Clock, Delivery, DeliveryAttempts, MailLog};
use queue::{Message, Queue, QueueId, Which};
use tokio::sync::Semaphore;

use crate::{Settings, destination::Destinations, message, outcome};

/// Finds the delivery agent of a master.cf transport.
pub trait Transports: Send + Sync {
    fn find(&self, transport: &str) -> Option<Arc<dyn Delivery>>;
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
    /// defer_transports hold nothing back for messages that arrived in the queue before this.
    flushed_at: Mutex<Option<SystemTime>>,
}

/// Messages taken from the deferred queue at a time.
const DUE_BATCH: usize = 1000;
/// The longest sleep, so that a clock that was changed is noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);
/// After a trouble of the queue itself.
const QUEUE_RETRY: Duration = Duration::from_secs(10);

impl Manager {
    /// `active_limit` is qmgr_message_active_limit.
    pub fn new(queue: Queue, clock: Arc<dyn Clock>, generation: Generation, active_limit: usize) -> Arc<Self> {
        Arc::new(Self {
            queue,
            clock,
            current: Mutex::new(Arc::new(generation)),
            destinations: Destinations::default(),
            active: Arc::new(Semaphore::new(active_limit.clamp(1, Semaphore::MAX_PERMITS))),
            flushed_at: Mutex::new(None),
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
        let _both = (AbortOnDrop(arrivals), AbortOnDrop(deferred));
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
            let now = self.clock.now();
            let due = self.queue.due(now, DUE_BATCH);
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
                let until = self.queue.next_due().and_then(|at| at.duration_since(self.clock.now()).ok());
                let sleep = until.unwrap_or(LONGEST_SLEEP).clamp(Duration::from_millis(10), LONGEST_SLEEP);
                tokio::select! {
                    () = tokio::time::sleep(sleep) => {}
                    () = self.queue.due_changed() => {}
                }
            } else {
                // Those just spawned leave the due list when they are loaded.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }

    async fn load(&self, id: QueueId) {
        match self.queue.load(id).await {
            Ok(Some(message)) => self.round(message).await,
            Ok(None) => {}
            Err(error) => {
                self.generation().log.warning(format_args!("{id}: {error}"));
                tokio::time::sleep(QUEUE_RETRY).await;
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
        let flushed = self.flushed_at.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|at| message.envelope.arrival <= at);
        let attempted = message::attempt(&message, &generation, &self.destinations, now, flushed).await;
        let id = message.id;
        if let Err(error) = outcome::settle(&self.queue, &generation, message, attempted, self.clock.now()).await {
            // The queue still has the message as it was before the round.
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
