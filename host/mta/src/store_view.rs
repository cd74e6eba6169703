//! The stores of plugins as a command beside the server sees them: what is on disk, in a copy whose changes are thrown away.
//!
//! The running server has its stores open and makes what it wrote durable within a second, so the copy may be that old. A
//! copy taken while the server writes can be torn; the store's own check sums tell, and another copy is taken.

use std::{
    collections::HashSet,
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use anyhow::Result;
use hook::{Clock, Store, StoreError};
use plugin::Stores;

/// Copies taken of a store before it counts as unreadable, and the time between them.
const ATTEMPTS: u32 = 5;
const APART: Duration = Duration::from_millis(100);

pub struct StoreView {
    real: PathBuf,
    scratch: PathBuf,
    copies: Stores,
    copied: Mutex<HashSet<String>>,
}

impl StoreView {
    /// Stores in `real`, copied to the directory `scratch` when they are asked.
    pub fn new(real: &Path, scratch: &Path, clock: Arc<dyn Clock>) -> Result<Self> {
        let copies = Stores::open(scratch, clock)?;
        Ok(Self { real: real.to_path_buf(), scratch: scratch.to_path_buf(), copies, copied: Mutex::default() })
    }

    fn copy(&self, store: &str) -> Result<&Stores, StoreError> {
        let mut copied = self.copied.lock().unwrap_or_else(PoisonError::into_inner);
        if copied.contains(store) {
            return Ok(&self.copies);
        }
        let file = format!("{store}.redb");
        // A name with a slash is no store; `Stores` says so.
        let is_file_name = !store.contains('/');
        for attempt in 1.. {
            if is_file_name {
                match std::fs::copy(self.real.join(&file), self.scratch.join(&file)) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::NotFound => {}
                    Err(error) => {
                        let why = format!("{}: {error}", self.real.join(&file).display());
                        return Err(StoreError::Unavailable(why));
                    }
                }
            }
            match self.copies.get(store, "") {
                Err(StoreError::Unavailable(_)) if is_file_name && attempt < ATTEMPTS => thread::sleep(APART),
                Err(error) => return Err(error),
                Ok(_) => break,
            }
        }
        copied.insert(store.to_string());
        Ok(&self.copies)
    }
}

impl Store for StoreView {
    fn get(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.copy(store)?.get(store, key)
    }
    fn put(&self, store: &str, key: &str, value: &[u8], ttl: u32) -> Result<(), StoreError> {
        self.copy(store)?.put(store, key, value, ttl)
    }
    fn put_if_absent(&self, store: &str, key: &str, value: &[u8], ttl: u32) -> Result<bool, StoreError> {
        self.copy(store)?.put_if_absent(store, key, value, ttl)
    }
    fn add(&self, store: &str, key: &str, amount: i64, ttl: u32) -> Result<i64, StoreError> {
        self.copy(store)?.add(store, key, amount, ttl)
    }
    fn remove(&self, store: &str, key: &str) -> Result<(), StoreError> {
        self.copy(store)?.remove(store, key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_seen_here_and_nowhere_else() {
        let home = tempfile::tempdir().expect("a directory");
        let (real, scratch) = (home.path().join("real"), home.path().join("scratch"));
        let clock: Arc<dyn Clock> = Arc::new(crate::system::SystemClock::start());
        let server = Stores::open(&real, clock.clone()).expect("stores");
        server.put("grey", "old", b"1", 0).expect("put");
        // The server has it on disk within a second.
        thread::sleep(Duration::from_millis(1500));
        let view = StoreView::new(&real, &scratch, clock).expect("a view beside the server");
        assert_eq!(view.get("grey", "old"), Ok(Some(b"1".to_vec())));
        assert_eq!(view.put_if_absent("grey", "new", b"2", 0), Ok(true));
        assert_eq!(view.get("grey", "new"), Ok(Some(b"2".to_vec())));
        assert_eq!(server.get("grey", "new"), Ok(None), "the server learned of it");
        assert_eq!(view.get("other", "x"), Ok(None), "a store that is not there yet is empty");
        assert!(!real.join("other.redb").exists(), "a store was made");
        assert!(matches!(view.get("../x", "y"), Err(StoreError::Unavailable(_))));
    }
}
