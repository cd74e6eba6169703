//! Header and body of a message while plugins and milters change them.

use bytes::Bytes;
use hook::{Content, Edit, MessageView};
use mail::header;

/// Longest piece of the body handed out at once.
const PIECE: usize = 64 * 1024;

/// A header in fields, and the body as it lies in the queue or as somebody wrote it anew.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    /// Whole fields with CR LF.
    fields: Vec<Bytes>,
    old: Content,
    /// Where the body begins in `old`, the empty line before it not counted, and where that begins.
    body_at: u64,
    separator_at: u64,
    /// None: the body stays.
    body: Option<Vec<u8>>,
    /// Something is not as it lies in the queue.
    changed: bool,
}

impl Draft {
    /// The message `content`, its header `header_end` bytes long, with fields to go below the header.
    pub fn read(content: Content, header_end: u64, below: &[u8]) -> std::io::Result<Self> {
        let header = content.read(0, header_end as usize)?;
        let mut fields: Vec<Bytes> = header::fields(&header).map(|field| header.slice_ref(field.raw)).collect();
        fields.extend(header::fields(below).map(|field| Bytes::copy_from_slice(field.raw)));
        let separator: u64 = if content.read(header_end, 2)?.starts_with(b"\r\n") { 2 } else { 0 };
        let changed = !below.is_empty();
        Ok(Self {
            fields,
            body_at: header_end + separator,
            separator_at: header_end,
            old: content,
            body: None,
            changed,
        })
    }

    /// Has to be written to the queue.
    pub fn is_changed(&self) -> bool {
        self.changed
    }

    pub fn fields(&self) -> &[Bytes] {
        &self.fields
    }

    /// Bytes of the body from `at`, up to `len`; empty at the end.
    pub fn read_body(&self, at: u64, len: usize) -> std::io::Result<Bytes> {
        match &self.body {
            None => self.old.read(self.body_at + at, len),
            Some(body) => {
                let start = (at as usize).min(body.len());
                Ok(Bytes::copy_from_slice(&body[start..start.saturating_add(len).min(body.len())]))
            }
        }
    }

    pub fn body_size(&self) -> u64 {
        match &self.body {
            None => self.old.len().saturating_sub(self.body_at),
            Some(body) => body.len() as u64,
        }
    }

    /// The edits of one call of a plugin: positions are those before it.
    pub fn apply(&mut self, edits: &[Edit]) {
        let before = self.fields.len();
        // Which field now stands for each of those that the plugin saw.
        let mut places: Vec<Option<usize>> = (0..before).map(Some).collect();
        let mut prepended = 0;
        let shift = |places: &mut Vec<Option<usize>>, from: usize| {
            places.iter_mut().flatten().filter(|place| **place >= from).for_each(|place| *place += 1);
        };
        for edit in edits {
            match edit {
                Edit::PrependHeader { name, value } => {
                    self.fields.insert(prepended, field(name, value));
                    shift(&mut places, prepended);
                    prepended += 1;
                }
                Edit::AppendHeader { name, value } => self.fields.push(field(name, value)),
                Edit::InsertHeader { index, name, value } => {
                    // A field that is gone is where the next one is.
                    let later = places.iter().skip(*index as usize).flatten().next().copied();
                    let at = later.unwrap_or(self.fields.len());
                    self.fields.insert(at, field(name, value));
                    shift(&mut places, at);
                }
                Edit::ReplaceHeader { index, value } => {
                    if let Some(Some(place)) = places.get(*index as usize) {
                        let old = &mut self.fields[*place];
                        let name = header::Field::new(old)
                            .map_or_else(String::new, |f| String::from_utf8_lossy(f.name()).into_owned());
                        *old = field(&name, value);
                    }
                }
                Edit::RemoveHeader { index } => {
                    if let Some(gone) = places.get_mut(*index as usize).and_then(Option::take) {
                        self.fields.remove(gone);
                        places.iter_mut().flatten().filter(|place| **place > gone).for_each(|place| *place -= 1);
                    }
                }
                Edit::WriteBody(piece) => self.body.get_or_insert_default().extend_from_slice(piece),
                _ => continue,
            }
            self.changed = true;
        }
    }

