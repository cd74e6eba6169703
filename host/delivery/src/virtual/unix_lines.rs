//! Content with CR LF line ends into the LF line ends of mailbox files, piece by piece.

use std::io;

use hook::Content;
use memchr::memchr;

/// Room for most messages; longer ones are handed on in parts.
const PART: usize = 64 * 1024;

/// What a piece left over, since its meaning depends on the next.
#[derive(Default)]
struct UnixLines {
    /// mbox(5): a line that begins with `From ` gets a `>`.
    quote_from: bool,
    within_line: bool,
    carry: Vec<u8>,
}

/// Hands `prefix` and the converted content to `write` in large parts; the last line always ends in LF.
pub fn copy(
    prefix: &[u8],
    content: &Content,
    quote_from: bool,
    mut write: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), CopyError> {
    let mut lines = UnixLines { quote_from, ..UnixLines::default() };
    let room = prefix.len() + content.len().min(PART as u64) as usize + 16;
    let mut out = Vec::with_capacity(room);
    out.extend_from_slice(prefix);
    for piece in content.pieces() {
        lines.push(&piece.map_err(CopyError::Read)?, &mut out);
        if out.len() >= PART {
            write(&out).map_err(CopyError::Write)?;
            out.clear();
        }
    }
    lines.finish(&mut out);
    write(&out).map_err(CopyError::Write)
}

/// Which side failed.
pub enum CopyError {
    Read(io::Error),
    Write(io::Error),
}

impl UnixLines {
    fn push(&mut self, piece: &[u8], out: &mut Vec<u8>) {
        let joined;
        let mut rest = if self.carry.is_empty() {
            piece
        } else {
            let mut whole = std::mem::take(&mut self.carry);
            whole.extend_from_slice(piece);
            joined = whole;
            &joined[..]
        };
        while let Some(end) = memchr(b'\n', rest) {
            let line = &rest[..end];
            self.begin(line, out);
            out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
            out.push(b'\n');
            self.within_line = false;
            rest = &rest[end + 1..];
        }
        let undecided = !self.within_line && rest.len() < b"From ".len();
        let kept = if undecided { rest.len() } else { usize::from(rest.ends_with(b"\r")) };
        let (text, carry) = rest.split_at(rest.len() - kept);
        if !text.is_empty() {
            self.begin(text, out);
            out.extend_from_slice(text);
            self.within_line = true;
        }
        self.carry.extend_from_slice(carry);
    }

    fn begin(&self, line: &[u8], out: &mut Vec<u8>) {
        if self.quote_from && !self.within_line && line.starts_with(b"From ") {
            out.push(b'>');
        }
    }

    fn finish(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.carry);
        if self.within_line || !self.carry.is_empty() {
            out.push(b'\n');
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn converted(pieces: &[&[u8]], quote_from: bool) -> String {
        let mut lines = UnixLines { quote_from, ..UnixLines::default() };
        let mut out = Vec::new();
        pieces.iter().for_each(|piece| lines.push(piece, &mut out));
        lines.finish(&mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn any_cut_gives_the_same() {
        let text = b"Subject: x\r\n\r\nFrom me\r\n From you\r\nFrom\r\n\rcr\r\r\nlf\nFrom b\r\r\nFro";
        let mailbox = "Subject: x\n\n>From me\n From you\nFrom\n\rcr\r\nlf\n>From b\r\nFro\n";
        assert_eq!(converted(&[text], true), mailbox);
        assert_eq!(converted(&[text], false), mailbox.replace('>', ""));
        for first in 0..text.len() {
            for second in first..text.len() {
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                assert_eq!(converted(&pieces, true), mailbox, "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn large_content_goes_out_in_parts() {
        let content = Content::Memory(Bytes::from("0123456789\r\n".repeat(50_000)));
        let (mut parts, mut total) = (0, Vec::new());
        let result = copy(b"A: b\n", &content, false, |part| {
            parts += 1;
            total.extend_from_slice(part);
            Ok(())
        });
        assert!(result.is_ok());
        assert!(parts > 4, "{parts}");
        assert!(total == format!("A: b\n{}", "0123456789\n".repeat(50_000)).as_bytes(), "content differs");
    }
}
