//! Address patterns of mynetworks and cidr tables: `10.0.0.0/8`, `[::1]/128`, `1.2.3.4`.

use std::{fmt, net::IpAddr};

use crate::hostname::parse_hostaddr;

/// An address and how many of its leading bits count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    /// Host part all zero.
    address: IpAddr,
    /// At most 32 or 128.
    prefix: u8,
}

/// The pattern is none; words as Postfix logs them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    #[error("bad address pattern: \"{0}\"")]
    Address(String),
    #[error("bad net/mask pattern: \"{0}\"")]
    NetMask(String),
    #[error("non-null host address bits in \"{pattern}\", perhaps you should use \"{meant}\" instead")]
    HostBits { pattern: String, meant: String },
}

impl Network {
    /// One address.
    pub fn host(address: IpAddr) -> Self {
        Self { address, prefix: bits(address) }
    }

    pub fn parse(pattern: &str) -> Result<Self, NetworkError> {
        let (address_text, mask) = match pattern.rsplit_once('/') {
            Some((address, mask)) => (address, Some(mask)),
            None => (pattern, None),
        };
        let bare = match address_text.strip_prefix('[') {
            Some(inner) => inner.strip_suffix(']').unwrap_or(address_text),
            None => address_text,
        };
        let Some(mask) = mask else {
            let address = parse_hostaddr(bare).ok_or_else(|| NetworkError::Address(pattern.to_string()))?;
            return Ok(Self::host(address));
        };
        let bad = || NetworkError::NetMask(pattern.to_string());
        let address = parse_hostaddr(bare).ok_or_else(bad)?;
        let prefix: u8 =
            mask.bytes().all(|b| b.is_ascii_digit()).then(|| mask.parse().ok()).flatten().ok_or_else(bad)?;
        if prefix > bits(address) {
            return Err(bad());
        }
        let network = Self { address: masked(address, prefix), prefix };
        if network.address != address {
            return Err(NetworkError::HostBits { pattern: pattern.to_string(), meant: network.to_string() });
        }
        Ok(network)
    }

    /// IPv4 and IPv6 never match each other.
    pub fn contains(&self, address: IpAddr) -> bool {
        bits(address) == bits(self.address) && masked(address, self.prefix) == self.address
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

fn bits(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V4((v4.to_bits() & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V6((v6.to_bits() & mask).into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, address, inside) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", false),
            ("0.0.0.0/0", "1.2.3.4", true),
            ("0.0.0.0/0", "::1", false),
            ("1.2.3.4", "1.2.3.4", true),
            ("[::1]/128", "::1", true),
            ("fe80::/10", "fe90::1", true),
            ("[::1]", "::2", false),
        ] {
            let network = Network::parse(pattern).expect(pattern);
            assert_eq!(network.contains(address.parse().expect(address)), inside, "{pattern} {address}");
        }
    }

    #[test]
    fn errors_say_what() {
        for (pattern, text) in [
            (
                "10.0.0.1/8",
                "non-null host address bits in \"10.0.0.1/8\", perhaps you should use \"10.0.0.0/8\" instead",
            ),
            ("10.0.0.0/33", "bad net/mask pattern: \"10.0.0.0/33\""),
            ("10.0.0.0/x", "bad net/mask pattern: \"10.0.0.0/x\""),
            ("10.0.0", "bad address pattern: \"10.0.0\""),
        ] {
            assert_eq!(Network::parse(pattern).expect_err(pattern).to_string(), text);
        }
    }
}
