//! Free space in the queue's file system: queue_minfree.

use std::{
    path::PathBuf,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Asks statvfs(3) at most once a second for all sessions of a service.
pub(crate) struct FreeSpace {
    directory: PathBuf,
    /// Bytes, and the second (plus one) of the monotonic clock in which they were asked for.
    bytes: AtomicU64,
    asked: AtomicU64,
}

impl FreeSpace {
    pub fn new(directory: PathBuf) -> Self {
        Self { directory, bytes: AtomicU64::new(u64::MAX), asked: AtomicU64::new(0) }
    }

    /// Free bytes for an unprivileged user. A file system that cannot be asked does not stop mail here: the write will.
    pub fn bytes(&self, now: Duration) -> u64 {
        let second = now.as_secs() + 1;
        if self.asked.swap(second, Ordering::Relaxed) != second {
            let free = nix::sys::statvfs::statvfs(&self.directory)
                .map_or(u64::MAX, |stat| stat.blocks_available().saturating_mul(stat.fragment_size()));
            self.bytes.store(free, Ordering::Relaxed);
        }
        self.bytes.load(Ordering::Relaxed)
    }
}
