//! `inet:host:port` and `unix:/path`, as servers are written in table files and table names.

use std::path::PathBuf;

use tokio::{
    io::{AsyncRead, AsyncWrite, BufStream},
    net::{TcpStream, UnixStream},
};

use crate::error::reason;

/// Where a server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Inet(String, u16),
    Unix(PathBuf),
}

/// A connection of either kind.
pub(crate) type Stream = BufStream<Box<dyn ReadWrite>>;

pub(crate) trait ReadWrite: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> ReadWrite for T {}

impl Endpoint {
    /// `inet:host:port`, `unix:/path`, or `host:port`.
    pub fn parse(text: &str, default_port: u16) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Ok(Endpoint::Unix(path.into()));
        }
        let (host, port) = host_port(text.strip_prefix("inet:").unwrap_or(text), default_port)?;
        Ok(Endpoint::Inet(host.to_string(), port))
    }

    /// The error is the text for the log.
    pub async fn connect(&self) -> Result<Stream, String> {
        let stream: Box<dyn ReadWrite> = match self {
            Endpoint::Inet(host, port) => {
                let stream = TcpStream::connect((host.as_str(), *port)).await.map_err(|error| reason(&error))?;
                // A question is one small packet, and its answer is waited for.
                stream.set_nodelay(true).map_err(|error| reason(&error))?;
                Box::new(stream)
            }
            Endpoint::Unix(path) => Box::new(UnixStream::connect(path).await.map_err(|error| reason(&error))?),
        };
        Ok(BufStream::new(stream))
    }
}

/// Host and port. A port may be left out where `default` is not 0.
pub(crate) fn host_port(text: &str, default: u16) -> Result<(&str, u16), String> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or_else(|| format!("bad endpoint \"{text}\": "))?)),
        None => match text.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = match port {
        Some(port) => port.parse().map_err(|_| format!("bad port in \"{text}\": "))?,
        None if default != 0 => default,
        None => return Err(format!("port missing in \"{text}\": ")),
    };
    if host.is_empty() {
        return Err(format!("host missing in \"{text}\": "));
    }
    Ok((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms() {
        assert_eq!(host_port("db.example", 5432), Ok(("db.example", 5432)));
        assert_eq!(host_port("db.example:99", 5432), Ok(("db.example", 99)));
        assert_eq!(host_port("[::1]:99", 1), Ok(("::1", 99)));
        assert_eq!(host_port("[::1]", 1), Ok(("::1", 1)));
        for bad in ["x:y", "[::1]x", ":5", ""] {
            assert!(host_port(bad, 1).is_err(), "{bad}");
        }
        assert!(host_port("x", 0).is_err());
    }
}
