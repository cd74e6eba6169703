//! Whether a host name is this host.

use waxwing_sdk::{ParameterKind, dns, prelude::*, tables};

pub const MYDESTINATION: Parameter =
    Parameter::new("mydestination", ParameterKind::DomainList, "", "Domains delivered by the local transport");
pub const INET_INTERFACES: Parameter =
    Parameter::new("inet_interfaces", ParameterKind::AddressList, "", "This host's own addresses");
pub const PROXY_INTERFACES: Parameter =
    Parameter::new("proxy_interfaces", ParameterKind::AddressList, "", "Addresses of a proxy before this host");

/// By name: one of mydestination.
pub fn is_own_name(host: &str) -> bool {
    tables::match_domain(MYDESTINATION.name(), host).unwrap_or(false)
}

/// By one of its addresses. The failure is DNS's.
pub fn has_own_address(host: &str) -> Result<bool, dns::Reason> {
    let own = |address: &String| {
        [INET_INTERFACES, PROXY_INTERFACES]
            .iter()
            .any(|parameter| tables::match_host(parameter.name(), "", address).unwrap_or(false))
    };
    Ok(dns::addresses(host)?.iter().any(own))
}
