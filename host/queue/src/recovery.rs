//! What a start finds: the journal and the queue directories become one index, every message in it once.
//!
//! Where a message is found twice (the machine stopped between giving it a file and noting that), the file counts: it is newer.
//! Queue files are not opened, only their names and times are read, unless the journal also knows the id.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::SystemTime,
};

use hook::MailLog;

use crate::{
    QueueError, QueueId, QueueName, Settings,
    directory::{Directories, UNFINISHED},
    index::{Entry, Index, LiveSegment, Place},
    queue_file::QueueFile,
    record::Key,
    scan::{self, JournalScan},
    shared::save_damage,
};

/// The queues that hold files, the one that wins first when a file is in two.
pub(crate) const WITH_FILES: [QueueName; 4] =
    [QueueName::Hold, QueueName::Deferred, QueueName::Active, QueueName::Incoming];

/// What was found.
pub(crate) struct Recovered {
    pub(crate) index: Index,
    /// Number of the next segment.
    pub(crate) next_segment: u32,
}

/// A queue file that was found.
#[derive(Clone, Debug)]
pub(crate) struct FoundFile {
    pub(crate) path: PathBuf,
    pub(crate) queue: QueueName,
    pub(crate) modified: SystemTime,
}

/// Reads the queue directory and puts right what a crash, a change of hash_queue_depth or an administrator left behind.
pub(crate) fn recover(settings: &Settings, directories: &Directories, log: &MailLog) -> Result<Recovered, QueueError> {
    let mut journal = scan::scan(&directories.journal())?;
    for damage in &journal.damage {
        save_damage(directories, log, &damage.path, damage.range.clone(), damage.what);
    }
    if let Some((path, offset)) = &journal.torn
        && let Some(segment) = journal.segments.iter().find(|segment| segment.path == *path)
    {
        segment.file.set_len(*offset).map_err(|e| QueueError::storage("truncate", path, e))?;
    }
    let mut files = HashMap::new();
    for queue in WITH_FILES {
        for (path, name) in directories.scan(queue)? {
            if name.ends_with(UNFINISHED) {
                std::fs::remove_file(&path).map_err(|e| QueueError::storage("remove", path, e))?;
                continue;
            }
            if let Some((id, found)) = accept(settings, directories, log, &files, (path, name, queue))? {
                files.insert(id, found);
            }
        }
    }
    settle_journal(&mut journal, &mut files)?;
    Ok(build(settings, journal, files))
}

/// Takes a file into the queue under its own name, or under a new one when that is taken.
pub(crate) fn accept(
    settings: &Settings,
    directories: &Directories,
    log: &MailLog,
    known: &HashMap<QueueId, FoundFile>,
    (path, name, queue): (PathBuf, String, QueueName),
) -> Result<Option<(QueueId, FoundFile)>, QueueError> {
    let Ok(mut id) = name.parse::<QueueId>() else {
        log.warning(format_args!("{}: bogus file name: {name}", queue.as_str()));
        return Ok(None);
    };
    let modified = match std::fs::metadata(&path).and_then(|m| m.modified()) {
        Ok(time) => time,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(QueueError::storage("stat", path, error)),
    };
    // What was put into active by hand has nobody who works on it.
    let queue = if queue == QueueName::Active { QueueName::Incoming } else { queue };
    if let Some(other) = known.get(&id) {
        if serial(&path).is_some() && serial(&path) == serial(&other.path) {
            log.warning(format_args!("{id}: removing {}, a copy of {}", path.display(), other.path.display()));
            std::fs::remove_file(&path).map_err(|e| QueueError::storage("remove", path, e))?;
            return Ok(None);
        }
        let start = settings.randomness.number();
        id = crate::id::IdSource::new(settings.long_ids, start).next(modified, |id| known.contains_key(&id));
        log.warning(format_args!("{name}: queue id is taken, renamed {} to {id}", path.display()));
    }
    let place = directories.make_holding(queue, id, &*settings.disk)?.join(id.as_str());
    if place != path {
        std::fs::rename(&path, &place).map_err(|e| QueueError::storage("rename", path, e))?;
    }
    Ok(Some((id, FoundFile { path: place, queue, modified })))
}

