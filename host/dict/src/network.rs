//! Address patterns of cidr tables and match lists, with the messages of cidr_match(3).

use std::net::IpAddr;

use mail::network::Network;

/// `10.0.0.0/8`, `[2001:db8::]/32`, `[::1/128]`, `1.2.3.4`. The error is Postfix's message.
pub(crate) fn parse(pattern: &str) -> Result<Network, String> {
    let (address, mask) = split(pattern)?;
    let Some(mask) = mask else {
        return match address_of(address) {
            Some(address) => Ok(Network::host(address)),
            None => Err(format!("bad address pattern: \"{address}\"")),
        };
    };
    let pattern = format!("{address}/{mask}");
    let bits = if address.contains(':') { 128 } else { 32 };
    if mask.is_empty() || !mask.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("bad mask value in \"{pattern}\""));
    }
    let Some(length) = mask.parse::<u8>().ok().filter(|length| *length <= bits) else {
        return Err(format!("bad mask length in \"{pattern}\""));
    };
    let Some(parsed) = address_of(address) else {
        return Err(format!("bad network value in \"{pattern}\""));
    };
    Network::parse(&pattern).map_err(|_| {
        let meant = network_address(parsed, length);
        format!("non-null host address bits in \"{pattern}\", perhaps you should use \"{meant}/{length}\" instead")
    })
}

/// An address as inet_pton(3) takes it: no leading zeros.
pub(crate) fn address_of(text: &str) -> Option<IpAddr> {
    text.parse().ok()
}

/// The address without brackets, and what follows the slash.
fn split(pattern: &str) -> Result<(&str, Option<&str>), String> {
    let Some(inner) = pattern.strip_prefix('[') else {
        return Ok(pattern.split_once('/').map_or((pattern, None), |(address, mask)| (address, Some(mask))));
    };
    let Some((inside, after)) = inner.split_once(']') else {
        return Err(format!("missing ']' character after \"[{inner}\""));
    };
    match (after.strip_prefix('/'), after.is_empty()) {
        (Some(mask), _) => Ok((inside, Some(mask))),
        (None, true) => Ok(inside.split_once('/').map_or((inside, None), |(address, mask)| (address, Some(mask)))),
        (None, false) => Err(format!("garbage after \"[{inside}]\"")),
    }
}

/// The address with all host bits zero.
fn network_address(address: IpAddr, length: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => IpAddr::V4((v4.to_bits() & u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0)).into()),
        IpAddr::V6(v6) => {
            IpAddr::V6((v6.to_bits() & u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0)).into())
        }
    }
}
