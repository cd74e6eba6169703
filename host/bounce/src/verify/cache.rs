//! The cache, in memory or on disk, and which probes are under way. It outlives configuration generations.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::{Notify, OnceCell};

use super::{
    entry::{Entry, PROBE_TTL},
    settings::Map,
    store::Store,
};
use crate::BounceError;

/// The new entry of an address by its old one; None: it stays as it is.
pub type Edit = Box<dyn FnOnce(Option<Entry>) -> Option<Entry> + Send>;

pub struct Cache {
    map: Map,
    /// Opened at the first question: where nothing asks for verification there is no file.
    backend: OnceCell<Arc<Backend>>,
    under_way: Mutex<HashMap<String, UnderWay>>,
    /// Monotonic time of the last cleanup.
    cleaned: Mutex<Option<Duration>>,
}

enum Backend {
    Memory(Mutex<HashMap<String, Entry>>),
    Durable(Store),
}

/// An address whose outcome somebody waits for.
#[derive(Default)]
struct UnderWay {
    /// When its probe was sent, monotonic; None: by a server before this one.
    probed: Option<Duration>,
    news: Arc<Notify>,
}

impl Cache {
    pub(super) fn new(map: Map) -> Arc<Self> {
        Arc::new(Self { map, backend: OnceCell::new(), under_way: Mutex::default(), cleaned: Mutex::new(None) })
    }

    pub(super) fn is_for(&self, map: &Map) -> bool {
        self.map == *map
    }

    /// As in main.cf.
    pub(super) fn title(&self) -> &str {
        match &self.map {
            Map::Memory => "internal:address_verify_map",
            Map::File { title, .. } => title,
        }
    }

    async fn backend(&self) -> Result<&Arc<Backend>, BounceError> {
        let open = || async {
            let Map::File { path, .. } = self.map.clone() else {
                return Ok(Arc::new(Backend::Memory(Mutex::default())));
            };
            let opened = tokio::task::spawn_blocking(move || Store::open(&path)).await;
            Ok(Arc::new(Backend::Durable(opened.map_err(|e| BounceError::Cache(e.to_string()))??)))
        };
        // A failure is not kept: the next question tries again.
        self.backend.get_or_try_init(open).await
    }

    pub(super) async fn get(&self, address: &str) -> Result<Option<Entry>, BounceError> {
        match &**self.backend().await? {
            Backend::Memory(entries) => Ok(lock(entries).get(address).cloned()),
            Backend::Durable(store) => store.get(address),
        }
    }

    /// Nothing comes between what `edit` sees and what it makes of it.
    pub(super) async fn change(&self, address: &str, edit: Edit) -> Result<(), BounceError> {
        match &**self.backend().await? {
            Backend::Memory(entries) => {
                let mut entries = lock(entries);
                if let Some(entry) = edit(entries.get(address).cloned()) {
                    entries.insert(address.to_string(), entry);
                }
                Ok(())
            }
            Backend::Durable(store) => store.change(address, edit).await,
        }
    }

    /// Removes the dead entries if the last time is so long ago. Gives the numbers of kept and removed ones.
    pub(super) async fn clean(
        &self,
        interval: Duration,
        now: Duration,
        dead: impl Fn(&Entry) -> bool + Send + Sync + 'static,
    ) -> Result<Option<(u64, u64)>, BounceError> {
        {
            let mut cleaned = lock(&self.cleaned);
            if cleaned.is_some_and(|at| now.saturating_sub(at) < interval) {
                return Ok(None);
            }
            *cleaned = Some(now);
        }
        lock(&self.under_way).retain(|_, probe| Arc::strong_count(&probe.news) > 1 || is_recent(probe, now));
        let backend = self.backend().await?.clone();
        let clean = move || match &*backend {
            Backend::Memory(entries) => {
                let mut entries = lock(entries);
                let all = entries.len();
                entries.retain(|_, entry| !dead(entry));
                Ok((entries.len() as u64, (all - entries.len()) as u64))
            }
            Backend::Durable(store) => store.clean(&dead),
        };
        let counts = tokio::task::spawn_blocking(clean).await.map_err(|e| BounceError::Cache(e.to_string()))??;
        Ok(Some(counts))
    }

    /// True: no probe for the address is under way, and now there is one.
    pub(super) fn begin(&self, address: &str, now: Duration) -> bool {
        let mut under_way = lock(&self.under_way);
        let probe = under_way.entry(address.to_string()).or_default();
        if is_recent(probe, now) {
            return false;
        }
        probe.probed = Some(now);
        true
    }

    /// The probe's outcome is known, or there will be none: wakes those who wait for it.
    pub(super) fn end(&self, address: &str) {
        if let Some(probe) = lock(&self.under_way).remove(address) {
            probe.news.notify_waiters();
        }
    }

    /// Notified when the outcome is known.
    pub(super) fn news(&self, address: &str) -> Arc<Notify> {
        lock(&self.under_way).entry(address.to_string()).or_default().news.clone()
    }
}

fn is_recent(probe: &UnderWay, now: Duration) -> bool {
    probe.probed.is_some_and(|at| now.saturating_sub(at).as_secs() <= PROBE_TTL)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
