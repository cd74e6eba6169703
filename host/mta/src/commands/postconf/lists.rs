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

/// The TLS library. It is compiled in, so that both versions are one.
pub fn tls(call: &Call, mode: &str) -> Result<u8> {
    let lines: &[&str] = match mode {
        "compile-version" | "run-version" => &["rustls 0.23 with AWS-LC"],
        "public-key-algorithms" => &["ecdsa", "ed25519", "rsa"],
        _ => {
            call.warn(format!("unknown 'postconf -T' mode: {mode}"));
            return Ok(1);
        }
    };
    lines.iter().for_each(|line| println!("{line}"));
    Ok(0)
}
