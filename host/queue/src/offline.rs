//! The queue of a server that is down: what the commands do themselves when nobody answers on the server's socket. The
//! commands that change something open the queue as the server would, and fail with [`QueueError::InUse`] while it runs.

use std::{
    collections::HashMap,
    future::Future,
    path::{Path, PathBuf},
    time::SystemTime,
};

use hook::{Content, MailLog};

use crate::{
    Listed, Message, Queue, QueueError, QueueId, QueueName, Settings, Which,
    directory::Directories,
    index::{LiveSegment, Place},
    listing::place_in_listing,
    maildrop,
    queue_file::QueueFile,
    record::Key,
    recovery::WITH_FILES,
    scan::{self, JournalScan},
    shared::Stored,
};

/// The whole queue, maildrop too. Changes nothing. Blocks.
pub fn list(directory: &Path) -> Result<Vec<Listed>, QueueError> {
    let found = Found::in_directory(directory)?;
    let mut listed = maildrop::list(directory)?;
    for (id, (queue, path)) in &found.files {
        if let Some(stored) = open(path) {
            listed.push(Listed::of(*queue, *id, &found.with_marks(*id, stored)));
        }
    }
    for (key, (place, size)) in &found.journal.messages {
        if let Some(stored) = found.journal_message(*key, *place, *size).transpose()? {
            listed.push(Listed::of(QueueName::Incoming, key.0, &found.with_marks(key.0, stored)));
        }
    }
    listed.sort_by_key(|message| (place_in_listing(message.queue), message.id));
    Ok(listed)
}

/// One message. Changes nothing. Blocks.
pub fn read(directory: &Path, id: QueueId) -> Result<Option<(QueueName, Message)>, QueueError> {
    let found = Found::in_directory(directory)?;
    if let Some((queue, path)) = found.files.get(&id) {
        let Some(file) = maildrop::open_read_only(path)? else { return Ok(None) };
        let file = QueueFile::read(file, path)?;
        file.content(0)?;
        return Ok(Some((*queue, found.with_marks(id, file.into_stored()))));
    }
    let Some((key, (place, size))) = found.journal.messages.iter().find(|(key, _)| key.0 == id) else {
        return Ok(None);
    };
    let stored = found.journal_message(*key, *place, *size).transpose()?;
    Ok(stored.map(|stored| (QueueName::Incoming, found.with_marks(id, stored))))
}

/// postsuper -d. Blocks, as all that follow. The ids it changed.
pub fn delete(settings: Settings, which: &Which, queues: &[QueueName]) -> Result<Vec<QueueId>, QueueError> {
    with_queue(settings, |queue| async move { queue.delete(which, queues).await })
}

/// postsuper -h.
pub fn hold(settings: Settings, which: &Which, queues: &[QueueName]) -> Result<Vec<QueueId>, QueueError> {
    with_queue(settings, |queue| async move { queue.hold(which, queues).await })
}

/// postsuper -H.
pub fn release(settings: Settings, which: &Which, now: SystemTime) -> Result<Vec<QueueId>, QueueError> {
    with_queue(settings, |queue| async move { queue.release(which, now).await })
}

/// postsuper -r.
pub fn requeue(settings: Settings, which: &Which, queues: &[QueueName]) -> Result<Vec<QueueId>, QueueError> {
    with_queue(settings, |queue| async move { queue.requeue(which, queues).await })
}

/// postsuper -e.
pub fn expire(settings: Settings, which: &Which, queues: &[QueueName]) -> Result<Vec<QueueId>, QueueError> {
    with_queue(settings, |queue| async move { queue.expire(which, queues).await })
}

fn with_queue<F: Future<Output = Result<Vec<QueueId>, QueueError>>>(
    settings: Settings,
    work: impl FnOnce(Queue) -> F,
) -> Result<Vec<QueueId>, QueueError> {
    let directory = settings.directory.clone();
    let queue = Queue::open(settings, MailLog::new("postfix", "postsuper"))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    let runtime = runtime.map_err(|e| QueueError::storage("start a runtime for", directory, e))?;
    runtime.block_on(async {
        let changed = work(queue.clone()).await?;
        queue.close().await?;
        Ok(changed)
    })
}

/// What lies in a queue directory.
struct Found {
    journal: JournalScan,
    files: HashMap<QueueId, (QueueName, PathBuf)>,
}

impl Found {
    fn in_directory(directory: &Path) -> Result<Self, QueueError> {
        let directories = Directories::at(directory);
        let mut files = HashMap::new();
        for queue in WITH_FILES {
            for (path, name) in directories.scan(queue)? {
                if let Ok(id) = name.parse() {
                    files.entry(id).or_insert((queue, path));
                }
            }
        }
        let journal = directories.journal();
        let journal = if journal.is_dir() { scan::scan(&journal)? } else { JournalScan::default() };
        Ok(Self { journal, files })
    }

    /// None: the message has a file that counts.
    fn journal_message(&self, key: Key, place: Place, size: u64) -> Option<Result<Stored, QueueError>> {
        let Place::Journal { segment, offset, head } = place else { return None };
        if self.files.contains_key(&key.0) {
            return None;
        }
        let segment = self.journal.segments.iter().find(|s| s.number == segment)?;
        let (path, file, marker) = (segment.path.clone(), segment.file.clone(), segment.marker);
        let live = LiveSegment { path, file, marker, needed_by: 0, closed: true };
        let read = scan::read_message(&live, offset, head as usize + size as usize, key);
        Some(read.map(|(envelope, content)| Stored {
            serial: key.1,
            envelope: envelope.into(),
            content: Content::Memory(content),
            state: Default::default(),
        }))
    }

    fn with_marks(&self, id: QueueId, mut stored: Stored) -> Message {
        let key = (id, stored.serial);
        let marks = self.journal.done.get(&key).map(|marks| marks.recipients.as_slice()).unwrap_or_default();
        for &recipient in marks.iter().filter(|&&r| (r as usize) < stored.envelope.recipients.len()) {
            stored.state.mark_done(recipient);
        }
        stored.state.force_expire |= self.journal.expire.contains(&key);
        stored.into_message(id)
    }
}

fn open(path: &Path) -> Option<Stored> {
    let file = maildrop::open_read_only(path).ok()??;
    Some(QueueFile::read(file, path).ok()?.into_stored())
}
