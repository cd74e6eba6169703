//! inet and unix entries of master.cf: their listening sockets, accept loops and session limits.

use std::{
    collections::HashMap,
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::Duration,
};

use arc_swap::ArcSwap;

use crate::MasterError;

mod endpoint;
mod places;
mod socket;

pub use endpoint::{Endpoint, Settings, endpoints};
pub use places::{Place, Places};
pub use socket::{Connection, bind};

use socket::Listener;

/// A connection, handed to the service behind the entry.
pub struct Accepted {
    pub connection: Connection,
    /// All sessions the entry may have are taken: STRESS_README.
    pub stress: bool,
}

/// What stands behind an entry: it takes the connection and returns at once, spawning what it needs.
pub type Serve = dyn Fn(Accepted, Place) + Send + Sync;

/// One entry that listens, with its service.
#[derive(Clone)]
pub struct SocketService {
    /// First column, as written.
    pub name: String,
    pub endpoints: Vec<Endpoint>,
    /// maxproc: sessions at the same time; none: no limit.
    pub limit: Option<u32>,
    pub serve: Arc<Serve>,
}

/// Opens a port: directly, or through the privileged parent.
pub type Bind = dyn Fn(SocketAddr) -> Result<TcpListener, MasterError> + Send + Sync;

/// All running accept loops. A reload keeps the sockets that stay.
pub struct Listeners {
    bind: Box<Bind>,
    warn: Arc<Warn>,
    running: HashMap<Endpoint, Running>,
}

/// Writes a warning of master(8) to the log.
pub type Warn = dyn Fn(&str) + Send + Sync;

struct Running {
    service: Arc<ArcSwap<Current>>,
    task: tokio::task::JoinHandle<()>,
}

struct Current {
    name: String,
    /// None of its sockets can be reached from other hosts.
    is_local: bool,
    serve: Arc<Serve>,
    limit: u32,
    places: Arc<Places>,
}

impl Listeners {
    pub fn new(bind: Box<Bind>, warn: Arc<Warn>) -> Self {
        Self { bind, warn, running: HashMap::new() }
    }

    /// Makes the running loops those of `services`. Sockets that stay keep their backlog, so no client notices. When a new
    /// one cannot be opened nothing changes. The file of a unix socket that is no longer served stays, as in Postfix.
    pub fn apply(&mut self, services: &[SocketService]) -> Result<(), MasterError> {
        let mut opened: Vec<(Endpoint, Listener)> = Vec::new();
        for endpoint in services.iter().flat_map(|service| &service.endpoints) {
            if !self.running.contains_key(endpoint) && !opened.iter().any(|(other, _)| other == endpoint) {
                opened.push((endpoint.clone(), Listener::open(endpoint, &*self.bind)?));
            }
        }
        let mut wanted = HashMap::new();
        for service in services {
            let current = Arc::new(self.current(service));
            wanted.extend(service.endpoints.iter().map(|e| (e.clone(), current.clone())));
        }
        self.running.retain(|endpoint, running| {
            let stays = wanted.contains_key(endpoint);
            if !stays {
                running.task.abort();
            }
            stays
        });
        for (endpoint, running) in &self.running {
            running.service.store(wanted[endpoint].clone());
            wanted[endpoint].places.changed();
        }
        for (endpoint, listener) in opened {
            let service = Arc::new(ArcSwap::new(wanted[&endpoint].clone()));
            let task = tokio::spawn(accept(listener, service.clone(), self.warn.clone()));
            self.running.insert(endpoint, Running { service, task });
        }
        Ok(())
    }

    /// The service with the places of the entry that listened there before: sessions under way count.
    fn current(&self, service: &SocketService) -> Current {
        let before = service.endpoints.iter().find_map(|endpoint| self.running.get(endpoint));
        Current {
            name: service.name.clone(),
            is_local: service.endpoints.iter().all(Endpoint::is_local),
            serve: service.serve.clone(),
            limit: service.limit.unwrap_or(u32::MAX),
            places: before.map_or_else(Arc::default, |running| running.service.load().places.clone()),
        }
    }

    /// Stops accepting; sessions under way go on.
    pub fn close(&mut self) {
        for (_, running) in self.running.drain() {
            running.task.abort();
        }
    }

    /// What is listened on, for `status`.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        let mut all: Vec<_> = self.running.keys().cloned().collect();
        all.sort();
        all
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        self.close();
    }
}

impl Current {
    /// As master(8), which keeps quiet about services that only this host's programs use, and those of one process.
    fn tell_limit(&self, warn: &Warn) {
        if self.is_local || self.limit < 2 || !self.places.tell_now() {
            return;
        }
        let (name, limit) = (&self.name, self.limit);
        warn(&format!(
            "service \"{name}\" ({name}) has reached its process limit \"{limit}\": new clients may experience noticeable delays"
        ));
        warn("to avoid this condition, increase the process count in master.cf or reduce the service time per client");
        warn("see http://www.postfix.org/STRESS_README.html for examples of stress-adapting configuration settings");
    }
}

async fn accept(listener: Listener, service: Arc<ArcSwap<Current>>, warn: Arc<Warn>) {
    loop {
        match listener.accept().await {
            Ok(Some(connection)) => {
                // As master(8): at the process limit further clients wait, all but this one in the backlog. A place taken
                // before there is a client would be missing at the entry's other addresses.
                let (current, place) = loop {
                    let current = service.load_full();
                    match current.places.take(current.limit) {
                        Some(place) => break (current, place),
                        None => current.places.freed(current.limit).await,
                    }
                };
                let full = current.places.are_full(current.limit);
                if full {
                    current.tell_limit(&*warn);
                }
                (current.serve)(Accepted { connection, stress: full && current.limit > 1 }, place);
            }
            // The client is gone already.
            Ok(None) => {}
            Err(error) => {
                // EMFILE and ENFILE pass when sessions end; trying again at once would spin.
                warn(&format!("accept connection: {error}"));
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests;
