//! `compatibility_level`: up to three numbers, compared part by part.

use crate::{Config, Kind, Param, parameters::COMPATIBILITY_LEVEL};

impl Config {
    /// Whether a parameter has the default it had before `level` only because `compatibility_level` is lower: what Postfix
    /// remarks on when it uses such a default.
    pub fn keeps_default_of_before<K: Kind>(&self, level: [u32; 3], parameter: &Param<K>) -> bool {
        !self.is_set(parameter.name) && parse(&self.get(&COMPATIBILITY_LEVEL)).is_some_and(|own| own < level)
    }
}

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
