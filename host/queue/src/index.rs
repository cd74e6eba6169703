//! What the server knows of every queued message without looking at the disk: where it lies, whose turn it is, and when
//! it is due. A few hundred bytes a message; envelope and content only as far as the settings' limits go.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque},
    fs::File,
    path::PathBuf,
    sync::Arc,
    time::SystemTime,
};

use bytes::Bytes;
use mail::Envelope;

use crate::{QueueId, QueueName, record::Key};

/// Where a message lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The record at `offset` of a segment; `head` bytes of it are in front of the content.
    Journal { segment: u32, offset: u64, head: u32 },
    /// A file in the directory of this queue.
    File(QueueName),
}

/// A message.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) serial: u64,
    pub(crate) place: Place,
    /// Incoming, Deferred or Hold; a message in the queue manager's hands keeps the one it came from, or was moved to since.
    pub(crate) queue: QueueName,
    /// The queue manager has it.
    pub(crate) in_hands: bool,
    /// Bytes of content; 0 for a file not read since the start.
    pub(crate) size: u64,
    pub(crate) envelope: Option<Arc<Envelope>>,
    pub(crate) content: Option<Bytes>,
    /// Bytes counted against the memory limit.
    pub(crate) counted: u64,
    /// Recipients done since the state in the message's file was written.
    pub(crate) done: Vec<u32>,
    /// Segments that hold such marks of a message with a file.
    pub(crate) pins: Vec<u32>,
    pub(crate) next_attempt: Option<SystemTime>,
    pub(crate) force_expire: bool,
    /// Requeued while the queue manager had it: tried at once when it comes back.
    pub(crate) requeued: bool,
}

impl Entry {
    pub(crate) fn new(serial: u64, place: Place, queue: QueueName, size: u64) -> Self {
        Self {
            serial,
            place,
            queue,
            in_hands: false,
            size,
            envelope: None,
            content: None,
            counted: 0,
            done: Vec::new(),
            pins: Vec::new(),
            next_attempt: None,
            force_expire: false,
            requeued: false,
        }
    }

    /// The queue that a listing shows it in.
    pub(crate) fn shown_in(&self) -> QueueName {
        if self.in_hands && self.queue != QueueName::Hold { QueueName::Active } else { self.queue }
    }
}

/// A journal segment that may still be needed.
#[derive(Debug)]
pub(crate) struct LiveSegment {
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<File>,
    pub(crate) marker: crate::record::Marker,
    /// Messages in it, and messages with a file that have marks in it.
    pub(crate) needed_by: usize,
    /// Nothing more is appended.
    pub(crate) closed: bool,
}

/// All messages.
#[derive(Debug)]
pub(crate) struct Index {
    entries: HashMap<QueueId, Entry>,
    /// In order of arrival; may name messages that are gone or held since.
    arrivals: VecDeque<Key>,
    due: BTreeSet<(SystemTime, QueueId)>,
    segments: BTreeMap<u32, LiveSegment>,
    /// Messages that are gone and whose files are about to be.
    leaving: HashSet<QueueId>,
    in_hands: usize,
    with_envelope: usize,
    memory: u64,
    active_limit: usize,
    memory_limit: u64,
}

impl Index {
    pub(crate) fn new(active_limit: usize, memory_limit: u64) -> Self {
        Self {
            entries: HashMap::new(),
            arrivals: VecDeque::new(),
            due: BTreeSet::new(),
            segments: BTreeMap::new(),
            leaving: HashSet::new(),
            in_hands: 0,
            with_envelope: 0,
            memory: 0,
            active_limit: active_limit.max(1),
            memory_limit,
        }
    }

    pub(crate) fn get(&self, id: QueueId) -> Option<&Entry> {
        self.entries.get(&id)
    }

    /// The message, unless another one has taken its id.
    pub(crate) fn get_mut(&mut self, (id, serial): Key) -> Option<&mut Entry> {
        self.entries.get_mut(&id).filter(|entry| entry.serial == serial)
    }

    /// Without order.
    pub(crate) fn all(&self) -> impl Iterator<Item = (QueueId, &Entry)> {
        self.entries.iter().map(|(&id, entry)| (id, entry))
    }

