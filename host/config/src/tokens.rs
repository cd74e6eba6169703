//! Splitting a value into words, with `{ ... }` holding a word together.

/// What separates the members of a list in main.cf.
pub const COMMA_SPACE: &[char] = &[',', ' ', '\t', '\r', '\n'];
/// What separates the columns of master.cf and plugins.cf.
pub const BLANKS: &[char] = &[' ', '\t', '\r', '\n'];

/// The words of `text`; separators inside balanced braces do not separate. The braces stay.
pub fn split<'t>(text: &'t str, separators: &[char]) -> Vec<&'t str> {
    let mut words = Vec::new();
    let mut start = None;
    let mut depth = 0usize;
    for (index, c) in text.char_indices() {
        if depth == 0 && separators.contains(&c) {
            words.extend(start.take().map(|start| &text[start..index]));
            continue;
        }
        start.get_or_insert(index);
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    words.extend(start.map(|start| &text[start..]));
    words
}

/// Takes the braces and the blanks within them off a word that starts with `{`; another word stays as it is.
///
/// # Errors
/// Postfix's message when the closing brace is missing or text follows it.
pub fn strip_braces(word: &str) -> Result<&str, String> {
    if !word.starts_with('{') {
        return Ok(word);
    }
    let mut depth = 0usize;
    for (index, byte) in word.bytes().enumerate() {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            if index + 1 < word.len() {
                return Err(format!("syntax error after '}}' in \"{word}\""));
            }
            return Ok(word[1..index].trim_ascii());
        }
    }
    Err(format!("missing '}}' in \"{word}\""))
}

/// Splits `name = value`.
///
/// # Errors
/// Postfix's message, which quotes the text.
pub fn name_value(text: &str) -> Result<(&str, &str), String> {
    let trimmed = text.trim_ascii();
    let end = trimmed.find(|c: char| c.is_ascii_whitespace() || c == '=').unwrap_or(trimmed.len());
    let (name, rest) = trimmed.split_at(end);
    if name.is_empty() {
        return Err(format!("missing attribute name: \"{trimmed}\""));
    }
    match rest.trim_ascii_start().strip_prefix('=') {
        Some(value) => Ok((name, value.trim_ascii())),
        None => Err(format!("missing '=' after attribute name: \"{trimmed}\"")),
    }
}

#[cfg(test)]
mod tests;
