//! `$name` in texts that a plugin expands itself, such as default_rbl_reply: `$name`, `${name}`, `$(name)`,
//! `${name?text}` (when it has a value), `${name:text}` (when it has none), `${name?{text}:{text}}`, `$$`.

/// A name that `lookup` does not know, or a bracket without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadTemplate;

/// Expands. `lookup` adds a value to the text and tells whether it knows the name; an empty value counts as none.
pub fn expand(template: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, BadTemplate> {
    let mut expanded = String::with_capacity(template.len() + 64);
    let mut rest = template;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        match rest.as_bytes().first() {
            Some(b'$') => {
                expanded.push('$');
                rest = &rest[1..];
            }
            Some(&open @ (b'{' | b'(')) => {
                let end = matching(rest, open)?;
                expanded.push_str(&bracketed(&rest[1..end], lookup)?);
                rest = &rest[end + 1..];
            }
            _ => {
                let name = &rest[..name_length(rest)];
                if name.is_empty() {
                    return Err(BadTemplate);
                }
                expanded.push_str(&lookup(name).ok_or(BadTemplate)?);
                rest = &rest[name.len()..];
            }
        }
    }
    expanded.push_str(rest);
    Ok(expanded)
}

fn bracketed(inside: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, BadTemplate> {
    let name = &inside[..name_length(inside)];
    let value = lookup(name).ok_or(BadTemplate)?;
    let rest = inside[name.len()..].trim_start();
    let (when_set, when_unset) = match rest.as_bytes().first() {
        None => return Ok(value),
        Some(b'?') => alternatives(rest[1..].trim_start())?,
        Some(b':') => (None, Some(braceless(rest[1..].trim_start()))),
        Some(_) => return Err(BadTemplate),
    };
    match if value.is_empty() { when_unset } else { when_set } {
        Some(text) => expand(text, lookup),
        None => Ok(String::new()),
    }
}

/// `text`, `{text}`, or `{text}:{text}`.
fn alternatives(text: &str) -> Result<(Option<&str>, Option<&str>), BadTemplate> {
    if !text.starts_with('{') {
        return Ok((Some(text), None));
    }
    let end = matching(text, b'{')?;
    let rest = text[end + 1..].trim_start();
    Ok((Some(text[1..end].trim()), rest.strip_prefix(':').map(|other| braceless(other.trim_start()))))
}

fn braceless(text: &str) -> &str {
    match text.strip_prefix('{').and_then(|text| text.trim_end().strip_suffix('}')) {
        Some(inside) => inside.trim(),
        None => text,
    }
}

fn name_length(text: &str) -> usize {
    text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count()
}

/// Where the bracket that `text` begins with ends.
fn matching(text: &str, open: u8) -> Result<usize, BadTemplate> {
    let close = if open == b'{' { b'}' } else { b')' };
    let mut depth = 0;
    for (at, byte) in text.bytes().enumerate() {
        if byte == open {
            depth += 1;
        } else if byte == close {
            depth -= 1;
            if depth == 0 {
                return Ok(at);
            }
        }
    }
    Err(BadTemplate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_expanded_as_postfix_expands_them() {
        let lookup = |name: &str| match name {
            "rbl_code" => Some("554".to_string()),
            "rbl_reason" => Some("listed".to_string()),
            "none" => Some(String::new()),
            _ => None,
        };
        for (template, expected) in [
            ("$rbl_code x", Ok("554 x")),
            ("${rbl_code}x", Ok("554x")),
            ("$(rbl_code)x", Ok("554x")),
            ("a${rbl_reason?; $rbl_reason}", Ok("a; listed")),
            ("a${none?; $rbl_reason}", Ok("a")),
            ("a${none:no}${rbl_reason:no}", Ok("ano")),
            ("${rbl_reason?{yes}:{no}} ${none?{yes}:{no}}", Ok("yes no")),
            ("5$$", Ok("5$")),
            ("$unknown", Err(BadTemplate)),
            ("${rbl_code", Err(BadTemplate)),
            ("$", Err(BadTemplate)),
        ] {
            assert_eq!(expand(template, &lookup), expected.map(str::to_string), "{template}");
        }
    }
}
