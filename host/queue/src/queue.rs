//! The queue's front: opening, ids, receiving, and what the queue manager needs for a message's first attempt.

use std::{io, sync::Arc, thread::JoinHandle, time::SystemTime};

use hook::{Content, MailLog};

use crate::{
    Message, QueueError, QueueId, Settings, Writer,
    committer::Committer,
    directory::Directories,
    index::Entry,
    record::Note,
    recovery::recover,
    shared::{Shared, Stored},
};

/// The durable queue. Clones share; the last one to go syncs what is not yet durable and frees the directory.
#[derive(Clone)]
pub struct Queue(Arc<Open>);

struct Open {
    shared: Arc<Shared>,
    committer: Option<JoinHandle<()>>,
}

impl Drop for Open {
    fn drop(&mut self) {
        self.shared.journal.stop();
        if let Some(committer) = self.committer.take() {
            // A committer that panicked has said so on standard error.
            let _ = committer.join();
        }
    }
}

impl Queue {
    /// Opens (and where needed makes) the queue directory and recovers what is in it. Blocks; needs no runtime.
    pub fn open(settings: Settings, log: MailLog) -> Result<Queue, QueueError> {
        let directories = Directories::new(&settings);
        directories.make()?;
        let lock = directories.lock()?;
        let recovered = recover(&settings, &directories, &log)?;
        let shared = Arc::new(Shared::new(settings, log, lock, recovered.index));
        let committer = Committer::new(shared.clone(), recovered.next_segment);
        let thread = std::thread::Builder::new().name("queue journal".to_string());
        let thread = thread.spawn(|| committer.run());
        let thread = thread.map_err(|e| QueueError::storage("start the thread of", shared.directories.journal(), e))?;
        Ok(Queue(Arc::new(Open { shared, committer: Some(thread) })))
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.0.shared
    }

    /// An id for a message that arrives now. It is in no use, and in the long form never will be again.
    pub fn new_id(&self, now: SystemTime) -> QueueId {
        let shared = self.shared();
        shared.ids.next(now, |id| shared.index().is_taken(id))
    }

    /// A new message.
    pub fn create(&self, id: QueueId) -> Writer {
        Writer::new(self.shared().clone(), id)
    }

    /// Bytes free for us on the file system of the queue, for queue_minfree.
    pub fn free_space(&self) -> io::Result<u64> {
        let found = nix::sys::statvfs::statvfs(self.shared().directories.root())?;
        Ok(found.blocks_available() * found.fragment_size())
    }

    /// The next message for its first attempt since it arrived, was requeued or was found after a start; waits while there is
    /// none or qmgr_message_active_limit messages are in the caller's hands. A message leaves its hands by `defer` or `remove`.
    /// Small content is the very bytes that were committed.
    pub async fn next_arrival(&self) -> Message {
        let shared = self.shared();
        loop {
            let arrived = shared.arrived.notified();
            let taken = shared.index().take_arrival();
            let Some((id, entry)) = taken else {
                arrived.await;
                continue;
            };
            match self.read_taken(id, &entry).await {
                Ok(Some(message)) => return message,
                Ok(None) => {}
                Err(error) => {
                    shared.log.warning(format_args!("{id}: {error}"));
                    shared.index().put_back((id, entry.serial));
                    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// Reads a message that was just taken. None: its file is gone or corrupt, and it is forgotten.
    pub(crate) async fn read_taken(&self, id: QueueId, entry: &Entry) -> Result<Option<Message>, QueueError> {
        let shared = self.shared();
        if let (Some(envelope), Some(content)) = (&entry.envelope, &entry.content) {
            let mut stored = Stored {
                serial: entry.serial,
                envelope: envelope.clone(),
                content: Content::Memory(content.clone()),
                state: Default::default(),
            };
            stored.apply(entry);
            return Ok(Some(stored.into_message(id)));
        }
        let (_turn, key) = (shared.turn(id).await, (id, entry.serial));
        // As it is now: it may have been moved while this waited for its turn.
        let Some(entry) = shared.index().get_mut(key).cloned() else { return Ok(None) };
        let read = shared.file_work(move |shared| shared.read(id, &entry, shared.room_for_one())).await;
        match read {
            Ok(Some(stored)) => {
                let size = stored.content.len();
                let counted = if matches!(stored.content, Content::Memory(_)) { size } else { 0 };
                shared.index().note_read(key, stored.serial, stored.envelope.clone(), counted, size);
                Ok(Some(stored.into_message(id)))
            }
            Ok(None) | Err(QueueError::Corrupt { .. }) => {
                shared.forget(key);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The recipient is done: delivered, or bounced with its notice queued. Durable within about a second; until then a
    /// crash may repeat the delivery. Not needed for the last recipient: `remove` says it all.
    pub fn mark_done(&self, id: QueueId, recipient: u32) {
        let mut index = self.shared().index();
        let Some(serial) = index.get(id).map(|entry| entry.serial) else { return };
        if let Some(entry) = index.get_mut((id, serial)) {
            entry.done.push(recipient);
        }
        drop(index);
        self.shared().journal.note(Note::Done((id, serial), recipient), None);
    }

    /// All recipients are done. As durable as `mark_done`.
    pub fn remove(&self, id: QueueId) {
        let Some(serial) = self.shared().index().get(id).map(|entry| entry.serial) else { return };
        self.shared().forget((id, serial));
    }

    /// Writes and syncs what is not yet durable, and refuses further commits.
    pub async fn close(&self) -> Result<(), QueueError> {
        self.shared().journal.close().await
    }
}
