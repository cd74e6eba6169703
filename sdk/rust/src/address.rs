//! Mail addresses in internal form: no quotes, no brackets, `""` for the null sender.

/// Local part and domain, at the last `@`.
pub fn split_domain(address: &str) -> (&str, Option<&str>) {
    match address.rsplit_once('@') {
        Some((local, domain)) => (local, Some(domain)),
        None => (address, None),
    }
}

/// What follows the last `@`.
pub fn domain(address: &str) -> Option<&str> {
    split_domain(address).1
}

/// Local part and address extension by the recipient_delimiter characters. Not split, as in Postfix: `postmaster`,
/// `mailer-daemon`, `double-bounce`, names that start with a delimiter, and, where `-` delimits, `owner-x` and `x-request`.
pub fn split_extension<'a>(local: &'a str, delimiters: &str) -> (&'a str, Option<&'a str>) {
    let reserved = ["postmaster", "mailer-daemon", "double-bounce"];
    if reserved.iter().any(|name| local.eq_ignore_ascii_case(name)) {
        return (local, None);
    }
    let lower = local.to_ascii_lowercase();
    if delimiters.contains('-') && (lower.starts_with("owner-") || lower.ends_with("-request")) {
        return (local, None);
    }
    match local.find(|c| delimiters.contains(c)) {
        Some(at) if at > 0 => (&local[..at], Some(&local[at + 1..])),
        _ => (local, None),
    }
}

/// `[…]`: an address literal where a domain could stand.
pub fn is_literal(domain: &str) -> bool {
    domain.starts_with('[') && domain.ends_with(']')
}

/// The client as Postfix names it in replies and log lines: `name[address]`.
pub fn name_and_address(name: &str, address: &str) -> String {
    [name, "[", address, "]"].concat()
}

/// The first three numbers of an IPv4 address, or the first four groups of an IPv6 one: the network a sending site
/// usually has to itself.
pub fn network(address: &str) -> String {
    match address.parse() {
        Ok(std::net::IpAddr::V4(v4)) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        Ok(std::net::IpAddr::V6(v6)) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Err(_) => address.to_string(),
    }
}

/// The address as lists in DNS have it: its numbers, or for IPv6 its hexadecimal digits, in reverse order, each with a dot
/// after it.
pub fn reversed(address: &str) -> String {
    let mut reversed = String::with_capacity(80);
    if let Ok(address) = address.parse::<std::net::Ipv6Addr>() {
        for byte in address.octets().iter().rev() {
            for digit in [byte & 15, byte >> 4] {
                reversed.push(char::from_digit(digit.into(), 16).unwrap_or('0'));
                reversed.push('.');
            }
        }
    } else {
        for number in address.rsplit('.') {
            reversed.push_str(number);
            reversed.push('.');
        }
    }
    reversed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_reversed() {
        assert_eq!(reversed("192.0.2.1"), "1.2.0.192.");
        let v6 = "f.1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.";
        assert_eq!(reversed("2001:db8::1f"), v6);
    }

    #[test]
    fn the_domain_follows_the_last_at_sign() {
        assert_eq!(split_domain("a@b@c.test"), ("a@b", Some("c.test")));
        assert_eq!(split_domain("postmaster"), ("postmaster", None));
    }

    #[test]
    fn extensions_split_as_postfix_splits_them() {
        for (local, delimiters, expected) in [
            ("user+ext", "+", ("user", Some("ext"))),
            ("user+a+b", "+", ("user", Some("a+b"))),
            ("user-ext", "+", ("user-ext", None)),
            ("user-ext+x", "+-", ("user", Some("ext+x"))),
            ("+ext", "+", ("+ext", None)),
            ("Postmaster", "+", ("Postmaster", None)),
            ("double-bounce", "-", ("double-bounce", None)),
            ("owner-list", "-", ("owner-list", None)),
            ("list-request", "-", ("list-request", None)),
            ("user", "", ("user", None)),
        ] {
            assert_eq!(split_extension(local, delimiters), expected, "{local} by {delimiters}");
        }
    }

    #[test]
    fn a_network_is_a_24_or_a_64() {
        assert_eq!(network("192.0.2.77"), "192.0.2.0/24");
        assert_eq!(network("2001:db8:1:2:3::4"), "2001:db8:1:2::/64");
        assert_eq!(network("unknown"), "unknown");
    }
}
