//! Reads the journal after a start: every whole record, whatever lies between.

use std::{
    collections::{HashMap, HashSet},
    fs::{self, File, OpenOptions},
    io,
    ops::Range,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    QueueError,
    field::Malformed,
    index::Place,
    record::{self, HEADER, Key, Marker, Note, Record, VERSION},
};

const WINDOW: usize = 1 << 20;

/// What the journal says.
#[derive(Default)]
pub(crate) struct JournalScan {
    pub(crate) segments: Vec<ScannedSegment>,
    /// Messages that are neither removed nor moved: place and bytes of content.
    pub(crate) messages: HashMap<Key, (Place, u64)>,
    pub(crate) done: HashMap<Key, Marks>,
    pub(crate) removed: HashSet<Key>,
    pub(crate) expire: HashSet<Key>,
    pub(crate) damage: Vec<Damage>,
    /// The record that was being written when the machine stopped: the last segment ends here.
    pub(crate) torn: Option<(PathBuf, u64)>,
}

/// Recipients done, and the segments that say so.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks {
    pub(crate) recipients: Vec<u32>,
    pub(crate) segments: Vec<u32>,
}

pub(crate) struct ScannedSegment {
    pub(crate) number: u32,
    pub(crate) marker: Marker,
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<File>,
}

/// Bytes of a segment that are no record.
#[derive(Debug)]
pub(crate) struct Damage {
    pub(crate) path: PathBuf,
    pub(crate) range: Range<u64>,
    pub(crate) what: &'static str,
}

/// File name of a segment.
pub(crate) fn segment_name(number: u32, marker: &Marker) -> String {
    format!("{number:010}-{:016x}", u64::from_be_bytes(*marker))
}

fn parse_segment_name(name: &str) -> Option<(u32, Marker)> {
    let (number, marker) = name.split_once('-')?;
    if number.len() != 10 || marker.len() != 16 {
        return None;
    }
    Some((number.parse().ok()?, u64::from_str_radix(marker, 16).ok()?.to_be_bytes()))
}

/// Reads all segments. Changes nothing.
pub(crate) fn scan(journal: &Path) -> Result<JournalScan, QueueError> {
    let mut scan = JournalScan::default();
    let failed = |e| QueueError::storage("read directory", journal, e);
    for entry in fs::read_dir(journal).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|n| n.to_str()).and_then(parse_segment_name);
        let Some((number, marker)) = name else { continue };
        let file = OpenOptions::new().read(true).write(true).open(&path);
        let file = Arc::new(file.map_err(|e| QueueError::storage("open", &path, e))?);
        scan.segments.push(ScannedSegment { number, marker, path, file });
    }
    scan.segments.sort_by_key(|segment| segment.number);
    let segments = std::mem::take(&mut scan.segments);
    for (at, segment) in segments.iter().enumerate() {
        let last = at + 1 == segments.len();
        scan.read_segment(segment, last)?;
    }
    scan.segments = segments;
    Ok(scan)
}

impl JournalScan {
    fn read_segment(&mut self, segment: &ScannedSegment, last: bool) -> Result<(), QueueError> {
        let failed = |e| QueueError::storage("read", &segment.path, e);
        let length = segment.file.metadata().map_err(failed)?.len();
        let mut window = Window { file: &segment.file, length, start: 0, bytes: Vec::new() };
        let mut offset = 0;
        while offset < length {
            match window.record(offset, &segment.marker).map_err(failed)? {
                Read::Whole(record, end) => {
                    self.take(record, segment, offset)?;
                    offset = end;
                }
                Read::Bad { what, incomplete } => {
                    let next = window.next_record(offset + 1, &segment.marker).map_err(failed)?;
                    match next {
                        // The last record of the last segment was never acknowledged.
                        None if last && incomplete => self.torn = Some((segment.path.clone(), offset)),
                        _ => {
                            let range = offset..next.unwrap_or(length);
                            self.damage.push(Damage { path: segment.path.clone(), range, what });
                        }
                    }
                    offset = next.unwrap_or(length);
                }
            }
        }
        Ok(())
    }

    fn take(&mut self, record: Record, segment: &ScannedSegment, offset: u64) -> Result<(), QueueError> {
        match record {
            Record::Segment { version } if version > VERSION => {
                Err(QueueError::NewerFormat { path: segment.path.clone(), found: version, known: VERSION })
            }
            Record::Segment { .. } => Ok(()),
            Record::Message { key, content, .. } => {
                let head = (HEADER + content.start) as u32;
                let place = Place::Journal { segment: segment.number, offset, head };
                self.messages.insert(key, (place, content.len() as u64));
                Ok(())
            }
            Record::Note(note) => {
                self.take_note(note, segment.number);
                Ok(())
            }
        }
    }

