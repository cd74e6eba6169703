//! inet entries of master.cf: their addresses, listening sockets, accept loops and session limits.

use std::{
    collections::HashMap,
    io,
    net::{IpAddr, SocketAddr, TcpListener, ToSocketAddrs},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;
use config::MasterEntry;
use tokio::sync::Semaphore;

use crate::MasterError;

/// A connection, handed to the service behind the entry.
pub struct Accepted {
    pub stream: tokio::net::TcpStream,
    pub peer: SocketAddr,
    pub local: SocketAddr,
    /// All sessions the entry may have are taken: STRESS_README.
    pub stress: bool,
}

/// What stands behind an entry: it takes the connection and returns at once, spawning what it needs. The permit is the
/// session's place under the entry's process limit, given back when it is dropped.
pub type Serve = dyn Fn(Accepted, tokio::sync::OwnedSemaphorePermit) + Send + Sync;

/// One inet entry with its addresses and service.
#[derive(Clone)]
pub struct InetService {
    /// First column, as written.
    pub name: String,
    pub addresses: Vec<SocketAddr>,
    /// maxproc: sessions at the same time; none: no limit.
    pub limit: Option<u32>,
    pub serve: Arc<Serve>,
}

/// Opens a listening socket: directly, or through the privileged parent.
pub type Bind = dyn Fn(SocketAddr) -> Result<TcpListener, MasterError> + Send + Sync;

/// All running accept loops. A reload keeps the sockets that stay.
pub struct Listeners {
    bind: Box<Bind>,
    running: HashMap<SocketAddr, Running>,
}

struct Running {
    service: Arc<ArcSwap<Current>>,
    task: tokio::task::JoinHandle<()>,
}

struct Current {
    serve: Arc<Serve>,
    limit: u32,
    places: Arc<Semaphore>,
}

impl Listeners {
    pub fn new(bind: Box<Bind>) -> Self {
        Self { bind, running: HashMap::new() }
    }

    /// Makes the running loops those of `services`. Sockets that stay keep their backlog, so no client notices. When a new
    /// address cannot be bound nothing changes.
    pub fn apply(&mut self, services: &[InetService]) -> Result<(), MasterError> {
        let mut opened = Vec::new();
        for service in services {
            for address in &service.addresses {
                if !self.running.contains_key(address) && !opened.iter().any(|(a, _)| a == address) {
                    opened.push((*address, (self.bind)(*address)?));
                }
            }
        }
        let mut wanted = HashMap::new();
        for service in services {
            // One limit for all addresses of an entry, as one process pool serves them in Postfix.
            let limit = service.limit.unwrap_or(Semaphore::MAX_PERMITS as u32 >> 3);
            let current = Arc::new(Current {
                serve: service.serve.clone(),
                limit,
                places: Arc::new(Semaphore::new(limit as usize)),
            });
            wanted.extend(service.addresses.iter().map(|a| (*a, current.clone())));
        }
        self.running.retain(|address, running| {
            let stays = wanted.contains_key(address);
            if !stays {
                running.task.abort();
            }
            stays
        });
        for (address, running) in &self.running {
            running.service.store(wanted[address].clone());
        }
        for (address, socket) in opened {
            let listener =
                tokio::net::TcpListener::from_std(socket).map_err(|source| MasterError::Bind { address, source })?;
            let service = Arc::new(ArcSwap::new(wanted[&address].clone()));
            let task = tokio::spawn(accept(listener, service.clone()));
            self.running.insert(address, Running { service, task });
        }
        Ok(())
    }

    /// Stops accepting; sessions under way go on.
    pub fn close(&mut self) {
        for (_, running) in self.running.drain() {
            running.task.abort();
        }
    }

    /// Addresses listened on, for `status`.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        let mut all: Vec<_> = self.running.keys().copied().collect();
        all.sort();
        all
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        self.close();
    }
}

async fn accept(listener: tokio::net::TcpListener, service: Arc<ArcSwap<Current>>) {
    loop {
        // As master(8): at the process limit further clients wait in the backlog. A reload may bring more places, hence the timer.
        let current = service.load_full();
        let place = match current.places.clone().try_acquire_owned() {
            Ok(place) => place,
            Err(_) => {
                match tokio::time::timeout(Duration::from_secs(1), current.places.clone().acquire_owned()).await {
                    Ok(Ok(place)) => place,
                    _ => continue,
                }
            }
        };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let current = service.load();
                let stress = current.limit > 1 && current.places.available_permits() == 0;
                // The local address is known for a connected socket unless the client is gone already.
                let Ok(local) = stream.local_addr() else { continue };
                // Replies are written whole; waiting for more would only delay them.
                let _ = stream.set_nodelay(true);
                (current.serve)(Accepted { stream, peer: unmapped(peer), local: unmapped(local), stress }, place);
            }
            Err(error) => {
                // EMFILE and ENFILE pass when sessions end; trying again at once would spin.
                tracing::warn!(target: "maillog", program = "postfix/master", "warning: accept connection: {error}");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

/// IPv4-mapped IPv6 addresses count as IPv4.
fn unmapped(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// A listening socket with Postfix's options; the backlog is the kernel's largest.
pub fn bind(address: SocketAddr) -> Result<TcpListener, MasterError> {
    let open = || -> io::Result<TcpListener> {
        let domain = socket2::Domain::for_address(address);
        let socket = socket2::Socket::new(domain, socket2::Type::STREAM, Some(socket2::Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.bind(&address.into())?;
        socket.listen(1024)?;
        socket.set_nonblocking(true)?;
        Ok(socket.into())
    };
    open().map_err(|source| MasterError::Bind { address, source })
}

/// The addresses of an inet entry: `port`, `host:port` or `[host]:port`; without a host all of inet_interfaces.
pub fn addresses(
    entry: &MasterEntry,
    inet_interfaces: &[String],
    inet_protocols: &[String],
) -> Result<Vec<SocketAddr>, MasterError> {
    let wrong = |problem: String| MasterError::Config {
        place: entry.place.to_string(),
        service: entry.service.clone(),
        problem,
    };
    let (host, port) = match entry.service.rsplit_once(':') {
        Some((host, port)) => (Some(host.trim_start_matches('[').trim_end_matches(']')), port),
        None => (None, entry.service.as_str()),
    };
    let port = port_number(port).ok_or_else(|| wrong(format!("no such service or port: {port}")))?;
    let v4 = inet_protocols.iter().any(|p| p == "ipv4" || p == "all");
    let v6 = inet_protocols.iter().any(|p| p == "ipv6" || p == "all");
    let mut found = Vec::new();
    let hosts: Vec<&str> = match host {
        Some("") | Some("*") => vec!["all"],
        Some(host) => vec![host],
        None => inet_interfaces.iter().map(String::as_str).collect(),
    };
    for host in hosts {
        match host {
            "all" => found.extend(["0.0.0.0", "::"].map(|a| a.to_string())),
            "loopback-only" => found.extend(["127.0.0.1", "::1"].map(|a| a.to_string())),
            host => match host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>() {
                Ok(address) => found.push(address.to_string()),
                Err(_) => {
                    let known =
                        (host, port).to_socket_addrs().map_err(|e| wrong(format!("host not found: {host}: {e}")))?;
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
        return Err(wrong("no address to listen on: check inet_interfaces and inet_protocols".into()));
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

#[cfg(test)]
mod tests;
