//! Content on its way into DATA: RFC 5321 section 4.5.2 dot stuffing, and line ends no server can misread.

use memchr::memchr2;

/// Streams content piece by piece. Lines lie where they are: a piece comes back as few slices, cut only where something
/// has to be put in or taken out.
///
/// RFC 5321 section 2.3.8: CR and LF appear only together. A bare LF becomes CR LF and a bare CR a space, so that no
/// server sees the end of the message, or a line of it, where this one did not.
#[derive(Debug)]
pub struct Stuffing {
    line_start: bool,
    /// The last piece ended in CR, which was not sent.
    held_cr: bool,
    /// Bytes of the present line so far.
    length: usize,
    /// 0: lines are not broken.
    limit: usize,
    broken: bool,
}

impl Stuffing {
    /// Longer lines than `limit` (smtp_line_length_limit) are broken.
    pub fn new(limit: usize) -> Self {
        // A broken line begins with a space and goes on with one byte at least.
        let limit = if limit == 1 { 2 } else { limit };
        Self { line_start: true, held_cr: false, length: 0, limit, broken: false }
    }

    /// A line was broken since the last call: worth a warning, once.
    pub fn take_broken(&mut self) -> bool {
        std::mem::take(&mut self.broken)
    }

    /// Appends the slices to send for the next piece.
    pub fn piece<'a>(&mut self, mut rest: &'a [u8], out: &mut Vec<&'a [u8]>) {
        if rest.is_empty() {
            return;
        }
        if std::mem::take(&mut self.held_cr) {
            if rest[0] == b'\n' {
                rest = &rest[1..];
                self.end_line(out);
            } else {
                self.text(b" ", out);
            }
        }
        // What is sent as it lies begins here.
        let mut run = rest;
        while !rest.is_empty() {
            let line = memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
            let (text, end) = rest.split_at(line);
            if end.starts_with(b"\r\n") && self.plain(text) {
                self.line_start = true;
                self.length = 0;
                rest = &end[2..];
                continue;
            }
            self.flush(&mut run, rest, out);
            self.text(text, out);
            rest = match end {
                [b'\r', b'\n', ..] => {
                    self.end_line(out);
                    &end[2..]
                }
                [b'\n', ..] => {
                    self.end_line(out);
                    &end[1..]
                }
                [b'\r'] => {
                    self.held_cr = true;
                    &end[1..]
                }
                [b'\r', ..] => {
                    self.text(b" ", out);
                    &end[1..]
                }
                _ => end,
            };
            run = rest;
        }
        self.flush(&mut run, rest, out);
    }

    /// The line end that is missing, and the end of data.
    pub fn end(&mut self, out: &mut Vec<&[u8]>) {
        if std::mem::take(&mut self.held_cr) {
            self.text(b" ", out);
        }
        if !self.line_start {
            self.end_line(out);
        }
        out.push(b".\r\n");
    }

    /// Nothing has to be put into the line.
    fn plain(&self, text: &[u8]) -> bool {
        let dot = self.line_start && text.first() == Some(&b'.');
        !dot && (self.limit == 0 || self.length + text.len() <= self.limit)
    }

    /// Sends what lies before `rest`.
    fn flush<'a>(&self, run: &mut &'a [u8], rest: &'a [u8], out: &mut Vec<&'a [u8]>) {
        let (before, after) = run.split_at(run.len() - rest.len());
        if !before.is_empty() {
            out.push(before);
        }
        *run = after;
    }

    /// Part of a line.
    fn text<'a>(&mut self, mut text: &'a [u8], out: &mut Vec<&'a [u8]>) {
        if text.is_empty() {
            return;
        }
        if self.line_start && text[0] == b'.' {
            out.push(b".");
        }
        self.line_start = false;
        while self.limit > 0 && self.length + text.len() > self.limit {
            let (line, more) = text.split_at(self.limit - self.length);
            out.push(line);
            out.push(b"\r\n ");
            self.broken = true;
            self.length = 1;
            text = more;
        }
        self.length += text.len();
        out.push(text);
    }

    fn end_line(&mut self, out: &mut Vec<&[u8]>) {
        out.push(b"\r\n");
        self.line_start = true;
        self.length = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stuffed(pieces: &[&[u8]], limit: usize) -> String {
        let mut stuffing = Stuffing::new(limit);
        let mut out = Vec::new();
        pieces.iter().for_each(|piece| stuffing.piece(piece, &mut out));
        stuffing.end(&mut out);
        String::from_utf8(out.concat()).expect("text")
    }

    #[test]
    fn any_cut_gives_the_same() {
        let text = b".a\r\n..b\r\n\n.c\n.\r\n.\r\r\nx\r.y\r\n\r\n.";
        let wire = "..a\r\n...b\r\n\r\n..c\r\n..\r\n.. \r\nx .y\r\n\r\n..\r\n.\r\n";
        assert_eq!(stuffed(&[text], 998), wire);
        for first in 0..text.len() {
            for second in first..text.len() {
                let pieces = [&text[..first], &text[first..second], &text[second..]];
                assert_eq!(stuffed(&pieces, 998), wire, "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn no_smuggling() {
        for stray in ["\n.\n", "\n.\r\n", "\r\n.\n", "\r.\r", "\r\n.\r", "\r\n.\r\r\n", "\r.\r\n", "\r\n.\0\r\n"] {
            let text = format!("a{stray}MAIL FROM:<x@y>\r\n");
            let wire = stuffed(&[text.as_bytes()], 998);
            assert_eq!(wire.find("\r\n.\r\n").map(|at| at + 5), Some(wire.len()), "{stray:?} gave {wire:?}");
            let pairs = wire.replace("\r\n", "");
            assert!(!pairs.contains(['\r', '\n']), "{stray:?} gave {wire:?}");
        }
    }

    #[test]
    fn long_lines_are_broken_and_exact_ones_are_not() {
        assert_eq!(
            stuffed(&[b"12345\r\n123456\r\n12345678901\r\n"], 5),
            "12345\r\n12345\r\n 6\r\n12345\r\n 6789\r\n 01\r\n.\r\n"
        );
        assert_eq!(stuffed(&[b"123", b"456", b"7\r\n"], 5), "12345\r\n 67\r\n.\r\n");
        let long = "x".repeat(5000);
        assert_eq!(stuffed(&[long.as_bytes()], 0), format!("{long}\r\n.\r\n"));
    }

    #[test]
    fn clean_content_is_not_cut() {
        let text = b"Subject: x\r\n\r\n.dot\r\nplain\r\nplain\r\n";
        let mut out = Vec::new();
        Stuffing::new(998).piece(text, &mut out);
        let expected: [&[u8]; 5] = [b"Subject: x\r\n\r\n", b".", b".dot", b"\r\n", b"plain\r\nplain\r\n"];
        assert_eq!(out, expected);
        assert_eq!(stuffed(&[], 998), ".\r\n");
    }
}