    fn take_note(&mut self, note: Note, segment: u32) {
        match note {
            Note::Done(key, recipient) => {
                let marks = self.done.entry(key).or_default();
                marks.recipients.push(recipient);
                if marks.segments.last() != Some(&segment) {
                    marks.segments.push(segment);
                }
            }
            Note::Removed(key) => {
                self.messages.remove(&key);
                self.done.remove(&key);
                self.expire.remove(&key);
                self.removed.insert(key);
            }
            Note::Moved(key) => {
                // Marks from before are in the message's file, but doing them again does no harm.
                self.messages.remove(&key);
            }
            Note::Expire(key) => {
                self.expire.insert(key);
            }
        }
    }
}

enum Read {
    Whole(Record, u64),
    Bad { what: &'static str, incomplete: bool },
}

/// A part of a segment in memory.
struct Window<'a> {
    file: &'a File,
    length: u64,
    start: u64,
    bytes: Vec<u8>,
}

impl Window<'_> {
    /// The bytes at an offset; they are within the file.
    fn at(&mut self, offset: u64, len: usize) -> io::Result<&[u8]> {
        let end = self.start + self.bytes.len() as u64;
        if offset < self.start || offset + len as u64 > end {
            let fill = (len.max(WINDOW) as u64).min(self.length - offset) as usize;
            self.bytes.resize(fill, 0);
            self.file.read_exact_at(&mut self.bytes, offset)?;
            self.start = offset;
        }
        let from = (offset - self.start) as usize;
        Ok(&self.bytes[from..from + len])
    }

    fn record(&mut self, offset: u64, marker: &Marker) -> io::Result<Read> {
        if self.length - offset < HEADER as u64 {
            return Ok(Read::Bad { what: "incomplete record", incomplete: true });
        }
        let mut header = [0; HEADER];
        header.copy_from_slice(self.at(offset, HEADER)?);
        let Some(payload) = record::payload_length(&header, marker) else {
            return Ok(Read::Bad { what: "no record where one should start", incomplete: false });
        };
        let end = offset + HEADER as u64 + u64::from(payload);
        if end > self.length {
            return Ok(Read::Bad { what: "incomplete record", incomplete: true });
        }
        let payload = self.at(offset + HEADER as u64, payload as usize)?;
        Ok(match record::decode(&header, payload) {
            Ok(record) => Read::Whole(record, end),
            Err(Malformed(what)) => Read::Bad { what, incomplete: false },
        })
    }

    /// Where the next good record starts, at `from` or later.
    fn next_record(&mut self, mut from: u64, marker: &Marker) -> io::Result<Option<u64>> {
        let finder = memchr::memmem::Finder::new(marker);
        while self.length.saturating_sub(from) >= HEADER as u64 {
            let piece = ((self.length - from) as usize).min(WINDOW);
            match finder.find(self.at(from, piece)?) {
                Some(found) => {
                    from += found as u64;
                    if let Read::Whole(..) = self.record(from, marker)? {
                        return Ok(Some(from));
                    }
                    from += 1;
                }
                // A marker may lie across the end of the piece.
                None => from += (piece - marker.len() + 1) as u64,
            }
        }
        Ok(None)
    }
}

/// Reads and checks one message record: envelope and content as they lie in `bytes`.
pub(crate) fn read_message(
    segment: &crate::index::LiveSegment,
    offset: u64,
    length: usize,
    key: Key,
) -> Result<(mail::Envelope, bytes::Bytes), QueueError> {
    let corrupt = |Malformed(what)| QueueError::Corrupt { path: segment.path.clone(), what };
    let mut bytes = vec![0; length];
    segment.file.read_exact_at(&mut bytes, offset).map_err(|e| QueueError::storage("read", &segment.path, e))?;
    let (header, payload) = bytes.split_first_chunk::<HEADER>().ok_or(corrupt(Malformed("incomplete record")))?;
    if record::payload_length(header, &segment.marker) != Some(payload.len() as u32) {
        return Err(corrupt(Malformed("record has another length")));
    }
    match record::decode(header, payload).map_err(corrupt)? {
        Record::Message { key: found, envelope, content } if found == key => {
            let envelope = crate::envelope_record::decode(&payload[envelope]).map_err(corrupt)?;
            let content = HEADER + content.start..HEADER + content.end;
            Ok((envelope, bytes::Bytes::from(bytes).slice(content)))
        }
        _ => Err(corrupt(Malformed("record of another message"))),
    }
}
