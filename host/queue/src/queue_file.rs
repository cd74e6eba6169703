//! Queue files: one message as one file, in incoming, deferred, hold or maildrop. Format version 1, all numbers little endian:
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `WXQUEUE` and the format version |
//! | 4 | CRC-32 of the 52 bytes that follow |
//! | 8 | serial: tells the message from others with its short id |
//! | 8, 4 | length and CRC-32 of the content |
//! | 4, 4 | length and CRC-32 of the envelope (see `envelope_record`) |
//! | 24 | zero |
//! | … | the content, as it would be sent, readable with less(1) |
//! | … | the envelope |
//! | … | states (see `state_record`), each with length (4), its complement (4) and CRC-32 (4) in front; the last one counts |
//!
//! A state is appended, never overwritten: a crash leaves the state before. The file's modification time is the time of the
//! next attempt, so that a scan needs no look into the files.

use std::{
    fs::{File, OpenOptions},
    io::{self, IoSlice},
    os::unix::fs::{FileExt, OpenOptionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use hook::Content;
use mail::Envelope;

use crate::{
    Disk, QueueError,
    directory::UNFINISHED,
    disk::write_all,
    envelope_record,
    field::Malformed,
    shared::Stored,
    state_record::{self, State},
};

const MAGIC: &[u8; 7] = b"WXQUEUE";
const VERSION: u8 = 1;
/// Bytes in front of the content.
pub(crate) const PREFIX: u64 = 64;
/// Bytes in front of a state.
const STATE_HEADER: usize = 12;
const PIECE: usize = 64 << 10;
/// Bytes of envelope and states that are taken into memory; a million recipients with reasons stay below it.
const LONGEST_TAIL: u64 = 256 << 20;

/// A file being written. Dropping it before [`finish`](Self::finish) removes it.
pub(crate) struct NewFile {
    file: Option<Arc<File>>,
    unfinished: PathBuf,
    length: u64,
    crc: crc32fast::Hasher,
}

impl NewFile {
    /// Starts a file that will lie at `path`.
    pub(crate) fn create(path: &Path, disk: &dyn Disk) -> Result<Self, QueueError> {
        let mut unfinished = path.to_path_buf().into_os_string();
        unfinished.push(UNFINISHED);
        let unfinished = PathBuf::from(unfinished);
        let file = disk.create(&unfinished).map_err(|e| QueueError::storage("create file", &unfinished, e))?;
        Ok(Self { file: Some(Arc::new(file)), unfinished, length: 0, crc: crc32fast::Hasher::new() })
    }

    /// Appends content.
    pub(crate) fn write(&mut self, content: &[u8], disk: &dyn Disk) -> Result<(), QueueError> {
        let at = PREFIX + self.length;
        write_all(disk, self.file(), &mut [IoSlice::new(content)], at).map_err(|e| self.failed("write", e))?;
        self.crc.update(content);
        self.length += content.len() as u64;
        Ok(())
    }

    /// Content written so far.
    pub(crate) fn content(&self) -> Content {
        Content::File { file: self.file().clone(), offset: PREFIX, len: self.length }
    }

    /// Where it lies until it is finished.
    pub(crate) fn unfinished(&self) -> &Path {
        &self.unfinished
    }

    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    /// Completes the file and gives it its name. Durable on return.
    pub(crate) fn finish(
        mut self,
        path: &Path,
        serial: u64,
        envelope: &Envelope,
        state: &State,
        disk: &dyn Disk,
    ) -> Result<(), QueueError> {
        let mut tail = Vec::new();
        envelope_record::encode(envelope, &mut tail);
        let prefix = Prefix {
            serial,
            content: (self.length, self.crc.clone().finalize()),
            envelope: (tail.len() as u32, crc32fast::hash(&tail)),
        };
        if *state != State::default() {
            put_state(state, &mut tail);
        }
        let file = self.file();
        write_all(disk, file, &mut [IoSlice::new(&tail)], PREFIX + self.length)
            .and_then(|_| write_all(disk, file, &mut [IoSlice::new(&prefix.encode())], 0))
            .and_then(|_| state.next_attempt.map_or(Ok(()), |time| file.set_modified(time)))
            .map_err(|e| self.failed("write", e))?;
        disk.sync_all(file).map_err(|e| self.failed("fsync", e))?;
        disk.rename(&self.unfinished, path).map_err(|e| self.failed("rename", e))?;
        self.file = None;
        let directory = path.parent().unwrap_or(Path::new("."));
        disk.sync_directory(directory).map_err(|e| {
            // Not durable, so not accepted: it must not be found again either.
            let _ = std::fs::remove_file(path);
            QueueError::storage("fsync", directory, e)
        })
    }

    fn file(&self) -> &Arc<File> {
        self.file.as_ref().expect("taken only by finish, which ends this value")
    }

    fn failed(&self, action: &'static str, error: io::Error) -> QueueError {
        QueueError::storage(action, &self.unfinished, error)
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if self.file.is_some() {
            let _ = std::fs::remove_file(&self.unfinished);
        }
    }
}

/// Writes a whole file from a message at hand. Durable on return.
pub(crate) fn write_file(
    path: &Path,
    serial: u64,
    envelope: &Envelope,
    content: &Content,
    state: &State,
    disk: &dyn Disk,
) -> Result<(), QueueError> {
    let mut new = NewFile::create(path, disk)?;
    for piece in content.pieces() {
        new.write(&piece.map_err(|e| QueueError::storage("read content of", path, e))?, disk)?;
    }
    new.finish(path, serial, envelope, state, disk)
}

/// A file whose prefix, envelope and state have been checked.
#[derive(Debug)]
pub(crate) struct QueueFile {
    file: Arc<File>,
    path: PathBuf,
    prefix: Prefix,
    pub(crate) envelope: Envelope,
    pub(crate) state: State,
    /// Where the next state goes.
    end: u64,
}

impl QueueFile {
    /// Opens a file. None: there is none.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>, QueueError> {
        let flags = nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK;
        let opened = OpenOptions::new().read(true).write(true).custom_flags(flags).open(path);
        let file = match opened {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(QueueError::storage("open", path, error)),
        };
        Self::read(file, path).map(Some)
    }

    /// Checks all but the content.
    pub(crate) fn read(file: File, path: &Path) -> Result<Self, QueueError> {
        let corrupt = |Malformed(what)| QueueError::Corrupt { path: path.to_path_buf(), what };
        let failed = |e| QueueError::storage("read", path, e);
        let length = file.metadata().map_err(failed)?.len();
        let prefix = Prefix::read(&file, length, path)?;
        let (envelope_length, envelope_crc) = prefix.envelope;
        if length - prefix.envelope_at() > LONGEST_TAIL {
            return Err(corrupt(Malformed("envelope and states are too long")));
        }
        let mut tail = vec![0; (length - prefix.envelope_at()) as usize];
        file.read_exact_at(&mut tail, prefix.envelope_at()).map_err(failed)?;
        let (envelope, states) = tail.split_at(envelope_length as usize);
        if crc32fast::hash(envelope) != envelope_crc {
            return Err(corrupt(Malformed("checksum of the envelope does not match")));
        }
        let envelope = envelope_record::decode(envelope).map_err(corrupt)?;
        let (state, used) = last_state(states, envelope.recipients.len()).map_err(corrupt)?;
        let end = prefix.envelope_at() + u64::from(envelope_length) + used as u64;
        Ok(Self { file: Arc::new(file), path: path.to_path_buf(), prefix, envelope, state, end })
    }

    /// The message's serial.
    pub(crate) fn serial(&self) -> u64 {
        self.prefix.serial
    }

    /// Reads the whole content and checks it; kept in memory up to `in_memory` bytes.
    pub(crate) fn content(&self, in_memory: u64) -> Result<Content, QueueError> {
        let (len, expected) = self.prefix.content;
        let content = Content::File { file: self.file.clone(), offset: PREFIX, len };
        let failed = |e| QueueError::storage("read", &self.path, e);
        let mut crc = crc32fast::Hasher::new();
        let content = if len <= in_memory {
            let bytes: Bytes = content.read(0, len as usize).map_err(failed)?;
            crc.update(&bytes);
            Content::Memory(bytes)
        } else {
            let mut at = 0;
            while at < len {
                let piece = content.read(at, PIECE).map_err(failed)?;
                crc.update(&piece);
                at += piece.len() as u64;
            }
            content
        };
        if crc.finalize() != expected {
            return Err(QueueError::Corrupt {
                path: self.path.clone(),
                what: "checksum of the content does not match",
            });
        }
        Ok(content)
    }

    /// The message, its content unchecked.
    pub(crate) fn into_stored(self) -> Stored {
        let content = Content::File { file: self.file, offset: PREFIX, len: self.prefix.content.0 };
        Stored { serial: self.prefix.serial, envelope: Arc::new(self.envelope), content, state: self.state }
    }

    /// Appends a state. Durable on return; on an error the state before still counts.
    pub(crate) fn append(&mut self, state: State, disk: &dyn Disk) -> Result<(), QueueError> {
        let mut record = Vec::new();
        put_state(&state, &mut record);
        let done = write_all(disk, &self.file, &mut [IoSlice::new(&record)], self.end)
            .and_then(|_| state.next_attempt.map_or(Ok(()), |time| self.file.set_modified(time)))
            .and_then(|()| disk.sync_all(&self.file));
        if let Err(error) = done {
            let _ = self.file.set_len(self.end);
            return Err(QueueError::storage("write", &self.path, error));
        }
        self.end += record.len() as u64;
        self.state = state;
        Ok(())
    }

    /// True when old states take more room than they are worth.
    pub(crate) fn is_worn(&self) -> bool {
        let states = self.end - self.prefix.envelope_at() - u64::from(self.prefix.envelope.0);
        states > (64 << 10).max(self.prefix.content.0 / 2)
    }
}

fn put_state(state: &State, out: &mut Vec<u8>) {
    let at = out.len();
    out.resize(at + STATE_HEADER, 0);
    state_record::encode(state, out);
    let (length, crc) = ((out.len() - at - STATE_HEADER) as u32, crc32fast::hash(&out[at + STATE_HEADER..]));
    out[at..at + 4].copy_from_slice(&length.to_le_bytes());
    out[at + 4..at + 8].copy_from_slice(&(!length).to_le_bytes());
    out[at + 8..at + STATE_HEADER].copy_from_slice(&crc.to_le_bytes());
}

/// The last whole state and the bytes up to its end. An incomplete one at the end was being written when the machine
/// stopped, and nobody was told that it counts.
fn last_state(mut bytes: &[u8], recipients: usize) -> Result<(State, usize), Malformed> {
    let (mut state, mut used) = (State::default(), 0);
    while let Some((header, rest)) = bytes.split_first_chunk::<STATE_HEADER>() {
        let four = |at: usize| u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let length = four(0);
        // Room that was allocated but not written before a power cut.
        if *header == [0; STATE_HEADER] {
            break;
        }
        // A damaged length must not look like an unfinished state: that would undo the marks in it.
        if length != !four(4) {
            return Err(Malformed("length of a state is damaged"));
        }
        let Some(value) = rest.get(..length as usize) else { break };
        if crc32fast::hash(value) != four(8) {
            return Err(Malformed("checksum of a state does not match"));
        }
        state = state_record::decode(value, recipients)?;
        used += STATE_HEADER + length as usize;
        bytes = &rest[length as usize..];
    }
    Ok((state, used))
}

#[derive(Clone, Copy, Debug)]
struct Prefix {
    serial: u64,
    /// Length and CRC.
    content: (u64, u32),
    envelope: (u32, u32),
}

impl Prefix {
    fn encode(&self) -> [u8; PREFIX as usize] {
        let mut out = [0; PREFIX as usize];
        out[..7].copy_from_slice(MAGIC);
        out[7] = VERSION;
        out[12..20].copy_from_slice(&self.serial.to_le_bytes());
        out[20..28].copy_from_slice(&self.content.0.to_le_bytes());
        out[28..32].copy_from_slice(&self.content.1.to_le_bytes());
        out[32..36].copy_from_slice(&self.envelope.0.to_le_bytes());
        out[36..40].copy_from_slice(&self.envelope.1.to_le_bytes());
        let crc = crc32fast::hash(&out[12..]);
        out[8..12].copy_from_slice(&crc.to_le_bytes());
        out
    }

    fn read(file: &File, length: u64, path: &Path) -> Result<Self, QueueError> {
        let corrupt = |what| QueueError::Corrupt { path: path.to_path_buf(), what };
        if length < PREFIX {
            return Err(corrupt("file is too short for a queue file"));
        }
        let mut bytes = [0; PREFIX as usize];
        file.read_exact_at(&mut bytes, 0).map_err(|e| QueueError::storage("read", path, e))?;
        if &bytes[..7] != MAGIC {
            return Err(corrupt("not a queue file"));
        }
        if crc32fast::hash(&bytes[12..]).to_le_bytes() != bytes[8..12] {
            return Err(corrupt("checksum of the file header does not match"));
        }
        if bytes[7] > VERSION {
            return Err(QueueError::NewerFormat { path: path.to_path_buf(), found: bytes[7], known: VERSION });
        }
        let four = |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
        let eight = |at: usize| u64::from(four(at)) | u64::from(four(at + 4)) << 32;
        let prefix = Self { serial: eight(12), content: (eight(20), four(28)), envelope: (four(32), four(36)) };
        let whole = PREFIX.checked_add(prefix.content.0).and_then(|l| l.checked_add(u64::from(prefix.envelope.0)));
        match whole {
            Some(whole) if whole <= length => Ok(prefix),
            _ => Err(corrupt("file is shorter than its header says")),
        }
    }

    fn envelope_at(&self) -> u64 {
        PREFIX + self.content.0
    }
}

#[cfg(test)]
mod tests;
