//! utf-8-addr-xtext: RFC 6533 section 3, for addresses of the type `utf-8` in ORCPT.

use crate::xtext::NotXtext;

/// Encodes all but printing ASCII, and `+`, `=`, `\`. Always pure ASCII: the next server need not know SMTPUTF8.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '+' | '=' | '\\' => out.push_str(&format!("\\x{{{:X}}}", u32::from(c))),
            '!'..='~' => out.push(c),
            _ => out.push_str(&format!("\\x{{{:X}}}", u32::from(c))),
        }
    }
    out
}

/// Decodes `\x{HEX}`. Other characters stand for themselves, also those that should have been encoded.
pub fn decode(text: &str) -> Result<String, NotXtext> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\\x{") {
        out.push_str(&rest[..at]);
        let (hex, after) = rest[at + 3..].split_once('}').ok_or(NotXtext)?;
        let digits = !hex.is_empty() && hex.len() <= 6 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u32::from_str_radix(hex, 16).ok().filter(|_| digits);
        out.push(number.and_then(char::from_u32).ok_or(NotXtext)?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        for (plain, coded) in [
            ("old@d.test", "old@d.test"),
            ("\u{e9}t\u{e9}@d.test", "\\x{E9}t\\x{E9}@d.test"),
            ("\u{1f600}", "\\x{1F600}"),
            ("a+b=c\\d e", "a\\x{2B}b\\x{3D}c\\x{5C}d\\x{20}e"),
        ] {
            assert_eq!(encode(plain), coded);
            assert_eq!(decode(coded), Ok(plain.to_string()));
        }
        for (lax, plain) in [("\u{e9}@d", "\u{e9}@d"), ("a\\b", "a\\b"), ("+C3", "+C3"), ("\\x{64}", "d")] {
            assert_eq!(decode(lax), Ok(plain.to_string()));
        }
        for bad in ["\\x{}", "\\x{ZZ}", "\\x{41", "\\x{D800}", "\\x{110000}", "\\x{+41}"] {
            assert_eq!(decode(bad), Err(NotXtext), "{bad}");
        }
    }
}
