//! `socketmap:inet:host:port:name` and `socketmap:unix:path:name`: a server that speaks Sendmail's protocol,
//! socketmap_table(5).

use std::{sync::Arc, time::Duration};

use hook::{BoxFuture, Lookup, Table, TableError, TableKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::{
    DictError,
    endpoint::{Endpoint, Stream},
    error::reason,
    open::Environment,
    selected::later,
    servers::{Client, Order, Servers, Trouble},
};

const TIME_LIMIT: Duration = Duration::from_secs(100);
/// socketmap_table(5), REPLY FORMAT.
const LONGEST_REPLY: usize = 100_000;

pub(crate) struct SocketmapTable {
    title: String,
    /// Which map of the server.
    map: String,
    servers: Arc<Servers<Socketmap>>,
}

impl SocketmapTable {
    pub fn open(title: &str, name: &str, environment: &Environment) -> Result<Self, DictError> {
        let missing = || DictError::ConfigSyntax("socketmap requires server:socketmap argument".to_string());
        let (place, map) = name.rsplit_once(':').ok_or_else(missing)?;
        if !(place.starts_with("inet:") || place.starts_with("unix:")) || map.is_empty() {
            return Err(missing());
        }
        let server = Endpoint::parse(place, 0).map_err(|reason| DictError::ConfigSyntax(format!("{reason}{title}")))?;
        let shown = place.split_once(':').map_or(place, |(_, shown)| shown);
        let names = vec![(format!("connect to {shown}"), matches!(server, Endpoint::Unix(_)))];
        let servers = Servers::new(Socketmap { server }, names, Order::Given, TIME_LIMIT, environment);
        Ok(Self { title: title.to_string(), map: map.to_string(), servers })
    }

    async fn find(&self, key: &str) -> Result<Option<String>, TableError> {
        let reply = self.servers.ask(&format!("{} {key}", self.map)).await?;
        let (status, text) = reply.split_once(' ').unwrap_or((&reply, ""));
        let title = &self.title;
        match status {
            "OK" => Ok(Some(text.to_string())),
            "NOTFOUND" => Ok(None),
            "TEMP" | "TIMEOUT" => Err(TableError::Temporary(format!("{title} temporary error: {text}"))),
            "PERM" => Err(TableError::Configuration(format!("{title} permanent error: {text}"))),
            _ => Err(TableError::Temporary(format!("{title} unexpected reply: {status}"))),
        }
    }
}

impl Table for SocketmapTable {
    fn title(&self) -> &str {
        &self.title
    }
    /// Parts of a key are not asked for, and upper case stays.
    fn kind(&self) -> TableKind {
        TableKind::Patterns
    }
    fn lookup<'a>(&'a self, key: &'a str) -> Lookup<'a, Option<String>> {
        later(self.find(key))
    }
}

pub(crate) struct Socketmap {
    server: Endpoint,
}

impl Client for Socketmap {
    type Connection = Stream;
    type Question = str;
    type Answer = String;

    fn connect(&self, _server: usize) -> BoxFuture<'_, Result<Stream, String>> {
        Box::pin(self.server.connect())
    }

    fn ask<'a>(&'a self, stream: &'a mut Stream, request: &'a str) -> BoxFuture<'a, Result<String, Trouble>> {
        Box::pin(async move {
            let failed = |error: std::io::Error| match error.kind() {
                std::io::ErrorKind::UnexpectedEof => Trouble::Server("connection closed by the server".to_string()),
                _ => Trouble::Server(reason(&error)),
            };
            let netstring = format!("{}:{request},", request.len());
            stream.write_all(netstring.as_bytes()).await.map_err(failed)?;
            stream.flush().await.map_err(failed)?;
            let malformed = || Trouble::Server("malformed netstring in the reply".to_string());
            let mut length = 0;
            loop {
                match stream.read_u8().await.map_err(failed)? {
                    b':' => break,
                    digit @ b'0'..=b'9' => length = length * 10 + usize::from(digit - b'0'),
                    _ => return Err(malformed()),
                }
                if length > LONGEST_REPLY {
                    return Err(Trouble::Server("reply is too long".to_string()));
                }
            }
            let mut reply = vec![0; length + 1];
            stream.read_exact(&mut reply).await.map_err(failed)?;
            if reply.pop() != Some(b',') {
                return Err(malformed());
            }
            String::from_utf8(reply).map_err(|_| Trouble::Query("reply is not UTF-8".to_string()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn replies() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s");
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        let replies = ["11:OK some one,", "9:NOTFOUND ,", "8:TEMP why,", "8:PERM why,", "2:OK.", "x", "999999:OK"];
        tokio::spawn(async move {
            let mut replies = replies.into_iter();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 12];
                while stream.read_exact(&mut request).await.is_ok() {
                    assert_eq!(&request, b"9:map The k,", "the request");
                    let Some(reply) = replies.next() else { return };
                    stream.write_all(reply.as_bytes()).await.unwrap();
                }
            }
        });
        let (environment, _) = crate::test_environment::environment(true);
        let name = format!("unix:{}:map", path.display());
        let table = SocketmapTable::open("socketmap:t", &name, &environment).expect("opens");
        let ask = async || table.find("The k").await;
        assert_eq!(ask().await, Ok(Some("some one".to_string())));
        assert_eq!(ask().await, Ok(None));
        assert_eq!(ask().await, Err(TableError::Temporary("socketmap:t temporary error: why".to_string())));
        assert_eq!(ask().await, Err(TableError::Configuration("socketmap:t permanent error: why".to_string())));
        // Each of these costs the connection; the next is tried over a new one.
        assert!(ask().await.is_err());
        for bad in ["foo", "inet:host:1", "inet:host:x:map", "unix:/x:", "tcp:host:1:map"] {
            assert!(SocketmapTable::open("socketmap:t", bad, &environment).is_err(), "{bad}");
        }
    }
}
