//! Content line by line: its header always, its body only where it has parts with headers of their own, or where something wants
//! to see the lines. Lines that are longer than
//! line_length_limit come in pieces, so that no line has to fit into memory.

use hook::CheckPart;
use mail::{
    header::Field,
    mime::{Body, Header, Place},
};
use memchr::memchr;

use crate::{CleanupError, Incoming, headers::Fate, inspection::Line};

/// The lines made are written when they are so many bytes.
const OUT: usize = 32 * 1024;

impl Incoming {
    /// A piece of content, cut anywhere.
    pub(crate) async fn take(&mut self, bytes: &[u8]) -> Result<(), CleanupError> {
        let mut rest = bytes;
        while !rest.is_empty() {
            if self.header_end.is_some()
                && self.pending.is_empty()
                && !self.piece
                && !self.sees_body()
                && self.mime.is_flat()
            {
                self.flush().await?;
                return self.body(rest).await;
            }
            rest = self.one_line(rest).await?;
        }
        if self.out.len() > OUT {
            self.flush().await?;
        }
        Ok(())
    }

    /// Something looks at the lines of the body.
    fn sees_body(&self) -> bool {
        let settings = &self.cleanup.settings;
        let checking = self.inspection.as_ref().is_some_and(|inspection| inspection.active);
        !settings.strip_characters.is_empty()
            || (checking && (self.cleanup.checks.looks_into_body() || !settings.reject_characters.is_empty()))
    }

