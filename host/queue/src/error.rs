//! What can go wrong with the queue, by whose fault it is.

use std::{io, path::PathBuf, sync::Arc};

use crate::QueueId;

/// An operation on the queue failed. Nothing half done is left behind. Clones share: one failed fsync answers many sessions.
#[derive(Clone, Debug, thiserror::Error)]
pub enum QueueError {
    /// The disk said no: a full file system, a quota, an input/output error, an fsync that failed.
    #[error("{action} {}: {cause}", path.display())]
    Storage { action: &'static str, path: PathBuf, cause: Arc<io::Error> },
    /// What was read is not what was written. The bytes lie in `corrupt/`.
    #[error("{}: {what}", path.display())]
    Corrupt { path: PathBuf, what: &'static str },
    /// Another server has this queue directory open.
    #[error("the Postfix mail system is already running: queue directory {} is in use", .0.display())]
    InUse(PathBuf),
    /// Written by a newer version, whose mail this one must not touch.
    #[error("{}: queue format version {found} is newer than this program's {known}", path.display())]
    NewerFormat { path: PathBuf, found: u8, known: u8 },
    /// The caller wrote two messages with one id.
    #[error("{0}: queue id is in use")]
    DuplicateId(QueueId),
    /// The queue is shutting down.
    #[error("the queue is closed")]
    Closed,
}

impl QueueError {
    pub(crate) fn storage(action: &'static str, path: impl Into<PathBuf>, cause: io::Error) -> Self {
        QueueError::Storage { action, path: path.into(), cause: Arc::new(cause) }
    }

    /// No room: a full file system or a quota (452 rather than 451).
    pub fn is_full(&self) -> bool {
        let full = [io::ErrorKind::StorageFull, io::ErrorKind::QuotaExceeded, io::ErrorKind::FileTooLarge];
        matches!(self, QueueError::Storage { cause, .. } if full.contains(&cause.kind()))
    }
}
