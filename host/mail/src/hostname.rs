//! What may stand as a host name or address: the rules of Postfix's checks (RFC 952, 1123 and its known exceptions).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// RFC 1035 section 2.3.4.
const LABEL_LIMIT: usize = 63;
const NAME_LIMIT: usize = 255;

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HostnameError {
    #[error("empty hostname")]
    Empty,
    #[error("hostname label too long")]
    LabelTooLong,
    #[error("misplaced delimiter")]
    MisplacedDot,
    #[error("misplaced hyphen")]
    MisplacedHyphen,
    #[error("invalid character {0}(decimal)")]
    Character(u8),
    #[error("numeric hostname")]
    Numeric,
    #[error("bad length {0} for hostname")]
    TooLong(usize),
}

/// Checks a host name; underscores pass, as in Postfix.
pub fn check_hostname(name: &str) -> Result<(), HostnameError> {
    let bytes = name.as_bytes();
    if bytes.is_empty() {
        return Err(HostnameError::Empty);
    }
    let mut label_length = 0;
    let mut numeric = true;
    for (at, &byte) in bytes.iter().enumerate() {
        let next = bytes.get(at + 1).copied();
        match byte {
            b'.' => {
                if label_length == 0 || next.is_none() {
                    return Err(HostnameError::MisplacedDot);
                }
                label_length = 0;
                continue;
            }
            b'-' => {
                if label_length == 0 || matches!(next, None | Some(b'.')) {
                    return Err(HostnameError::MisplacedHyphen);
                }
                numeric = false;
            }
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => numeric = false,
            b'0'..=b'9' => {}
            other => return Err(HostnameError::Character(other)),
        }
        label_length += 1;
        if label_length > LABEL_LIMIT {
            return Err(HostnameError::LabelTooLong);
        }
    }
    if numeric {
        return Err(HostnameError::Numeric);
    }
    if bytes.len() > NAME_LIMIT {
        return Err(HostnameError::TooLong(bytes.len()));
    }
    Ok(())
}

/// [`check_hostname`] as a yes or no.
pub fn valid_hostname(name: &str) -> bool {
    check_hostname(name).is_ok()
}

/// An IPv4 or IPv6 address without brackets.
pub fn valid_hostaddr(text: &str) -> bool {
    if text.contains(':') { valid_ipv6(text) } else { valid_ipv4(text) }
}

/// Dotted quad; 0.x.y.z is refused but for 0.0.0.0.
pub fn valid_ipv4(text: &str) -> bool {
    parse_ipv4(text).is_some()
}

pub fn valid_ipv6(text: &str) -> bool {
    text.parse::<Ipv6Addr>().is_ok()
}

/// Leading zeros are taken as decimal, as Postfix does.
fn parse_ipv4(text: &str) -> Option<Ipv4Addr> {
    let mut octets = [0u8; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        if part.is_empty() || part.len() > 3 || !part.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        *octet = part.parse().ok()?;
    }
    let usable = parts.next().is_none() && (octets[0] != 0 || octets == [0; 4]);
    usable.then(|| Ipv4Addr::from(octets))
}

/// An address without brackets.
pub fn parse_hostaddr(text: &str) -> Option<IpAddr> {
    if text.contains(':') { text.parse().ok().map(IpAddr::V6) } else { parse_ipv4(text).map(IpAddr::V4) }
}

/// `[1.2.3.4]` or `[IPv6:::1]`: RFC 5321 section 4.1.3.
pub fn valid_mailhost_literal(text: &str) -> bool {
    parse_mailhost_literal(text).is_some()
}

/// The address in a literal.
pub fn parse_mailhost_literal(text: &str) -> Option<IpAddr> {
    parse_mailhost_addr(text.strip_prefix('[')?.strip_suffix(']')?)
}

/// `1.2.3.4` or `IPv6:::1`.
pub fn parse_mailhost_addr(text: &str) -> Option<IpAddr> {
    match text.split_at_checked(5) {
        Some((tag, address)) if tag.eq_ignore_ascii_case("ipv6:") => address.parse().ok().map(IpAddr::V6),
        _ => parse_ipv4(text).map(IpAddr::V4),
    }
}

/// The inverse: what stands between the brackets of a literal, and in Received: headers.
pub fn mailhost_addr(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("IPv6:{address}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostnames() {
        let long_label = format!("{}.example", "a".repeat(64));
        let long_name = format!("{}a", "abcdefg.".repeat(32));
        for (name, expected) in [
            ("example.com", Ok(())),
            ("a_b.example", Ok(())),
            ("1.2.3.4x", Ok(())),
            ("", Err(HostnameError::Empty)),
            (".a", Err(HostnameError::MisplacedDot)),
            ("a..b", Err(HostnameError::MisplacedDot)),
            ("a.", Err(HostnameError::MisplacedDot)),
            ("-a", Err(HostnameError::MisplacedHyphen)),
            ("a-.b", Err(HostnameError::MisplacedHyphen)),
            ("a b", Err(HostnameError::Character(32))),
            ("1.2.3.4", Err(HostnameError::Numeric)),
            (&long_label, Err(HostnameError::LabelTooLong)),
            (&long_name, Err(HostnameError::TooLong(257))),
        ] {
            assert_eq!(check_hostname(name), expected, "{name}");
        }
    }

    #[test]
    fn addresses() {
        for (text, expected) in [
            ("127.0.0.1", true),
            ("0.0.0.0", true),
            ("0.1.2.3", false),
            ("1.2.3", false),
            ("256.1.1.1", false),
            ("::1", true),
            ("1::2::3", false),
        ] {
            assert_eq!(valid_hostaddr(text), expected, "{text}");
        }
        assert!(valid_mailhost_literal("[IPv6:::1]"));
        assert!(!valid_mailhost_literal("[::1]"));
        assert!(valid_mailhost_literal("[1.2.3.4]"));
        assert!(!valid_mailhost_literal("1.2.3.4"));
    }
}
