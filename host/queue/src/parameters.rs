//! The queue's rows of postconf(5).

use std::sync::Arc;

use config::{Config, parameters::QUEUE_DIRECTORY};
use hook::Randomness;

use crate::Settings;

config::parameters! {
    /// Queue file names that never come again.
    ENABLE_LONG_QUEUE_IDS: Boolean = "enable_long_queue_ids", "no";
    /// Levels of subdirectories in the queues of hash_queue_names.
    HASH_QUEUE_DEPTH: Count = "hash_queue_depth", "1", min = 1, max = 16;
    /// The queues that are spread over subdirectories.
    HASH_QUEUE_NAMES: List = "hash_queue_names", "deferred, defer", min = 1;
    /// Bytes that must stay free on the queue's file system for MAIL FROM to be accepted.
    QUEUE_MINFREE: Size = "queue_minfree", "0";
}

impl Settings {
    /// Reads main.cf. `active_limit` is qmgr_message_active_limit, a row of the queue manager.
    pub fn from_config(config: &Config, active_limit: usize, randomness: Arc<dyn Randomness>) -> Self {
        Self {
            long_ids: config.get(&ENABLE_LONG_QUEUE_IDS),
            hash_depth: usize::try_from(config.get(&HASH_QUEUE_DEPTH)).unwrap_or(1),
            hash_names: config.get(&HASH_QUEUE_NAMES),
            active_limit,
            ..Self::new(config.get(&QUEUE_DIRECTORY), randomness)
        }
    }
}
