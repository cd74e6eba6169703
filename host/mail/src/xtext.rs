//! xtext: RFC 3461 section 4, for ORCPT and ENVID.

/// Encodes bytes outside `!`..`~`, `+`, and `=`.
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'+' | b'=' | 0..=b' ' | 127.. => out.push_str(&format!("+{byte:02X}")),
            byte => out.push(char::from(byte)),
        }
    }
    out
}

/// The text is not xtext, or not UTF-8 when decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not xtext")]
pub struct NotXtext;

/// Decodes `+XX`.
pub fn decode(text: &str) -> Result<String, NotXtext> {
    let digit = |byte: Option<u8>| byte.and_then(|b| char::from(b).to_digit(16)).ok_or(NotXtext);
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => {
                let (high, low) = (digit(bytes.next())?, digit(bytes.next())?);
                out.push((high * 16 + low) as u8);
            }
            byte => out.push(byte),
        }
    }
    String::from_utf8(out).map_err(|_| NotXtext)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        for (plain, coded) in [("a+b=c d@e", "a+2Bb+3Dc+20d@e"), ("", ""), ("\u{e9}", "+C3+A9")] {
            assert_eq!(encode(plain), coded);
            assert_eq!(decode(coded), Ok(plain.to_string()));
        }
        for bad in ["+", "+4", "+4G", "+FF"] {
            assert_eq!(decode(bad), Err(NotXtext), "{bad}");
        }
    }
}
