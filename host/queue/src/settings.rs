//! What the queue needs to know, read once per start.

use std::{path::PathBuf, sync::Arc};

use hook::Randomness;

use crate::{Disk, LocalDisk};

/// The queue's settings. Fixed while the queue is open: none of them changes on reload, as in Postfix.
#[derive(Clone)]
pub struct Settings {
    /// queue_directory; must exist.
    pub directory: PathBuf,
    /// enable_long_queue_ids.
    pub long_ids: bool,
    /// hash_queue_depth, 1 to 16.
    pub hash_depth: usize,
    /// hash_queue_names.
    pub hash_names: Vec<String>,
    /// qmgr_message_active_limit: so many messages are in the queue manager's hands, and so many more have their
    /// envelope in memory.
    pub active_limit: usize,
    /// Bytes of content kept in memory in all; what comes above it is read from the journal again.
    pub memory_limit: u64,
    /// Bytes of a message (envelope and content) up to which it is a journal record; above, it gets a file.
    pub journal_message_limit: usize,
    /// Bytes after which the journal goes on in a new segment.
    pub segment_limit: u64,
    /// Segments above which a message that is still in the oldest one gets a file, so that the segment can go.
    pub segment_count_limit: usize,
    pub disk: Arc<dyn Disk>,
    pub randomness: Arc<dyn Randomness>,
}

impl Settings {
    /// Postfix's defaults for a queue directory.
    pub fn new(directory: impl Into<PathBuf>, randomness: Arc<dyn Randomness>) -> Self {
        Self {
            directory: directory.into(),
            long_ids: false,
            hash_depth: 1,
            hash_names: vec!["deferred".to_string(), "defer".to_string()],
            active_limit: 20_000,
            memory_limit: 16 << 20,
            journal_message_limit: 256 << 10,
            segment_limit: 64 << 20,
            segment_count_limit: 8,
            disk: Arc::new(LocalDisk),
            randomness,
        }
    }
}
