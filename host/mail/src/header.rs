//! The header of a message as logical fields: RFC 5322 section 2.2, folding included, as cleanup(8) sees it.

use std::borrow::Cow;

use memchr::memchr;

/// One field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field<'a> {
    /// From name to last line end.
    pub raw: &'a [u8],
    name_len: usize,
}

impl<'a> Field<'a> {
    /// A field that starts `raw`, which has to be one whole logical line; none when there is no field name.
    pub fn new(raw: &'a [u8]) -> Option<Self> {
        name_length(raw).map(|name_len| Self { raw, name_len })
    }

    /// As written.
    pub fn name(&self) -> &'a [u8] {
        &self.raw[..self.name_len]
    }

    pub fn is(&self, name: &str) -> bool {
        self.name().eq_ignore_ascii_case(name.as_bytes())
    }

    /// All after the colon, folding kept, the last line end and white space around it cut.
    pub fn value(&self) -> &'a [u8] {
        let after = memchr(b':', self.raw).map_or(&[][..], |colon| &self.raw[colon + 1..]);
        after.trim_ascii()
    }

    /// The value in one line: line ends of folding are taken out, the white space stays.
    pub fn unfolded(&self) -> Cow<'a, str> {
        let text = String::from_utf8_lossy(self.value());
        if text.contains(['\r', '\n']) { Cow::Owned(text.replace(['\r', '\n'], "")) } else { text }
    }
}

/// The length of the field name when the line starts a field, by Postfix's rule: ASCII without controls, space or colon;
/// white space may stand before the colon.
pub fn name_length(line: &[u8]) -> Option<usize> {
    let colon = memchr(b':', line)?;
    let name = line[..colon].trim_ascii_end();
    let good = |b: &u8| (33..127).contains(b);
    let blanks = line[name.len()..colon].iter().all(|b| matches!(b, b' ' | b'\t'));
    (!name.is_empty() && blanks && name.iter().all(good)).then_some(name.len())
}

/// Iterates over the fields at the front of `content`; it ends at the empty line or at the first line that is no field.
pub fn fields(content: &[u8]) -> Fields<'_> {
    Fields { content, at: 0 }
}

/// See [`fields`].
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    content: &'a [u8],
    at: usize,
}

impl<'a> Fields<'a> {
    /// Where the next field starts, and after the last one the empty line or the body.
    pub fn offset(&self) -> usize {
        self.at
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        let rest = &self.content[self.at..];
        let name_len = name_length(&rest[..line_length(rest)])?;
        let len = logical_length(rest);
        self.at += len;
        Some(Field { raw: &rest[..len], name_len })
    }
}

/// Bytes of the first line with its line end.
pub fn line_length(text: &[u8]) -> usize {
    memchr(b'\n', text).map_or(text.len(), |end| end + 1)
}

/// Bytes of the first line and the folded ones below it.
pub fn logical_length(text: &[u8]) -> usize {
    let mut len = line_length(text);
    while matches!(text.get(len), Some(b' ' | b'\t')) {
        len += line_length(&text[len..]);
    }
    len
}

/// Where the header ends and where the body starts (they differ by the empty line, if there is one).
pub fn boundaries(content: &[u8]) -> (usize, usize) {
    let mut fields = fields(content);
    while fields.next().is_some() {}
    let end = fields.offset();
    let rest = &content[end..];
    let separator = match rest {
        [b'\r', b'\n', ..] => 2,
        [b'\n', ..] => 1,
        _ => 0,
    };
    (end, end + separator)
}

/// Whose addresses a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressHeader {
    /// From: and its like.
    Sender,
    /// To: and its like.
    Recipient,
}

/// The fields whose addresses are rewritten, by name in any case.
pub fn address_header(name: &str) -> Option<AddressHeader> {
    match name.to_ascii_lowercase().as_str() {
        "from"
        | "reply-to"
        | "sender"
        | "errors-to"
        | "disposition-notification-to"
        | "mail-followup-to"
        | "resent-from"
        | "resent-sender"
        | "return-path"
        | "return-receipt-to" => Some(AddressHeader::Sender),
        "to" | "cc" | "bcc" | "apparently-to" | "resent-to" | "resent-cc" | "resent-bcc" | "resent-reply-to" => {
            Some(AddressHeader::Recipient)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_with_folding() {
        let content = b"Subject: a\r\n b\r\nTo : x\r\n\r\nbody: no\r\n";
        let all: Vec<_> = fields(content).collect();
        assert_eq!(all.len(), 2, "{all:?}");
        assert!(all[0].is("SUBJECT") && all[1].is("to"));
        assert_eq!(all[0].value(), b"a\r\n b");
        assert_eq!(all[0].unfolded(), "a b");
        assert_eq!(all[1].value(), b"x");
        assert_eq!(boundaries(content), (24, 26));
        assert_eq!(boundaries(b"no header\r\n"), (0, 0));
        assert_eq!(boundaries(b""), (0, 0));
    }

    #[test]
    fn names() {
        for (line, expected) in [
            (&b"A: b"[..], Some(1)),
            (b"A b: c", None),
            (b"A \t: c", Some(1)),
            (b": c", None),
            (b" A: c", None),
            (b"A\x01: c", None),
            (b"\xc3\xa9: c", None),
            (b"From joe", None),
        ] {
            assert_eq!(name_length(line), expected, "{:?}", String::from_utf8_lossy(line));
        }
    }
}
