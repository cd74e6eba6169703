//! Connections to other programs: policy servers, scanners. Grant: socket, scope `inet:host:port` or `unix:path`.
//!
//! `read` gives what came, at least one byte; `read_until` up to and with a byte; `keep` hands the connection to the server
//! for a later [`connect`] with `reuse`. Dropping it closes it.

use std::time::Duration;

pub use crate::bindings::waxwing::plugin::socket::SocketError;
use crate::host;
pub use crate::host::socket::Connection;

/// Connects; `timeout` bounds this, and each read and write. With `reuse`, a kept connection is taken where there is one.
pub fn connect(endpoint: &str, timeout: Duration, reuse: bool) -> Result<Connection, SocketError> {
    host::socket::connect(endpoint, milliseconds(timeout), reuse)
}

/// Lets time pass, between two tries.
pub fn wait(time: Duration) {
    host::socket::wait(milliseconds(time));
}

fn milliseconds(time: Duration) -> u32 {
    time.as_millis().try_into().unwrap_or(u32::MAX)
}
