//! The far side of the journal: one thread that writes a batch with one pwritev(2), makes it durable with one
//! fdatasync(2), and only then tells the sessions.
//!
//! After a failed fdatasync nobody knows what is on the disk, and asking again would say "fine" (the kernel forgets the
//! error). So the segment is closed, its end cut off, everyone who waits gets the error, and a new segment is begun.

use std::{
    fs::File,
    io::IoSlice,
    path::{Path, PathBuf},
    sync::Arc,
    time::{Duration, Instant},
};

use crate::{
    QueueError, QueueId, QueueName,
    disk::write_all,
    index::{Entry, LiveSegment, Place},
    journal::{Commit, Gather, Work},
    record::{self, Marker, Note},
    scan::segment_name,
    shared::Shared,
};

/// Notes that no message rides with are durable after so long at the latest.
const SYNC_DELAY: Duration = Duration::from_secs(1);

/// A batch waits for more messages half as long as the last sync took, and so long at most.
const LONGEST_GATHER: Duration = Duration::from_millis(1);

pub(crate) struct Committer {
    shared: Arc<Shared>,
    segment: Option<Segment>,
    next_number: u32,
    /// Notes whose write failed, or whose sync did.
    carried: Vec<Note>,
    sync_by: Option<Instant>,
    gather: Gather,
}

/// The segment that is appended to.
struct Segment {
    number: u32,
    marker: Marker,
    file: Arc<File>,
    path: PathBuf,
    /// Bytes written, and of them durable.
    written: u64,
    synced: u64,
    /// Notes written and not yet durable.
    unsynced: Vec<Note>,
}

impl Committer {
    pub(crate) fn new(shared: Arc<Shared>, next_number: u32) -> Self {
        Self { shared, segment: None, next_number, carried: Vec::new(), sync_by: None, gather: Gather::default() }
    }

    /// Works until told to stop.
    pub(crate) fn run(mut self) {
        loop {
            let mut work = self.shared.journal.next_work(self.sync_by, self.gather);
            let messages = work.commits.len();
            let (batch, stop) = (work.batch.clone(), work.stop);
            let result = self.work(&mut work);
            if let Err(error) = &result {
                self.shared.log.warning(format_args!("mail queue: {error}"));
            }
            if stop {
                self.clear_away(work.unlinks);
                self.end();
                batch.finish(result);
                return;
            }
            if messages > 0 {
                self.gather.messages = messages + self.shared.journal.waiting();
            }
            batch.finish(result);
            self.clear_away(work.unlinks);
        }
    }

    fn work(&mut self, work: &mut Work) -> Result<(), QueueError> {
        let notes: Vec<Note> = self.carried.drain(..).chain(work.notes.drain(..)).collect();
        if notes.is_empty() && work.commits.is_empty() {
            return self.sync(&[]);
        }
        let mut offset = match self.append(&notes, &mut work.commits) {
            Ok(offset) => offset,
            Err(error) => {
                self.carried.extend(notes);
                self.sync_by.get_or_insert_with(|| Instant::now() + SYNC_DELAY);
                return Err(error);
            }
        };
        let sync_now = !work.commits.is_empty() || work.stop || self.sync_by.is_some_and(|by| by <= Instant::now());
        if sync_now {
            self.sync(&work.commits)?;
        } else if self.sync_by.is_none() {
            self.sync_by = Some(Instant::now() + SYNC_DELAY);
        }
        let Some(segment) = &self.segment else { return Ok(()) };
        let mut index = self.shared.index();
        for note in &notes {
            if let Note::Done(key, _) | Note::Expire(key) = note {
                index.pin(*key, segment.number);
            }
        }
        for commit in work.commits.drain(..) {
            let length = record::message_length(&commit.head, &commit.content);
            let place = Place::Journal { segment: segment.number, offset, head: commit.head.len() as u32 };
            let entry = Entry::new(commit.key.1, place, QueueName::Incoming, commit.content.len() as u64);
            index.insert(commit.key.0, entry, Some(commit.envelope), Some(commit.content));
            offset += length;
            self.shared.arrived.notify_one();
        }
        Ok(())
    }

