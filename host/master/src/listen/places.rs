//! The process limit of an entry: so many sessions, the ones that a reload found under way included.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// How often it is told that an entry is at its limit, as in Postfix.
const TELL_INTERVAL: Duration = Duration::from_secs(1000);

/// The sessions of an entry. All its addresses share it, as one process pool serves them in Postfix; it outlives reloads.
#[derive(Debug, Default)]
pub struct Places {
    taken: AtomicU32,
    freed: Notify,
    /// When it was told last that all are taken.
    told: Mutex<Option<Instant>>,
}

/// A session's place; dropping it gives it back.
#[derive(Debug)]
pub struct Place(Arc<Places>);

impl Places {
    /// A place, if fewer than `limit` are taken.
    pub fn take(self: &Arc<Self>, limit: u32) -> Option<Place> {
        let taken = self.taken.fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| (n < limit).then_some(n + 1));
        taken.ok().map(|_| Place(self.clone()))
    }

    /// True when `limit` are taken.
    pub fn are_full(&self, limit: u32) -> bool {
        self.taken.load(Ordering::Acquire) >= limit
    }

    /// Waits until a place was given back, or a reload may have made more of them.
    pub async fn freed(&self, limit: u32) {
        let mut freed = std::pin::pin!(self.freed.notified());
        // Listening before the last look, so that no place is missed in between.
        freed.as_mut().enable();
        if self.are_full(limit) {
            freed.await;
        }
    }

    /// Whether it is time to tell that all are taken; then it counts as told.
    pub fn tell_now(&self) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let due = told.is_none_or(|at| at.elapsed() > TELL_INTERVAL);
        if due {
            *told = Some(Instant::now());
        }
        due
    }

    /// The limit may be another one now.
    pub fn changed(&self) {
        self.freed.notify_waiters();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, Ordering::AcqRel);
        // Whoever waits looks again; those of other addresses, too.
        self.0.freed.notify_waiters();
    }
}
