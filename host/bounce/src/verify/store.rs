//! The cache on disk: a redb file. One thread writes what has come in since the last time in one durable transaction, so
//! that many outcomes cost one sync. Readers do not wait for it.

use std::{
    path::Path,
    sync::{Arc, mpsc},
    thread,
};

use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};
use tokio::sync::oneshot;

use super::{cache::Edit, entry::Entry};
use crate::BounceError;

/// Address to [`Entry::encode`].
const ENTRIES: TableDefinition<'static, &str, &str> = TableDefinition::new("addresses");

const CACHE: usize = 4 * 1024 * 1024;
/// Changes in one transaction.
const BATCH: usize = 1000;

pub struct Store {
    database: Arc<Database>,
    writer: mpsc::Sender<Job>,
}

/// An address, what becomes of its entry, and whom to tell that it is durable.
type Job = (String, Edit, oneshot::Sender<Result<(), BounceError>>);

impl Store {
    /// Opens or makes the file. Blocks.
    pub fn open(path: &Path) -> Result<Self, BounceError> {
        let wrong = |error: redb::Error| BounceError::Cache(format!("open {}: {error}", path.display()));
        let made = Database::builder().set_cache_size(CACHE).create(path).map_err(|e| wrong(e.into()))?;
        let database = Arc::new(made);
        commit(&database, Vec::new()).map_err(wrong)?;
        let (writer, jobs) = mpsc::channel();
        let theirs = database.clone();
        let spawned = thread::Builder::new().name("verify-cache".into()).spawn(move || write(&theirs, &jobs));
        spawned.map_err(|error| BounceError::Cache(format!("thread: {error}")))?;
        Ok(Self { database, writer })
    }

    pub fn get(&self, address: &str) -> Result<Option<Entry>, BounceError> {
        let read = || -> Result<Option<Entry>, redb::Error> {
            let table = self.database.begin_read()?.open_table(ENTRIES)?;
            Ok(table.get(address)?.and_then(|entry| Entry::decode(entry.value())))
        };
        read().map_err(trouble)
    }

    /// Returns when the change is durable.
    pub async fn change(&self, address: &str, edit: Edit) -> Result<(), BounceError> {
        let ended = || BounceError::Cache("its writer has ended".into());
        let (told, done) = oneshot::channel();
        self.writer.send((address.to_string(), edit, told)).map_err(|_| ended())?;
        done.await.map_err(|_| ended())?
    }

    /// Removes what is `dead`. Gives the numbers of kept and removed entries. Blocks.
    pub fn clean(&self, dead: &(dyn Fn(&Entry) -> bool + Sync)) -> Result<(u64, u64), BounceError> {
        let clean = || -> Result<(u64, u64), redb::Error> {
            let is_dead = |text: &str| Entry::decode(text).is_none_or(|entry| dead(&entry));
            let (mut kept, mut all) = (0, Vec::new());
            {
                let table = self.database.begin_read()?.open_table(ENTRIES)?;
                for entry in table.iter()? {
                    let (address, entry) = entry?;
                    if is_dead(entry.value()) { all.push(address.value().to_string()) } else { kept += 1 }
                }
            }
            let mut removed = 0;
            // In parts, so that outcomes need not wait long.
            for part in all.chunks(BATCH) {
                let transaction = self.database.begin_write()?;
                {
                    let mut table = transaction.open_table(ENTRIES)?;
                    for address in part {
                        // It may have been renewed since it was read.
                        if table.get(address.as_str())?.is_some_and(|entry| is_dead(entry.value())) {
                            table.remove(address.as_str())?;
                            removed += 1;
                        }
                    }
                }
                transaction.commit()?;
            }
            Ok((kept, removed))
        };
        clean().map_err(trouble)
    }
}

/// Ends when the store is dropped.
fn write(database: &Database, jobs: &mpsc::Receiver<Job>) {
    while let Ok(first) = jobs.recv() {
        let (mut edits, mut waiting) = (Vec::new(), Vec::new());
        for (address, edit, told) in std::iter::once(first).chain(jobs.try_iter()).take(BATCH) {
            edits.push((address, edit));
            waiting.push(told);
        }
        let outcome = commit(database, edits).map_err(trouble);
        for told in waiting {
            // A session that ended meanwhile need not know.
            let _ = told.send(outcome.clone());
        }
    }
}

fn commit(database: &Database, edits: Vec<(String, Edit)>) -> Result<(), redb::Error> {
    let transaction = database.begin_write()?;
    {
        let mut table = transaction.open_table(ENTRIES)?;
        for (address, edit) in edits {
            let found = table.get(address.as_str())?.and_then(|entry| Entry::decode(entry.value()));
            if let Some(entry) = edit(found) {
                table.insert(address.as_str(), entry.encode().as_str())?;
            }
        }
    }
    transaction.commit()?;
    Ok(())
}

fn trouble(error: redb::Error) -> BounceError {
    BounceError::Cache(error.to_string())
}
