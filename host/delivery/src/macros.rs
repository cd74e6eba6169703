//! `$name` in values that an agent expands for each delivery: mac_parse(3) and mac_expand(3) without recursion. What stands
//! for a name comes from messages and users, so it is never looked at for further names.

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    Text(String),
    /// `$name`, `${name}`, `$(name)`, or what stands in the braces: `name?text`, `name:text`, `name?{text}:{text}`.
    Name {
        name: String,
        then: Option<Branch>,
        otherwise: Option<Branch>,
    },
}

/// What a conditional puts in.
pub type Branch = Vec<Piece>;

/// The pattern cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MacroError {
    #[error("truncated macro reference: \"{0}\"")]
    Truncated(String),
    #[error("empty macro name: \"{0}\"")]
    EmptyName(String),
    #[error("unexpected text in \"{0}\"")]
    Syntax(String),
}

/// Conditionals nest so deep at most.
const DEEPEST: usize = 20;

/// Takes a pattern apart.
pub fn parse(pattern: &str) -> Result<Vec<Piece>, MacroError> {
    parse_at(pattern, 0)
}

fn parse_at(pattern: &str, depth: usize) -> Result<Vec<Piece>, MacroError> {
    if depth > DEEPEST {
        return Err(MacroError::Syntax(pattern.to_string()));
    }
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut rest = pattern;
    while let Some(dollar) = rest.find('$') {
        text.push_str(&rest[..dollar]);
        rest = &rest[dollar + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            text.push('$');
            rest = after;
            continue;
        }
        if !text.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut text)));
        }
        let (body, after) = reference(rest, pattern)?;
        pieces.push(piece(body, pattern, depth)?);
        rest = after;
    }
    text.push_str(rest);
    if !text.is_empty() {
        pieces.push(Piece::Text(text));
    }
    Ok(pieces)
}

/// What stands behind a dollar sign, without its brackets, and what follows it.
fn reference<'t>(rest: &'t str, pattern: &str) -> Result<(&'t str, &'t str), MacroError> {
    let close = match rest.chars().next() {
        Some('{') => '}',
        Some('(') => ')',
        _ => {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            if end == 0 {
                return Err(MacroError::EmptyName(pattern.to_string()));
            }
            return Ok(rest.split_at(end));
        }
    };
    let end = closing(rest, close).ok_or_else(|| MacroError::Truncated(pattern.to_string()))?;
    Ok((&rest[1..end], &rest[end + 1..]))
}

/// Where the bracket closes that `text` begins with.
fn closing(text: &str, close: char) -> Option<usize> {
    let open = text.chars().next()?;
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}

fn piece(body: &str, pattern: &str, depth: usize) -> Result<Piece, MacroError> {
    let body = body.trim();
    let end = body.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(body.len());
    let (name, rest) = body.split_at(end);
    if name.is_empty() {
        return Err(MacroError::EmptyName(pattern.to_string()));
    }
    let syntax = || MacroError::Syntax(pattern.to_string());
    let (mut then, mut otherwise) = (None, None);
    let mut rest = rest.trim_start();
    if let Some(after) = rest.strip_prefix('?') {
        let (branch, after) = split_branch(after).ok_or_else(syntax)?;
        then = Some(parse_at(branch, depth + 1)?);
        rest = after;
    }
    if let Some(after) = rest.strip_prefix(':') {
        let (branch, after) = split_branch(after).ok_or_else(syntax)?;
        otherwise = Some(parse_at(branch, depth + 1)?);
        rest = after;
    }
    if rest.is_empty() { Ok(Piece::Name { name: name.to_string(), then, otherwise }) } else { Err(syntax()) }
}

/// `{text}` and what follows it, or all of a text without braces.
fn split_branch(text: &str) -> Option<(&str, &str)> {
    let braced = text.trim_start();
    if !braced.starts_with('{') {
        return Some((text, ""));
    }
    let end = closing(braced, '}')?;
    Some((braced[1..end].trim(), braced[end + 1..].trim_start()))
}

/// The value of a pattern, and whether an undefined name was used outside a conditional.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expanded {
    pub text: String,
    pub undefined: bool,
}

/// Puts values for names. Characters of a value that are not in `filter` become `_`.
pub fn expand<'v>(
    pieces: &[Piece],
    lookup: &mut dyn FnMut(&str, Use) -> Option<&'v str>,
    filter: Option<&str>,
) -> Expanded {
    let mut out = Expanded::default();
    put(pieces, lookup, filter, &mut out);
    out
}

/// What a value is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Use {
    Value,
    Condition,
}

fn put<'v>(
    pieces: &[Piece],
    lookup: &mut dyn FnMut(&str, Use) -> Option<&'v str>,
    filter: Option<&str>,
    out: &mut Expanded,
) {
    for piece in pieces {
        match piece {
            Piece::Text(text) => out.text.push_str(text),
            Piece::Name { name, then: None, otherwise: None } => match lookup(name, Use::Value) {
                Some(value) => out.text.push_str(&filtered(value, filter)),
                None => out.undefined = true,
            },
            Piece::Name { name, then, otherwise } => {
                let holds = lookup(name, Use::Condition).is_some_and(|value| !value.is_empty());
                if let Some(branch) = if holds { then } else { otherwise } {
                    put(branch, lookup, filter, out);
                }
            }
        }
    }
}

/// The value with every character outside the filter made `_`.
pub fn filtered(value: &str, filter: Option<&str>) -> String {
    match filter {
        None => value.to_string(),
        // Byte by byte, as in Postfix: a character beyond ASCII is as many underscores as it has bytes.
        Some(allowed) => value
            .bytes()
            .map(|b| if allowed.as_bytes().contains(&b) && b.is_ascii() { b as char } else { '_' })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(pattern: &str, filter: Option<&str>) -> Result<String, MacroError> {
        let pieces = parse(pattern)?;
        let mut lookup = |name: &str, _: Use| match name {
            "user" => Some("joe"),
            "extension" => Some("a;b $user"),
            "empty" => Some(""),
            _ => None,
        };
        let expanded = expand(&pieces, &mut lookup, filter);
        Ok(if expanded.undefined { format!("{} (undefined)", expanded.text) } else { expanded.text })
    }

    #[test]
    fn forms_of_references() {
        for (pattern, expected) in [
            ("$user/${user}/$(user)x$$y", "joe/joe/joex$y"),
            ("$extension", "a;b $user"),
            ("${user?yes}${empty?no}${none?no}", "yes"),
            ("${user:no}${empty:yes}${none:{yes $user}}", "yesyes joe"),
            ("${user?{A}:{B}}${none?{A}:{B}}${none?{A}:B}", "ABB"),
            ("$none-", "- (undefined)"),
            ("${none?{${user}}:{${extension}}}", "a;b $user"),
        ] {
            assert_eq!(value(pattern, None).as_deref(), Ok(expected), "{pattern}");
        }
        for wrong in ["$", "${user", "a $(user", "${}", "$ x", "${user?{a}b}", "${user-x}"] {
            assert!(value(wrong, None).is_err(), "{wrong}");
        }
    }

    #[test]
    fn values_are_filtered_and_patterns_are_not() {
        assert_eq!(value("; $extension", Some("abcdefghijklmnopqrstuvwxyz")).as_deref(), Ok("; a_b__user"));
        assert_eq!(filtered("ä", Some("abcä")), "__");
    }
}