/// The serial in a file's header; none for what is no queue file.
fn serial(path: &Path) -> Option<u64> {
    QueueFile::open(path).ok().flatten().map(|file| file.serial())
}

/// Compares what journal and directories say of the same ids.
fn settle_journal(journal: &mut JournalScan, files: &mut HashMap<QueueId, FoundFile>) -> Result<(), QueueError> {
    let both: Vec<Key> = journal.messages.keys().filter(|(id, _)| files.contains_key(id)).copied().collect();
    for key in both {
        if serial(&files[&key.0].path) == Some(key.1) {
            journal.messages.remove(&key);
        } else {
            // Another message, put there by hand: the journal's has been acknowledged under this id. The file stays on the
            // disk and is found again when the id is free.
            files.remove(&key.0);
        }
    }
    // Removed, and the machine stopped before the file was.
    for key in &journal.removed {
        if let Some(found) = files.get(&key.0)
            && serial(&found.path) == Some(key.1)
        {
            std::fs::remove_file(&found.path).map_err(|e| QueueError::storage("remove", &found.path, e))?;
            files.remove(&key.0);
        }
    }
    Ok(())
}

fn build(settings: &Settings, mut journal: JournalScan, files: HashMap<QueueId, FoundFile>) -> Recovered {
    let mut index = Index::new(settings.active_limit, settings.memory_limit);
    let next_segment = journal.segments.last().map_or(1, |segment| segment.number + 1);
    for segment in std::mem::take(&mut journal.segments) {
        let (path, file, marker) = (segment.path, segment.file, segment.marker);
        index.add_segment(segment.number, LiveSegment { path, file, marker, needed_by: 0, closed: true });
    }
    let mut messages: Vec<_> = std::mem::take(&mut journal.messages).into_iter().collect();
    // In the order in which they arrived.
    messages.sort_by_key(|(_, (place, _))| match *place {
        Place::Journal { segment, offset, .. } => (segment, offset),
        Place::File(_) => (0, 0),
    });
    for (key, (place, size)) in messages {
        let mut entry = Entry::new(key.1, place, QueueName::Incoming, size);
        entry.done = journal.done.remove(&key).unwrap_or_default().recipients;
        entry.force_expire = journal.expire.contains(&key);
        index.insert(key.0, entry, None, None);
    }
    // Marks of messages with files, by id; the serial tells whether they are of the same message.
    let marked: HashMap<QueueId, Key> = journal.done.keys().chain(&journal.expire).map(|&key| (key.0, key)).collect();
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort_by_key(|(id, found)| (found.modified, *id));
    for (id, found) in files {
        let key = marked.get(&id).copied().filter(|key| serial(&found.path) == Some(key.1));
        add_file(&mut index, id, found, key, &journal);
    }
    Recovered { index, next_segment }
}

fn add_file(index: &mut Index, id: QueueId, found: FoundFile, key: Option<Key>, journal: &JournalScan) {
    // The serial of a file that has not been opened is not known; the file's own is taken when it is.
    let mut entry = Entry::new(key.map_or(UNKNOWN_SERIAL, |key| key.1), Place::File(found.queue), found.queue, 0);
    entry.next_attempt = Some(found.modified);
    let marks = key.and_then(|key| journal.done.get(&key)).cloned().unwrap_or_default();
    entry.done = marks.recipients;
    entry.force_expire = key.is_some_and(|key| journal.expire.contains(&key));
    let key = (id, entry.serial);
    index.insert(id, entry, None, None);
    marks.segments.into_iter().for_each(|segment| index.pin(key, segment));
}

/// The serial of a message whose file has not been opened.
pub(crate) const UNKNOWN_SERIAL: u64 = u64::MAX;
