//! The tokens of Content-Type: and Content-Transfer-Encoding: values. RFC 2045 section 5.1.

/// Not part of a word: RFC 2045 section 5.1.
const SPECIALS: &[u8] = b"()<>@,;:\\\"/[]?=";

/// How many tokens of one piece are looked at.
const MOST: usize = 3;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Word(Vec<u8>),
    Quoted(Vec<u8>),
    Special(u8),
}

impl Token {
    pub fn is_word(&self, name: &str) -> bool {
        matches!(self, Token::Word(word) if word.eq_ignore_ascii_case(name.as_bytes()))
    }

    pub fn is_special(&self, special: u8) -> bool {
        *self == Token::Special(special)
    }

    pub fn text(&self) -> &[u8] {
        match self {
            Token::Word(text) | Token::Quoted(text) => text,
            Token::Special(special) => std::slice::from_ref(special),
        }
    }
}

/// The first tokens before the next `end` (0: before the end of the value), which is taken too. None: there is nothing left.
pub(super) fn until(value: &mut &[u8], end: u8) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut keep = |token| {
        if tokens.len() < MOST {
            tokens.push(token);
        }
    };
    // Without an end there are no specials either: a Content-Transfer-Encoding is one word.
    let special = |byte: u8| end != 0 && SPECIALS.contains(&byte);
    while let Some((&byte, rest)) = value.split_first() {
        match byte {
            b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c => *value = rest,
            b'(' => *value = after_comment(rest),
            b'"' => {
                let (text, after) = quoted(rest);
                keep(Token::Quoted(text));
                *value = after;
            }
            byte if end != 0 && byte == end => {
                *value = rest;
                return Some(tokens);
            }
            byte if special(byte) => {
                keep(Token::Special(byte));
                *value = rest;
            }
            _ => {
                let ends = |b: &u8| b.is_ascii_whitespace() || *b == 0x0b || *b == b'"' || *b == b'(' || special(*b);
                let length = value.iter().position(ends).unwrap_or(value.len());
                keep(Token::Word(value[..length].to_vec()));
                *value = &value[length..];
            }
        }
    }
    (!tokens.is_empty()).then_some(tokens)
}

/// Behind a comment, which may nest. RFC 5322 section 3.2.2.
fn after_comment(mut text: &[u8]) -> &[u8] {
    let mut depth = 1;
    while let Some((&byte, rest)) = text.split_first() {
        text = rest;
        match byte {
            b'\\' => text = text.get(1..).unwrap_or_default(),
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    text
}

/// A quoted string without its backslashes, and what is behind it.
fn quoted(mut text: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut out = Vec::new();
    while let Some((&byte, rest)) = text.split_first() {
        text = rest;
        match byte {
            b'"' => break,
            // RFC 822: a folded string is one string.
            b'\n' => {}
            b'\\' => {
                if let Some((&next, rest)) = text.split_first() {
                    out.push(next);
                    text = rest;
                }
            }
            byte => out.push(byte),
        }
    }
    (out, text)
}
