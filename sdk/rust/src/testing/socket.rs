//! Servers that a plugin may talk to, played by closures of the test.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use super::{Host, WORLD};
use crate::socket::SocketError;

/// What a fake server does once it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    Text(String),
    /// Something, and the end.
    TextAndClose(String),
    /// Nothing, for longer than any timeout.
    Nothing,
}

type Server = Box<dyn FnMut(&str) -> Said>;

#[derive(Default)]
pub(super) struct Sockets {
    servers: HashMap<String, Result<Server, SocketError>>,
    requests: Vec<String>,
    connects: u32,
    waited: Duration,
    kept: VecDeque<Kept>,
}

struct Kept {
    endpoint: String,
    opened: u64,
    uses: u32,
    until: u64,
}

impl Host {
    /// A server: asked with all that was written since it last spoke.
    pub fn server(mut self, endpoint: &str, answer: impl FnMut(&str) -> Said + 'static) -> Self {
        self.0.sockets.servers.insert(endpoint.into(), Ok(Box::new(answer)));
        self
    }

    /// An endpoint where connecting fails; others are not granted.
    pub fn no_server(mut self, endpoint: &str, error: SocketError) -> Self {
        self.0.sockets.servers.insert(endpoint.into(), Err(error));
        self
    }

    /// All that servers were asked so far.
    pub fn requests(&self) -> &[String] {
        &self.0.sockets.requests
    }

    /// Connections opened so far; kept ones that were taken again do not count.
    pub fn connects(&self) -> u32 {
        self.0.sockets.connects
    }

    /// Time let pass so far.
    pub fn waited(&self) -> Duration {
        self.0.sockets.waited
    }
}

/// A connection to a fake server.
pub struct Connection(std::cell::RefCell<Open>);

struct Open {
    endpoint: String,
    opened: u64,
    uses: u32,
    written: String,
    unread: Vec<u8>,
    closes: bool,
    given_up: bool,
}

pub fn connect(endpoint: &str, _timeout: u32, reuse: bool) -> Result<Connection, SocketError> {
    WORLD.with_borrow_mut(|world| {
        let now = world.clock;
        let sockets = &mut world.sockets;
        let open = |opened, uses| Open {
            endpoint: endpoint.into(),
            opened,
            uses,
            written: String::new(),
            unread: Vec::new(),
            closes: false,
            given_up: false,
        };
        match sockets.servers.get(endpoint) {
            None => return Err(SocketError::NotGranted),
            Some(Err(error)) => return Err(error.clone()),
            Some(Ok(_)) => {}
        }
        sockets.kept.retain(|kept| kept.until > now);
        let at = sockets.kept.iter().position(|kept| kept.endpoint == endpoint).filter(|_| reuse);
        let kept = at.and_then(|at| sockets.kept.remove(at));
        let open = match kept {
            Some(kept) => open(kept.opened, kept.uses + 1),
            None => {
                sockets.connects += 1;
                open(now, 1)
            }
        };
        Ok(Connection(open.into()))
    })
}

pub fn wait(milliseconds: u32) {
    WORLD.with_borrow_mut(|world| {
        world.clock += u64::from(milliseconds);
        world.sockets.waited += Duration::from_millis(milliseconds.into());
    });
}

impl Connection {
    pub fn read(&self, max: u32) -> Result<Vec<u8>, SocketError> {
        let mut open = self.0.borrow_mut();
        open.fill()?;
        let len = (max as usize).min(open.unread.len());
        Ok(open.unread.drain(..len).collect())
    }

    pub fn read_until(&self, end: u8) -> Result<Vec<u8>, SocketError> {
        let mut open = self.0.borrow_mut();
        loop {
            if let Some(at) = open.unread.iter().position(|byte| *byte == end) {
                return Ok(open.unread.drain(..=at).collect());
            }
            open.more()?;
        }
    }

    pub fn write(&self, bytes: &[u8]) -> Result<(), SocketError> {
        let mut open = self.0.borrow_mut();
        if open.given_up {
            return Err(SocketError::Closed);
        }
        open.written.push_str(&String::from_utf8_lossy(bytes));
        Ok(())
    }

    pub fn keep(&self, seconds: u32) {
        let mut open = self.0.borrow_mut();
        if std::mem::replace(&mut open.given_up, true) || open.closes {
            return;
        }
        WORLD.with_borrow_mut(|world| {
            let until = world.clock + u64::from(seconds) * 1000;
            let (endpoint, opened, uses) = (open.endpoint.clone(), open.opened, open.uses);
            world.sockets.kept.push_back(Kept { endpoint, opened, uses, until });
        });
    }

    pub fn age(&self) -> u64 {
        let opened = self.0.borrow().opened;
        WORLD.with_borrow(|world| world.clock - opened)
    }

    pub fn uses(&self) -> u32 {
        self.0.borrow().uses
    }
}

impl Open {
    fn fill(&mut self) -> Result<(), SocketError> {
        if self.unread.is_empty() { self.more() } else { Ok(()) }
    }

    fn more(&mut self) -> Result<(), SocketError> {
        if self.given_up || self.closes {
            return Err(SocketError::Closed);
        }
        if self.written.is_empty() {
            return Err(SocketError::Timeout);
        }
        let request = std::mem::take(&mut self.written);
        WORLD.with_borrow_mut(|world| {
            world.sockets.requests.push(request.clone());
            match world.sockets.servers.get_mut(&self.endpoint) {
                Some(Ok(server)) => match server(&request) {
                    Said::Text(text) => self.unread.extend_from_slice(text.as_bytes()),
                    Said::TextAndClose(text) => {
                        self.unread.extend_from_slice(text.as_bytes());
                        self.closes = true;
                    }
                    Said::Nothing => return Err(SocketError::Timeout),
                },
                _ => return Err(SocketError::Closed),
            }
            if self.unread.is_empty() { Err(SocketError::Closed) } else { Ok(()) }
        })
    }
}
