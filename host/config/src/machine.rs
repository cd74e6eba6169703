//! What defaults need to know about the machine: its name and its network interfaces.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs};

/// Read once when a configuration is loaded, so that reading a value asks the system nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Machine {
    /// What gethostname(2) says.
    pub host_name: String,
    /// The addresses of the interfaces that are up, IPv4 first, in the order of the system.
    pub interfaces: Vec<Interface>,
    /// The addresses of the host names in `inet_interfaces`. Loading asks the resolver for those that are missing.
    pub hosts: Vec<(String, Vec<IpAddr>)>,
}

/// One address of an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interface {
    pub address: IpAddr,
    pub prefix: u8,
}

impl Machine {
    /// The machine this runs on. What the system does not tell is left empty.
    pub fn current() -> Machine {
        let host_name = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default();
        let all =
            nix::ifaddrs::getifaddrs().map(|list| list.filter_map(interface).collect::<Vec<_>>()).unwrap_or_default();
        let (mut interfaces, six): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|interface| interface.address.is_ipv4());
        interfaces.extend(six);
        Machine { host_name, interfaces, hosts: Vec::new() }
    }

    /// The addresses of a word in `inet_interfaces`: a literal with or without brackets, or a known host name.
    pub(crate) fn addresses(&self, word: &str) -> Vec<IpAddr> {
        match literal(word) {
            Some(address) => vec![address],
            None => {
                self.hosts.iter().find(|(host, _)| host == word).map(|(_, found)| found.clone()).unwrap_or_default()
            }
        }
    }

    /// Asks the resolver for a word of `inet_interfaces`, unless it is a literal, a keyword or known already.
    pub(crate) fn resolve(&mut self, word: &str) {
        let keyword = ["all", "loopback-only"].iter().any(|keyword| word.eq_ignore_ascii_case(keyword));
        if keyword || literal(word).is_some() || self.hosts.iter().any(|(host, _)| host == word) {
            return;
        }
        let found = (word, 0).to_socket_addrs().map(|found| found.map(|found: SocketAddr| found.ip()).collect());
        self.hosts.push((word.to_string(), found.unwrap_or_default()));
    }
}

fn literal(word: &str) -> Option<IpAddr> {
    word.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(word).parse().ok()
}

fn interface(found: nix::ifaddrs::InterfaceAddress) -> Option<Interface> {
    if !found.flags.contains(nix::net::if_::InterfaceFlags::IFF_UP) {
        return None;
    }
    let (address, mask) = (found.address?, found.netmask?);
    if let (Some(address), Some(mask)) = (address.as_sockaddr_in(), mask.as_sockaddr_in()) {
        let prefix = u32::from(mask.ip()).leading_ones();
        return Some(Interface { address: IpAddr::V4(address.ip()), prefix: u8::try_from(prefix).ok()? });
    }
    let (address, mask) = (*address.as_sockaddr_in6()?, *mask.as_sockaddr_in6()?);
    let prefix = u128::from(mask.ip()).leading_ones();
    Some(Interface { address: IpAddr::V6(address.ip()), prefix: u8::try_from(prefix).ok()? })
}
