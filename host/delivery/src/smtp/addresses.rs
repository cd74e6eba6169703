//! From destination to server addresses: MX, A and AAAA lookups, preference, loops. smtp_addr(3).

use std::net::IpAddr;

use hook::{DnsFailure, DnsReason, MailLog, RecordType, Services};
use mail::{Class, Status};
use net::hosts::HostsFile;

use super::settings::{AddressPreference, LookupSettings};

/// One address to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub host: String,
    pub address: IpAddr,
    /// Of its MX; 0 without.
    pub preference: u16,
}

/// Why there is none. A temporary reason outlives later permanent ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Why(pub Option<(Status, String)>);

impl Why {
    fn set(&mut self, status: Status, text: impl Into<String>) {
        self.0 = Some((status, text.into()));
    }

    fn is_temporary(&self) -> bool {
        self.0.as_ref().is_some_and(|(status, _)| status.class == Class::Temporary)
    }

    /// A status of the address lookups: temporary once one of them was.
    fn hard(&mut self, subject: u16, detail: u16, text: &str) {
        let class = if self.is_temporary() { Class::Temporary } else { Class::Permanent };
        self.set(Status::new(class, subject, detail), text);
    }
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Found {
    pub servers: Vec<Server>,
    pub why: Why,
    /// This machine is an MX host of the destination: only better MX hosts may be tried.
    pub i_am_mx: bool,
    /// Mail loops back to this machine.
    pub loops: bool,
}

impl Found {
    /// A local socket.
    pub fn here(host: &str) -> Self {
        let address = std::net::Ipv4Addr::UNSPECIFIED.into();
        Self { servers: vec![Server { host: host.to_string(), address, preference: 0 }], ..Self::default() }
    }
}

/// What lookups need.
pub struct Lookup<'a> {
    pub settings: &'a LookupSettings,
    pub services: &'a Services,
    pub hosts: &'a HostsFile,
    pub log: &'a MailLog,
    /// The destination's port is the one that mail for this machine comes in by.
    pub detect_loops: bool,
}

