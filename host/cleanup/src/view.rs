//! The message as restrictions and filters see it.

use std::ops::Range;

use bytes::Bytes;
use hook::{Content, MessageView};
use mail::header::{self, Field};

/// Longest piece of the body handed out at once.
const PIECE: u32 = 64 * 1024;

/// A snapshot of the content.
pub(crate) struct View {
    content: Content,
    header: Bytes,
    fields: Vec<Range<usize>>,
    body_offset: u64,
}

impl View {
    pub fn new(content: Content) -> Self {
        let header = read_header(&content);
        let mut fields = Vec::new();
        let mut at = 0;
        for field in header::fields(&header) {
            fields.push(at..at + field.raw.len());
            at += field.raw.len();
        }
        let (_, body_offset) = header::boundaries(&header);
        Self { content, header, fields, body_offset: body_offset as u64 }
    }

    fn field(&self, index: u32) -> Option<Field<'_>> {
        let range = self.fields.get(index as usize)?;
        Field::new(&self.header[range.clone()])
    }
}

/// As much of the front as the header needs. What cannot be read is as if it were not there.
fn read_header(content: &Content) -> Bytes {
    let mut len = 16 * 1024;
    loop {
        let front = content.read(0, len).unwrap_or_default();
        let (_, body) = header::boundaries(&front);
        if body < front.len() || front.len() as u64 >= content.len() || front.is_empty() {
            return front;
        }
        len *= 4;
    }
}

impl MessageView for View {
    fn size(&self) -> u64 {
        self.content.len()
    }

    fn header_count(&self) -> u32 {
        self.fields.len() as u32
    }

    fn header_at(&self, index: u32) -> Option<(String, String)> {
        let field = self.field(index)?;
        Some((String::from_utf8_lossy(field.name()).into_owned(), field.unfolded().into_owned()))
    }

    fn find_header(&self, name: &str, nth: u32) -> Option<u32> {
        let matching = (0..self.header_count()).filter(|index| self.field(*index).is_some_and(|field| field.is(name)));
        matching.into_iter().nth(nth as usize)
    }

    fn raw_header(&self, index: u32) -> Option<Bytes> {
        self.fields.get(index as usize).map(|range| self.header.slice(range.clone()))
    }

    fn body_size(&self) -> u64 {
        self.content.len().saturating_sub(self.body_offset)
    }

    fn read_body(&self, offset: u64, len: u32) -> Bytes {
        self.content.read(self.body_offset.saturating_add(offset), len.min(PIECE) as usize).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_body() {
        let text = format!("A: 1\r\n 2\r\nb: 3\r\nA: {}\r\n\r\nbody\r\n", "x".repeat(40_000));
        let view = View::new(Content::Memory(Bytes::from(text)));
        assert_eq!(view.header_count(), 3);
        assert_eq!(view.header_at(0), Some(("A".into(), "1 2".into())));
        assert_eq!(view.find_header("a", 1), Some(2));
        assert_eq!(view.find_header("B", 1), None);
        assert_eq!(view.raw_header(1).as_deref(), Some(&b"b: 3\r\n"[..]));
        assert_eq!(view.body_size(), 6);
        assert_eq!(&view.read_body(2, 100)[..], b"dy\r\n");
        assert!(view.read_body(7, 1).is_empty());
        assert_eq!(View::new(Content::Memory(Bytes::new())).header_count(), 0);
    }
}