    /// The first line of `bytes`, or a piece of one; gives what is left.
    async fn one_line<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], CleanupError> {
        let room = self.cleanup.settings.line_length_limit - self.pending.len();
        let end = memchr(b'\n', &bytes[..bytes.len().min(room + 1)]);
        let (piece, rest) = match end {
            Some(end) => (&bytes[..end], &bytes[end + 1..]),
            None => bytes.split_at(bytes.len().min(room)),
        };
        if end.is_none() && piece.len() < room {
            self.pending.extend_from_slice(piece);
            return Ok(rest);
        }
        let mut joined = std::mem::take(&mut self.pending);
        let mut line = piece;
        if !joined.is_empty() {
            joined.extend_from_slice(piece);
            line = &joined;
        }
        if end.is_some() {
            // RFC 5321 section 2.3.8: a line ends with CR LF; further CRs before it are no text.
            line = trim_crs(line);
        }
        self.line(line, end.is_some()).await?;
        joined.clear();
        self.pending = joined;
        Ok(rest)
    }

    /// A line without its end, or a piece of one (`whole` false).
    async fn line(&mut self, text: &[u8], whole: bool) -> Result<(), CleanupError> {
        let mut changed;
        let mut text = text;
        if std::mem::take(&mut self.client_begins) {
            if text.starts_with(b">") || text.starts_with(b"From ") {
                let from = text.iter().position(|byte| *byte != b'>').unwrap_or(text.len());
                if text[from..].starts_with(b"From ") {
                    // The line that begins a message in a mailbox file is no header.
                    changed = [b"X-Mailbox-Line: ", text].concat();
                    text = &changed;
                    self.client_begins = true;
                }
            } else if matches!(text.first(), Some(b' ' | b'\t')) {
                // It would continue the last field above it.
                self.step(b"", true).await?;
            }
        }
        let settings = &self.cleanup.settings;
        if settings.reject_characters.iter().any(|c| text.contains(c))
            && let Some(inspection) = self.inspection.as_mut().filter(|inspection| inspection.active)
        {
            return Err(inspection.disallowed_character(text));
        }
        if settings.strip_characters.iter().any(|c| text.contains(c)) {
            changed = text.to_vec();
            changed.retain(|c| !settings.strip_characters.contains(c));
            text = &changed;
        }
        self.step(text, whole).await
    }

    async fn step(&mut self, text: &[u8], whole: bool) -> Result<(), CleanupError> {
        let step = self.mime.line(text, whole);
        self.piece = !whole;
        self.faults()?;
        if let Some(header) = step.header {
            self.header(header).await?;
        }
        if step.header_ends {
            self.header_end = Some(self.written + self.out.len() as u64);
        }
        if step.separator {
            self.out.extend_from_slice(b"\r\n");
        }
        if let Some(body) = step.body {
            self.body_line(body, text, whole).await?;
        }
        Ok(())
    }

    fn faults(&mut self) -> Result<(), CleanupError> {
        let Some(inspection) = self.inspection.as_mut().filter(|inspection| inspection.active) else { return Ok(()) };
        match self.mime.take_faults().first() {
            Some((fault, text)) => Err(inspection.fault(*fault, text)),
            None => Ok(()),
        }
    }

    async fn header(&mut self, header: Header) -> Result<(), CleanupError> {
        let Header { place, mut text } = header;
        cut(&mut text, self.cleanup.settings.header_size_limit);
        if let Some(inspection) = self.inspection.as_mut().filter(|inspection| inspection.active) {
            let name = &text[..memchr(b':', &text).unwrap_or(0)];
            let (part, list) = self.cleanup.checks.of_header(place, name);
            if let Some(list) = list {
                match inspection.line(list, part, &text).await? {
                    Line::Keep => {}
                    Line::Drop => return Ok(()),
                    Line::Replace(line) => text = line.into(),
                    Line::After(line) => self.write_header(&line),
                }
            }
        }
        self.eight_bit_header |= place == Place::Primary && !text.is_ascii();
        if place != Place::Primary {
            if Field::new(&text).is_some_and(|field| field.is("content-transfer-encoding")) {
                self.headers.note_encoding(&self.cleanup, &text);
            }
            self.write_header(&text);
            return Ok(());
        }
        // What REPLACE put there has a name, too.
        let Some(field) = Field::new(&text) else { return Ok(()) };
        match self.headers.field(&self.cleanup, &self.id, field).await? {
            Fate::Keep => self.write_header(&text),
            Fate::Drop => {}
            Fate::Replace(rewritten) => self.out.extend_from_slice(&rewritten),
        }
        Ok(())
    }

    /// Lines joined by LF.
    fn write_header(&mut self, text: &[u8]) {
        for line in text.split(|byte| *byte == b'\n') {
            self.out.extend_from_slice(trim_crs(line));
            self.out.extend_from_slice(b"\r\n");
        }
    }

    async fn body_line(&mut self, body: Body, text: &[u8], whole: bool) -> Result<(), CleanupError> {
        self.eight_bit = self.eight_bit || !text.is_ascii();
        let end: &[u8] = if whole { b"\r\n" } else { b"" };
        if let Some(list) = self.cleanup.checks.of_body(body.offset)
            && let Some(inspection) = self.inspection.as_mut().filter(|inspection| inspection.active)
        {
            match inspection.line(list, CheckPart::Body, text).await? {
                Line::Keep => {}
                Line::Drop => return Ok(()),
                Line::Replace(line) => {
                    self.out.extend_from_slice(&line);
                    self.out.extend_from_slice(b"\r\n");
                    return Ok(());
                }
                Line::After(line) => {
                    self.out.extend_from_slice(&line);
                    self.out.extend_from_slice(b"\r\n");
                }
            }
        }
        self.out.extend_from_slice(text);
        self.out.extend_from_slice(end);
        if self.out.len() > OUT {
            self.flush().await?;
        }
        Ok(())
    }

    /// The body as it is, but for CRs that stand before a line end.
    async fn body(&mut self, bytes: &[u8]) -> Result<(), CleanupError> {
        self.eight_bit = self.eight_bit || !bytes.is_ascii();
        let mut rest = bytes;
        if self.held_crs > 0 {
            let crs = std::mem::take(&mut self.held_crs);
            match rest.iter().position(|byte| *byte != b'\r') {
                None => {
                    self.held_crs = crs + rest.len();
                    return Ok(());
                }
                Some(at) if rest[at] == b'\n' => {
                    self.append(b"\r\n").await?;
                    rest = &rest[at + 1..];
                }
                Some(_) => self.append(&vec![b'\r'; crs]).await?,
            }
        }
        let kept = trim_crs(rest);
        self.held_crs = rest.len() - kept.len();
        rest = kept;
        while let Some(at) = memchr::memmem::find(rest, b"\r\r\n") {
            self.append(trim_crs(&rest[..at])).await?;
            rest = &rest[at + 1..];
        }
        self.append(rest).await
    }

    /// The content is all here: what waited for more is taken as it is.
    pub(crate) async fn finish(&mut self) -> Result<(), CleanupError> {
        if self.held_crs > 0 {
            let crs = vec![b'\r'; std::mem::take(&mut self.held_crs)];
            self.append(&crs).await?;
        }
        if !self.pending.is_empty() || self.piece {
            let last = std::mem::take(&mut self.pending);
            self.line(trim_crs(&last), true).await?;
        }
        let step = self.mime.end();
        self.faults()?;
        if let Some(header) = step.header {
            self.header(header).await?;
        }
        if step.header_ends {
            self.header_end = Some(self.written + self.out.len() as u64);
        }
        self.flush().await
    }
}

/// header_size_limit; a line of which only white space is left goes whole.
fn cut(text: &mut Vec<u8>, limit: usize) {
    if text.len() <= limit {
        return;
    }
    text.truncate(limit);
    while let Some(line) = memchr::memrchr(b'\n', text).filter(|line| text[*line..].trim_ascii().is_empty()) {
        text.truncate(line);
    }
}

fn trim_crs(line: &[u8]) -> &[u8] {
    let end = line.iter().rposition(|byte| *byte != b'\r').map_or(0, |last| last + 1);
    &line[..end]
}