    /// Adds a message, with as much of it in memory as there is room for.
    pub(crate) fn insert(
        &mut self,
        id: QueueId,
        mut entry: Entry,
        envelope: Option<Arc<Envelope>>,
        content: Option<Bytes>,
    ) {
        if self.with_envelope < self.active_limit {
            entry.envelope = envelope;
        }
        if let (Some(_), Some(content)) = (&entry.envelope, content)
            && self.has_room_for(content.len() as u64)
        {
            entry.counted = content.len() as u64;
            entry.content = Some(content);
        }
        self.with_envelope += usize::from(entry.envelope.is_some());
        self.memory += entry.counted;
        if let Place::Journal { segment, .. } = entry.place {
            self.need(segment);
        }
        let (key, queue, time) = ((id, entry.serial), entry.queue, entry.next_attempt);
        self.entries.insert(id, entry);
        self.enqueue(key, queue, time);
    }

    /// Removes a message and all that is counted for it.
    pub(crate) fn remove(&mut self, (id, serial): Key) -> Option<Entry> {
        self.get_mut((id, serial))?;
        self.leave_hands((id, serial));
        self.leave_due(id);
        let entry = self.entries.remove(&id)?;
        self.with_envelope -= usize::from(entry.envelope.is_some());
        self.memory -= entry.counted;
        if let Place::Journal { segment, .. } = entry.place {
            self.release(segment);
        }
        entry.pins.iter().for_each(|&segment| self.release(segment));
        if let Place::File(_) = entry.place {
            self.leaving.insert(id);
        }
        Some(entry)
    }

    /// The file of a removed message is gone.
    pub(crate) fn has_left(&mut self, id: QueueId) {
        self.leaving.remove(&id);
    }

    /// The id belongs to a message, or to a file that is about to go.
    pub(crate) fn is_taken(&self, id: QueueId) -> bool {
        self.entries.contains_key(&id) || self.leaving.contains(&id)
    }

    /// Puts a message that nobody has in line for what its queue means.
    fn enqueue(&mut self, key: Key, queue: QueueName, next_attempt: Option<SystemTime>) {
        match queue {
            QueueName::Deferred => {
                self.due.insert((next_attempt.unwrap_or(SystemTime::UNIX_EPOCH), key.0));
            }
            QueueName::Hold => {}
            _ => self.arrivals.push_back(key),
        }
    }

    /// Moves a message to another queue. One in the queue manager's hands stays there.
    pub(crate) fn change_queue(&mut self, key: Key, queue: QueueName, next_attempt: Option<SystemTime>) {
        self.leave_due(key.0);
        let Some(entry) = self.get_mut(key) else { return };
        (entry.queue, entry.next_attempt) = (queue, next_attempt);
        if !entry.in_hands {
            self.enqueue(key, queue, next_attempt);
        }
    }

    /// The message has a file now, or another one: marks up to now are in it.
    pub(crate) fn change_place(&mut self, key: Key, queue: QueueName, recorded: usize) {
        let Some(entry) = self.get_mut(key) else { return };
        let old = std::mem::replace(&mut entry.place, Place::File(queue));
        entry.done.drain(..recorded.min(entry.done.len()));
        // A mark made while the file was written is not in it: its segments stay.
        let pins = if entry.done.is_empty() { std::mem::take(&mut entry.pins) } else { Vec::new() };
        if let Place::Journal { segment, .. } = old {
            self.release(segment);
        }
        pins.into_iter().for_each(|segment| self.release(segment));
    }

    /// Sets the time of the next attempt of a deferred message nobody has.
    pub(crate) fn reschedule(&mut self, id: QueueId, time: SystemTime) -> bool {
        let Some(entry) = self.entries.get(&id).filter(|e| e.queue == QueueName::Deferred && !e.in_hands) else {
            return false;
        };
        let key = (id, entry.serial);
        self.change_queue(key, QueueName::Deferred, Some(time));
        true
    }

    /// The next message in order of arrival goes into the queue manager's hands. None: there is none, or the hands are full.
    pub(crate) fn take_arrival(&mut self) -> Option<(QueueId, Entry)> {
        while self.in_hands < self.active_limit {
            let key = self.arrivals.pop_front()?;
            let waits = |e: &&mut Entry| e.queue == QueueName::Incoming && !e.in_hands;
            if let Some(entry) = self.get_mut(key).filter(waits) {
                entry.in_hands = true;
                let mut taken = entry.clone();
                // From here on the message in the queue manager's hands keeps the content; it still counts.
                taken.content = entry.content.take();
                self.in_hands += 1;
                return Some((key.0, taken));
            }
        }
        None
    }

    /// Whether `take_arrival` may find something.
    pub(crate) fn has_arrivals(&self) -> bool {
        self.in_hands < self.active_limit && !self.arrivals.is_empty()
    }

    /// A deferred message goes into the queue manager's hands.
    pub(crate) fn take_deferred(&mut self, id: QueueId) -> Option<Entry> {
        let entry = self.entries.get_mut(&id).filter(|e| e.queue == QueueName::Deferred && !e.in_hands)?;
        entry.in_hands = true;
        let entry = entry.clone();
        self.in_hands += 1;
        self.leave_due(id);
        Some(entry)
    }

