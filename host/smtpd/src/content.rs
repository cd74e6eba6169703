//! Message content as it comes in with DATA and BDAT: dots taken away, line ends made CR LF, in large pieces. RFC 5321
//! section 4.5.2, RFC 3030.

use memchr::memchr;

/// Reads one message's content piece by piece.
#[derive(Clone, Debug)]
pub(crate) struct ContentReader {
    /// The last byte of the content so far was a CR.
    after_cr: bool,
    /// The next byte begins a line.
    line_start: bool,
    /// The line before ended with CR LF (or there is none).
    after_crlf: bool,
    /// A line may also end, and a message too, without CR.
    lenient: bool,
    /// There was a line end without CR.
    pub bare_newline: bool,
}

/// What to do with the front of a piece.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// So many bytes are content as they stand.
    Text(usize),
    /// So many bytes are not content.
    Skip(usize),
    /// CR LF stands for so many bytes.
    LineEnd(usize),
    /// So many bytes end the message.
    End(usize),
    /// More is needed to tell.
    More,
}

impl ContentReader {
    /// `lenient`: smtpd_forbid_bare_newline = no.
    pub fn new(lenient: bool) -> Self {
        Self { after_cr: false, line_start: true, after_crlf: true, lenient, bare_newline: false }
    }

    /// The next piece of `input`, which is not empty, under DATA.
    pub fn data(&mut self, input: &[u8]) -> Piece {
        if self.line_start && input[0] == b'.' {
            return self.dot(input);
        }
        self.text(input, true)
    }

    /// The next piece of a chunk, under BDAT: a dot is a dot.
    pub fn chunk(&mut self, input: &[u8]) -> Piece {
        self.text(input, false)
    }

    /// What has to be added at the end of the last chunk: a line end, if it lacks one.
    pub fn closing(&self) -> &'static [u8] {
        match (self.line_start, self.after_cr) {
            (true, _) => b"",
            (false, true) => b"\n",
            (false, false) => b"\r\n",
        }
    }

    /// A dot at the start of a line.
    fn dot(&mut self, input: &[u8]) -> Piece {
        match input[1..] {
            [b'\r', b'\n', ..] if self.after_crlf || self.lenient => Piece::End(3),
            [b'\n', ..] if self.lenient => Piece::End(2),
            [] | [b'\r'] => Piece::More,
            // RFC 5321 section 4.5.2: the first dot of a longer line goes.
            _ => {
                self.line_start = false;
                Piece::Skip(1)
            }
        }
    }

    /// As much as stands as it is.
    fn text(&mut self, input: &[u8], dots: bool) -> Piece {
        let mut at = 0;
        while let Some(newline) = memchr(b'\n', &input[at..]) {
            let newline = at + newline;
            let crlf = if newline == 0 { self.after_cr } else { input[newline - 1] == b'\r' };
            if !crlf {
                if newline > 0 {
                    self.after_cr = false;
                    self.line_start = false;
                    return Piece::Text(newline);
                }
                self.bare_newline = true;
                (self.after_cr, self.line_start, self.after_crlf) = (false, true, false);
                return Piece::LineEnd(1);
            }
            at = newline + 1;
            if dots && input.get(at) == Some(&b'.') {
                break;
            }
        }
        let stop = match input.get(at) {
            Some(b'.') if dots && at > 0 => at,
            _ => input.len(),
        };
        self.line_start = input[stop - 1] == b'\n';
        self.after_crlf = self.line_start;
        self.after_cr = input[stop - 1] == b'\r';
        Piece::Text(stop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `input` in pieces of `step` bytes; gives the content, and what is left after the end of the message.
    fn read(input: &[u8], step: usize, lenient: bool, chunk: bool) -> (String, Option<String>, bool) {
        let mut reader = ContentReader::new(lenient);
        let (mut buffer, mut content, mut fed) = (Vec::new(), Vec::new(), 0);
        loop {
            let mut wants_more = buffer.is_empty();
            while !wants_more && !buffer.is_empty() {
                let piece = if chunk { reader.chunk(&buffer) } else { reader.data(&buffer) };
                let used = match piece {
                    Piece::Text(len) => {
                        content.extend_from_slice(&buffer[..len]);
                        len
                    }
                    Piece::Skip(len) => len,
                    Piece::LineEnd(len) => {
                        content.extend_from_slice(b"\r\n");
                        len
                    }
                    Piece::End(len) => {
                        buffer.drain(..len);
                        buffer.extend_from_slice(&input[fed..]);
                        let rest = String::from_utf8_lossy(&buffer).into_owned();
                        return (String::from_utf8_lossy(&content).into_owned(), Some(rest), reader.bare_newline);
                    }
                    Piece::More => {
                        wants_more = true;
                        0
                    }
                };
                buffer.drain(..used);
            }
            if fed == input.len() {
                content.extend_from_slice(if chunk { reader.closing() } else { b"" });
                return (String::from_utf8_lossy(&content).into_owned(), None, reader.bare_newline);
            }
            let end = (fed + step).min(input.len());
            buffer.extend_from_slice(&input[fed..end]);
            fed = end;
        }
    }

    #[test]
    fn only_crlf_dot_crlf_ends_whatever_the_pieces() {
        for (input, content, rest, bare) in [
            ("a\r\n.\r\nQUIT", "a\r\n", Some("QUIT"), false),
            (".\r\nX", "", Some("X"), false),
            ("..\r\n...a\r\n.\r\n", ".\r\n..a\r\n", Some(""), false),
            ("a\n.\r\nMAIL FROM:<x>\r\n.\r\n", "a\r\n\r\nMAIL FROM:<x>\r\n", Some(""), true),
            ("a\r\n.\nMAIL FROM:<x>\r\n.\r\n", "a\r\n\r\nMAIL FROM:<x>\r\n", Some(""), true),
            ("a\n.\nMAIL\r\n.\r\n", "a\r\n\r\nMAIL\r\n", Some(""), true),
            ("a\r.\r\n.\r\n", "a\r.\r\n", Some(""), false),
            ("a\r\n.\r.\r\n.\r\n", "a\r\n\r.\r\n", Some(""), false),
            ("\r\r\n.\r\n", "\r\r\n", Some(""), false),
            ("a\r\n.b\n.c\r\n.\r\n", "a\r\nb\r\nc\r\n", Some(""), true),
        ] {
            for step in 1..=input.len() {
                let got = read(input.as_bytes(), step, false, false);
                assert_eq!(got, (content.to_string(), rest.map(str::to_string), bare), "{input:?} by {step}");
            }
        }
    }

    #[test]
    fn the_old_way_when_asked_for() {
        for (input, content) in [("a\n.\nX", "a\r\n"), ("a\n.\r\nX", "a\r\n"), ("a\r\n.\nX", "a\r\n")] {
            for step in 1..=input.len() {
                let (got, rest, _) = read(input.as_bytes(), step, true, false);
                assert_eq!((got.as_str(), rest.as_deref()), (content, Some("X")), "{input:?} by {step}");
            }
        }
    }

    #[test]
    fn chunks_keep_their_dots() {
        for (input, content) in
            [("a\n.\n", "a\r\n.\r\n"), ("a\r\n.", "a\r\n.\r\n"), ("a\r", "a\r\n"), ("", ""), ("a", "a\r\n")]
        {
            for step in 1..=input.len().max(1) {
                assert_eq!(read(input.as_bytes(), step, false, true).0, content, "{input:?} by {step}");
            }
        }
    }
}