    /// SMFIR_ADDHEADER: below the last field.
    pub fn add(&mut self, text: &[u8]) {
        self.insert(self.fields.len(), text);
    }

    /// SMFIR_INSHEADER: before the field at `index` from 0, our own Received: counted.
    pub fn insert(&mut self, index: usize, text: &[u8]) {
        self.fields.insert(index.min(self.fields.len()), folded(text));
        self.changed = true;
    }

    /// Where the `nth` (from 1) field of that name is, our own Received: not counted.
    pub fn find(&self, name: &[u8], nth: u32) -> Option<usize> {
        let named = |field: &Bytes| header::Field::new(field).is_some_and(|f| f.name().eq_ignore_ascii_case(name));
        let matching = self.fields.iter().enumerate().skip(1).filter(|(_, field)| named(field));
        matching.map(|(at, _)| at).nth(nth.max(1) as usize - 1)
    }

    pub fn replace(&mut self, at: usize, text: &[u8]) {
        self.fields[at] = folded(text);
        self.changed = true;
    }

    pub fn remove(&mut self, at: usize) {
        self.fields.remove(at);
        self.changed = true;
    }

    /// SMFIR_REPLBODY: a piece of the new body.
    pub fn write_body(&mut self, piece: &[u8]) {
        self.body.get_or_insert_default().extend_from_slice(piece);
        self.changed = true;
    }

    /// The new body was complete. Postfix ends it with a line end.
    pub fn end_body(&mut self) {
        if let Some(body) = &mut self.body {
            *body = with_line_ends(body);
        }
    }

    /// A byte over 127 in a body that was written anew.
    pub fn wrote_eight_bit(&self) -> bool {
        self.body.as_ref().is_some_and(|body| !body.is_ascii())
    }

    pub fn header(&self) -> Vec<u8> {
        self.fields.concat()
    }

    /// The body in pieces, with the empty line before it.
    pub fn body_pieces(&self) -> impl Iterator<Item = std::io::Result<Bytes>> + '_ {
        let (content, start) = match &self.body {
            None => (self.old.clone(), self.separator_at),
            Some(body) => (Content::Memory([b"\r\n", &body[..]].concat().into()), 0),
        };
        let mut at = start;
        std::iter::from_fn(move || {
            let piece = content.read(at, PIECE);
            match &piece {
                Ok(bytes) if bytes.is_empty() => return None,
                Ok(bytes) => at += bytes.len() as u64,
                Err(_) => at = u64::MAX,
            }
            Some(piece)
        })
    }
}

/// Every line with CR LF, the last one, too.
fn with_line_ends(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 2);
    for line in text.split_inclusive(|byte| *byte == b'\n') {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        out.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        out.extend_from_slice(b"\r\n");
    }
    out
}

/// A field as a milter gave it, lines joined by LF. None of them can end the header or begin another field.
fn folded(text: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(text.len() + 8);
    for (number, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if number > 0 && !matches!(line.first(), Some(b' ' | b'\t')) {
            out.push(b'\t');
        }
        out.extend_from_slice(line);
        out.extend_from_slice(b"\r\n");
    }
    out.into()
}

/// A field from a plugin's text. Line ends in it fold the field; none of them can end the header or start another field.
fn field(name: &str, value: &str) -> Bytes {
    let lines: Vec<&str> = value.split('\n').map(|line| line.trim_end_matches('\r')).collect();
    let mut out = format!("{name}: {}", lines.first().unwrap_or(&"").trim_start());
    for line in lines.iter().skip(1).filter(|line| !line.trim().is_empty()) {
        out.push_str("\r\n");
        if !line.starts_with([' ', '\t']) {
            out.push('\t');
        }
        out.push_str(line);
    }
    out.push_str("\r\n");
    Bytes::from(out)
}

