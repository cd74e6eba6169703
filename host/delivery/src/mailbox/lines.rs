//! Content with CR LF line ends into the line ends of mailbox files and commands, piece by piece: mail_copy(3).

use std::io;

use hook::Content;
use memchr::memchr;

/// Room for most messages; longer ones are handed on in parts.
const PART: usize = 64 * 1024;

/// What becomes of the lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lines {
    /// mbox(5): a line that begins with `From ` gets a `>`.
    pub quote_from: bool,
    /// BSMTP: a line that begins with a dot gets another.
    pub stuff_dots: bool,
    /// What ends a line.
    pub eol: String,
}

impl Default for Lines {
    fn default() -> Self {
        Self { quote_from: false, stuff_dots: false, eol: "\n".to_string() }
    }
}

impl Lines {
    /// Those of mbox(5).
    pub fn mbox() -> Self {
        Self { quote_from: true, ..Self::default() }
    }
}

/// What a piece left over, since its meaning depends on the next.
struct Converter<'l> {
    lines: &'l Lines,
    within_line: bool,
    carry: Vec<u8>,
}

/// Hands `prefix` and the converted content to `write` in large parts; the last line is always ended.
pub fn copy(
    prefix: &[u8],
    content: &Content,
    lines: &Lines,
    mut write: impl FnMut(&[u8]) -> io::Result<()>,
) -> Result<(), CopyError> {
    let mut lines = Converter { lines, within_line: false, carry: Vec::new() };
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

impl Converter<'_> {
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
            out.extend_from_slice(self.lines.eol.as_bytes());
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
        if self.within_line {
            return;
        }
        if self.lines.quote_from && line.starts_with(b"From ") {
            out.push(b'>');
        }
        if self.lines.stuff_dots && line.starts_with(b".") {
            out.push(b'.');
        }
    }

    fn finish(mut self, out: &mut Vec<u8>) {
        let carry = std::mem::take(&mut self.carry);
        if !carry.is_empty() {
            self.begin(&carry, out);
            self.within_line = true;
        }
        out.extend_from_slice(&carry);
        if self.within_line {
            out.extend_from_slice(self.lines.eol.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn converted(pieces: &[&[u8]], lines: &Lines) -> String {
        let mut converter = Converter { lines, within_line: false, carry: Vec::new() };
        let mut out = Vec::new();
        pieces.iter().for_each(|piece| converter.push(piece, &mut out));
        converter.finish(&mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn any_cut_gives_the_same() {
        let text = b"Subject: x\r\n\r\nFrom me\r\n From you\r\nFrom\r\n\rcr\r\r\nlf\nFrom b\r\r\n.dot\r\n..\r\nFro";
        let mailbox = "Subject: x\n\n>From me\n From you\nFrom\n\rcr\r\nlf\n>From b\r\n.dot\n..\nFro\n";
        let plain = Lines::default();
        let bsmtp = Lines { stuff_dots: true, eol: "\r\n".to_string(), ..Lines::mbox() };
        assert_eq!(converted(&[text], &Lines::mbox()), mailbox);
        assert_eq!(converted(&[text], &plain), mailbox.replace('>', ""));
        let stuffed = mailbox.replace("\n.", "\n..").replace('\n', "\r\n");
        for first in 0..text.len() {
            for second in first..text.len() {
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                assert_eq!(converted(&pieces, &Lines::mbox()), mailbox, "cut at {first} and {second}");
                assert_eq!(converted(&pieces, &bsmtp), stuffed, "cut at {first} and {second}");
            }
        }
        assert_eq!(converted(&[b"."], &bsmtp), "..\r\n");
    }

    #[test]
    fn large_content_goes_out_in_parts() {
        let content = Content::Memory(Bytes::from("0123456789\r\n".repeat(50_000)));
        let (mut parts, mut total) = (0, Vec::new());
        let result = copy(b"A: b\n", &content, &Lines::default(), |part| {
            parts += 1;
            total.extend_from_slice(part);
            Ok(())
        });
        assert!(result.is_ok());
        assert!(parts > 4, "{parts}");
        assert!(total == format!("A: b\n{}", "0123456789\n".repeat(50_000)).as_bytes(), "content differs");
    }
}