    /// Writes notes, then messages. Returns where the messages start.
    fn append(&mut self, notes: &[Note], commits: &mut [Commit]) -> Result<u64, QueueError> {
        if self.segment.is_none() {
            self.segment = Some(self.start_segment()?);
        }
        let segment = self.segment.as_mut().expect("made above");
        let mut lead = Vec::new();
        notes.iter().for_each(|&note| record::encode_note(note, &segment.marker, &mut lead));
        let mut slices = Vec::with_capacity(1 + 2 * commits.len());
        slices.push(IoSlice::new(&lead));
        for commit in commits.iter_mut() {
            commit.head[..segment.marker.len()].copy_from_slice(&segment.marker);
        }
        for commit in commits.iter() {
            slices.push(IoSlice::new(&commit.head));
            slices.push(IoSlice::new(&commit.content));
        }
        match write_all(&*self.shared.settings.disk, &segment.file, &mut slices, segment.written) {
            Ok(written) => {
                let start = segment.written + lead.len() as u64;
                segment.written += written;
                segment.unsynced.extend_from_slice(notes);
                Ok(start)
            }
            Err(error) => {
                let error = QueueError::storage("write", &segment.path, error);
                // Nothing half written may stay where the next record goes.
                if segment.file.set_len(segment.written).is_err() {
                    self.give_up_segment(commits);
                }
                Err(error)
            }
        }
    }

    fn sync(&mut self, commits: &[Commit]) -> Result<(), QueueError> {
        self.sync_by = None;
        let Some(segment) = &mut self.segment else { return Ok(()) };
        let begun = Instant::now();
        let synced = self.shared.settings.disk.sync_data(&segment.file);
        self.gather.wait = (begun.elapsed() / 2).min(LONGEST_GATHER);
        if let Err(error) = synced {
            let error = QueueError::storage("fdatasync", &segment.path, error);
            let _ = segment.file.set_len(segment.synced);
            self.give_up_segment(commits);
            return Err(error);
        }
        segment.synced = segment.written;
        segment.unsynced.clear();
        Ok(())
    }

    /// No more is written to the segment. Messages that were refused and may be found in it after all are struck out, and
    /// what it said without being durable is said again.
    fn give_up_segment(&mut self, refused: &[Commit]) {
        let Some(segment) = self.segment.take() else { return };
        self.carried.extend(segment.unsynced);
        self.carried.extend(refused.iter().map(|commit| Note::Removed(commit.key)));
        self.sync_by = (!self.carried.is_empty()).then(|| Instant::now() + SYNC_DELAY);
        self.shared.index().close_segment(segment.number);
    }

    fn start_segment(&mut self) -> Result<Segment, QueueError> {
        let (disk, journal) = (&self.shared.settings.disk, self.shared.directories.journal());
        let marker = self.shared.settings.randomness.number().to_be_bytes();
        let number = self.next_number;
        let path = journal.join(segment_name(number, &marker));
        self.next_number += 1;
        let file = disk.create(&path).map_err(|e| QueueError::storage("create file", &path, e))?;
        let first = record::encode_segment(&marker);
        let written = write_all(&**disk, &file, &mut [IoSlice::new(&first)], 0)
            .and_then(|written| disk.sync_directory(&journal).map(|()| written))
            .map_err(|e| {
                let _ = std::fs::remove_file(&path);
                QueueError::storage("write", &path, e)
            })?;
        let file = Arc::new(file);
        let live = LiveSegment { path: path.clone(), file: file.clone(), marker, needed_by: 0, closed: false };
        self.shared.index().add_segment(number, live);
        Ok(Segment { number, marker, file, path, written, synced: 0, unsynced: Vec::new() })
    }

    /// What can wait until the sessions have their answer: full segments, files and segments nobody needs.
    fn clear_away(&mut self, unlinks: Vec<(QueueId, PathBuf)>) {
        let full = |s: &&mut Segment| s.written >= self.shared.settings.segment_limit && s.unsynced.is_empty();
        if let Some(segment) = self.segment.as_mut().filter(full) {
            self.shared.index().close_segment(segment.number);
            self.segment = None;
            Shared::evacuate(&self.shared);
        }
        unlinks.iter().for_each(|(_, path)| self.unlink(path));
        let dead = {
            let mut index = self.shared.index();
            unlinks.iter().for_each(|(id, _)| index.has_left(*id));
            index.take_dead_segments()
        };
        dead.iter().for_each(|path| self.unlink(path));
    }

    fn unlink(&self, path: &Path) {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                self.shared.log.warning(format_args!("remove {}: {error}", path.display()));
            }
            _ => {}
        }
    }

    /// A journal without messages leaves no file behind.
    fn end(&mut self) {
        if let Some(segment) = self.segment.take() {
            self.shared.index().close_segment(segment.number);
        }
        self.clear_away(Vec::new());
    }
}
