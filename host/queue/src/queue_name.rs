//! The queues and their directories below queue_directory.

use std::{fmt, str::FromStr};

/// One of the mail queues, named as its directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum QueueName {
    /// Local submissions that no server has taken yet.
    Maildrop,
    /// Received, not yet seen by the queue manager.
    Incoming,
    /// In the queue manager's hands.
    Active,
    /// To be tried again later.
    Deferred,
    /// Set aside by the administrator or a HOLD action.
    Hold,
    /// What could not be read.
    Corrupt,
}

impl QueueName {
    /// The queues postsuper works on unless told otherwise, in its order.
    pub const MAIL: [QueueName; 4] = [QueueName::Hold, QueueName::Incoming, QueueName::Active, QueueName::Deferred];

    /// As in the file system and in the output of postqueue -j.
    pub fn as_str(self) -> &'static str {
        match self {
            QueueName::Maildrop => "maildrop",
            QueueName::Incoming => "incoming",
            QueueName::Active => "active",
            QueueName::Deferred => "deferred",
            QueueName::Hold => "hold",
            QueueName::Corrupt => "corrupt",
        }
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// There is no mail queue of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such mail queue")]
pub struct NoSuchQueue;

impl FromStr for QueueName {
    type Err = NoSuchQueue;

    fn from_str(text: &str) -> Result<Self, NoSuchQueue> {
        use QueueName::*;
        [Maildrop, Incoming, Active, Deferred, Hold, Corrupt]
            .into_iter()
            .find(|q| q.as_str() == text)
            .ok_or(NoSuchQueue)
    }
}
