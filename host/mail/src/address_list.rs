//! The addresses of a From:, To: or similar header (RFC 5322 section 3.4), and the header around changed ones.

use crate::{address, path};

/// An address header taken apart. Display names, comments and group names stay as they are.
#[derive(Debug)]
pub struct AddressList {
    elements: Vec<Element>,
}

/// What stands between two commas.
#[derive(Debug, Default)]
struct Element {
    before: String,
    /// Internal form; none where there is no single address.
    address: Option<String>,
    after: String,
    /// `,` or `;`.
    end: Option<char>,
}

impl AddressList {
    pub fn parse(value: &str) -> Self {
        let mut elements = Vec::new();
        let mut group = String::new();
        for (text, end) in split(value) {
            match end {
                Some(':') => {
                    group.push_str(&one_line(&text));
                    group.push(':');
                }
                end => {
                    let text = one_line(&text);
                    let mut members = Element::parse_all(&text);
                    if let Some(first) = members.first_mut().filter(|_| !group.is_empty()) {
                        let space = if text.is_empty() { "" } else { " " };
                        first.before.insert_str(0, &format!("{}{space}", std::mem::take(&mut group)));
                    }
                    if let Some(last) = members.last_mut() {
                        last.end = end;
                    }
                    elements.append(&mut members);
                }
            }
        }
        Self { elements }
    }

    /// The addresses in internal form, to look at or change.
    pub fn addresses(&mut self) -> impl Iterator<Item = &mut String> {
        self.elements.iter_mut().filter_map(|element| element.address.as_mut())
    }

    /// The header with CR LF, folded as Postfix folds headers it has rewritten: between addresses, at 70 columns.
    pub fn header(&self, name: &str) -> Vec<u8> {
        const COLUMNS: usize = 70;
        let mut pieces: Vec<String> = vec![format!("{name}: ")];
        for element in &self.elements {
            if pieces.last().is_some_and(|piece| piece.ends_with(',')) {
                pieces.push(String::new());
            }
            if let Some(piece) = pieces.last_mut() {
                element.write(piece);
            }
        }
        let mut lines: Vec<String> = Vec::new();
        for piece in pieces {
            match lines.last_mut() {
                Some(line) if line.len() + 1 + piece.len() < COLUMNS => {
                    line.push(' ');
                    line.push_str(&piece);
                }
                _ => lines.push(piece),
            }
        }
        let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
        format!("{}\r\n", lines.join("\r\n\t")).into_bytes()
    }
}

impl Element {
    /// What stands between two commas: one element, but words without angle brackets are an address each, as Postfix
    /// reads them.
    fn parse_all(text: &str) -> Vec<Self> {
        let whole = Self::parse(text);
        let words: Vec<&str> = text.split(' ').collect();
        if whole.address.is_some() || words.len() < 2 || text.contains(['<', '"', '(', '[', '\\']) {
            return vec![whole];
        }
        let mut all: Vec<Self> = words.into_iter().map(Self::parse).collect();
        for element in &mut all {
            element.end = Some(',');
        }
        all
    }

    fn parse(text: &str) -> Self {
        let whole = || Element { before: text.to_string(), ..Element::default() };
        let single = |text: &str| path::mailbox(text, false).ok().map(|(address, _)| address).filter(|a| !a.is_empty());
        if let Some((open, close)) = angle(text) {
            let Some(address) = single(&text[open + 1..close]) else {
                return whole();
            };
            return Element {
                before: text[..=open].to_string(),
                address: Some(address),
                after: text[close..].to_string(),
                end: None,
            };
        }
        let (bare, comments) = without_comments(text);
        match single(&bare) {
            Some(address) if comments.is_empty() => Element { address: Some(address), ..Element::default() },
            Some(address) => Element { address: Some(address), after: format!(" {comments}"), ..Element::default() },
            None => whole(),
        }
    }

    fn write(&self, out: &mut String) {
        out.push_str(&self.before);
        if let Some(address) = &self.address {
            out.push_str(&address::quote(address));
        }
        out.push_str(&self.after);
        out.extend(self.end);
    }
}

/// Where the scanner is: inside a quoted string, so many comments, an angle or a literal.
#[derive(Default)]
struct Nesting {
    escaped: bool,
    quoted: bool,
    comments: usize,
    angle: bool,
    literal: bool,
}

