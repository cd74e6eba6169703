//! Live instances: the pool of `instance=shared`, and those kept with a session or message in [`hook::Instances`].
//! An instance is in one call at a time, and gone after a failure.

use std::{
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hook::{FailureKind, Instances};
use tokio::sync::{Semaphore, SemaphorePermit};
use wasmtime::{Store, component::Instance};

use crate::{limits::InstanceScope, run::Guests, state::State};

/// One instance and its exports.
pub(crate) struct Live {
    pub store: Store<State>,
    pub guests: Guests,
    /// Keeps the instance's handle with its store.
    pub _instance: Instance,
}

/// Instances of one plugin under way at a time in its pool. More calls wait, within their time limit.
const AT_ONCE: usize = 256;
/// Idle instances kept.
const IDLE: usize = 64;

/// The pool of one plugin.
pub(crate) struct Pool {
    /// Boxed, because `hook::Instances` wants boxes and a call should not move a whole store.
    #[expect(clippy::vec_box, reason = "the boxes are handed on as they are")]
    idle: Mutex<Vec<Box<Live>>>,
    permits: Semaphore,
}

impl Pool {
    pub(crate) fn new() -> Self {
        Self { idle: Mutex::new(Vec::new()), permits: Semaphore::new(AT_ONCE) }
    }

    /// The last instance put back: its memory is warm.
    pub(crate) fn take(&self) -> Option<Box<Live>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    pub(crate) fn put(&self, live: Box<Live>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE {
            idle.push(live);
        }
    }

    /// The right to one instance.
    pub(crate) async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        self.permits.acquire().await.ok()
    }
}

/// Takes the instance a session or message keeps.
pub(crate) fn take_kept(instances: &Instances, plugin: u64) -> Option<Box<Live>> {
    instances.take(plugin)?.downcast::<Live>().ok()
}

/// Keeps an instance until the session, or the message, ends.
pub(crate) fn keep(instances: &Instances, plugin: u64, scope: InstanceScope, live: Box<Live>) {
    instances.keep(plugin, scope == InstanceScope::Message, live);
}

/// How a plugin has been doing, and from when on it may have a new instance. After some failures in a row the plugin's calls
/// fail at once for a time that doubles, up to a second: short, so that a client who knows a message that breaks a plugin
/// cannot keep others out for long.
#[derive(Default)]
pub(crate) struct Health {
    /// Most calls find no trouble and need no lock.
    troubled: AtomicBool,
    trouble: Mutex<Trouble>,
}

#[derive(Default)]
struct Trouble {
    in_a_row: u32,
    /// Clock time ([`hook::Clock::monotonic`]) before which no new instance is made.
    not_before: Duration,
    kind: Option<FailureKind>,
}

/// Failures in a row that are not held against a plugin.
const FREE: u32 = 8;

impl Health {
    /// A call went well.
    pub(crate) fn well(&self) {
        if self.troubled.load(Ordering::Acquire) {
            let mut trouble = self.lock();
            *trouble = Trouble::default();
            self.troubled.store(false, Ordering::Release);
        }
    }

    /// A call failed.
    pub(crate) fn ill(&self, kind: FailureKind, now: Duration) {
        let mut trouble = self.lock();
        self.troubled.store(true, Ordering::Release);
        trouble.in_a_row = trouble.in_a_row.saturating_add(1);
        trouble.kind = Some(kind);
        if trouble.in_a_row > FREE {
            let doublings = (trouble.in_a_row - FREE - 1).min(6);
            trouble.not_before = now + Duration::from_millis((16 << doublings).min(1000));
        }
    }

    /// Whether a new instance must wait: the last kind of failure, how many there were in a row, and for how long.
    pub(crate) fn waiting(&self, now: Duration) -> Option<(FailureKind, u32, Duration)> {
        let trouble = self.lock();
        let rest = trouble.not_before.checked_sub(now).filter(|rest| !rest.is_zero())?;
        Some((trouble.kind?, trouble.in_a_row, rest))
    }

    fn lock(&self) -> MutexGuard<'_, Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_off_grows_ends_and_is_forgotten() {
        let health = Health::default();
        let now = Duration::from_secs(100);
        for _ in 0..FREE {
            health.ill(FailureKind::Trap, now);
        }
        assert_eq!(health.waiting(now), None, "the first failures are free");
        health.ill(FailureKind::Memory, now);
        assert_eq!(health.waiting(now), Some((FailureKind::Memory, FREE + 1, Duration::from_millis(16))));
        assert_eq!(health.waiting(now + Duration::from_millis(16)), None);
        for _ in 0..20 {
            health.ill(FailureKind::Trap, now);
        }
        let (_, _, longest) = health.waiting(now).expect("still failing");
        assert_eq!(longest, Duration::from_millis(1000));
        health.well();
        assert_eq!(health.waiting(now), None);
    }
}
