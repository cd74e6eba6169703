//! Listening sockets of both kinds, and what comes in through them.

use std::{
    fs::{self, Permissions},
    io,
    net::{SocketAddr, TcpListener},
    os::unix::{
        fs::{DirBuilderExt, PermissionsExt},
        net::UnixListener,
    },
    path::Path,
};

use tokio::net::{TcpStream, UnixStream};

use super::Endpoint;
use crate::MasterError;

/// Clients that the kernel keeps waiting, in number.
const BACKLOG: i32 = 1024;

/// A connection as it was accepted.
pub enum Connection {
    Inet { stream: TcpStream, peer: SocketAddr, local: SocketAddr },
    Unix(UnixStream),
}

pub(super) enum Listener {
    Inet(tokio::net::TcpListener),
    Unix(tokio::net::UnixListener),
}

impl Listener {
    /// Opens it; `bind` is who may open a port.
    pub fn open(endpoint: &Endpoint, bind: &super::Bind) -> Result<Self, MasterError> {
        match endpoint {
            Endpoint::Inet(address) => {
                let socket = bind(*address)?;
                tokio::net::TcpListener::from_std(socket)
                    .map(Self::Inet)
                    .map_err(|source| MasterError::Bind { address: *address, source })
            }
            Endpoint::Unix(path) => {
                let socket = bind_unix(path)?;
                tokio::net::UnixListener::from_std(socket).map(Self::Unix).map_err(MasterError::file(path))
            }
        }
    }

    /// None: the client was gone before it could be asked for its address.
    pub async fn accept(&self) -> io::Result<Option<Connection>> {
        match self {
            Self::Inet(listener) => {
                let (stream, peer) = listener.accept().await?;
                let Ok(local) = stream.local_addr() else { return Ok(None) };
                // Replies are written whole; waiting for more would only delay them.
                let _ = stream.set_nodelay(true);
                Ok(Some(Connection::Inet { stream, peer: unmapped(peer), local: unmapped(local) }))
            }
            Self::Unix(listener) => Ok(Some(Connection::Unix(listener.accept().await?.0))),
        }
    }
}

/// IPv4-mapped IPv6 addresses count as IPv4.
fn unmapped(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

/// A listening socket with Postfix's options.
pub fn bind(address: SocketAddr) -> Result<TcpListener, MasterError> {
    let open = || -> io::Result<TcpListener> {
        let domain = socket2::Domain::for_address(address);
        let socket = socket2::Socket::new(domain, socket2::Type::STREAM, Some(socket2::Protocol::TCP))?;
        socket.set_reuse_address(true)?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        Ok(socket.into())
    };
    open().map_err(|source| MasterError::Bind { address, source })
}

/// A socket in `private` or `public`, in the place of what an earlier server left there: the pid file says that we are alone.
///
/// As in Postfix it is the directory that keeps strangers out, so the socket itself is open. Where everybody may enter the
/// directory, the socket does what Postfix's `public` of mode 0710 does.
fn bind_unix(path: &Path) -> Result<UnixListener, MasterError> {
    let open = || -> io::Result<UnixListener> {
        let mut open_to_all = false;
        if let Some(directory) = path.parent() {
            if directory.ends_with("private") && !directory.exists() {
                fs::DirBuilder::new().mode(0o700).create(directory)?;
            }
            open_to_all = fs::metadata(directory)?.permissions().mode() & 0o001 != 0;
        }
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
        socket.bind(&socket2::SockAddr::unix(path)?)?;
        // Nobody can connect before it listens.
        fs::set_permissions(path, Permissions::from_mode(if open_to_all { 0o660 } else { 0o666 }))?;
        socket.listen(BACKLOG)?;
        socket.set_nonblocking(true)?;
        Ok(socket.into())
    };
    open().map_err(MasterError::file(path))
}
