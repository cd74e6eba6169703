//! Journal records, format version 1.
//!
//! A segment is a file `journal/NUMBER-MARKER`: ten decimal digits, then the marker as sixteen hex digits. It holds
//! records back to back:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | the segment's marker, random, so that nothing a client sends can look like a record when damage is skipped |
//! | 1 | kind: 1 segment, 2 message, 3 done, 4 removed, 5 moved, 6 expire |
//! | 3 | the first bytes of the CRC-32 of kind and length, so that a damaged length is not taken for an unfinished record |
//! | 4 | length of the payload, little endian like every number |
//! | 4 | CRC-32 (IEEE) of the eight bytes before and the payload |
//!
//! Payloads: *segment*: the format version, one byte. *message*: serial (8), length of the id (1), the id, length of the
//! envelope (4), the envelope (see `envelope_record`), the content. *done*: serial, length of the id, the id, the
//! recipient's number (4). *removed*, *moved* (it has a queue file now), *expire*: serial, length of the id, the id.
//!
//! The first record of a segment is its *segment* record. Unknown kinds are damage, not extensions: whoever adds one
//! raises the version, and an older program then refuses the journal as a whole.

use std::ops::Range;

use crate::{QueueId, field::Malformed};

/// The version this program writes and the newest it reads.
pub(crate) const VERSION: u8 = 1;
/// Bytes in front of the payload.
pub(crate) const HEADER: usize = 20;
/// Where the kind stands; the CRC covers from here.
const COVERED: usize = 8;

/// A segment's random marker.
pub(crate) type Marker = [u8; 8];

const SEGMENT: u8 = 1;
const MESSAGE: u8 = 2;
const DONE: u8 = 3;
const REMOVED: u8 = 4;
const MOVED: u8 = 5;
const EXPIRE: u8 = 6;

/// A message as the journal names it: short ids come again, serials do not.
pub(crate) type Key = (QueueId, u64);

/// Something to remember about a message that is already durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    Done(Key, u32),
    Removed(Key),
    Moved(Key),
    Expire(Key),
}

/// A record as read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    Segment {
        version: u8,
    },
    /// Ranges within the payload.
    Message {
        key: Key,
        envelope: Range<usize>,
        content: Range<usize>,
    },
    Note(Note),
}

/// Everything of a message record but its content; the marker is filled in when its segment is known.
pub(crate) fn encode_message(key: Key, envelope: &[u8], content: &[u8]) -> Vec<u8> {
    let id = key.0.as_str().as_bytes();
    let mut out = start(MESSAGE, 13 + id.len() + envelope.len());
    put_key(&mut out, key);
    out.extend_from_slice(&(envelope.len() as u32).to_le_bytes());
    out.extend_from_slice(envelope);
    seal(&mut out, 0, content);
    out
}

/// Bytes of a message record in all.
pub(crate) fn message_length(head: &[u8], content: &[u8]) -> u64 {
    (head.len() + content.len()) as u64
}

/// Appends a whole record.
pub(crate) fn encode_note(note: Note, marker: &Marker, out: &mut Vec<u8>) {
    let (kind, key) = match note {
        Note::Done(key, _) => (DONE, key),
        Note::Removed(key) => (REMOVED, key),
        Note::Moved(key) => (MOVED, key),
        Note::Expire(key) => (EXPIRE, key),
    };
    let at = out.len();
    put_header(out, kind);
    put_key(out, key);
    if let Note::Done(_, recipient) = note {
        out.extend_from_slice(&recipient.to_le_bytes());
    }
    seal(out, at, &[]);
    out[at..at + COVERED].copy_from_slice(marker);
}

/// The record every segment starts with.
pub(crate) fn encode_segment(marker: &Marker) -> Vec<u8> {
    let mut out = start(SEGMENT, 1);
    out.push(VERSION);
    seal(&mut out, 0, &[]);
    out[..COVERED].copy_from_slice(marker);
    out
}

fn start(kind: u8, payload: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEADER + payload);
    put_header(&mut out, kind);
    out
}

