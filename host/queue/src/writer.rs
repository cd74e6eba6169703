//! Receiving a message: in memory up to the journal's limit, then in a file of its own.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use hook::Content;
use mail::Envelope;

use crate::{
    QueueError, QueueId, QueueName, envelope_record,
    index::{Entry, Place},
    journal::Commit,
    queue_file::NewFile,
    record,
    shared::{Shared, fresh},
    state_record::State,
};

/// Bytes of a large message that are gathered before they are written.
const GATHERED: usize = 128 << 10;

/// A message being received. Dropping it discards it.
pub struct Writer {
    shared: Arc<Shared>,
    id: QueueId,
    /// The content, or the end of it that is not in the file yet.
    tail: Tail,
    file: Option<NewFile>,
    /// The first error; it stands for all that follow.
    failed: Option<QueueError>,
}

enum Tail {
    Growing(BytesMut),
    /// Somebody else may look at it.
    Shared(Bytes),
}

impl Tail {
    fn len(&self) -> usize {
        match self {
            Tail::Growing(bytes) => bytes.len(),
            Tail::Shared(bytes) => bytes.len(),
        }
    }

    fn push(&mut self, more: &[u8]) {
        let mut bytes = match std::mem::replace(self, Tail::Growing(BytesMut::new())) {
            Tail::Growing(bytes) => bytes,
            Tail::Shared(bytes) => bytes.try_into_mut().unwrap_or_else(|shared| BytesMut::from(&shared[..])),
        };
        bytes.extend_from_slice(more);
        *self = Tail::Growing(bytes);
    }

    fn take(&mut self) -> Bytes {
        match std::mem::replace(self, Tail::Growing(BytesMut::new())) {
            Tail::Growing(bytes) => bytes.freeze(),
            Tail::Shared(bytes) => bytes,
        }
    }
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, id: QueueId) -> Self {
        Self { shared, id, tail: Tail::Growing(BytesMut::new()), file: None, failed: None }
    }

    pub fn id(&self) -> QueueId {
        self.id
    }

    /// Bytes written so far.
    pub fn size(&self) -> u64 {
        self.file.as_ref().map_or(0, NewFile::length) + self.tail.len() as u64
    }

    /// Appends content.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), QueueError> {
        self.tail.push(bytes);
        self.spill().await
    }

    /// Appends content, without a copy where it is the first piece.
    pub async fn write_bytes(&mut self, bytes: Bytes) -> Result<(), QueueError> {
        if self.tail.len() > 0 {
            return self.write(&bytes).await;
        }
        self.tail = Tail::Shared(bytes);
        self.spill().await
    }

    /// The content so far; stays readable whatever becomes of the writer.
    pub fn content_so_far(&mut self) -> Content {
        if self.file.is_none() {
            let bytes = self.tail.take();
            self.tail = Tail::Shared(bytes.clone());
            return Content::Memory(bytes);
        }
        // One write(2) of at most GATHERED bytes into the page cache, for a message of megabytes: not worth another thread.
        let tail = self.tail.take();
        let disk = self.shared.settings.disk.clone();
        let Some(file) = &mut self.file else { return Content::Memory(Bytes::new()) };
        if let Err(error) = file.write(&tail, &*disk) {
            self.failed.get_or_insert(error);
        }
        file.content()
    }

    /// The content so far, leaving the writer empty, so that an edited version can be written.
    pub fn take_content(&mut self) -> Content {
        let content = self.content_so_far();
        self.tail.take();
        // Its name goes, its content stays as long as somebody holds it.
        self.file = None;
        content
    }

    async fn spill(&mut self) -> Result<(), QueueError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        let limit = match self.file {
            None => self.shared.settings.journal_message_limit,
            Some(_) => GATHERED,
        };
        if self.tail.len() > limit { self.flush().await } else { Ok(()) }
    }

    /// Writes the gathered bytes to the message's file.
    async fn flush(&mut self) -> Result<(), QueueError> {
        let (tail, file, id) = (self.tail.take(), self.file.take(), self.id);
        // Cancelled half way, the message has lost a part.
        self.failed = Some(QueueError::Closed);
        let written = self.shared.file_work(move |shared| {
            let disk = &*shared.settings.disk;
            let mut file = match file {
                Some(file) => file,
                None => NewFile::create(&shared.directories.file(QueueName::Incoming, id), disk)?,
            };
            file.write(&tail, disk)?;
            Ok(file)
        });
        match written.await {
            Ok(file) => (self.file, self.failed) = (Some(file), None),
            Err(error) => self.failed = Some(error),
        }
        self.failed.clone().map_or(Ok(()), Err)
    }

    /// Makes the message durable and hands it to the queue manager or, with `envelope.hold`, to the hold queue. On an
    /// error the message is not there.
    pub async fn commit(mut self, envelope: Envelope) -> Result<(), QueueError> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        if self.shared.index().is_taken(self.id) {
            return Err(QueueError::DuplicateId(self.id));
        }
        let key = (self.id, self.shared.new_serial());
        if self.file.is_some() {
            self.flush().await?;
            return self.commit_file(key, envelope).await;
        }
        let content = self.tail.take();
        let mut encoded = Vec::with_capacity(256);
        envelope_record::encode(&envelope, &mut encoded);
        if envelope.hold.is_some() || encoded.len() + content.len() > self.shared.settings.journal_message_limit {
            return self.commit_to_file(key, envelope, content).await;
        }
        let head = record::encode_message(key, &encoded, &content);
        self.shared.journal.commit(Commit { key, head, content, envelope: Arc::new(envelope) }).await
    }

    /// A large message: its content is in the file already.
    async fn commit_file(mut self, key: record::Key, envelope: Envelope) -> Result<(), QueueError> {
        let Some(file) = self.file.take() else { return Err(QueueError::Closed) };
        // So that a rescan does not meet the file before the index knows it.
        let _turn = self.shared.turn(key.0).await;
        self.shared
            .file_work(move |shared| {
                let (queue, size) = (queue_of(&envelope), file.length());
                let disk = &*shared.settings.disk;
                let path = shared.directories.make_holding(queue, key.0, disk)?.join(key.0.as_str());
                file.finish(&path, key.1, &envelope, &State::default(), disk)?;
                shared.accepted(key, queue, size);
                Ok(())
            })
            .await
    }

    /// A message in memory that does not go into the journal.
    async fn commit_to_file(self, key: record::Key, envelope: Envelope, content: Bytes) -> Result<(), QueueError> {
        let _turn = self.shared.turn(key.0).await;
        self.shared
            .file_work(move |shared| {
                let (queue, size) = (queue_of(&envelope), content.len() as u64);
                shared.write(key.0, queue, &fresh(key.1, envelope, content))?;
                shared.accepted(key, queue, size);
                Ok(())
            })
            .await
    }
}

fn queue_of(envelope: &Envelope) -> QueueName {
    if envelope.hold.is_some() { QueueName::Hold } else { QueueName::Incoming }
}

impl Shared {
    /// A message in a file is durable.
    fn accepted(&self, key: record::Key, queue: QueueName, size: u64) {
        let entry = Entry::new(key.1, Place::File(queue), queue, size);
        self.index().insert(key.0, entry, None, None);
        self.arrived.notify_one();
    }
}
