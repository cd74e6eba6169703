//! What the program offers: -a, -A, -l, -m, -T.

use anyhow::Result;

use super::Call;

/// One name a line, in the order of postconf(1).
pub fn list(letter: char) -> String {
    let names: &[&str] = match letter {
        'a' => &["cyrus", "dovecot"],
        'A' => &["cyrus"],
        'l' => &["flock", "fcntl", "dotlock"],
        _ => dict::open::TABLE_TYPES,
    };
    names.iter().map(|name| format!("{name}\n")).collect()
}

/// As of a Postfix without TLS: nothing for the modes there are.
pub fn tls(call: &Call, mode: &str) -> Result<u8> {
    if ["compile-version", "run-version", "public-key-algorithms"].contains(&mode) {
        return Ok(0);
    }
    call.warn(format!("unknown 'postconf -T' mode: {mode}"));
    Ok(1)
}
