//! The stores of wit/store.wit: one redb file each below data_directory, shared by all sessions and kept over restarts.
//!
//! A write is seen by everybody at once and is on disk within a second: a store is a memory of clients and counters, not a
//! queue, and a power cut may take its last second.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, UNIX_EPOCH},
};

use hook::{Clock, StoreError};
use redb::{Database, Durability, ReadableDatabase, ReadableTable, Table, TableDefinition};

use crate::PluginError;

/// Key to expiry (8 bytes, milliseconds since 1970, little endian, 0: never) and value.
const ENTRIES: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("entries");

/// Longest key and value in bytes.
const KEY: usize = 256;
const VALUE: usize = 64 * 1024;
/// How often what was written is made durable, and how often what has expired is removed.
const SYNC: Duration = Duration::from_secs(1);
const PURGE: Duration = Duration::from_secs(60);
/// Cache of one store, and most entries removed in one transaction.
const CACHE: usize = 4 * 1024 * 1024;
const PURGED_AT_ONCE: usize = 1000;

/// All stores of the server. Clones share.
#[derive(Clone)]
pub struct Stores(Arc<Inner>);

struct Inner {
    directory: PathBuf,
    clock: Arc<dyn Clock>,
    open: Mutex<HashMap<String, Arc<OneStore>>>,
}

struct OneStore {
    database: Database,
    unsynced: AtomicBool,
}

impl Stores {
    /// `directory` is `$data_directory/store`, made where it is missing. A thread syncs and purges until the last clone is gone.
    ///
    /// # Errors
    /// When the directory cannot be made or the thread not started.
    pub fn open(directory: &Path, clock: Arc<dyn Clock>) -> Result<Self, PluginError> {
        let wrong =
            |error: std::io::Error| PluginError::Server(format!("store directory {}: {error}", directory.display()));
        std::fs::create_dir_all(directory).map_err(wrong)?;
        let inner = Arc::new(Inner { directory: directory.to_path_buf(), clock, open: Mutex::default() });
        let weak = Arc::downgrade(&inner);
        thread::Builder::new().name("plugin-stores".into()).spawn(move || tend(&weak)).map_err(wrong)?;
        Ok(Self(inner))
    }

    /// Removes what has expired from all open stores. The thread does this every minute.
    pub fn purge(&self) {
        self.0.purge();
    }

    fn store(&self, name: &str) -> Result<Arc<OneStore>, StoreError> {
        let mut open = self.0.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = open.get(name) {
            return Ok(store.clone());
        }
        let valid = !name.starts_with('.')
            && (1..=64).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
        if !valid {
            return Err(StoreError::Unavailable(format!("{name:?} is no store name")));
        }
        let path = self.0.directory.join(format!("{name}.redb"));
        let opened =
            Database::builder().set_cache_size(CACHE).create(&path).map_err(redb::Error::from).and_then(|database| {
                let transaction = database.begin_write()?;
                transaction.open_table(ENTRIES)?;
                transaction.commit()?;
                Ok(database)
            });
        let database = opened.map_err(|error| StoreError::Unavailable(format!("{}: {error}", path.display())))?;
        let store = Arc::new(OneStore { database, unsynced: AtomicBool::new(false) });
        open.insert(name.to_string(), store.clone());
        Ok(store)
    }

    /// Reads one entry.
    fn read(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let now = self.0.now();
        let read = |store: &OneStore| -> Result<Option<Vec<u8>>, redb::Error> {
            let table = store.database.begin_read()?.open_table(ENTRIES)?;
            Ok(table.get(key)?.and_then(|entry| live(entry.value(), now).map(|(_, value)| value.to_vec())))
        };
        read(&*self.store(store)?).map_err(trouble)
    }

    /// Reads and writes in one transaction; no other write comes between.
    fn write<T>(
        &self,
        store: &str,
        act: impl FnOnce(&mut Table<'_, &'static str, &'static [u8]>, u64) -> Result<T, redb::Error>,
    ) -> Result<T, StoreError> {
        let now = self.0.now();
        let store = self.store(store)?;
        let write = || -> Result<T, redb::Error> {
            let mut transaction = store.database.begin_write()?;
            transaction.set_durability(Durability::None)?;
            let done = act(&mut transaction.open_table(ENTRIES)?, now)?;
            transaction.commit()?;
            Ok(done)
        };
        let done = write().map_err(trouble)?;
        store.unsynced.store(true, Ordering::Release);
        Ok(done)
    }
}

impl Inner {
    /// Milliseconds since 1970.
    fn now(&self) -> u64 {
        self.clock.now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64)
    }

