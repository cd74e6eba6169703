//! `socket`: connections to granted endpoints.

use std::{future::Future, io, time::Duration};

use wasmtime::component::Resource;

use crate::{
    bindings::waxwing::plugin::socket::{self, SocketError},
    connections::{Connection, Connections, Held},
    state::{Refusal, State},
};

type Answer<T> = wasmtime::Result<Result<T, SocketError>>;

/// Bytes of one read.
const READ: usize = 64 * 1024;
/// Connections that one instance may hold.
const OPEN: usize = 16;

impl State {
    fn connections(&self) -> wasmtime::Result<std::sync::Arc<Connections>> {
        self.needs("socket", false)?;
        let connections = self.plugin.connections.as_ref();
        Ok(connections.ok_or_else(|| Refusal::refused("no connections while a plugin describes itself"))?.clone())
    }

    /// An open connection; `closed` after `keep`.
    fn connection(&mut self, handle: &Resource<Held>) -> Result<&mut Connection, SocketError> {
        let held = self.open.get_mut(handle).map_err(|_| SocketError::Closed)?;
        held.0.as_mut().ok_or(SocketError::Closed)
    }

    async fn open_connection(&mut self, endpoint: String, timeout: Duration, reuse: bool) -> Answer<Resource<Held>> {
        let connections = self.connections()?;
        if !self.plugin.may_connect(&endpoint) {
            return Ok(Err(SocketError::NotGranted));
        }
        if self.open.iter_mut().count() >= OPEN {
            return Ok(Err(SocketError::Failed(format!("more than {OPEN} connections in one instance"))));
        }
        let kept = if reuse { connections.take(self.call.as_ref(), &endpoint) } else { None };
        let connection = match kept {
            Some(kept) => Connection { timeout, uses: kept.uses.saturating_add(1), ..kept },
            None => match within(timeout, self.plugin.services()?.sockets.connect(&endpoint)).await {
                Ok(stream) => {
                    let opened = connections.now();
                    Connection { stream, endpoint, timeout, unread: Vec::new(), opened, uses: 1 }
                }
                Err(error) => return Ok(Err(error)),
            },
        };
        Ok(Ok(self.open.push(Held(Some(connection)))?))
    }
}

impl socket::Host for State {
    async fn connect(&mut self, endpoint: String, timeout: u32, reuse: bool) -> Answer<Resource<Held>> {
        self.open_connection(endpoint, Duration::from_millis(timeout.into()), reuse).await
    }

    async fn wait(&mut self, milliseconds: u32) -> wasmtime::Result<()> {
        self.needs("socket", false)?;
        tokio::time::sleep(Duration::from_millis(milliseconds.into())).await;
        Ok(())
    }
}

impl socket::HostConnection for State {
    async fn read(&mut self, handle: Resource<Held>, max: u32) -> Answer<Vec<u8>> {
        let connection = match self.connection(&handle) {
            Ok(connection) => connection,
            Err(error) => return Ok(Err(error)),
        };
        if connection.unread.is_empty()
            && let Err(error) = connection.receive().await
        {
            return Ok(Err(error));
        }
        let len = (max as usize).clamp(1, READ).min(connection.unread.len());
        Ok(Ok(connection.unread.drain(..len).collect()))
    }

    async fn read_until(&mut self, handle: Resource<Held>, end: u8) -> Answer<Vec<u8>> {
        let connection = match self.connection(&handle) {
            Ok(connection) => connection,
            Err(error) => return Ok(Err(error)),
        };
        let mut searched = 0;
        loop {
            if let Some(at) = connection.unread[searched..].iter().position(|byte| *byte == end) {
                return Ok(Ok(connection.unread.drain(..=searched + at).collect()));
            }
            searched = connection.unread.len();
            if searched >= READ {
                return Ok(Err(SocketError::Failed(format!("no end within {READ} bytes"))));
            }
            if let Err(error) = connection.receive().await {
                return Ok(Err(error));
            }
        }
    }

    async fn write(&mut self, handle: Resource<Held>, bytes: Vec<u8>) -> Answer<()> {
        Ok(match self.connection(&handle) {
            Ok(connection) => within(connection.timeout, connection.stream.write(&bytes)).await,
            Err(error) => Err(error),
        })
    }

    async fn keep(&mut self, handle: Resource<Held>, seconds: u32) -> wasmtime::Result<()> {
        let connections = self.connections()?;
        if let Some(connection) = self.open.get_mut(&handle)?.0.take() {
            connections.keep(self.call.as_ref(), connection, Duration::from_secs(seconds.into()));
        }
        Ok(())
    }

    async fn age(&mut self, handle: Resource<Held>) -> wasmtime::Result<u64> {
        let now = self.connections()?.now();
        Ok(self.connection(&handle).map_or(0, |connection| now.saturating_sub(connection.opened).as_millis() as u64))
    }

    async fn uses(&mut self, handle: Resource<Held>) -> wasmtime::Result<u32> {
        Ok(self.connection(&handle).map_or(0, |connection| connection.uses))
    }

    async fn drop(&mut self, handle: Resource<Held>) -> wasmtime::Result<()> {
        self.open.delete(handle)?;
        Ok(())
    }
}

impl Connection {
    /// More bytes, at least one.
    async fn receive(&mut self) -> Result<(), SocketError> {
        let mut buffer = [0; 4096];
        match within(self.timeout, self.stream.read(&mut buffer)).await? {
            0 => Err(SocketError::Closed),
            len => {
                self.unread.extend_from_slice(&buffer[..len]);
                Ok(())
            }
        }
    }
}

/// One operation and its time.
async fn within<T>(timeout: Duration, work: impl Future<Output = io::Result<T>>) -> Result<T, SocketError> {
    match tokio::time::timeout(timeout, work).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) if error.kind() == io::ErrorKind::TimedOut => Err(SocketError::Timeout),
        Ok(Err(error)) => Err(SocketError::Failed(reason(&error))),
        Err(_) => Err(SocketError::Timeout),
    }
}

/// The operating system's words, without the number that Rust puts behind them.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    crate::failure::cut(text.split(" (os error").next().unwrap_or_default())
}
