//! Queue ids: the names of messages in logs, in replies and in the queue directories.
//!
//! Short form (Postfix's default): five hex digits of the microsecond, then hex digits that take the inode's place.
//! Long form (enable_long_queue_ids = yes): six or more base 52 digits of the second, four of the microsecond, `z`, and
//! a base 51 number. The alphabet has no vowels, so no id is a word.

use std::{
    fmt,
    str::FromStr,
    sync::{Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

const ALPHABET: &[u8; 52] = b"0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
/// Longest id: six digits for the second, four for the microsecond, `z`, twelve for a 64-bit number.
const LONGEST: usize = 23;
/// The short form's second part stays six hex digits wide, so that a queue listing keeps its columns.
const SHORT_NUMBERS: std::ops::RangeInclusive<u64> = 0x10_0000..=0xFF_FFFF;

/// The name of one message. Copied freely: 24 bytes, no allocation.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct QueueId {
    bytes: [u8; LONGEST],
    len: u8,
}

/// The text has neither form of a queue id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("malformed queue id")]
pub struct InvalidQueueId;

impl QueueId {
    /// The id as it stands in logs and file names.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.bytes[..usize::from(self.len)]).expect("only ASCII is ever put in")
    }

    /// True in the long, never repeated form.
    pub fn is_long(&self) -> bool {
        long_parts(self.as_str()).is_some()
    }

    /// The `level`-th directory letter below a hashed queue (hash_queue_depth): of the microsecond in hex in both forms.
    pub fn hash_letter(&self, level: usize) -> char {
        let letter = match long_parts(self.as_str()) {
            Some((_, microseconds, _)) => format!("{microseconds:05X}").chars().nth(level),
            None => self.as_str().chars().nth(level),
        };
        letter.unwrap_or('_')
    }

    fn short(microseconds: u32, number: u64) -> Self {
        Self::from_text(&format!("{microseconds:05X}{number:X}"))
    }

    fn long(since_epoch: Duration, number: u64) -> Self {
        let second = in_base(since_epoch.as_secs(), 52, 6);
        let microsecond = in_base(u64::from(since_epoch.subsec_micros()), 52, 4);
        Self::from_text(&format!("{second}{microsecond}z{}", in_base(number, 51, 1)))
    }

    // Texts made above fit: 5 + 16 hex digits, or the long form's 23.
    fn from_text(text: &str) -> Self {
        let mut bytes = [0; LONGEST];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        Self { bytes, len: text.len() as u8 }
    }
}

impl fmt::Display for QueueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for QueueId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for QueueId {
    type Err = InvalidQueueId;

    fn from_str(text: &str) -> Result<Self, InvalidQueueId> {
        let hex = |b: u8| b.is_ascii_digit() || (b'A'..=b'F').contains(&b);
        let short = (6..=21).contains(&text.len()) && text.bytes().all(hex);
        let long = text.len() <= LONGEST && long_parts(text).is_some();
        if short || long { Ok(Self::from_text(text)) } else { Err(InvalidQueueId) }
    }
}

/// Second, microsecond and number of a long id.
fn long_parts(text: &str) -> Option<(u64, u64, u64)> {
    let (time, number) = text.rsplit_once('z')?;
    if time.len() < 10 || !time.is_ascii() || number.is_empty() {
        return None;
    }
    let (second, microsecond) = time.split_at(time.len() - 4);
    let microsecond = from_base(microsecond, 52).filter(|&m| m < 1_000_000)?;
    Some((from_base(second, 52)?, microsecond, from_base(number, 51)?))
}

fn in_base(mut number: u64, base: u64, width: usize) -> String {
    let mut digits = Vec::with_capacity(12);
    while number > 0 || digits.len() < width {
        digits.push(ALPHABET[(number % base) as usize]);
        number /= base;
    }
    digits.iter().rev().map(|&b| char::from(b)).collect()
}

fn from_base(text: &str, base: u64) -> Option<u64> {
    text.bytes().try_fold(0u64, |number, byte| {
        let digit = ALPHABET.iter().position(|&b| b == byte)? as u64;
        if digit >= base { None } else { number.checked_mul(base)?.checked_add(digit) }
    })
}

/// Gives out ids. The number grows with every id and starts at a place that moves with every restart, so that an id
/// comes back only when the same microsecond meets the same number; long ids add the time, which never comes back.
#[derive(Debug)]
pub(crate) struct IdSource {
    long: bool,
    last: Mutex<Last>,
}

#[derive(Debug)]
struct Last {
    time: Duration,
    number: u64,
}

impl IdSource {
    /// `start` is a random number.
    pub(crate) fn new(long: bool, start: u64) -> Self {
        Self { long, last: Mutex::new(Last { time: Duration::ZERO, number: start }) }
    }

    /// An id for a message that arrives `now` and that `taken` does not know.
    pub(crate) fn next(&self, now: SystemTime, taken: impl Fn(QueueId) -> bool) -> QueueId {
        // A poisoned lock: the other thread panicked between two assignments, either value is good.
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        // The long form promises never to repeat, also when the clock is set back.
        last.time = if self.long && now <= last.time { last.time + Duration::from_micros(1) } else { now };
        loop {
            last.number = last.number.wrapping_add(1);
            let id = if self.long {
                QueueId::long(last.time, last.number & 0xFFFF_FFFF)
            } else {
                let width = SHORT_NUMBERS.end() - SHORT_NUMBERS.start() + 1;
                QueueId::short(last.time.subsec_micros(), SHORT_NUMBERS.start() + last.number % width)
            };
            if !taken(id) {
                return id;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_read_back() {
        for long in [false, true] {
            let source = IdSource::new(long, 7);
            let id = source.next(UNIX_EPOCH + Duration::new(1_700_000_000, 123_456_000), |_| false);
            assert_eq!(id.to_string().parse(), Ok(id), "{id}");
            assert_eq!(id.is_long(), long, "{id}");
            assert_eq!(id.hash_letter(0), '1', "123456 is 1E240: {id}");
            assert_eq!(id.hash_letter(1), 'E', "{id}");
        }
    }

    #[test]
    fn takes_a_long_id_apart() {
        // Second 1_700_000_000, microsecond 999_999, number 51 in base 52, 52 and 51.
        let id = QueueId::long(Duration::new(1_700_000_000, 999_999_000), 51);
        assert_eq!(long_parts(id.as_str()), Some((1_700_000_000, 999_999, 51)), "{id}");
        assert!(id.as_str().ends_with("z10"), "{id}");
    }

    #[test]
    fn refuses_what_is_no_id() {
        for text in ["", "ALL", "abcdef", "12345", "../../etc", "9DF75 20804A", "3Sk9Xb6NyXz", "A".repeat(24).as_str()]
        {
            assert_eq!(text.parse::<QueueId>(), Err(InvalidQueueId), "{text:?}");
        }
    }

    #[test]
    fn never_gives_out_an_id_twice() {
        for long in [false, true] {
            let source = IdSource::new(long, 0);
            let frozen = UNIX_EPOCH + Duration::from_secs(1_700_000_000);
            let mut seen = std::collections::HashSet::new();
            for _ in 0..100_000 {
                let id = source.next(frozen, |id| seen.contains(&id));
                assert!(seen.insert(id), "{id} came twice");
            }
        }
    }

    #[test]
    fn a_taken_id_is_passed_over() {
        let now = UNIX_EPOCH + Duration::from_secs(5);
        let taken = IdSource::new(false, 1).next(now, |_| false);
        let next = IdSource::new(false, 1).next(now, |id| id == taken);
        assert_ne!(next, taken);
    }
}
