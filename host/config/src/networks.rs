//! The default of `mynetworks`: what `mynetworks_style` makes of the machine's addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::configuration::Evaluation;
use crate::expand::ExpandError;
use crate::machine::{Interface, Machine};
use crate::tokens;

/// `mynetworks` from `mynetworks_style`, `inet_interfaces` and `inet_protocols`.
pub(crate) fn mynetworks(evaluation: &Evaluation) -> Result<String, ExpandError> {
    let style = evaluation.value("mynetworks_style")?;
    let protocols = evaluation.value("inet_protocols")?;
    let interfaces = evaluation.value("inet_interfaces")?;
    let words = tokens::split(&protocols, tokens::COMMA_SPACE);
    let speaks = |protocol| words.iter().any(|word| *word == "all" || *word == protocol);
    let mut networks: Vec<String> = Vec::new();
    for interface in own_addresses(&interfaces, evaluation.machine()) {
        if !speaks(if interface.address.is_ipv4() { "ipv4" } else { "ipv6" }) {
            continue;
        }
        let network = network(&style, interface);
        if !networks.contains(&network) {
            networks.push(network);
        }
    }
    Ok(networks.join(" "))
}

/// The interfaces that `inet_interfaces` names.
fn own_addresses(inet_interfaces: &str, machine: &Machine) -> Vec<Interface> {
    if inet_interfaces.eq_ignore_ascii_case("all") {
        return machine.interfaces.clone();
    }
    if inet_interfaces.eq_ignore_ascii_case("loopback-only") {
        return machine.interfaces.iter().copied().filter(|interface| interface.address.is_loopback()).collect();
    }
    let hosts = tokens::split(inet_interfaces, tokens::COMMA_SPACE);
    let wanted: Vec<IpAddr> = hosts.into_iter().flat_map(|word| machine.addresses(word)).collect();
    let own = |address: &IpAddr| machine.interfaces.iter().copied().find(|interface| interface.address == *address);
    wanted.iter().filter_map(own).collect()
}

fn network(style: &str, interface: Interface) -> String {
    match interface.address {
        IpAddr::V4(address) => {
            let prefix = match style {
                "host" => 32,
                "class" => class_prefix(address),
                _ => interface.prefix,
            };
            let mask = u32::MAX.checked_shl(u32::from(32 - prefix.min(32))).unwrap_or(0);
            format!("{}/{prefix}", Ipv4Addr::from(u32::from(address) & mask))
        }
        IpAddr::V6(address) => {
            // IPv6 has no classes; Postfix takes the subnet there.
            let prefix = if style == "host" { 128 } else { interface.prefix };
            let mask = u128::MAX.checked_shl(u32::from(128 - prefix.min(128))).unwrap_or(0);
            format!("[{}]/{prefix}", Ipv6Addr::from(u128::from(address) & mask))
        }
    }
}

/// The prefix length of the address's class: A 8, B 16, C 24, anything else the host alone.
fn class_prefix(address: Ipv4Addr) -> u8 {
    match address.octets()[0] {
        0..=127 => 8,
        128..=191 => 16,
        192..=223 => 24,
        _ => 32,
    }
}

#[cfg(test)]
mod tests;
