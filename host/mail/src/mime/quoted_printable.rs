//! 8-bit text as 7-bit text: RFC 2045 section 6.7.

/// A line gets a soft break behind so many columns.
const COLUMNS: usize = 72;

/// Encodes lines one after the other.
#[derive(Clone, Debug, Default)]
pub struct QuotedPrintable {
    line: Vec<u8>,
}

impl QuotedPrintable {
    /// Appends the encoded lines, with CR LF, that `text` fills; `whole`: a line ends behind it.
    pub fn encode(&mut self, text: &[u8], whole: bool, out: &mut Vec<u8>) {
        for &byte in text {
            // A byte takes three columns, and the soft break one: at most 76 (RFC 2045 section 6.7, rule 5).
            if self.line.len() > COLUMNS {
                out.append(&mut self.line);
                out.extend_from_slice(b"=\r\n");
            }
            match byte {
                b'\t' | b' '..=b'<' | b'>'..=b'~' => self.line.push(byte),
                _ => self.hex(byte),
            }
        }
        if whole {
            // Rule 3: white space at the end of a line would be lost on the way.
            if let Some(last) = self.line.pop_if(|last| matches!(last, b' ' | b'\t')) {
                self.hex(last);
            }
            out.append(&mut self.line);
            out.extend_from_slice(b"\r\n");
        }
    }

    fn hex(&mut self, byte: u8) {
        const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
        self.line.extend_from_slice(&[b'=', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
    }
}
