//! What all parts of an open queue share, and the reading and writing of one message wherever it lies.

use std::{
    hash::{BuildHasher, BuildHasherDefault, DefaultHasher},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use hook::{Content, MailLog};
use mail::Envelope;
use tokio::sync::{MutexGuard as Turn, Notify, Semaphore};

use crate::{
    Message, QueueError, QueueId, QueueName, Settings,
    directory::{Directories, Lock},
    id::IdSource,
    index::{Entry, Index, LiveSegment, Place},
    journal::Journal,
    queue_file::{QueueFile, write_file},
    record::{Key, Note},
    scan::read_message,
    state_record::State,
};

/// Files written or read at the same time. More only make one disk slower.
const FILE_WORK: usize = 8;
const TURNS: usize = 64;

pub(crate) struct Shared {
    pub(crate) settings: Settings,
    pub(crate) log: MailLog,
    pub(crate) directories: Directories,
    pub(crate) ids: IdSource,
    serials: AtomicU64,
    index: Mutex<Index>,
    pub(crate) journal: Journal,
    /// A message arrived, or the queue manager has room for one that did.
    pub(crate) arrived: Notify,
    pub(crate) due_changed: Notify,
    file_work: Semaphore,
    turns: Vec<tokio::sync::Mutex<()>>,
    evacuating: AtomicBool,
    _lock: Lock,
}

/// A message as read from wherever it lies.
pub(crate) struct Stored {
    pub(crate) serial: u64,
    pub(crate) envelope: Arc<Envelope>,
    pub(crate) content: Content,
    pub(crate) state: State,
}

impl Stored {
    /// What happened since the message was written.
    pub(crate) fn apply(&mut self, entry: &Entry) {
        for &recipient in entry.done.iter().filter(|&&r| (r as usize) < self.envelope.recipients.len()) {
            self.state.mark_done(recipient);
        }
        self.state.force_expire |= entry.force_expire;
    }

    pub(crate) fn into_message(self, id: QueueId) -> Message {
        let mut recipients = self.state.recipients;
        recipients.resize(self.envelope.recipients.len(), Default::default());
        Message {
            id,
            serial: self.serial,
            envelope: self.envelope,
            content: self.content,
            recipients,
            attempts: self.state.attempts,
            next_attempt: self.state.next_attempt,
            force_expire: self.state.force_expire,
            delay_warned: self.state.delay_warned,
        }
    }
}

impl Shared {
    pub(crate) fn new(settings: Settings, log: MailLog, lock: Lock, index: Index) -> Self {
        let random = settings.randomness.number();
        Self {
            directories: Directories::new(&settings),
            ids: IdSource::new(settings.long_ids, random),
            // The upper half differs from start to start, the lower counts.
            serials: AtomicU64::new(settings.randomness.number() << 32),
            index: Mutex::new(index),
            journal: Journal::new(),
            arrived: Notify::new(),
            due_changed: Notify::new(),
            file_work: Semaphore::new(FILE_WORK),
            turns: (0..TURNS).map(|_| tokio::sync::Mutex::new(())).collect(),
            evacuating: AtomicBool::new(false),
            settings,
            log,
            _lock: lock,
        }
    }

    // A panic under this lock would be a bug in the index; the mail in it is still worth delivering.
    pub(crate) fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn new_serial(&self) -> u64 {
        self.serials.fetch_add(1, Ordering::Relaxed)
    }

    /// The right to change a message's file. Messages share turns, so nobody may hold two.
    pub(crate) async fn turn(&self, id: QueueId) -> Turn<'_, ()> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(id);
        self.turns[hash as usize % TURNS].lock().await
    }

    /// Does work on files away from the threads that serve sessions.
    pub(crate) async fn file_work<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Shared) -> Result<T, QueueError> + Send + 'static,
    ) -> Result<T, QueueError> {
        let _permit = self.file_work.acquire().await.map_err(|_| QueueError::Closed)?;
        let shared = self.clone();
        tokio::task::spawn_blocking(move || work(&shared)).await.unwrap_or(Err(QueueError::Closed))
    }

    /// Reads a message. None: its file is gone. What is corrupt is put aside. Content up to `in_memory` bytes is kept in memory.
    pub(crate) fn read(&self, id: QueueId, entry: &Entry, in_memory: u64) -> Result<Option<Stored>, QueueError> {
        let key = (id, entry.serial);
        let mut stored = match entry.place {
            Place::Journal { segment, offset, head } => {
                self.read_journal(key, entry, (segment, offset, head), in_memory)?
            }
            Place::File(queue) => {
                let path = self.directories.file(queue, id);
                match self.read_file(&path, in_memory) {
                    Err(QueueError::Corrupt { path, what }) => {
                        self.directories.quarantine(&path, what, &self.log);
                        return Err(QueueError::Corrupt { path, what });
                    }
                    other => match other? {
                        Some(stored) => stored,
                        None => return Ok(None),
                    },
                }
            }
        };
        stored.apply(entry);
        Ok(Some(stored))
    }

    fn read_file(&self, path: &Path, in_memory: u64) -> Result<Option<Stored>, QueueError> {
        let Some(file) = QueueFile::open(path)? else { return Ok(None) };
        let content = file.content(in_memory)?;
        let (serial, envelope, state) = (file.serial(), Arc::new(file.envelope), file.state);
        Ok(Some(Stored { serial, envelope, content, state }))
    }

    fn read_journal(
        &self,
        key: Key,
        entry: &Entry,
        (segment, offset, head): (u32, u64, u32),
        in_memory: u64,
    ) -> Result<Stored, QueueError> {
        if let (Some(envelope), Some(content)) = (&entry.envelope, &entry.content) {
            return Ok(stored(key, envelope.clone(), Content::Memory(content.clone())));
        }
        let live = {
            let index = self.index();
            let Some(live) = index.segment(segment) else { return Err(QueueError::Closed) };
            LiveSegment { path: live.path.clone(), file: live.file.clone(), ..*live }
        };
        let content = Content::File { file: live.file.clone(), offset: offset + u64::from(head), len: entry.size };
        let length = head as usize + entry.size as usize;
        match read_message(&live, offset, length, key) {
            Ok((envelope, bytes)) if entry.size <= in_memory => {
                Ok(stored(key, Arc::new(envelope), Content::Memory(bytes)))
            }
            Ok((envelope, _)) => Ok(stored(key, Arc::new(envelope), content)),
            Err(QueueError::Corrupt { path, what }) => {
                self.save_damage(&path, offset..offset + length as u64, what);
                Err(QueueError::Corrupt { path, what })
            }
            Err(error) => Err(error),
        }
    }

    /// Content up to this size may be read into memory now.
    pub(crate) fn room_for_one(&self) -> u64 {
        let largest = self.settings.journal_message_limit as u64;
        if self.index().has_room_for(largest) { largest } else { 0 }
    }

    /// Copies bytes of a segment that are no record to `corrupt/`, once.
    pub(crate) fn save_damage(&self, path: &Path, range: std::ops::Range<u64>, what: &str) {
        save_damage(&self.directories, &self.log, path, range, what);
    }

    /// Gives a message a file of its own with the state it is in. Durable on return.
    pub(crate) fn write(&self, id: QueueId, queue: QueueName, stored: &Stored) -> Result<(), QueueError> {
        let disk = &*self.settings.disk;
        let path = self.directories.make_holding(queue, id, disk)?.join(id.as_str());
        write_file(&path, stored.serial, &stored.envelope, &stored.content, &stored.state, disk)
    }

    /// Forgets a message, and removes it from the disk in a while.
    pub(crate) fn forget(&self, key: Key) -> Option<Entry> {
        let entry = self.index().remove(key)?;
        self.journal.note(Note::Removed(key), self.path(key.0, &entry).map(|path| (key.0, path)));
        self.room_made();
        Some(entry)
    }

    /// Wakes the queue manager when messages wait for it.
    pub(crate) fn room_made(&self) {
        if self.index().has_arrivals() {
            self.arrived.notify_one();
        }
    }

    /// The file a message lies in, if it has one.
    pub(crate) fn path(&self, id: QueueId, entry: &Entry) -> Option<PathBuf> {
        match entry.place {
            Place::Journal { .. } => None,
            Place::File(queue) => Some(self.directories.file(queue, id)),
        }
    }

    /// The message has a file now, with the first `recorded` of its marks in it. False: it was removed meanwhile, and its
    /// file is too.
    pub(crate) fn settle(&self, key: Key, queue: QueueName, recorded: usize) -> bool {
        let late_marks = {
            let mut index = self.index();
            let Some(was) = index.get_mut(key).map(|entry| entry.place) else {
                drop(index);
                let _ = std::fs::remove_file(self.directories.file(queue, key.0));
                return false;
            };
            index.change_place(key, queue, recorded);
            if matches!(was, Place::Journal { .. }) {
                self.journal.note(Note::Moved(key), None);
            }
            index.get_mut(key).map(|entry| entry.done.clone()).unwrap_or_default()
        };
        // Their records lie in segments that were kept by the message's own record only.
        late_marks.into_iter().for_each(|recipient| self.journal.note(Note::Done(key, recipient), None));
        true
    }

    /// Gives files to the messages that keep the oldest of too many segments. On a thread of its own: it may take a while.
    pub(crate) fn evacuate(shared: &Arc<Self>) {
        let limit = shared.settings.segment_count_limit;
        let staying = shared.index().overstaying(limit);
        if staying.is_empty() || shared.evacuating.swap(true, Ordering::AcqRel) {
            return;
        }
        let shared = shared.clone();
        std::thread::spawn(move || {
            for id in staying {
                if let Err(error) = shared.evacuate_one(id) {
                    shared.log.warning(format_args!("{id}: {error}"));
                }
            }
            shared.evacuating.store(false, Ordering::Release);
        });
    }

    fn evacuate_one(&self, id: QueueId) -> Result<(), QueueError> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(id);
        let _turn = self.turns[hash as usize % TURNS].blocking_lock();
        let Some(entry) = self.index().get(id).cloned() else { return Ok(()) };
        let key = (id, entry.serial);
        match entry.place {
            Place::Journal { .. } => {
                let Some(stored) = self.read(id, &entry, 0)? else { return Ok(()) };
                self.write(id, entry.queue, &stored)?;
                self.settle(key, entry.queue, entry.done.len());
            }
            Place::File(queue) => {
                let Some(mut file) = QueueFile::open(&self.directories.file(queue, id))? else { return Ok(()) };
                let mut state = file.state.clone();
                entry.done.iter().for_each(|&recipient| state.mark_done(recipient));
                file.append(state, &*self.settings.disk)?;
                self.settle(key, queue, entry.done.len());
            }
        }
        Ok(())
    }
}

