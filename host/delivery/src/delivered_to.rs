//! Who got a message already: the Delivered-To: lines of its header, by which forwarding loops are found.

use std::{collections::HashSet, io};

use hook::Content;
use mail::address::quote;

/// How many such lines are looked at.
const LIMIT: usize = 1000;
/// How long a line may be to be looked at, in bytes.
const LONGEST_LINE: usize = 64 * 1024;

/// The addresses, folded to lower case.
#[derive(Clone, Debug, Default)]
pub struct DeliveredTo(HashSet<String>);

impl DeliveredTo {
    /// Reads the header, from the start to the first line that is no field.
    pub fn read(content: &Content) -> io::Result<Self> {
        let mut found = HashSet::new();
        let mut pending: Vec<u8> = Vec::new();
        'header: for piece in content.pieces() {
            pending.extend_from_slice(&piece?);
            let mut at = 0;
            while let Some(len) = memchr::memchr(b'\n', &pending[at..]) {
                let line = &pending[at..at + len];
                at += len + 1;
                if !is_header_line(line) || found.len() >= LIMIT {
                    break 'header;
                }
                found.extend(address(line));
            }
            pending.drain(..at);
            if pending.len() > LONGEST_LINE {
                break;
            }
        }
        Ok(Self(found))
    }

    /// The recipient, in internal form, was here before.
    pub fn contains(&self, recipient: &str) -> bool {
        !self.0.is_empty() && self.0.contains(&quote(recipient).to_lowercase())
    }
}

fn is_header_line(line: &[u8]) -> bool {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.first().is_some_and(|b| matches!(b, b' ' | b'\t')) || mail::header::name_length(line).is_some()
}

fn address(line: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(line);
    let (name, value) = text.split_once(':')?;
    name.trim_end().eq_ignore_ascii_case("delivered-to").then(|| value.trim().to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_header_counts_and_case_does_not() {
        let text = "Received: x\r\n Delivered-To: folded@x\r\ndelivered-to:  Joe@X.test\r\nSubject: y\r\n\r\nDelivered-To: body@x\r\n";
        let seen = DeliveredTo::read(&Content::Memory(text.into())).expect("readable");
        for (address, expected) in [("joe@x.TEST", true), ("folded@x", false), ("body@x", false), ("", false)] {
            assert_eq!(seen.contains(address), expected, "{address}");
        }
        let quoted = DeliveredTo::read(&Content::Memory("Delivered-To: \"a b\"@x\r\n".into())).expect("readable");
        assert!(quoted.contains("a b@x"));
    }
}
