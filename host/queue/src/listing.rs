//! The queue as postqueue -p and -j show it, and a look at one message as postcat -q takes it.

use std::time::SystemTime;

use crate::{
    Message, Queue, QueueError, QueueId, QueueName, Reason,
    index::{Entry, Place},
    queue_file::QueueFile,
    shared::{Shared, Stored},
};

/// One message of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub queue: QueueName,
    pub id: QueueId,
    /// Bytes of content.
    pub size: u64,
    pub arrival: SystemTime,
    /// postsuper -e: shown as `#` and as forced_expire.
    pub force_expire: bool,
    /// Internal form; empty: the null sender.
    pub sender: String,
    /// Those not done yet.
    pub recipients: Vec<ListedRecipient>,
}

/// One recipient of a listed message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedRecipient {
    pub address: String,
    pub reason: Option<Reason>,
}

impl Listed {
    pub(crate) fn of(queue: QueueName, id: QueueId, message: &Message) -> Self {
        let states = message.envelope.recipients.iter().zip(&message.recipients);
        let recipients = states
            .filter(|(_, state)| !state.done)
            .map(|(r, state)| ListedRecipient { address: r.address.clone(), reason: state.reason.clone() });
        Self {
            queue,
            id,
            size: message.size(),
            arrival: message.envelope.arrival,
            force_expire: message.force_expire,
            sender: message.envelope.sender.clone(),
            recipients: recipients.collect(),
        }
    }
}

/// The order of showq(8): active, incoming, deferred, hold.
pub(crate) fn place_in_listing(queue: QueueName) -> u8 {
    match queue {
        QueueName::Maildrop => 0,
        QueueName::Active => 1,
        QueueName::Incoming => 2,
        QueueName::Deferred => 3,
        QueueName::Hold => 4,
        QueueName::Corrupt => 5,
    }
}

impl Queue {
    /// The whole queue but maildrop. What changes meanwhile may be missing.
    pub async fn list(&self) -> Result<Vec<Listed>, QueueError> {
        let mut entries: Vec<(QueueId, Entry)> =
            self.shared().index().all().map(|(id, entry)| (id, entry.clone())).collect();
        entries.sort_by_key(|(id, entry)| (place_in_listing(entry.shown_in()), *id));
        self.shared()
            .file_work(move |shared| {
                let listed = entries.iter().filter_map(|(id, entry)| {
                    let message = shared.look(*id, entry).ok().flatten()?.into_message(*id);
                    Some(Listed::of(entry.shown_in(), *id, &message))
                });
                Ok(listed.collect())
            })
            .await
    }

    /// A look at a message of any queue, without taking it.
    pub async fn read(&self, id: QueueId) -> Result<Option<(QueueName, Message)>, QueueError> {
        let shared = self.shared();
        let _turn = shared.turn(id).await;
        let Some(entry) = shared.index().get(id).cloned() else { return Ok(None) };
        let queue = entry.shown_in();
        let stored = shared.file_work(move |shared| shared.read(id, &entry, 0)).await?;
        Ok(stored.map(|stored| (queue, stored.into_message(id))))
    }
}

impl Shared {
    /// Reads all of a message but its content, which is only told by its length.
    fn look(&self, id: QueueId, entry: &Entry) -> Result<Option<Stored>, QueueError> {
        let mut stored = match (entry.place, &entry.envelope) {
            (Place::Journal { .. }, None) => return self.read(id, entry, 0),
            (Place::Journal { segment, offset, head }, Some(envelope)) => {
                let Some(file) = self.index().segment(segment).map(|live| live.file.clone()) else { return Ok(None) };
                let content = hook::Content::File { file, offset: offset + u64::from(head), len: entry.size };
                let (serial, envelope) = (entry.serial, envelope.clone());
                Stored { serial, envelope, content, state: Default::default() }
            }
            (Place::File(queue), _) => {
                let Some(file) = QueueFile::open(&self.directories.file(queue, id))? else { return Ok(None) };
                file.into_stored()
            }
        };
        stored.apply(entry);
        Ok(Some(stored))
    }
}
