//! The servers of a network table: which one is asked, connections that are kept, servers that are left alone for a while.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use hook::{BoxFuture, TableError};
use tokio::{sync::Semaphore, time::timeout};

use crate::open::Environment;

/// Connections of one table at a time; further lookups wait for one of them.
const MOST_CONNECTIONS: usize = 32;
/// Idle connections are closed after this time, as Postfix does.
const IDLE: Duration = Duration::from_secs(60);
/// A server that failed is left alone so long, if there is another one.
const RETRY: Duration = Duration::from_secs(60);
/// When all have failed, they are tried again after this time.
const RETRY_ALL: Duration = Duration::from_secs(1);

/// Why there is no answer.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The connection is of no more use; another server may be.
    Server(String),
    /// The server has understood, and refuses. Another would, too.
    Query(String),
}

/// How one kind of server is talked to.
pub(crate) trait Client: Send + Sync + 'static {
    type Connection: Send + 'static;
    type Question: Sync + ?Sized;
    type Answer: Send;
    /// Opens a connection to the server with this number. The error is the text for the log.
    fn connect(&self, server: usize) -> BoxFuture<'_, Result<Self::Connection, String>>;
    fn ask<'a>(
        &'a self,
        connection: &'a mut Self::Connection,
        question: &'a Self::Question,
    ) -> BoxFuture<'a, Result<Self::Answer, Trouble>>;
}

/// In what order servers are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Given,
    /// At random, the preferred ones (those behind a local socket) first.
    Random,
}

pub(crate) struct Servers<C: Client> {
    client: C,
    order: Order,
    servers: Vec<Server>,
    state: Mutex<State<C::Connection>>,
    places: Semaphore,
    closing: AtomicBool,
    /// For a connection to be made, and for an answer.
    limit: Duration,
    environment: Environment,
    itself: Weak<Self>,
}

struct Server {
    /// As the log calls it.
    name: String,
    preferred: bool,
}

struct State<C> {
    idle: Vec<Idle<C>>,
    /// Until when each server is left alone, in the time of the monotonic clock.
    failed: Vec<Option<Duration>>,
}

struct Idle<C> {
    server: usize,
    connection: C,
    since: Duration,
}

impl<C: Client> Servers<C> {
    /// `servers`: names for the log, and whether each is preferred.
    pub fn new(
        client: C,
        servers: Vec<(String, bool)>,
        order: Order,
        limit: Duration,
        environment: &Environment,
    ) -> Arc<Self> {
        let failed = vec![None; servers.len()];
        Arc::new_cyclic(|itself| Self {
            client,
            order,
            servers: servers.into_iter().map(|(name, preferred)| Server { name, preferred }).collect(),
            state: Mutex::new(State { idle: Vec::new(), failed }),
            places: Semaphore::new(MOST_CONNECTIONS),
            closing: AtomicBool::new(false),
            limit,
            environment: environment.clone(),
            itself: itself.clone(),
        })
    }

    /// The answer of the first server that gives one.
    pub async fn ask(&self, question: &C::Question) -> Result<C::Answer, TableError> {
        let busy = || TableError::Temporary("all connections are busy".to_string());
        let _place = match timeout(self.limit, self.places.acquire()).await {
            Ok(Ok(place)) => place,
            _ => return Err(busy()),
        };
        // A kept connection may have been closed by the server meanwhile, which says nothing about the server.
        while let Some(idle) = self.idle() {
            match self.ask_over(idle.connection, idle.server, question).await {
                Err(Trouble::Server(_)) => {}
                Err(Trouble::Query(text)) => return Err(self.refused(idle.server, &text)),
                Ok(answer) => return Ok(answer),
            }
        }
        let mut last = "no server could be reached".to_string();
        for server in self.candidates() {
            let outcome = match timeout(self.limit, self.client.connect(server)).await {
                Ok(Ok(connection)) => self.ask_over(connection, server, question).await,
                Ok(Err(text)) => Err(Trouble::Server(text)),
                Err(_) => Err(Trouble::Server("connection timed out".to_string())),
            };
            match outcome {
                Ok(answer) => {
                    self.state().failed[server] = None;
                    return Ok(answer);
                }
                Err(Trouble::Query(text)) => return Err(self.refused(server, &text)),
                Err(Trouble::Server(text)) => {
                    let name = &self.servers[server].name;
                    (self.environment.warn)(&format!("{name}: {text}"));
                    last = text;
                    self.state().failed[server] = Some(self.environment.clock.monotonic());
                }
            }
        }
        Err(TableError::Temporary(last))
    }

    async fn ask_over(
        &self,
        mut connection: C::Connection,
        server: usize,
        question: &C::Question,
    ) -> Result<C::Answer, Trouble> {
        let answer = match timeout(self.limit, self.client.ask(&mut connection, question)).await {
            Ok(answer) => answer,
            Err(_) => Err(Trouble::Server("no answer in time".to_string())),
        };
        if !matches!(answer, Err(Trouble::Server(_))) {
            self.keep(connection, server);
        }
        answer
    }

    fn refused(&self, server: usize, text: &str) -> TableError {
        (self.environment.warn)(&format!("{}: {text}", self.servers[server].name));
        TableError::Temporary(text.to_string())
    }

    /// An open connection, one to a preferred server if there is one.
    fn idle(&self) -> Option<Idle<C::Connection>> {
        let now = self.environment.clock.monotonic();
        let mut state = self.state();
        state.idle.retain(|idle| now.saturating_sub(idle.since) < IDLE);
        let at = state.idle.iter().rposition(|idle| self.servers[idle.server].preferred);
        let at = at.or_else(|| state.idle.len().checked_sub(1))?;
        Some(state.idle.swap_remove(at))
    }

    fn keep(&self, connection: C::Connection, server: usize) {
        let since = self.environment.clock.monotonic();
        self.state().idle.push(Idle { server, connection, since });
        if self.closing.swap(true, Ordering::AcqRel) {
            return;
        }
        let servers = self.itself.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(IDLE).await;
                let Some(servers) = servers.upgrade() else { return };
                let now = servers.environment.clock.monotonic();
                let mut state = servers.state();
                state.idle.retain(|idle| now.saturating_sub(idle.since) < IDLE);
                if state.idle.is_empty() {
                    servers.closing.store(false, Ordering::Release);
                    return;
                }
            }
        });
    }

    /// The servers to connect to, in their order. All of them when none is in good health, but not without a pause.
    fn candidates(&self) -> Vec<usize> {
        let now = self.environment.clock.monotonic();
        let failed = self.state().failed.clone();
        let rested = |pause: Duration| {
            let fit = |server: &usize| failed[*server].is_none_or(|since| now.saturating_sub(since) >= pause);
            (0..self.servers.len()).filter(fit).collect::<Vec<_>>()
        };
        let mut servers = rested(RETRY);
        if servers.is_empty() {
            servers = rested(RETRY_ALL);
        }
        if self.order == Order::Random {
            for left in (1..servers.len()).rev() {
                let other = self.environment.randomness.number() % (left as u64 + 1);
                servers.swap(left, other as usize);
            }
            servers.sort_by_key(|server| !self.servers[*server].preferred);
        }
        servers
    }

    fn state(&self) -> MutexGuard<'_, State<C::Connection>> {
        // What is done under the lock cannot fail half way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
