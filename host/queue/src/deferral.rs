//! Mail that did not get through at once: queue files in `deferred/`, and the times at which they are tried again.

use std::time::SystemTime;

use crate::{
    Message, Queue, QueueError, QueueId, QueueName, Reason,
    index::{Entry, Place},
    queue_file::{QueueFile, write_file},
    record::Key,
    shared::{Shared, Stored},
    state_record::State,
};

impl Queue {
    /// Puts the message off, with a reason for each recipient that was tried; out of the caller's hands and durable on
    /// return. A message that was put on hold meanwhile stays there; one that was requeued is tried again at once.
    /// False: it was deleted meanwhile, nothing was written. On an error it is still in the caller's hands.
    pub async fn defer(
        &self,
        message: &Message,
        next_attempt: SystemTime,
        reasons: Vec<(u32, Reason)>,
    ) -> Result<bool, QueueError> {
        let (shared, key) = (self.shared(), (message.id, message.serial));
        let _turn = shared.turn(message.id).await;
        let Some(entry) = shared.index().get_mut(key).cloned() else { return Ok(false) };
        let queue = match entry.queue {
            QueueName::Hold => QueueName::Hold,
            _ if entry.requeued => QueueName::Incoming,
            _ => QueueName::Deferred,
        };
        let stored = put_off(message, &entry, next_attempt, reasons);
        let recorded = entry.done.len();
        let there = shared.file_work(move |shared| shared.store(key, &entry, queue, stored)).await?;
        if !there {
            shared.forget(key);
            return Ok(false);
        }
        if !shared.settle(key, queue, recorded) {
            return Ok(false);
        }
        let mut index = shared.index();
        if let Some(entry) = index.get_mut(key) {
            entry.requeued = false;
        }
        index.leave_hands(key);
        index.change_queue(key, queue, Some(next_attempt));
        drop(index);
        shared.room_made();
        Ok(true)
    }

    /// Deferred messages whose time has come, the most overdue first. They stay where they are until `load`.
    pub fn due(&self, now: SystemTime, limit: usize) -> Vec<QueueId> {
        self.shared().index().due(now, limit)
    }

    /// When the next deferred message is due.
    pub fn next_due(&self) -> Option<SystemTime> {
        self.shared().index().next_due()
    }

    /// Returns when deferred mail may have become due earlier than `next_due` said: after a flush or a release. For one
    /// caller at a time.
    pub async fn due_changed(&self) {
        self.shared().due_changed.notified().await;
    }

    /// Takes a deferred message into the caller's hands. None: it is gone, held, taken already, or was corrupt. On an
    /// error it is still deferred, and still due: wait a little. Large content keeps a file open, so take no more than will be
    /// tried soon.
    pub async fn load(&self, id: QueueId) -> Result<Option<Message>, QueueError> {
        let taken = self.shared().index().take_deferred(id);
        let Some(entry) = taken else { return Ok(None) };
        let loaded = self.read_taken(id, &entry).await;
        if loaded.is_err() {
            self.shared().index().put_back((id, entry.serial));
        }
        loaded
    }
}

/// The message after an attempt.
fn put_off(message: &Message, entry: &Entry, next_attempt: SystemTime, reasons: Vec<(u32, Reason)>) -> Stored {
    let mut state = State {
        attempts: message.attempts.saturating_add(1),
        next_attempt: Some(next_attempt),
        force_expire: message.force_expire,
        delay_warned: message.delay_warned,
        recipients: message.recipients.clone(),
    };
    for (recipient, reason) in reasons {
        if (recipient as usize) < message.envelope.recipients.len() {
            state.recipient(recipient).reason = Some(reason);
        }
    }
    if entry.requeued {
        (state.attempts, state.next_attempt) = (0, None);
    }
    let (envelope, content) = (message.envelope.clone(), message.content.clone());
    let mut stored = Stored { serial: message.serial, envelope, content, state };
    stored.apply(entry);
    stored
}

impl Shared {
    /// Writes a message's state to its file, which is made or moved if need be. False: the file is gone.
    pub(crate) fn store(&self, key: Key, entry: &Entry, queue: QueueName, stored: Stored) -> Result<bool, QueueError> {
        let disk = &*self.settings.disk;
        let Place::File(from) = entry.place else {
            return self.write(key.0, queue, &stored).map(|()| true);
        };
        let path = self.directories.file(from, key.0);
        let mut file = match QueueFile::open(&path) {
            Ok(Some(file)) => file,
            Ok(None) => return Ok(false),
            // The caller has the whole message, as it was when it was checked.
            Err(QueueError::Corrupt { what, .. }) => {
                self.directories.quarantine(&path, what, &self.log);
                return self.write(key.0, queue, &stored).map(|()| true);
            }
            Err(error) => return Err(error),
        };
        if file.is_worn() {
            write_file(&path, key.1, &stored.envelope, &stored.content, &stored.state, disk)?;
        } else {
            file.append(stored.state, disk)?;
        }
        self.directories.move_file(key.0, from, queue, disk)
    }
}
