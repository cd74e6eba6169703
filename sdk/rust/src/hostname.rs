//! What Postfix takes for a host name or an address (valid_hostname(3)).

/// Letters, digits, `_`, `-` inside labels of at most 63, 255 in all, no empty label, and not all numeric.
pub fn is_hostname(name: &str) -> bool {
    if name.is_empty() || name.len() > 255 {
        return false;
    }
    let mut only_numbers = true;
    for label in name.split('.') {
        if label.is_empty() || label.len() > 63 || label.starts_with('-') || label.ends_with('-') {
            return false;
        }
        for byte in label.bytes() {
            match byte {
                b'0'..=b'9' => {}
                b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'-' => only_numbers = false,
                _ => return false,
            }
        }
    }
    !only_numbers
}

/// The same, where the client asked for SMTPUTF8 also with letters beyond ASCII.
pub fn is_utf8_hostname(name: &str, smtputf8: bool) -> bool {
    if name.is_ascii() || !smtputf8 {
        return is_hostname(name);
    }
    let ascii: String = name.chars().map(|c| if c.is_alphanumeric() && !c.is_ascii() { 'x' } else { c }).collect();
    is_hostname(&ascii)
}

/// An IPv4 or IPv6 address without brackets.
pub fn is_address(address: &str) -> bool {
    if address.contains(':') { is_ipv6(address) } else { is_ipv4(address) }
}

/// What may stand between `[` and `]` in a mail address or HELO: an IPv4 address, or `IPv6:` and an IPv6 address.
pub fn literal_address(text: &str) -> Option<&str> {
    match text.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("IPv6:") => Some(&text[5..]).filter(|rest| is_ipv6(rest)),
        _ => Some(text).filter(|text| is_ipv4(text)),
    }
}

/// Four numbers up to 255; zero first only in `0.0.0.0`.
fn is_ipv4(address: &str) -> bool {
    let mut count = 0;
    for part in address.split('.') {
        if part.is_empty() || part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return false;
        }
        let number = part.bytes().fold(0, |sum, byte| sum * 10 + u32::from(byte - b'0'));
        if number > 255 || (count == 0 && number == 0 && address != "0.0.0.0") {
            return false;
        }
        count += 1;
    }
    count == 4
}

fn is_ipv6(address: &str) -> bool {
    address.parse::<std::net::Ipv6Addr>().is_ok()
}

/// Without the dot at the end, unless two dots stand there.
pub fn without_final_dot(name: &str) -> &str {
    match name.strip_suffix('.') {
        Some(rest) if !rest.is_empty() && !rest.ends_with('.') => rest,
        _ => name,
    }
}

/// A number in decimal, without the weight of the standard formatter.
pub fn digits(mut number: u16, buffer: &mut [u8; 5]) -> &str {
    let mut at = buffer.len();
    loop {
        at -= 1;
        buffer[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    std::str::from_utf8(&buffer[at..]).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_are_what_postfix_takes_for_them() {
        let long_label = "a".repeat(64);
        let long_name = ["a"; 129].join(".");
        for good in ["mx.example.com", "localhost", "a_b.c", "1.2.3.4x", "x--y.test", "3com.com"] {
            assert!(is_hostname(good), "{good}");
        }
        for bad in
            ["", ".", "a..b", "a.", ".a", "-a.b", "a-.b", "1.2.3.4", "a b", "a/b", "é.test", &long_label, &long_name]
        {
            assert!(!is_hostname(bad), "{bad}");
        }
        assert!(is_utf8_hostname("é.test", true));
        assert!(!is_utf8_hostname("é.test", false));
    }

    #[test]
    fn addresses_are_what_postfix_takes_for_them() {
        for (address, valid) in [
            ("192.0.2.1", true),
            ("0.0.0.0", true),
            ("0.1.2.3", false),
            ("256.1.1.1", false),
            ("1.2.3", false),
            ("1.2.3.4.5", false),
            ("2001:db8::1", true),
            ("::", true),
            ("2001:db8::1::2", false),
            ("1..2.3", false),
        ] {
            assert_eq!(is_address(address), valid, "{address}");
        }
        assert_eq!(literal_address("192.0.2.1"), Some("192.0.2.1"));
        assert_eq!(literal_address("ipv6:2001:db8::1"), Some("2001:db8::1"));
        assert_eq!(literal_address("2001:db8::1"), None);
    }

    #[test]
    fn one_final_dot_goes() {
        assert_eq!(without_final_dot("a."), "a");
        assert_eq!(without_final_dot("a.."), "a..");
        assert_eq!(without_final_dot("."), ".");
    }

    #[test]
    fn numbers_are_written_in_decimal() {
        for number in [0, 9, 10, 554, u16::MAX] {
            assert_eq!(digits(number, &mut [0; 5]), number.to_string());
        }
    }
}
