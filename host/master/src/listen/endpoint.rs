//! Where an entry of master.cf listens: the first three columns, inet_interfaces and inet_protocols.

use std::{
    fmt,
    net::{IpAddr, SocketAddr, ToSocketAddrs},
    path::{Path, PathBuf},
};

use config::{MasterEntry, ServiceKind};

use crate::MasterError;

/// One listening socket's address.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Endpoint {
    Inet(SocketAddr),
    /// Below queue_directory, in `private` or `public`.
    Unix(PathBuf),
}

impl Endpoint {
    /// Only clients on this host reach it.
    pub fn is_local(&self) -> bool {
        match self {
            Self::Inet(address) => address.ip().is_loopback(),
            Self::Unix(_) => true,
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(address) => address.fmt(f),
            Self::Unix(path) => path.display().fmt(f),
        }
    }
}

/// What main.cf says of where services listen.
pub struct Settings<'a> {
    pub queue_directory: &'a Path,
    pub inet_interfaces: &'a [String],
    pub inet_protocols: &'a [String],
}

/// Where the entry listens, be it of type inet or unix; never empty.
pub fn endpoints(entry: &MasterEntry, settings: &Settings) -> Result<Vec<Endpoint>, MasterError> {
    let found = match entry.kind {
        ServiceKind::Inet => inet(entry, settings).map(|all| all.into_iter().map(Endpoint::Inet).collect()),
        ServiceKind::Unix => Ok(vec![Endpoint::Unix(unix(entry, settings.queue_directory))]),
        other => Err(format!("a service of type {other} does not listen here; make it inet or unix")),
    };
    found.map_err(|problem| MasterError::Config {
        place: entry.place.to_string(),
        service: entry.service.clone(),
        problem,
    })
}

/// As master(5): `private` unless the column says `n`.
fn unix(entry: &MasterEntry, queue_directory: &Path) -> PathBuf {
    let class = if entry.private == Some(false) { "public" } else { "private" };
    queue_directory.join(class).join(&entry.service)
}

/// `port`, `host:port` or `[host]:port`; without a host all of inet_interfaces.
fn inet(entry: &MasterEntry, settings: &Settings) -> Result<Vec<SocketAddr>, String> {
    let (host, port) = match entry.service.rsplit_once(':') {
        Some((host, port)) => (Some(host.trim_start_matches('[').trim_end_matches(']')), port),
        None => (None, entry.service.as_str()),
    };
    let port = port_number(port).ok_or_else(|| format!("no such service or port: {port}"))?;
    let spoken = |name: &str| settings.inet_protocols.iter().any(|p| p == name || p == "all");
    let (v4, v6) = (spoken("ipv4"), spoken("ipv6"));
    let mut found = Vec::new();
    let hosts: Vec<&str> = match host {
        Some("") | Some("*") => vec!["all"],
        Some(host) => vec![host],
        None => settings.inet_interfaces.iter().map(String::as_str).collect(),
    };
    for host in hosts {
        match host {
            "all" => found.extend(["0.0.0.0", "::"].map(|a| a.to_string())),
            "loopback-only" => found.extend(["127.0.0.1", "::1"].map(|a| a.to_string())),
            host => match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
                Ok(address) => found.push(address.to_string()),
                Err(_) => {
                    let known = (host, port).to_socket_addrs().map_err(|e| format!("host not found: {host}: {e}"))?;
                    found.extend(known.map(|a| a.ip().to_string()));
                }
            },
        }
    }
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for address in found.iter().filter_map(|a| a.parse::<IpAddr>().ok()) {
        let spoken = if address.is_ipv4() { v4 } else { v6 && has_ipv6() };
        let address = SocketAddr::new(address, port);
        if spoken && !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    if addresses.is_empty() {
        return Err("no address to listen on: check inet_interfaces and inet_protocols".into());
    }
    Ok(addresses)
}

/// A number or a name of services(5).
fn port_number(name: &str) -> Option<u16> {
    if let Ok(number) = name.parse() {
        return Some(number);
    }
    let services = std::fs::read_to_string("/etc/services").unwrap_or_default();
    let listed = services.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let (first, number) = (words.next()?, words.next()?.strip_suffix("/tcp")?);
        (first == name || words.any(|alias| alias == name)).then(|| number.parse().ok())?
    });
    // RFC 5321, RFC 6409, RFC 8314: known even where services(5) is missing.
    listed.or(match name {
        "smtp" => Some(25),
        "submission" => Some(587),
        "smtps" | "submissions" => Some(465),
        "qmqp" => Some(628),
        _ => None,
    })
}

/// Postfix's `inet_protocols = all` means "as many as this host has".
fn has_ipv6() -> bool {
    std::fs::metadata("/proc/net/if_inet6").is_ok_and(|m| m.is_file())
        && std::fs::read_to_string("/proc/net/if_inet6").is_ok_and(|t| !t.trim().is_empty())
}
