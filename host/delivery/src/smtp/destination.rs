//! Nexthops: `domain`, `domain:port`, `[host]`, `[host]:port`, and lists of them.

use mail::hostname::{valid_hostaddr, valid_hostname};
pub use net::service_port;

/// Where to deliver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// As in main.cf, for logs and as the key of kept connections.
    pub text: String,
    /// Without brackets.
    pub host: String,
    pub port: u16,
    /// Not in brackets: MX records count.
    pub mx: bool,
    /// The path of a local socket, for LMTP; host and port mean nothing then.
    pub socket: Option<String>,
}

/// relayhost, transport_maps and their relatives name several destinations, to be tried in order.
pub fn split(nexthop: &str) -> Vec<&str> {
    nexthop.split([',', ' ', '\t', '\r', '\n']).filter(|word| !word.is_empty()).collect()
}

impl Destination {
    /// The error says what is wrong, for the log.
    pub fn parse(text: &str, default_port: u16) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("{why} in server description: {text}"));
        let (host, port, mx) = match text.strip_prefix('[') {
            Some(rest) => match rest.split_once(']') {
                Some((host, "")) => (host, None, false),
                Some((host, port)) if port.starts_with(':') => (host, Some(&port[1..]), false),
                Some(_) => return wrong("garbage after \"]\""),
                None => return wrong("missing \"]\""),
            },
            None => match text.rsplit_once(':') {
                Some((host, port)) => (host, Some(port), true),
                None => (text, None, true),
            },
        };
        let host = strip_family(host);
        // A name beyond ASCII is checked when it is looked up.
        if host.is_empty() || host.is_ascii() && !valid_hostname(host) && !valid_hostaddr(host) {
            return wrong("valid hostname or network address required");
        }
        let port = match port {
            None => default_port,
            Some(name) => service_port(name).ok_or_else(|| format!("unknown service: {name}/tcp"))?,
        };
        Ok(Self { text: text.to_string(), host: host.to_string(), port, mx, socket: None })
    }

    /// Of lmtp(8): `unix:path`, `inet:host:port`, `host:port`. There are no MX hosts.
    pub fn parse_lmtp(text: &str, default_port: u16, my_host_name: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:").filter(|path| !path.is_empty()) {
            let (text, host, socket) = (text.to_string(), my_host_name.to_string(), Some(path.to_string()));
            return Ok(Self { text, host, port: 0, mx: false, socket });
        }
        let inet = Self::parse(text.strip_prefix("inet:").unwrap_or(text), default_port)?;
        Ok(Self { text: text.to_string(), mx: false, ..inet })
    }
}

/// RFC 5321 section 4.1.3: `[IPv6:::1]`.
fn strip_family(host: &str) -> &str {
    match host.get(..5) {
        Some(tag) if tag.eq_ignore_ascii_case("ipv6:") => &host[5..],
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        let cases = [
            ("example.com", "example.com", 25, true),
            ("example.com:587", "example.com", 587, true),
            ("[mx.example.com]", "mx.example.com", 25, false),
            ("[mx.example.com]:submission", "mx.example.com", 587, false),
            ("[127.0.0.1]:2525", "127.0.0.1", 2525, false),
            ("[::1]:26", "::1", 26, false),
            ("[IPv6:2001:db8::1]", "2001:db8::1", 25, false),
        ];
        for (text, host, port, mx) in cases {
            let expected = Destination { text: text.into(), host: host.into(), port, mx, socket: None };
            assert_eq!(Destination::parse(text, 25), Ok(expected), "{text}");
        }
        let unix = Destination::parse_lmtp("unix:private/lmtp", 24, "mx.test").map(|d| (d.host, d.socket));
        assert_eq!(unix, Ok(("mx.test".into(), Some("private/lmtp".into()))));
        let inet = Destination::parse_lmtp("inet:[::1]:2424", 24, "mx.test").map(|d| (d.host, d.port, d.mx));
        assert_eq!(inet, Ok(("::1".into(), 2424, false)));
        for text in ["[", "[]", "[a", "[a]b", ":25", "a:", "a:0", "a:70000", "a:nosuchservice", "", "[a]:"] {
            assert!(Destination::parse(text, 25).is_err(), "{text}");
        }
        assert_eq!(split("[a]:25, b\tc,,"), ["[a]:25", "b", "c"]);
    }
}
