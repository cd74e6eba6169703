//! Connections to policy servers and the like: `inet:host:port` and `unix:path`, as Postfix's clients write them.

use std::{
    io,
    mem::MaybeUninit,
    path::{Path, PathBuf},
};

use hook::{BoxFuture, Stream};
use socket2::SockRef;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UnixStream},
};

use crate::service_port;

/// The operating system's sockets; names are looked up as getaddrinfo(3) does it.
pub struct Sockets {
    queue_directory: PathBuf,
}

impl Sockets {
    /// Paths that are not absolute begin at `queue_directory`.
    pub fn new(queue_directory: PathBuf) -> Self {
        Self { queue_directory }
    }

    async fn open(&self, endpoint: &str) -> io::Result<Box<dyn Stream>> {
        match Endpoint::parse(endpoint).ok_or(io::ErrorKind::InvalidInput)? {
            Endpoint::Inet { host, port } => {
                let port = service_port(port).ok_or(io::ErrorKind::InvalidInput)?;
                let stream = TcpStream::connect((host, port)).await?;
                // Requests leave in one piece and wait for their answer.
                stream.set_nodelay(true)?;
                Ok(Box::new(Tcp(stream)))
            }
            Endpoint::Unix(path) => Ok(Box::new(Unix(UnixStream::connect(self.queue_directory.join(path)).await?))),
        }
    }
}

impl hook::Sockets for Sockets {
    fn connect<'a>(&'a self, endpoint: &'a str) -> BoxFuture<'a, io::Result<Box<dyn Stream>>> {
        Box::pin(self.open(endpoint))
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Endpoint<'a> {
    Inet { host: &'a str, port: &'a str },
    Unix(&'a Path),
}

impl<'a> Endpoint<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (kind, rest) = text.split_once(':')?;
        if rest.is_empty() {
            return None;
        }
        match kind {
            "unix" | "local" => Some(Self::Unix(Path::new(rest))),
            "inet" => {
                let (host, port) = rest.rsplit_once(':').unwrap_or(("", rest));
                let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
                let host = if host.is_empty() { "localhost" } else { host };
                (!port.is_empty()).then_some(Self::Inet { host, port })
            }
            _ => None,
        }
    }
}

struct Tcp(TcpStream);
struct Unix(UnixStream);

/// The two kinds of stream have the same calls, and no trait for all of them.
macro_rules! stream {
    ($($kind:ident)*) => {
        $(impl Stream for $kind {
            fn read<'a>(&'a mut self, into: &'a mut [u8]) -> BoxFuture<'a, io::Result<usize>> {
                Box::pin(self.0.read(into))
            }

            fn write<'a>(&'a mut self, bytes: &'a [u8]) -> BoxFuture<'a, io::Result<()>> {
                Box::pin(self.0.write_all(bytes))
            }

            fn is_idle(&mut self) -> bool {
                // Whatever it gives, an end, an error or a byte nobody asked for, spoils it. Asked of the kernel: the
                // runtime may not have heard of it yet.
                let peeked = SockRef::from(&self.0).peek(&mut [MaybeUninit::uninit()]);
                matches!(peeked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
            }
        })*
    };
}

stream!(Tcp Unix);

#[cfg(test)]
mod tests {
    use hook::Sockets as _;
    use tokio::net::{TcpListener, UnixListener};

    use super::*;

    #[test]
    fn endpoints() {
        let inet = |host, port| Some(Endpoint::Inet { host, port });
        for (text, expected) in [
            ("inet:127.0.0.1:9998", inet("127.0.0.1", "9998")),
            ("inet:[::1]:9998", inet("::1", "9998")),
            ("inet:policy.test:9998", inet("policy.test", "9998")),
            ("inet:9998", inet("localhost", "9998")),
            ("unix:private/policy", Some(Endpoint::Unix(Path::new("private/policy")))),
            ("local:/run/policy", Some(Endpoint::Unix(Path::new("/run/policy")))),
            ("inet:", None),
            ("inet:host:", None),
            ("unix:", None),
            ("tcp:host:1", None),
            ("127.0.0.1", None),
        ] {
            assert_eq!(Endpoint::parse(text), expected, "{text}");
        }
    }

    #[tokio::test]
    async fn paths_begin_at_the_queue_directory() {
        let directory = tempfile::tempdir().expect("a directory");
        let listener = UnixListener::bind(directory.path().join("policy")).expect("a socket");
        let sockets = Sockets::new(directory.path().to_path_buf());
        let mut stream = sockets.connect("unix:policy").await.map_err(|e| e.to_string()).expect("it listens");
        let (mut peer, _) = listener.accept().await.expect("a client");
        stream.write(b"question").await.expect("written");
        let mut buffer = [0; 8];
        peer.read_exact(&mut buffer).await.expect("read");
        assert_eq!(&buffer, b"question");
    }

    #[tokio::test]
    async fn a_connection_that_was_closed_is_not_idle() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let endpoint = format!("inet:{}", listener.local_addr().expect("bound"));
        let sockets = Sockets::new(PathBuf::new());
        let mut stream = sockets.connect(&endpoint).await.map_err(|e| e.to_string()).expect("it listens");
        let (peer, _) = listener.accept().await.expect("a client");
        assert!(stream.is_idle());
        drop(peer);
        assert_eq!(stream.read(&mut [0; 8]).await.expect("an end"), 0);
        assert!(!stream.is_idle());
        drop(listener);
        let refused = sockets.connect(&endpoint).await.err().expect("nobody listens");
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
    }
}