/// The message as a filter sees it, changes of those before it included.
impl MessageView for Draft {
    fn size(&self) -> u64 {
        self.fields.iter().map(|field| field.len() as u64).sum::<u64>() + 2 + self.body_size()
    }

    fn header_count(&self) -> u32 {
        self.fields.len() as u32
    }

    fn header_at(&self, index: u32) -> Option<(String, String)> {
        let field = header::Field::new(self.fields.get(index as usize)?)?;
        Some((String::from_utf8_lossy(field.name()).into_owned(), field.unfolded().into_owned()))
    }

    fn find_header(&self, name: &str, nth: u32) -> Option<u32> {
        let named = |field: &Bytes| header::Field::new(field).is_some_and(|field| field.is(name));
        let mut matching = self.fields.iter().enumerate().filter(|(_, field)| named(field));
        matching.nth(nth as usize).map(|(at, _)| at as u32)
    }

    fn raw_header(&self, index: u32) -> Option<Bytes> {
        self.fields.get(index as usize).cloned()
    }

    fn body_size(&self) -> u64 {
        Draft::body_size(self)
    }

    fn read_body(&self, offset: u64, len: u32) -> Bytes {
        Draft::read_body(self, offset, (len as usize).min(PIECE)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(text: &'static str) -> Draft {
        let content = Content::Memory(Bytes::from_static(text.as_bytes()));
        let (header_end, _) = header::boundaries(text.as_bytes());
        Draft::read(content, header_end as u64, b"Z: 9\r\n").expect("read from memory")
    }

    #[test]
    fn every_edit_of_a_plugin() {
        let mut draft = draft("A: 1\r\nB: 2\r\n 3\r\nC: 4\r\n\r\nold\r\n");
        draft.apply(&[
            Edit::PrependHeader { name: "P".into(), value: "p".into() },
            Edit::PrependHeader { name: "P".into(), value: "p2".into() },
            Edit::AppendHeader { name: "Q".into(), value: "q\nr\r\n\r\nX: y".into() },
            Edit::RemoveHeader { index: 0 },
            Edit::InsertHeader { index: 0, name: "I".into(), value: "i".into() },
            Edit::InsertHeader { index: 1, name: "I".into(), value: "i2".into() },
            Edit::ReplaceHeader { index: 1, value: "new".into() },
            Edit::RemoveHeader { index: 99 },
            Edit::WriteBody(Bytes::from_static(b"one\r\n")),
            Edit::WriteBody(Bytes::from_static(b"two\r\n")),
        ]);
        assert_eq!(
            String::from_utf8_lossy(&draft.header()),
            "P: p\r\nP: p2\r\nI: i\r\nI: i2\r\nB: new\r\nC: 4\r\nZ: 9\r\nQ: q\r\n\tr\r\n\tX: y\r\n"
        );
        let body: Vec<u8> = draft.body_pieces().flatten().flatten().collect();
        assert_eq!(String::from_utf8_lossy(&body), "\r\none\r\ntwo\r\n");
        assert_eq!(MessageView::find_header(&draft, "i", 1), Some(3));
    }

    #[test]
    fn every_edit_of_a_milter() {
        let mut draft = draft("Received: us\r\nA: 1\r\na: 2\r\n\r\nold\r\n");
        draft.add(b"N: 1\n2");
        draft.insert(0, b"Top: 1");
        draft.remove(0);
        assert_eq!(draft.find(b"A", 2), Some(2));
        assert_eq!(draft.find(b"received", 1), None, "our own is not counted");
        draft.replace(1, b"A: x");
        draft.write_body(b"one\ntw");
        draft.write_body(b"o");
        draft.end_body();
        assert_eq!(String::from_utf8_lossy(&draft.header()), "Received: us\r\nA: x\r\na: 2\r\nZ: 9\r\nN: 1\r\n\t2\r\n");
        assert_eq!(&draft.read_body(1, 100).expect("in memory")[..], b"ne\r\ntwo\r\n");
    }
}
