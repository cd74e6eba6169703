//! The addresses of a From:, To: or similar header (RFC 5322 section 3.4), and the header around changed ones.
//!
//! Postfix takes a header for a row of tokens and looks for addresses from right to left, whatever else stands between them;
//! nothing is thrown away. This is the same, so that a rewritten header comes out the same.

mod token;

use crate::address;
use token::{Kind, Token, scan};

/// An address header taken apart. Display names, comments and group names stay as they are.
#[derive(Debug)]
pub struct AddressList {
    tokens: Vec<Token>,
}

/// One address.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Address {
    /// Internal form, to be looked at and changed.
    internal: String,
    /// As it stood there, without white space and comments.
    given: String,
}

/// Bytes that are no UTF-8 lie here while a header is in hand: private characters that no header means anything by.
const FOREIGN: u32 = 0xf700;

impl AddressList {
    /// The value of a header, or of a table that lists addresses.
    pub fn parse(value: &str) -> Self {
        Self::parse_limited(value, usize::MAX)
    }

    /// The first `limit` tokens of it (header_address_token_limit); what follows them is dropped, as by Postfix.
    pub fn parse_limited(value: &str, limit: usize) -> Self {
        Self { tokens: grouped(scan(value, limit)) }
    }

    /// The value of a header that need not be text.
    pub fn parse_bytes(value: &[u8], limit: usize) -> Self {
        match std::str::from_utf8(value) {
            Ok(text) => Self::parse_limited(text, limit),
            Err(_) => {
                let foreign = |byte: &u8| match byte {
                    0..=127 => char::from(*byte),
                    _ => char::from_u32(FOREIGN + u32::from(*byte)).unwrap_or('?'),
                };
                Self::parse_limited(&value.iter().map(foreign).collect::<String>(), limit)
            }
        }
    }

    /// The addresses in internal form, to look at or change.
    pub fn addresses(&mut self) -> impl Iterator<Item = &mut String> {
        self.tokens.iter_mut().filter_map(|token| match &mut token.kind {
            Kind::Address(address) => Some(&mut address.internal),
            _ => None,
        })
    }

    /// Whether an address is another one now, or was not written as it should be.
    pub fn is_changed(&self) -> bool {
        self.tokens.iter().any(|token| match &token.kind {
            Kind::Address(address) => external(&address.internal) != address.given,
            _ => false,
        })
    }

    /// The header with CR LF, folded as Postfix folds headers it has rewritten: between addresses, at 70 columns. `limit` is
    /// header_size_limit.
    pub fn header(&self, name: &str, limit: usize) -> Vec<u8> {
        const COLUMNS: usize = 70;
        let mut text = format!("{name}: ");
        for (at, token) in self.tokens.iter().enumerate() {
            match &token.kind {
                Kind::Address(address) => text.push_str(&external(&address.internal)),
                Kind::Operator(',') => {
                    text.push_str(",\n");
                    continue;
                }
                _ => token.write_external(&mut text),
            }
            if token.wants_space(self.tokens.get(at + 1)) {
                text.push(' ');
            }
        }
        let mut end = text.len().min(limit);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        let mut lines: Vec<String> = Vec::new();
        for piece in text.split('\n') {
            match lines.last_mut() {
                Some(line) if line.len() + 1 + piece.len() < COLUMNS => {
                    line.push(' ');
                    line.push_str(piece);
                }
                _ => lines.push(piece.to_string()),
            }
        }
        bytes(&format!("{}\r\n", lines.join("\r\n\t")))
    }
}

/// The external form; of nothing, too.
fn external(internal: &str) -> String {
    if internal.is_empty() { "\"\"".to_string() } else { address::quote(internal).into_owned() }
}

fn bytes(text: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u32::from(c).checked_sub(FOREIGN) {
            Some(byte @ 0x80..=0xff) => out.push(byte as u8),
            _ => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out
}

/// The tokens with addresses made of those that belong together, and commas put in between addresses that lack one.
fn grouped(mut tokens: Vec<Token>) -> Vec<Token> {
    // Index 0 stands for what is left of the first token, so that every token has a left neighbour.
    tokens.insert(0, Token::operator('\0'));
    let mut row = Row { right: tokens.len(), tokens };
    // A word may come next, to the left, without beginning another address; a `;` was seen.
    let (mut word, mut group) = (true, false);
    let mut at = row.right - 1;
    while at > 0 {
        match row.tokens[at].kind {
            Kind::Comment => row.move_comment(at),
            Kind::Operator(';') => {
                row.address(at, true);
                row.right = at;
                (word, group) = (true, true);
            }
            // The colon behind a group's name.
            Kind::Operator(':') if group => {
                row.tokens[at].kind = Kind::GroupStart;
                row.address(at, false);
                at = row.skip(at, |kind| !matches!(kind, Kind::Operator(',')));
                row.right = at;
                continue;
            }
            Kind::Operator('>') => {
                row.address(at, true);
                row.right = at;
                at = row.route(at);
                word = true;
                continue;
            }
            Kind::Atom | Kind::Quoted | Kind::Literal => {
                if !word {
                    row.address(at, true);
                    row.right = at + 1;
                }
                word = false;
            }
            Kind::Operator(',') => {
                row.address(at, false);
                row.right = at;
                word = true;
            }
            _ => word = true,
        }
        at -= 1;
    }
    row.address(0, false);
    row.tokens.remove(0);
    row.tokens
}

/// The tokens while addresses are looked for. What lies left of the present one has not been seen; `right` is where what
/// belongs to the present address ends.
struct Row {
    tokens: Vec<Token>,
    right: usize,
}

impl Row {
    /// Makes one address of what lies between `left` and `right`, with a comma before it if wanted.
    fn address(&mut self, left: usize, comma: bool) {
        if left >= self.right || left + 1 == self.right {
            return;
        }
        let parts: Vec<Token> = self.tokens.drain(left + 1..self.right).collect();
        let (mut internal, mut given) = (String::new(), String::new());
        for (at, part) in parts.iter().enumerate() {
            part.write_internal(&mut internal);
            part.write_external(&mut given);
            if part.wants_space(parts.get(at + 1)) {
                internal.push(' ');
                given.push(' ');
            }
        }
        self.tokens.insert(left + 1, Token { kind: Kind::Address(Address { internal, given }), text: String::new() });
        if comma {
            self.tokens.insert(left + 1, Token::operator(','));
        }
    }

    /// Comments go to the right of the address they stand in.
    fn move_comment(&mut self, at: usize) {
        let comment = self.tokens.remove(at);
        self.right -= 1;
        self.tokens.insert(self.right, comment);
    }

    /// What stands between `<` and the `>` at `at`, and the words before it; gives where to go on.
    fn route(&mut self, mut at: usize) -> usize {
        while at > 0 && !matches!(self.tokens[at].kind, Kind::Operator('<')) {
            if matches!(self.tokens[at].kind, Kind::Comment) {
                self.move_comment(at);
            }
            at -= 1;
        }
        self.address(at, false);
        let at = self.skip(at, |kind| !matches!(kind, Kind::Operator('>' | ';' | ',' | ':')));
        self.right = at;
        at
    }

    fn skip(&self, mut at: usize, over: impl Fn(&Kind) -> bool) -> usize {
        while at > 0 && over(&self.tokens[at].kind) {
            at -= 1;
        }
        at
    }
}

#[cfg(test)]
mod tests;
