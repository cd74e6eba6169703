//! `compatibility_level`: up to three numbers, compared part by part.

/// Reads `N`, `N.N` or `N.N.N`; missing parts are 0. `None` when the text has another form.
pub fn parse(text: &str) -> Option<[u32; 3]> {
    let mut level = [0; 3];
    let mut parts = text.split('.');
    for slot in &mut level {
        let Some(part) = parts.next() else { return Some(level) };
        if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        *slot = part.parse().ok()?;
    }
    parts.next().is_none().then_some(level)
}

#[cfg(test)]
mod tests;