fn stored((_, serial): Key, envelope: Arc<Envelope>, content: Content) -> Stored {
    Stored { serial, envelope, content, state: State::default() }
}

/// A message in memory, for a file.
pub(crate) fn fresh(serial: u64, envelope: Envelope, content: Bytes) -> Stored {
    Stored { serial, envelope: Arc::new(envelope), content: Content::Memory(content), state: State::default() }
}

/// See [`Shared::save_damage`].
pub(crate) fn save_damage(
    directories: &Directories,
    log: &MailLog,
    path: &Path,
    range: std::ops::Range<u64>,
    what: &str,
) {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let target = directories.of(QueueName::Corrupt).join(format!("{name}.{}", range.start));
    let length = range.end - range.start;
    if std::fs::metadata(&target).is_ok_and(|found| found.len() == length) {
        return;
    }
    log.warning(format_args!("{}: offset {}: {what}", path.display(), range.start));
    let save = || -> std::io::Result<()> {
        use std::io::{Read, Seek};
        let mut from = std::fs::File::open(path)?;
        from.seek(std::io::SeekFrom::Start(range.start))?;
        let mut to = std::fs::File::create(&target)?;
        std::io::copy(&mut from.take(length), &mut to)?;
        to.sync_all()
    };
    match save() {
        Ok(()) => log.warning(format_args!("saving {length} bytes as \"{}\"", target.display())),
        Err(error) => log.warning(format_args!("save {}: {error}", target.display())),
    }
}
