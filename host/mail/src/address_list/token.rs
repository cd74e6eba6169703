//! Words, strings, comments and specials: RFC 5322 section 3.2.

use super::Address;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Atom,
    /// Without its quotes.
    Quoted,
    /// Without its brackets.
    Literal,
    /// With its parentheses.
    Comment,
    Operator(char),
    /// The colon behind a group's name.
    GroupStart,
    Address(Address),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub kind: Kind,
    pub text: String,
}

/// What stands for itself: RFC 5322 specials, and the operators of old routes.
const OPERATORS: &str = "()<>@,;:\\\".[]%!";

impl Token {
    pub fn operator(c: char) -> Self {
        Self { kind: Kind::Operator(c), text: String::new() }
    }

    fn is_operator(&self) -> bool {
        matches!(self.kind, Kind::Operator(_) | Kind::GroupStart)
    }

    /// Whether white space stands between this token and the next one.
    pub fn wants_space(&self, next: Option<&Token>) -> bool {
        let Some(next) = next else { return false };
        let after = matches!(self.kind, Kind::Operator(',') | Kind::GroupStart);
        after || next.kind == Kind::Operator('<') || !(self.is_operator() || next.is_operator())
    }

    pub fn write_internal(&self, out: &mut String) {
        match &self.kind {
            Kind::Quoted => out.push_str(&self.text),
            Kind::Literal => {
                out.push('[');
                out.push_str(&self.text);
                out.push(']');
            }
            _ => self.write_external(out),
        }
    }

    pub fn write_external(&self, out: &mut String) {
        match &self.kind {
            Kind::Atom | Kind::Comment => out.push_str(&self.text),
            Kind::Quoted => {
                out.push('"');
                escape(&self.text, "\"\\", out);
                out.push('"');
            }
            Kind::Literal => {
                out.push('[');
                escape(&self.text, "\\", out);
                out.push(']');
            }
            Kind::Operator(c) => out.push(*c),
            Kind::GroupStart => out.push(':'),
            Kind::Address(address) => out.push_str(&address.given),
        }
    }
}

fn escape(text: &str, which: &str, out: &mut String) {
    for c in text.chars() {
        if which.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}

/// The first `limit` tokens of a value.
pub(super) fn scan(value: &str, limit: usize) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut chars = value.chars().peekable();
    while let Some(&c) = chars.peek() {
        if is_space(c) {
            chars.next();
            continue;
        }
        if tokens.len() >= limit {
            break;
        }
        let (kind, text) = match c {
            '(' => (Kind::Comment, comment(&mut chars)),
            '[' => (Kind::Literal, enclosed(&mut chars, ']')),
            '"' => (Kind::Quoted, enclosed(&mut chars, '"')),
            c if c != '\\' && OPERATORS.contains(c) => {
                chars.next();
                (Kind::Operator(c), String::new())
            }
            _ => atom(&mut chars),
        };
        tokens.push(Token { kind, text });
    }
    tokens
}

type Chars<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// With its parentheses; one may stand in another.
fn comment(chars: &mut Chars<'_>) -> String {
    let (mut text, mut depth) = (String::new(), 0);
    while let Some(c) = chars.next() {
        text.push(if c == '\r' || c == '\n' { ' ' } else { c });
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            '\\' => text.extend(chars.next()),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    text
}

/// Up to `end`, without the delimiters.
fn enclosed(chars: &mut Chars<'_>, end: char) -> String {
    chars.next();
    let text = collect(chars, |c| c != end);
    chars.next();
    text
}

/// A word with something in it that only a string may hold counts as one.
fn atom(chars: &mut Chars<'_>) -> (Kind, String) {
    let text = collect(chars, |c| !is_space(c) && (c == '\\' || !OPERATORS.contains(c)));
    let needs_quotes = text.chars().any(|c| c == ' ' || c.is_ascii_control() || OPERATORS.contains(c));
    (if needs_quotes { Kind::Quoted } else { Kind::Atom }, text)
}

/// A backslash takes the meaning from what follows it; white space is a space.
fn collect(chars: &mut Chars<'_>, belongs: impl Fn(char) -> bool) -> String {
    let mut text = String::new();
    while let Some(&c) = chars.peek() {
        let mut c = c;
        if c == '\\' {
            chars.next();
            match chars.peek() {
                Some(&next) => c = next,
                None => break,
            }
        } else if !belongs(c) {
            break;
        }
        chars.next();
        text.push(if is_space(c) { ' ' } else { c });
    }
    text
}
