//! SMTP replies: RFC 5321 section 4.2, with enhanced status codes by RFC 2034.

use std::fmt::Write;

use crate::Status;

/// What the server says. The class stands once in the code; the status follows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Three digits.
    pub code: u16,
    /// None for replies without one (greeting, HELO, EHLO, 354).
    pub status: Option<Status>,
    /// At least one line; no line ends inside.
    pub lines: Vec<String>,
    /// Close the connection after it.
    pub closes: bool,
}

impl Reply {
    /// One line with an enhanced status; text is cleaned of control characters. A status of another class than the code's takes the code's.
    pub fn new(code: u16, status: Status, text: &str) -> Self {
        let class = crate::Class::of_code(code).unwrap_or(status.class);
        Self { code, status: Some(status.with_class(class)), lines: vec![clean(text)], closes: false }
    }

    /// One line without a status.
    pub fn plain(code: u16, text: &str) -> Self {
        Self { code, status: None, lines: vec![clean(text)], closes: false }
    }

    /// The same, closing the connection.
    pub fn closing(mut self) -> Self {
        self.closes = true;
        self
    }

    /// Appends the reply with CR LF line ends.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        let mut text = String::new();
        for (n, line) in self.lines.iter().enumerate() {
            let mark = if n + 1 == self.lines.len() { ' ' } else { '-' };
            text.clear();
            // Writing to a String cannot fail.
            let _ = match self.status {
                Some(status) => write!(text, "{}{mark}{status} {line}", self.code),
                None => write!(text, "{}{mark}{line}", self.code),
            };
            cut(&mut text);
            out.extend_from_slice(text.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }

    /// All in one line, as Postfix logs it: `554 5.7.1 text`.
    pub fn log_text(&self) -> String {
        let text = self.lines.join(" ");
        match self.status {
            Some(status) => format!("{} {status} {text}", self.code),
            None => format!("{} {text}", self.code),
        }
    }
}

/// RFC 5321 section 4.5.3.1.5: a reply line is at most 512 octets with its line end.
fn cut(line: &mut String) {
    let mut end = line.len().min(510);
    while !line.is_char_boundary(end) {
        end -= 1;
    }
    line.truncate(end);
}

/// Control characters would end the line or forge another: they become spaces, as in Postfix.
pub fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_class_for_code_and_status() {
        let mut out = Vec::new();
        Reply::new(450, Status::permanent(7, 1), "later\r\n250 ok").write_to(&mut out);
        assert_eq!(String::from_utf8_lossy(&out), "450 4.7.1 later  250 ok\r\n");
    }

    #[test]
    fn many_lines_and_long_ones() {
        let mut out = Vec::new();
        let lines = vec!["mx".to_string(), "é".repeat(400)];
        Reply { code: 250, status: None, lines, closes: false }.write_to(&mut out);
        let text = String::from_utf8(out).expect("cut at a character boundary");
        assert!(text.starts_with("250-mx\r\n250 é"), "{text}");
        assert!(text.lines().all(|l| l.len() <= 510));
    }
}
