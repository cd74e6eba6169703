//! Client host names: smtpd_peer(3), smtpd_peername_lookup. A name counts only when it resolves back to the address.

use std::net::IpAddr;

use hook::{Dns, DnsFailure, DnsReason, NameStatus, RecordType};

use crate::hosts::Table;

/// Who connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerName {
    /// Verified name, or `unknown`.
    pub name: String,
    /// Name by the address alone, or `unknown`.
    pub reverse_name: String,
    pub name_status: NameStatus,
    pub reverse_status: NameStatus,
    /// What to log as a warning when the names do not fit.
    pub warning: Option<String>,
}

impl PeerName {
    /// No name; with smtpd_peername_lookup = no the status is `Unchecked`.
    pub fn unknown(status: NameStatus) -> Self {
        let unknown = || "unknown".to_string();
        Self { name: unknown(), reverse_name: unknown(), name_status: status, reverse_status: status, warning: None }
    }
}

/// Address to name, then name to address, each through hosts(5) first and then the DNS.
pub async fn lookup(dns: &dyn Dns, hosts: &Table, address: IpAddr) -> PeerName {
    // RFC 4291 section 2.5.5.2: an IPv4 client on an IPv6 socket.
    let address = address.to_canonical();
    let reverse_name = match name_of(dns, hosts, address).await {
        Ok(name) => name,
        Err(status) => return PeerName::unknown(status),
    };
    let (trouble, status) = match addresses_of(dns, hosts, &reverse_name, address).await {
        Ok(addresses) if addresses.contains(&address) => (None, NameStatus::Verified),
        Ok(_) => (Some(String::new()), NameStatus::Forged),
        Err(failure) if failure.is_temporary() => {
            (Some(": Temporary failure in name resolution".to_string()), NameStatus::TemporaryFailure)
        }
        Err(failure) => (Some(format!(": {}", permanent_text(failure.reason))), NameStatus::Forged),
    };
    let name = if trouble.is_none() { reverse_name.clone() } else { "unknown".to_string() };
    let warning = trouble.map(|why| format!("hostname {reverse_name} does not resolve to address {address}{why}"));
    PeerName { name, reverse_name, name_status: status, reverse_status: NameStatus::Verified, warning }
}

/// getnameinfo(3) with NI_NAMEREQD.
async fn name_of(dns: &dyn Dns, hosts: &Table, address: IpAddr) -> Result<String, NameStatus> {
    let name = match hosts.name_of(address) {
        Some(name) => name.to_string(),
        None => match dns.reverse(address).await {
            Ok(answer) => answer.records.into_iter().next().map(|record| record.data).unwrap_or_default(),
            Err(failure) if failure.is_temporary() => return Err(NameStatus::TemporaryFailure),
            Err(_) => return Err(NameStatus::NotFound),
        },
    };
    if is_hostname(&name) { Ok(name) } else { Err(NameStatus::NotFound) }
}

/// getaddrinfo(3) for the family of the client's address.
async fn addresses_of(dns: &dyn Dns, hosts: &Table, name: &str, client: IpAddr) -> Result<Vec<IpAddr>, DnsFailure> {
    let same_family = |address: &IpAddr| address.is_ipv4() == client.is_ipv4();
    let known: Vec<_> = hosts.addresses_of(name).into_iter().filter(same_family).collect();
    if !known.is_empty() {
        return Ok(known);
    }
    let kind = if client.is_ipv4() { RecordType::A } else { RecordType::Aaaa };
    let answer = dns.lookup(name, kind).await?;
    Ok(answer.records.iter().filter_map(|record| record.data.parse().ok()).collect())
}

/// gai_strerror(3).
fn permanent_text(reason: DnsReason) -> &'static str {
    match reason {
        DnsReason::NoData => "No address associated with hostname",
        _ => "Name or service not known",
    }
}

/// A name the DNS may claim: valid_hostname(3), and never an address, so that no client passes itself off as one.
fn is_hostname(name: &str) -> bool {
    let label = |label: &str| {
        let inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        let edges = !label.starts_with('-') && !label.ends_with('-');
        !label.is_empty() && label.len() <= 63 && edges && label.bytes().all(inside)
    };
    let numeric = name.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    !name.is_empty() && name.len() <= 255 && !numeric && name.split('.').all(label)
}

#[cfg(test)]
mod tests;
