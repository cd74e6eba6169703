//! The result of a regexp or pcre rule, with `$1`, `${1}`, `$(1)` and `$$`.

/// A parsed result text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Replacement {
    parts: Vec<Part>,
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    /// From 1.
    Group(usize),
}

/// What is wrong with a `$` reference; the text of the name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BadReference {
    Truncated,
    Empty,
    NotNumeric(String),
    OutOfRange(String),
}

impl Replacement {
    pub fn parse(text: &str) -> Result<Self, BadReference> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            literal.push_str(&rest[..at]);
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix('$') {
                literal.push('$');
                rest = after;
                continue;
            }
            let (name, after) = reference(rest)?;
            if !literal.is_empty() {
                parts.push(Part::Literal(std::mem::take(&mut literal)));
            }
            parts.push(Part::Group(group(name)?));
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self { parts })
    }

    /// The highest group number; 0 without any.
    pub fn highest(&self) -> usize {
        self.parts.iter().map(|part| if let Part::Group(number) = part { *number } else { 0 }).max().unwrap_or(0)
    }

    /// `spans` are byte ranges in `subject`, the whole match first. A group that took no part gives nothing.
    pub fn expand(&self, subject: &[u8], spans: &[Option<(usize, usize)>]) -> String {
        if let [Part::Literal(text)] = &self.parts[..] {
            return text.clone();
        }
        // Bytes, since without UTF-8 mode a group may end within a character.
        let mut out: Vec<u8> = Vec::new();
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.extend_from_slice(text.as_bytes()),
                Part::Group(number) => {
                    if let Some((start, end)) = spans.get(*number).copied().flatten() {
                        out.extend_from_slice(&subject[start..end]);
                    }
                }
            }
        }
        String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
    }
}

/// The name after a `$`, and what follows it.
fn reference(rest: &str) -> Result<(&str, &str), BadReference> {
    let close = match rest.as_bytes().first() {
        Some(b'{') => b'}',
        Some(b'(') => b')',
        _ => {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            return if end == 0 { Err(BadReference::Empty) } else { Ok(rest.split_at(end)) };
        }
    };
    let mut depth = 0;
    for (index, byte) in rest.bytes().enumerate() {
        if byte == rest.as_bytes()[0] {
            depth += 1;
        } else if byte == close {
            depth -= 1;
        }
        if depth == 0 {
            let name = &rest[1..index];
            return if name.is_empty() { Err(BadReference::Empty) } else { Ok((name, &rest[index + 1..])) };
        }
    }
    Err(BadReference::Truncated)
}

fn group(name: &str) -> Result<usize, BadReference> {
    if !name.bytes().all(|b| b.is_ascii_digit()) {
        return Err(BadReference::NotNumeric(name.to_string()));
    }
    name.parse().ok().filter(|number| *number > 0).ok_or_else(|| BadReference::OutOfRange(name.to_string()))
}
