//! Tagged fields, the alphabet of every record: a tag byte, a length (LEB128), and that many bytes. A reader passes over
//! tags it does not know, so that an older program reads what a newer one of the same format version wrote.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The bytes are not what this program, or any, has written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) &'static str);

/// Appends a field.
pub(crate) fn put(out: &mut Vec<u8>, tag: u8, value: &[u8]) {
    out.push(tag);
    put_length(out, value.len());
    out.extend_from_slice(value);
}

/// Appends a field unless its value is empty, which is what a missing field reads as.
pub(crate) fn put_text(out: &mut Vec<u8>, tag: u8, value: &str) {
    if !value.is_empty() {
        put(out, tag, value.as_bytes());
    }
}

/// Appends a number unless it is 0, which is what a missing field reads as.
pub(crate) fn put_number(out: &mut Vec<u8>, tag: u8, value: u64) {
    let bytes = value.to_le_bytes();
    let used = 8 - value.leading_zeros() as usize / 8;
    if used > 0 {
        put(out, tag, &bytes[..used]);
    }
}

/// Appends a time, to the nanosecond.
pub(crate) fn put_time(out: &mut Vec<u8>, tag: u8, time: SystemTime) {
    let (sign, distance) = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (0u8, after),
        Err(before) => (1u8, before.duration()),
    };
    let mut value = [0; 13];
    value[..8].copy_from_slice(&distance.as_secs().to_le_bytes());
    value[8..12].copy_from_slice(&distance.subsec_nanos().to_le_bytes());
    value[12] = sign;
    put(out, tag, &value);
}

fn put_length(out: &mut Vec<u8>, mut length: usize) {
    while length >= 0x80 {
        out.push(length as u8 | 0x80);
        length >>= 7;
    }
    out.push(length as u8);
}

/// The fields of a record, in order. Ends after the first malformed one.
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    fn take(&mut self) -> Option<(u8, &'a [u8])> {
        let (&tag, mut rest) = self.0.split_first()?;
        let mut length = 0usize;
        for shift in (0..32).step_by(7) {
            let (&byte, after) = rest.split_first()?;
            rest = after;
            length |= usize::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                let value = rest.get(..length)?;
                self.0 = &rest[length..];
                return Some((tag, value));
            }
        }
        None
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u8, &'a [u8]), Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.take().ok_or(Malformed("field runs past the end of its record"));
        if field.is_err() {
            self.0 = &[];
        }
        Some(field)
    }
}

/// A text value.
pub(crate) fn text(value: &[u8]) -> Result<String, Malformed> {
    std::str::from_utf8(value).map(str::to_string).map_err(|_| Malformed("text is not UTF-8"))
}

/// A number value.
pub(crate) fn number(value: &[u8]) -> Result<u64, Malformed> {
    let mut bytes = [0; 8];
    bytes.get_mut(..value.len()).ok_or(Malformed("number of more than 64 bits"))?.copy_from_slice(value);
    Ok(u64::from_le_bytes(bytes))
}

/// A number that fits a smaller type.
pub(crate) fn small<N: TryFrom<u64>>(value: &[u8]) -> Result<N, Malformed> {
    N::try_from(number(value)?).map_err(|_| Malformed("number out of range"))
}

/// A time value.
pub(crate) fn time(value: &[u8]) -> Result<SystemTime, Malformed> {
    let wrong = Malformed("malformed time");
    let (seconds, rest) = value.split_first_chunk::<8>().ok_or(wrong)?;
    let (nanoseconds, sign) = rest.split_first_chunk::<4>().ok_or(wrong)?;
    let nanoseconds = u32::from_le_bytes(*nanoseconds);
    if nanoseconds >= 1_000_000_000 {
        return Err(wrong);
    }
    let distance = Duration::new(u64::from_le_bytes(*seconds), nanoseconds);
    let time = if sign == [1] { UNIX_EPOCH.checked_sub(distance) } else { UNIX_EPOCH.checked_add(distance) };
    time.ok_or(wrong)
}
