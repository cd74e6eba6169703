//! What is this host's own: the addresses of inet_interfaces and proxy_interfaces, and the domains of mydestination.

use std::net::{IpAddr, ToSocketAddrs};

use config::{Config, Machine, parameters as shared};
use hook::TableError;

use crate::{DictError, ListStyle, MatchList, open::Opener};

/// The addresses mail comes in at. Read once for a configuration generation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnAddresses {
    /// inet_interfaces, those of inet_protocols.
    pub inet: Vec<IpAddr>,
    /// proxy_interfaces.
    pub proxy: Vec<IpAddr>,
}

impl OwnAddresses {
    /// Host names in the two parameters are resolved here, which may wait; at start and reload only.
    pub fn of(config: &Config, machine: &Machine) -> Self {
        let interfaces = config.get(&shared::INET_INTERFACES);
        let every = machine.interfaces.iter().map(|interface| interface.address);
        let mut inet: Vec<IpAddr> = match &interfaces[..] {
            [word] if word.eq_ignore_ascii_case("all") => every.collect(),
            [word] if word.eq_ignore_ascii_case("loopback-only") => every.filter(IpAddr::is_loopback).collect(),
            hosts => hosts.iter().flat_map(|host| addresses(host)).collect(),
        };
        let protocols = config.get(&shared::INET_PROTOCOLS);
        let speaks = |name: &str| protocols.iter().any(|word| word == "all" || word == name);
        let (ipv4, ipv6) = (speaks("ipv4"), speaks("ipv6"));
        inet.retain(|address| if address.is_ipv4() { ipv4 } else { ipv6 });
        let proxy = config.get(&shared::PROXY_INTERFACES).iter().flat_map(|host| addresses(host)).collect();
        Self { inet, proxy }
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        self.inet.contains(&address) || self.proxy.contains(&address)
    }
}

/// A literal with or without brackets, or a host name for the resolver.
fn addresses(host: &str) -> Vec<IpAddr> {
    let literal = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    match literal.parse() {
        Ok(address) => vec![address],
        Err(_) => (host, 0).to_socket_addrs().map(|found| found.map(|found| found.ip()).collect()).unwrap_or_default(),
    }
}

/// mydestination, `[address]` of this host, and for local parts alone myorigin.
pub struct LocalDomains {
    myorigin: String,
    mydestination: MatchList,
    own: OwnAddresses,
}

impl LocalDomains {
    pub fn of(config: &Config, own: OwnAddresses, opener: &mut Opener) -> Result<Self, DictError> {
        let value = config.text("mydestination").unwrap_or_default();
        let mydestination = MatchList::parse("mydestination", &value, ListStyle::Text, false, opener)?;
        Ok(Self { myorigin: config.get(&shared::MYORIGIN), mydestination, own })
    }

    pub fn own(&self) -> &OwnAddresses {
        &self.own
    }

    /// In mydestination, or an address literal of this host. The answer, unless a table has to wait.
    pub(crate) fn is_destination_now(&self, domain: &str) -> Option<Result<bool, TableError>> {
        let Some(domain) = without_dot(domain) else { return Some(Ok(false)) };
        match self.mydestination.matches_now(domain, "")? {
            Ok(false) => Some(Ok(self.is_own_literal(domain))),
            answer => Some(answer),
        }
    }

    pub(crate) async fn is_destination_waiting(&self, domain: &str) -> Result<bool, TableError> {
        let Some(domain) = without_dot(domain) else { return Ok(false) };
        Ok(self.mydestination.matches_waiting(domain, "").await? || self.is_own_literal(domain))
    }

    /// In myorigin or a destination: where canonical(5) and virtual(5) look for the local part alone.
    pub(crate) fn is_local_now(&self, domain: &str) -> Option<Result<bool, TableError>> {
        if self.is_origin(domain) {
            return Some(Ok(true));
        }
        self.is_destination_now(domain)
    }

    pub(crate) async fn is_local_waiting(&self, domain: &str) -> Result<bool, TableError> {
        Ok(self.is_origin(domain) || self.is_destination_waiting(domain).await?)
    }

    fn is_origin(&self, domain: &str) -> bool {
        domain.eq_ignore_ascii_case(&self.myorigin) || domain.to_lowercase() == self.myorigin.to_lowercase()
    }

    fn is_own_literal(&self, domain: &str) -> bool {
        mail::hostname::parse_mailhost_literal(domain).is_some_and(|address| self.own.contains(address))
    }
}

/// Without one trailing dot; a name that then is empty or still ends in one is nobody's.
fn without_dot(domain: &str) -> Option<&str> {
    let bare = domain.strip_suffix('.').unwrap_or(domain);
    (!bare.is_empty() && !bare.ends_with('.')).then_some(bare)
}