impl Nesting {
    /// True when `c` stands outside all of them.
    fn outside(&mut self, c: char) -> bool {
        if std::mem::take(&mut self.escaped) {
            return false;
        }
        match c {
            '\\' => self.escaped = true,
            '"' if self.comments == 0 => self.quoted = !self.quoted,
            _ if self.quoted => return false,
            '(' => self.comments += 1,
            ')' => self.comments = self.comments.saturating_sub(1),
            _ if self.comments > 0 => return false,
            '<' => self.angle = true,
            '>' => self.angle = false,
            '[' => self.literal = true,
            ']' => self.literal = false,
            _ => return !(self.angle || self.literal),
        }
        false
    }
}

/// Splits at commas, semicolons, and the colons that end group names, each given with the text before it.
fn split(value: &str) -> Vec<(String, Option<char>)> {
    let mut parts = Vec::new();
    let mut nesting = Nesting::default();
    let mut start = 0;
    for (at, c) in value.char_indices() {
        if !nesting.outside(c) {
            continue;
        }
        let text = &value[start..at];
        // `@a,@b:user@c` is a source route and not a group.
        let route = text.trim_start().starts_with('@');
        let ends = match c {
            ',' => !route || !value[at + 1..].trim_start().starts_with('@'),
            ';' => true,
            ':' => !text.contains('@'),
            _ => false,
        };
        if ends {
            parts.push((text.to_string(), Some(c)));
            start = at + 1;
        }
    }
    let rest = &value[start..];
    if !rest.trim().is_empty() {
        parts.push((rest.to_string(), None));
    }
    parts
}

/// The first `<` outside quotes and comments, and the `>` that closes it.
fn angle(text: &str) -> Option<(usize, usize)> {
    let mut nesting = Nesting::default();
    let mut open = None;
    for (at, c) in text.char_indices() {
        let was_inside = nesting.angle;
        nesting.outside(c);
        match (was_inside, nesting.angle) {
            (false, true) => open = Some(at),
            (true, false) => return Some((open?, at)),
            _ => {}
        }
    }
    None
}

fn without_comments(text: &str) -> (String, String) {
    let mut nesting = Nesting::default();
    let (mut bare, mut comments) = (String::new(), String::new());
    for c in text.chars() {
        let before = nesting.comments;
        nesting.outside(c);
        if before == 0 && nesting.comments == 1 && !comments.is_empty() {
            comments.push(' ');
        }
        if before > 0 || nesting.comments > 0 { comments.push(c) } else { bare.push(c) }
    }
    (bare.trim().to_string(), comments)
}

/// Unfolds, and shortens white space outside quotes to one space.
fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut nesting = Nesting::default();
    for c in text.trim().chars() {
        let quoted = nesting.quoted;
        nesting.outside(c);
        match c {
            '\r' | '\n' => {}
            c if c.is_ascii_whitespace() && !quoted => {
                if !out.ends_with(' ') {
                    out.push(' ');
                }
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(value: &str) -> String {
        let mut list = AddressList::parse(value);
        for address in list.addresses() {
            if !address.contains('@') {
                address.push_str("@mx.test");
            }
        }
        String::from_utf8_lossy(&list.header("To")).into_owned()
    }

    /// Seen from Postfix 3.7.11, but for the route and bang forms that canonical_form changes.
    #[test]
    fn as_postfix_writes_rewritten_headers() {
        for (value, expected) in [
            ("joe", "To: joe@mx.test\r\n"),
            ("joe (Joe Doe), \"Jim, X\" <jim@y>", "To: joe@mx.test (Joe Doe), \"Jim, X\" <jim@y>\r\n"),
            ("@r:z@q", "To: z@q\r\n"),
            ("list: joe, jim;, <>,\r\n bare@b.test", "To: list: joe@mx.test, jim@mx.test;, <>, bare@b.test\r\n"),
            ("\"q r\"@z, x@[1.2.3.4]", "To: \"q r\"@z, x@[1.2.3.4]\r\n"),
            ("undisclosed-recipients:;", "To: undisclosed-recipients:;\r\n"),
            ("Joe Doe", "To: Joe@mx.test, Doe@mx.test\r\n"),
            ("", "To:\r\n"),
            (
                "Joe.Doe@corp.test, root@a.m.test, b@m.test, c@host.m.test,d@x.host.m.test.x",
                "To: Joe.Doe@corp.test, root@a.m.test, b@m.test, c@host.m.test,\r\n\td@x.host.m.test.x\r\n",
            ),
        ] {
            assert_eq!(rewritten(value), expected, "{value}");
        }
    }

    #[test]
    fn nothing_panics() {
        for value in ["<", ">", "(", "\\", "\"", ",,", ";:", "a:b:c", "<<>>", "(é", "@,@:", "[", ":", "é <é"] {
            rewritten(value);
        }
    }
}
