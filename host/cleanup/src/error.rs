//! Why a message is not accepted, and what the client is told.

use mail::{Reply, Status};
use queue::QueueError;

/// Nothing was queued.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CleanupError {
    /// message_size_limit.
    #[error("message file too big")]
    PeerMessageTooBig,
    /// hopcount_limit: RFC 5321 section 6.3.
    #[error("too many hops")]
    PeerTooManyHops,
    /// header_checks(5), or what strict_8bitmime and its relatives forbid. The reply is whole.
    #[error("{}", .0.log_text())]
    PeerContentRefused(Box<Reply>),
    /// There is no recipient to queue it for.
    #[error("no recipients specified")]
    PeerNoRecipients,
    /// virtual_alias_maps expand without end, or could not be read.
    #[error("Alias expansion error")]
    ConfigAliasExpansion,
    /// An address table could not be read; the text was logged.
    #[error("{0}")]
    TableLookup(String),
    /// What was written cannot be read back to be edited.
    #[error("read queue file: {0}")]
    StorageRead(String),
    #[error(transparent)]
    Storage(#[from] QueueError),
}

impl CleanupError {
    /// The reply after the final dot.
    pub fn reply(&self) -> Reply {
        match self {
            CleanupError::PeerMessageTooBig => Reply::new(552, Status::permanent(3, 4), "Error: message file too big"),
            CleanupError::PeerContentRefused(reply) => Reply::clone(reply),
            CleanupError::PeerTooManyHops => Reply::new(554, Status::permanent(4, 0), "Error: too many hops"),
            CleanupError::PeerNoRecipients => {
                Reply::new(550, Status::permanent(1, 0), "Error: no recipients specified")
            }
            CleanupError::ConfigAliasExpansion => Reply::new(451, Status::temporary(6, 0), "Alias expansion error"),
            CleanupError::TableLookup(_) | CleanupError::StorageRead(_) | CleanupError::Storage(_) => {
                Reply::new(451, Status::temporary(3, 0), "Error: queue file write error")
            }
        }
    }
}