    fn stores(&self) -> Vec<(String, Arc<OneStore>)> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.iter().map(|(name, store)| (name.clone(), store.clone())).collect()
    }

    fn sync(&self) {
        for (name, store) in self.stores() {
            if store.unsynced.swap(false, Ordering::AcqRel)
                && let Err(error) = store.sync()
            {
                store.unsynced.store(true, Ordering::Release);
                tracing::warn!(target: "plugin", "store {name}: {error}");
            }
        }
    }

    fn purge(&self) {
        let now = self.now();
        for (name, store) in self.stores() {
            loop {
                match store.purge(now) {
                    Ok(removed) if removed >= PURGED_AT_ONCE => {}
                    Ok(_) => break,
                    Err(error) => {
                        tracing::warn!(target: "plugin", "store {name}: {error}");
                        break;
                    }
                }
            }
        }
    }
}

impl OneStore {
    fn sync(&self) -> Result<(), redb::Error> {
        // An empty durable commit takes all earlier ones with it.
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::Immediate)?;
        transaction.commit()?;
        Ok(())
    }

    /// Removes up to [`PURGED_AT_ONCE`] expired entries and says how many it removed.
    fn purge(&self, now: u64) -> Result<usize, redb::Error> {
        let expired: Vec<String> = {
            let table = self.database.begin_read()?.open_table(ENTRIES)?;
            let mut expired = Vec::new();
            for entry in table.iter()? {
                let (key, value) = entry?;
                if live(value.value(), now).is_none() {
                    expired.push(key.value().to_string());
                }
                if expired.len() >= PURGED_AT_ONCE {
                    break;
                }
            }
            expired
        };
        if expired.is_empty() {
            return Ok(0);
        }
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(Durability::None)?;
        {
            let mut table = transaction.open_table(ENTRIES)?;
            for key in &expired {
                // It may have been renewed since it was read.
                let still = table.get(key.as_str())?.is_some_and(|entry| live(entry.value(), now).is_none());
                if still {
                    table.remove(key.as_str())?;
                }
            }
        }
        transaction.commit()?;
        self.unsynced.store(true, Ordering::Release);
        Ok(expired.len())
    }
}

fn tend(stores: &Weak<Inner>) {
    let mut rounds = 0;
    loop {
        thread::sleep(SYNC);
        let Some(stores) = stores.upgrade() else { return };
        stores.sync();
        rounds += 1;
        if rounds * SYNC.as_secs() >= PURGE.as_secs() {
            rounds = 0;
            stores.purge();
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.sync();
    }
}

fn trouble(error: redb::Error) -> StoreError {
    StoreError::Unavailable(error.to_string())
}

/// Expiry and value of an entry that has not expired.
fn live(entry: &[u8], now: u64) -> Option<(u64, &[u8])> {
    let (expiry, value) = entry.split_first_chunk::<8>()?;
    let expiry = u64::from_le_bytes(*expiry);
    (expiry == 0 || expiry > now).then_some((expiry, value))
}

fn entry(expiry: u64, value: &[u8]) -> Vec<u8> {
    [&expiry.to_le_bytes(), value].concat()
}

/// `ttl` in seconds, 0: never.
fn expiry(now: u64, ttl: u32) -> u64 {
    if ttl == 0 { 0 } else { now.saturating_add(u64::from(ttl) * 1000).max(1) }
}

fn fits(key: &str, value: &[u8]) -> Result<(), StoreError> {
    if key.len() > KEY || value.len() > VALUE { Err(StoreError::TooBig) } else { Ok(()) }
}

impl hook::Store for Stores {
    fn get(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        fits(key, &[])?;
        self.read(store, key)
    }

    fn put(&self, store: &str, key: &str, value: &[u8], ttl: u32) -> Result<(), StoreError> {
        fits(key, value)?;
        self.write(store, |table, now| {
            table.insert(key, &entry(expiry(now, ttl), value)[..])?;
            Ok(())
        })
    }

    fn put_if_absent(&self, store: &str, key: &str, value: &[u8], ttl: u32) -> Result<bool, StoreError> {
        fits(key, value)?;
        self.write(store, |table, now| {
            if table.get(key)?.is_some_and(|entry| live(entry.value(), now).is_some()) {
                return Ok(false);
            }
            table.insert(key, &entry(expiry(now, ttl), value)[..])?;
            Ok(true)
        })
    }

    fn add(&self, store: &str, key: &str, amount: i64, ttl: u32) -> Result<i64, StoreError> {
        fits(key, &[])?;
        self.write(store, |table, now| {
            let found = table.get(key)?.and_then(|entry| {
                let (expiry, value) = live(entry.value(), now)?;
                Some((expiry, i64::from_le_bytes(value.try_into().ok()?)))
            });
            // A later add does not renew the time to live, so that a counter covers a fixed window.
            let (expires, number) = found.unwrap_or((expiry(now, ttl), 0));
            let sum = number.saturating_add(amount);
            table.insert(key, &entry(expires, &sum.to_le_bytes())[..])?;
            Ok(sum)
        })
    }

    fn remove(&self, store: &str, key: &str) -> Result<(), StoreError> {
        fits(key, &[])?;
        self.write(store, |table, _| {
            table.remove(key)?;
            Ok(())
        })
    }
}

#[cfg(test)]
mod tests;
