//! The content of a queued message as plugins read it.

use bytes::Bytes;
use hook::{Content, MessageView};

/// Most bytes of a header that are looked at; header_size_limit of cleanup(8) is a tenth of it for each field.
const HEADER: usize = 1024 * 1024;
/// Most bytes one read of the body gives.
const PIECE: usize = 64 * 1024;

/// A [`MessageView`] over [`Content`]. The header is read once, the body piece by piece.
pub struct ContentView {
    content: Content,
    header: Bytes,
    /// Start and end of each field, line end included.
    fields: Vec<(usize, usize)>,
    /// Where the body begins.
    body: u64,
}

impl ContentView {
    /// Reads the header. An unreadable file looks like an empty message.
    pub fn new(content: Content) -> Self {
        let mut header = content.read(0, 16 * 1024).unwrap_or_default();
        let mut end = header_end(&header);
        if end.is_none() && (header.len() as u64) < content.len() {
            header = content.read(0, HEADER).unwrap_or_default();
            end = header_end(&header);
        }
        let (end, body) = end.unwrap_or((header.len(), header.len()));
        let header = header.slice(..end);
        let fields = fields(&header);
        Self { content, header, fields, body: body as u64 }
    }

    fn field(&self, index: u32) -> Option<&[u8]> {
        let (start, end) = *self.fields.get(index as usize)?;
        Some(&self.header[start..end])
    }
}

/// Where the header ends, and where the body begins.
fn header_end(bytes: &[u8]) -> Option<(usize, usize)> {
    if bytes.starts_with(b"\r\n") {
        return Some((0, 2));
    }
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| (at + 2, at + 4))
}

fn fields(header: &[u8]) -> Vec<(usize, usize)> {
    let mut fields: Vec<(usize, usize)> = Vec::new();
    let mut start = 0;
    while start < header.len() {
        let end =
            header[start..].windows(2).position(|window| window == b"\r\n").map_or(header.len(), |at| start + at + 2);
        match fields.last_mut() {
            // RFC 5322 section 2.2.3: a line that begins with white space continues the field.
            Some(field) if matches!(header[start], b' ' | b'\t') => field.1 = end,
            _ => fields.push((start, end)),
        }
        start = end;
    }
    fields
}

fn name_of(field: &[u8]) -> &[u8] {
    let end = field.iter().position(|&b| b == b':').unwrap_or(0);
    field[..end].trim_ascii_end()
}

impl MessageView for ContentView {
    fn size(&self) -> u64 {
        self.content.len()
    }

    fn header_count(&self) -> u32 {
        self.fields.len() as u32
    }

    fn header_at(&self, index: u32) -> Option<(String, String)> {
        let field = self.field(index)?;
        let name = name_of(field);
        let value = field.get(field.iter().position(|&b| b == b':')? + 1..)?;
        // wit/message.wit: CR LF removed where the field was folded.
        let unfolded: Vec<u8> = value.iter().copied().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
        Some((String::from_utf8_lossy(name).into_owned(), String::from_utf8_lossy(unfolded.trim_ascii()).into_owned()))
    }

    fn find_header(&self, name: &str, nth: u32) -> Option<u32> {
        let matching = (0..self.header_count()).filter(|&index| {
            self.field(index).is_some_and(|field| name_of(field).eq_ignore_ascii_case(name.as_bytes()))
        });
        matching.into_iter().nth(nth as usize)
    }

    fn raw_header(&self, index: u32) -> Option<Bytes> {
        let (start, end) = *self.fields.get(index as usize)?;
        Some(self.header.slice(start..end))
    }

    fn body_size(&self) -> u64 {
        self.content.len().saturating_sub(self.body)
    }

    fn read_body(&self, offset: u64, len: u32) -> Bytes {
        let at = self.body.saturating_add(offset);
        self.content.read(at, (len as usize).min(PIECE)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(text: &'static str) -> ContentView {
        ContentView::new(Content::Memory(Bytes::from_static(text.as_bytes())))
    }

    #[test]
    fn header_and_body_apart() {
        let view = view("Subject: a\r\n\tb\r\nTo : x@y\r\nsubject:c\r\n\r\nbody\r\n");
        assert_eq!(view.header_count(), 3);
        assert_eq!(view.header_at(0), Some(("Subject".into(), "a\tb".into())));
        assert_eq!(view.header_at(1), Some(("To".into(), "x@y".into())));
        assert_eq!((view.find_header("SUBJECT", 1), view.find_header("subject", 2)), (Some(2), None));
        assert_eq!(view.raw_header(0).as_deref(), Some(&b"Subject: a\r\n\tb\r\n"[..]));
        assert_eq!((view.body_size(), &view.read_body(2, 3)[..]), (6, &b"dy\r"[..]));
        assert!(view.read_body(6, 10).is_empty());
        assert!(view.read_body(u64::MAX, 10).is_empty());
    }

    #[test]
    fn odd_messages() {
        let none = view("\r\nbody");
        assert_eq!((none.header_count(), none.body_size()), (0, 4));
        let no_body = view("A: b\r\n");
        assert_eq!((no_body.header_count(), no_body.body_size()), (1, 0));
        let empty = view("");
        assert_eq!((empty.header_count(), empty.body_size(), empty.header_at(0)), (0, 0, None));
        let broken = view("no colon\r\n\r\n");
        assert_eq!((broken.header_at(0), broken.find_header("no", 0)), (None, None));
    }
}
