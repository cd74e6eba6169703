//! Connections to programs that a plugin talks to: policy servers, scanners (wit/network.wit, socket).

use std::io;

use crate::BoxFuture;

/// One open connection. Neither call has a time limit of its own; a future that is dropped leaves the connection unusable.
pub trait Stream: Send {
    /// At least one byte, or 0 at the end.
    fn read<'a>(&'a mut self, into: &'a mut [u8]) -> BoxFuture<'a, io::Result<usize>>;
    /// All of it.
    fn write<'a>(&'a mut self, bytes: &'a [u8]) -> BoxFuture<'a, io::Result<()>>;
    /// Whether the peer neither closed it nor sent anything: only then can it take another request.
    fn is_idle(&mut self) -> bool;
}

/// Opens connections.
pub trait Sockets: Send + Sync {
    /// To `inet:host:port`, `inet:port` on this host, `unix:path` or `local:path`; a path that is not absolute begins at
    /// queue_directory. `InvalidInput`: that is no endpoint.
    fn connect<'a>(&'a self, endpoint: &'a str) -> BoxFuture<'a, io::Result<Box<dyn Stream>>>;
}

/// Where nobody may be talked to.
pub struct NoSockets;

impl Sockets for NoSockets {
    fn connect<'a>(&'a self, _: &'a str) -> BoxFuture<'a, io::Result<Box<dyn Stream>>> {
        Box::pin(async { Err(io::ErrorKind::NetworkDown.into()) })
    }
}