    /// The queue manager gives a message back; its content in memory is no longer counted.
    pub(crate) fn leave_hands(&mut self, key: Key) {
        let Some(entry) = self.get_mut(key).filter(|e| e.in_hands) else { return };
        entry.in_hands = false;
        let had_envelope = entry.envelope.take().is_some();
        let counted = std::mem::take(&mut entry.counted);
        self.in_hands -= 1;
        self.with_envelope -= usize::from(had_envelope);
        self.memory -= counted;
    }

    /// A message that could not be read for now goes back to where it was taken from.
    pub(crate) fn put_back(&mut self, key: Key) {
        self.leave_hands(key);
        if let Some(entry) = self.get_mut(key) {
            let (queue, time) = (entry.queue, entry.next_attempt);
            self.enqueue(key, queue, time);
        }
    }

    /// What was read of a message in the queue manager's hands; its serial may not have been known before.
    pub(crate) fn note_read(&mut self, key: Key, serial: u64, envelope: Arc<Envelope>, counted: u64, size: u64) {
        let Some(entry) = self.get_mut(key) else { return };
        (entry.serial, entry.size) = (serial, size);
        let before = std::mem::replace(&mut entry.counted, counted);
        let had_envelope = entry.envelope.replace(envelope).is_some();
        self.with_envelope += usize::from(!had_envelope);
        self.memory = self.memory + counted - before;
    }

    pub(crate) fn has_room_for(&self, bytes: u64) -> bool {
        self.memory + bytes <= self.memory_limit
    }

    pub(crate) fn due(&self, now: SystemTime, limit: usize) -> Vec<QueueId> {
        self.due.iter().take_while(|(time, _)| *time <= now).take(limit).map(|&(_, id)| id).collect()
    }

    pub(crate) fn next_due(&self) -> Option<SystemTime> {
        self.due.first().map(|&(time, _)| time)
    }

    fn leave_due(&mut self, id: QueueId) {
        if let Some(entry) = self.entries.get(&id).filter(|e| e.queue == QueueName::Deferred) {
            let time = entry.next_attempt.unwrap_or(SystemTime::UNIX_EPOCH);
            self.due.remove(&(time, id));
        }
    }

    // === Segments ===

    pub(crate) fn add_segment(&mut self, number: u32, segment: LiveSegment) {
        self.segments.insert(number, segment);
    }

    pub(crate) fn segment(&self, number: u32) -> Option<&LiveSegment> {
        self.segments.get(&number)
    }

    pub(crate) fn close_segment(&mut self, number: u32) {
        if let Some(segment) = self.segments.get_mut(&number) {
            segment.closed = true;
        }
    }

    /// A mark of a message with a file went into a segment, which stays until the mark is in the file.
    pub(crate) fn pin(&mut self, key: Key, segment: u32) {
        let Some(entry) = self.get_mut(key) else { return };
        if matches!(entry.place, Place::File(_)) && entry.pins.last() != Some(&segment) {
            entry.pins.push(segment);
            self.need(segment);
        }
    }

    fn need(&mut self, segment: u32) {
        if let Some(segment) = self.segments.get_mut(&segment) {
            segment.needed_by += 1;
        }
    }

    fn release(&mut self, segment: u32) {
        if let Some(segment) = self.segments.get_mut(&segment) {
            segment.needed_by -= 1;
        }
    }

    /// Segments nobody needs. Only from the oldest on: a later segment may hold the `removed` of a message in an earlier
    /// one, which would come back to life without it.
    pub(crate) fn take_dead_segments(&mut self) -> Vec<PathBuf> {
        let mut dead = Vec::new();
        while let Some(oldest) = self.segments.first_entry().filter(|s| s.get().closed && s.get().needed_by == 0) {
            dead.push(oldest.remove().path);
        }
        dead
    }

    /// The messages that keep the oldest segment from going, when there are more than `limit` segments: those in it, and those
    /// with marks in it.
    pub(crate) fn overstaying(&self, limit: usize) -> Vec<QueueId> {
        let Some((&oldest, _)) = self.segments.first_key_value().filter(|_| self.segments.len() > limit.max(1)) else {
            return Vec::new();
        };
        let here = |entry: &Entry| match entry.place {
            Place::Journal { segment, .. } => segment == oldest,
            Place::File(_) => entry.pins.contains(&oldest),
        };
        self.entries.iter().filter(|(_, entry)| here(entry)).map(|(&id, _)| id).collect()
    }
}