impl Lookup<'_> {
    /// By MX, where there is one.
    pub async fn domain(&self, name: &str) -> Found {
        let mut found = Found::default();
        match self.services.dns.lookup(name, RecordType::Mx).await {
            Ok(answer) => {
                let hosts: Vec<_> = answer.records.iter().map(|mx| (mx.data.as_str(), mx.preference)).collect();
                self.mail_exchangers(name, &hosts, &mut found).await;
                found
            }
            Err(failure) => {
                let (status, host) = mx_failure(&failure, self.settings.ignore_mx_lookup_error);
                if host {
                    return self.host(name).await;
                }
                found.why.set(status, failure.text);
                found
            }
        }
    }

    async fn mail_exchangers(&self, name: &str, hosts: &[(&str, u16)], found: &mut Found) {
        for (host, preference) in hosts {
            found.servers.extend(self.addresses(host, *preference, &mut found.why).await);
        }
        if found.servers.is_empty() {
            if self.settings.defer_if_no_mx_address
                && let Some((status, _)) = &mut found.why.0
            {
                *status = status.with_class(Class::Temporary);
            }
            self.log.warning(format_args!("no MX host for {name} has a valid address record"));
            return;
        }
        let (best, best_found) = (hosts[0].1, found.servers[0].preference);
        if let Some(own) = self.own_preference(&found.servers).await {
            // RFC 5321 section 5.1: never to a server that is no better than this one.
            found.i_am_mx = true;
            found.servers.retain(|server| server.preference < own);
            if found.servers.is_empty() && best != best_found {
                let text = format!("unable to find primary relay for {name}");
                found.why.set(Status::temporary(4, 4), text);
            } else if found.servers.is_empty() {
                found.loops = true;
                found.why.set(Status::permanent(4, 6), format!("mail for {name} loops back to myself"));
            }
        }
        self.order(&mut found.servers);
    }

    /// By the name alone, or by an address.
    pub async fn host(&self, name: &str) -> Found {
        let mut found = Found::default();
        found.servers = self.addresses(name, 0, &mut found.why).await;
        if self.own_preference(&found.servers).await.is_some() {
            found.servers.clear();
            found.loops = true;
            found.why.set(Status::permanent(4, 6), format!("mail for {name} loops back to myself"));
        }
        self.order(&mut found.servers);
        found
    }

    /// The preference of the first address that is this machine's own.
    async fn own_preference(&self, servers: &[Server]) -> Option<u16> {
        if !self.detect_loops {
            return None;
        }
        for server in servers {
            let address = server.address.to_string();
            for parameter in ["inet_interfaces", "proxy_interfaces"] {
                if self.services.tables.match_host(parameter, "", &address).wait().await.unwrap_or(false) {
                    return Some(server.preference);
                }
            }
        }
        None
    }

    async fn addresses(&self, host: &str, preference: u16, why: &mut Why) -> Vec<Server> {
        let server = |address| Server { host: host.to_string(), address, preference };
        if let Ok(address) = host.parse::<IpAddr>() {
            return self.wanted(vec![address]).into_iter().map(server).collect();
        }
        if self.settings.dns {
            match self.dns_addresses(host).await {
                Ok(addresses) => return addresses.into_iter().map(server).collect(),
                Err(failure) => match failure.reason {
                    DnsReason::NoSuchDomain | DnsReason::NoData => why.hard(4, 4, &failure.text),
                    DnsReason::Malformed => {
                        why.hard(4, 4, &failure.text);
                        return Vec::new();
                    }
                    DnsReason::Refused => {
                        why.hard(4, 3, &failure.text);
                        return Vec::new();
                    }
                    DnsReason::Filtered => {
                        why.set(Status::temporary(7, 0), &failure.text);
                        return Vec::new();
                    }
                    DnsReason::NullMx | DnsReason::ServerFailure | DnsReason::Timeout => {
                        why.set(Status::temporary(4, 3), &failure.text);
                        return Vec::new();
                    }
                },
            }
        }
        if self.settings.native {
            return self.native_addresses(host, why).await.into_iter().map(server).collect();
        }
        Vec::new()
    }

    /// All address types at once. Where nothing was found, a temporary failure of one hides what the other says, and that a
    /// filter took all hides that there never was anything.
    async fn dns_addresses(&self, host: &str) -> Result<Vec<IpAddr>, DnsFailure> {
        let (dns, settings) = (&self.services.dns, self.settings);
        let ask = |wanted: bool, kind| async move { if wanted { Some(dns.lookup(host, kind).await) } else { None } };
        let (four, six) =
            futures_util::future::join(ask(settings.ipv4, RecordType::A), ask(settings.ipv6, RecordType::Aaaa)).await;
        let (mut addresses, mut failed) = (Vec::new(), None::<DnsFailure>);
        for answer in [four, six].into_iter().flatten() {
            match answer {
                Ok(answer) => addresses.extend(answer.records.iter().filter_map(|r| r.data.parse::<IpAddr>().ok())),
                Err(failure) if failed.as_ref().is_some_and(|known| weight(known) > weight(&failure)) => {}
                Err(failure) => failed = Some(failure),
            }
        }
        match failed {
            Some(failure) if addresses.is_empty() => Err(failure),
            _ => Ok(addresses),
        }
    }

    /// hosts(5) and then the DNS, as nsswitch.conf(5) has it everywhere.
    async fn native_addresses(&self, host: &str, why: &mut Why) -> Vec<IpAddr> {
        let known = self.wanted(self.hosts.table().addresses_of(host));
        if !known.is_empty() {
            return known;
        }
        let error = match self.dns_addresses(host).await {
            Ok(addresses) if !addresses.is_empty() => return addresses,
            Err(failure) if failure.is_temporary() => {
                let text = format!("unable to look up host {host}: Temporary failure in name resolution");
                why.set(Status::temporary(4, 4), text);
                return Vec::new();
            }
            Err(DnsFailure { reason: DnsReason::NoData, .. }) => "No address associated with hostname",
            _ => "Name or service not known",
        };
        why.hard(4, 4, &format!("unable to look up host {host}: {error}"));
        Vec::new()
    }

    /// inet_protocols.
    fn wanted(&self, mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
        addresses.retain(|address| if address.is_ipv4() { self.settings.ipv4 } else { self.settings.ipv6 });
        addresses
    }

    /// smtp_randomize_addresses within a preference, then smtp_address_preference.
    fn order(&self, servers: &mut Vec<Server>) {
        if self.settings.randomize {
            for last in (1..servers.len()).rev() {
                let other = self.services.randomness.number() % (last as u64 + 1);
                servers.swap(last, other as usize);
            }
        }
        servers.sort_by_key(|server| {
            let later = match self.settings.preference {
                AddressPreference::Any => false,
                AddressPreference::Ipv4 => server.address.is_ipv6(),
                AddressPreference::Ipv6 => server.address.is_ipv4(),
            };
            (server.preference, later)
        });
        self.balance(servers);
    }

    /// smtp_balance_inet_protocols: the first smtp_mx_address_limit addresses hold some of both protocols, half of them or all
    /// that there are. The order stays.
    fn balance(&self, servers: &mut Vec<Server>) {
        let limit = self.settings.balance_limit;
        let six = servers.iter().filter(|server| server.address.is_ipv6()).count();
        let four = servers.len() - six;
        if four == 0 || six == 0 || servers.len() <= limit || limit < 2 {
            return;
        }
        let four_is_first = servers.first().is_some_and(|server| server.address.is_ipv4());
        let mut four_left = match (four <= limit / 2, six <= limit / 2) {
            (true, _) => four,
            (_, true) => limit - six,
            // The odd one goes to the protocol that is tried first.
            _ => (limit + usize::from(four_is_first)) / 2,
        };
        let mut six_left = limit - four_left;
        servers.retain(|server| {
            let left = if server.address.is_ipv4() { &mut four_left } else { &mut six_left };
            let stays = *left > 0;
            *left = left.saturating_sub(1);
            stays
        });
    }
}

fn weight(failure: &DnsFailure) -> u8 {
    match failure.reason {
        _ if failure.is_temporary() => 2,
        DnsReason::Filtered | DnsReason::Refused => 1,
        _ => 0,
    }
}

/// The status of a failed MX lookup, and whether to look for the host's own address.
fn mx_failure(failure: &DnsFailure, ignore: bool) -> (Status, bool) {
    match failure.reason {
        // RFC 5321 section 5.1: without MX the domain itself is the mail exchanger.
        DnsReason::NoSuchDomain | DnsReason::NoData => (Status::permanent(4, 4), true),
        DnsReason::NullMx => (Status::permanent(1, 0), false),
        DnsReason::Filtered => (Status::temporary(7, 0), false),
        DnsReason::Malformed => (Status::permanent(4, 4), ignore),
        DnsReason::Refused => (Status::permanent(4, 3), ignore),
        DnsReason::ServerFailure | DnsReason::Timeout => (Status::temporary(4, 3), ignore),
    }
}