fn put_header(out: &mut Vec<u8>, kind: u8) {
    let at = out.len();
    out.resize(at + HEADER, 0);
    out[at + COVERED] = kind;
}

fn put_key(out: &mut Vec<u8>, (id, serial): Key) {
    out.extend_from_slice(&serial.to_le_bytes());
    out.push(id.as_str().len() as u8);
    out.extend_from_slice(id.as_str().as_bytes());
}

/// Fills in length and CRC of the record that starts at `at` and ends with `content`, which is written elsewhere.
fn seal(out: &mut [u8], at: usize, content: &[u8]) {
    let length = (out.len() - at - HEADER + content.len()) as u32;
    out[at + 12..at + 16].copy_from_slice(&length.to_le_bytes());
    let check = header_check(out[at + COVERED], length);
    out[at + 9..at + 12].copy_from_slice(&check);
    let crc = checksum(&out[at + COVERED..at + 16], &[&out[at + HEADER..], content]);
    out[at + 16..at + HEADER].copy_from_slice(&crc.to_le_bytes());
}

fn header_check(kind: u8, length: u32) -> [u8; 3] {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&[kind]);
    crc.update(&length.to_le_bytes());
    let [a, b, c, _] = crc.finalize().to_le_bytes();
    [a, b, c]
}

fn checksum(covered: &[u8], payload: &[&[u8]]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(covered);
    payload.iter().for_each(|piece| crc.update(piece));
    crc.finalize()
}

/// Length of the payload, if these are the undamaged first bytes of a record of this segment.
pub(crate) fn payload_length(header: &[u8; HEADER], marker: &Marker) -> Option<u32> {
    let (found, rest) = header.split_first_chunk::<8>()?;
    if found != marker {
        return None;
    }
    let length = u32::from_le_bytes([rest[4], rest[5], rest[6], rest[7]]);
    (header_check(rest[0], length) == rest[1..4]).then_some(length)
}

/// Checks and reads a record whose payload is whole.
pub(crate) fn decode(header: &[u8; HEADER], payload: &[u8]) -> Result<Record, Malformed> {
    let crc = u32::from_le_bytes([header[16], header[17], header[18], header[19]]);
    if checksum(&header[COVERED..16], &[payload]) != crc {
        return Err(Malformed("checksum does not match"));
    }
    let short = Malformed("record too short for its kind");
    match header[COVERED] {
        SEGMENT => Ok(Record::Segment { version: *payload.first().ok_or(short)? }),
        MESSAGE => decode_message(payload).ok_or(short),
        DONE => {
            let (key, at) = decode_key(payload).ok_or(short)?;
            let number = payload.get(at..at + 4).and_then(|b| b.try_into().ok()).ok_or(short)?;
            Ok(Record::Note(Note::Done(key, u32::from_le_bytes(number))))
        }
        REMOVED => Ok(Record::Note(Note::Removed(decode_key(payload).ok_or(short)?.0))),
        MOVED => Ok(Record::Note(Note::Moved(decode_key(payload).ok_or(short)?.0))),
        EXPIRE => Ok(Record::Note(Note::Expire(decode_key(payload).ok_or(short)?.0))),
        _ => Err(Malformed("unknown record kind")),
    }
}

fn decode_message(payload: &[u8]) -> Option<Record> {
    let (key, at) = decode_key(payload)?;
    let length = u32::from_le_bytes(payload.get(at..at + 4)?.try_into().ok()?) as usize;
    let envelope = at + 4..(at + 4).checked_add(length)?;
    payload.get(envelope.clone())?;
    let content = envelope.end..payload.len();
    Some(Record::Message { key, envelope, content })
}

fn decode_key(payload: &[u8]) -> Option<(Key, usize)> {
    let (serial, rest) = payload.split_first_chunk::<8>()?;
    let (&length, rest) = rest.split_first()?;
    let id = std::str::from_utf8(rest.get(..usize::from(length))?).ok()?.parse().ok()?;
    Some(((id, u64::from_le_bytes(*serial)), 9 + usize::from(length)))
}

#[cfg(test)]
mod tests;
