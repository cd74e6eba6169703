//! A mailbox file held for another program: postlock(1).

use std::{fs::File, path::Path, time::SystemTime};

use mail::Status;

use super::{
    MailboxError,
    mbox::{Dotfile, Dotlock, Locking, lock, lock_dotfile},
    open,
};

/// Nobody else who takes the same locks writes to the file until this is dropped.
pub struct Exclusive {
    _dotlock: Option<Dotlock>,
    _file: File,
}

impl Exclusive {
    /// Locks the file as a delivery does; makes it when it is not there. Blocks for up to attempts times delay.
    pub fn lock(path: &Path, locking: &Locking, now: SystemTime) -> Result<Self, MailboxError> {
        let default = Status::temporary(2, 0);
        // A lock file beside a device would be a nuisance to others.
        let lockable = path.metadata().map_or(true, |facts| facts.is_file());
        let dotlock = match lockable {
            true => lock_dotfile(&Dotfile { path, now, default }, locking)?,
            false => None,
        };
        let (file, facts) = open::open(path, default)?;
        if facts.is_file() {
            lock(&file, locking, default)?;
        }
        Ok(Self { _dotlock: dotlock, _file: file })
    }
}
