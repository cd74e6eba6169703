//! FILE.lmdb as postmap(1) makes and changes it, under the lock that Postfix takes.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use lmdb::{Database, DatabaseFlags, Environment, EnvironmentFlags, RwTransaction, Transaction, WriteFlags};
use nix::{fcntl::FcntlArg, libc};

use crate::{
    error::reason,
    postmap::{Duplicates, Entries, PostmapError, Writing},
};

/// The largest file that a table may grow to: postmap doubles its limit until all fits.
const LARGEST: usize = 1 << 40;

/// Writes the entries; without `writing.incremental` in place of all there were. Readers see all of it or nothing.
pub(crate) fn write(path: &Path, entries: &Entries, writing: &Writing) -> Result<(), PostmapError> {
    let options = OpenOptions::new().read(true).write(true).create(true).mode(writing.mode).clone();
    let _lock = locked(path, &options)?;
    let mut environment = Limited::open(path, writing.lmdb_map_size)?;
    loop {
        // Warnings are given when it is certain that this attempt counts.
        let mut repeated = Vec::new();
        let done = environment.transaction(|transaction, database| {
            if !writing.incremental {
                transaction.clear_db(database)?;
            }
            for (key, value) in entries {
                let overwrite = writing.duplicates == Duplicates::Replace || writing.is_mark(key);
                let flags = if overwrite { WriteFlags::empty() } else { WriteFlags::NO_OVERWRITE };
                match transaction.put(database, key, value, flags) {
                    Err(lmdb::Error::KeyExist) => repeated.push(key),
                    other => other?,
                }
            }
            Ok(())
        })?;
        if done {
            for key in repeated.into_iter().filter(|_| writing.duplicates == Duplicates::Warn) {
                writing.warn_of_duplicate("lmdb", path.with_extension("").as_path(), key);
            }
            return Ok(());
        }
    }
}

/// Takes a key out, with its null character and without. False when there was none.
pub(crate) fn delete(path: &Path, key: &str, map_size: usize) -> Result<bool, PostmapError> {
    if !path.exists() {
        return Ok(false);
    }
    let _lock = locked(path, OpenOptions::new().read(true).write(true))?;
    let mut environment = Limited::open(path, map_size)?;
    let with_null = [key.as_bytes(), b"\0"].concat();
    loop {
        let mut found = false;
        let done = environment.transaction(|transaction, database| {
            for key in [&with_null[..], key.as_bytes()].into_iter().filter(|key| !key.is_empty()) {
                match transaction.del(database, &key, None) {
                    Err(lmdb::Error::NotFound) => {}
                    other => {
                        other?;
                        found = true;
                    }
                }
            }
            Ok(())
        })?;
        if done {
            return Ok(found);
        }
    }
}

/// An open file with a limit to its size that grows.
struct Limited<'p> {
    path: &'p Path,
    environment: Environment,
    limit: usize,
}

impl<'p> Limited<'p> {
    fn open(path: &'p Path, map_size: usize) -> Result<Self, PostmapError> {
        let size = std::fs::metadata(path).map_or(0, |facts| usize::try_from(facts.len()).unwrap_or(LARGEST));
        let limit = map_size.max(size.saturating_mul(2)).min(LARGEST).next_multiple_of(65_536);
        // NO_LOCK: the lock file that LMDB would put beside the table is not Postfix's way; its lock is on the table.
        let environment = Environment::new()
            .set_flags(EnvironmentFlags::NO_SUB_DIR | EnvironmentFlags::NO_LOCK)
            .set_map_size(limit)
            .open(path)
            .map_err(|error| failed("open database", path, error))?;
        Ok(Self { path, environment, limit })
    }

    /// One transaction. False when the file's limit was too low: it is doubled, and all is to be done again.
    fn transaction(
        &mut self,
        change: impl FnOnce(&mut RwTransaction<'_>, Database) -> lmdb::Result<()>,
    ) -> Result<bool, PostmapError> {
        let changed = self.environment.create_db(None, DatabaseFlags::empty()).and_then(|database| {
            let mut transaction = self.environment.begin_rw_txn()?;
            change(&mut transaction, database)?;
            transaction.commit()
        });
        match changed {
            Ok(()) => Ok(true),
            Err(lmdb::Error::MapFull) if self.limit < LARGEST => {
                self.limit *= 2;
                let grown = self.environment.set_map_size(self.limit);
                grown.map(|()| false).map_err(|error| failed("update database", self.path, error))
            }
            Err(error) => Err(failed("update database", self.path, error)),
        }
    }
}

fn failed(what: &str, path: &Path, error: lmdb::Error) -> PostmapError {
    PostmapError::Write(format!("{what} {}: {error}", path.display()))
}

/// Holds Postfix's own lock, fcntl(2) on the whole file, until the file is dropped.
fn locked(path: &Path, options: &OpenOptions) -> Result<File, PostmapError> {
    let shown = path.display();
    let file = options
        .open(path)
        .map_err(|error| PostmapError::Write(format!("open database {shown}: {}", reason(&error))))?;
    let whole = libc::flock {
        l_type: libc::F_WRLCK as libc::c_short,
        l_whence: libc::SEEK_SET as libc::c_short,
        l_start: 0,
        l_len: 0,
        l_pid: 0,
    };
    nix::fcntl::fcntl(&file, FcntlArg::F_SETLKW(&whole))
        .map_err(|error| PostmapError::Write(format!("lock database {shown}: {}", error.desc())))?;
    Ok(file)
}
