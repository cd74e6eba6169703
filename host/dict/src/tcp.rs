//! `tcp:host:port`: a server that speaks tcp_table(5).

use std::{sync::Arc, time::Duration};

use hook::{BoxFuture, Lookup, Table, TableError, TableKind};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};

use crate::{
    DictError,
    endpoint::{Endpoint, Stream},
    error::reason,
    open::Environment,
    selected::later,
    servers::{Client, Order, Servers, Trouble},
};

/// tcp_table(5), PROTOCOL DESCRIPTION.
const TIME_LIMIT: Duration = Duration::from_secs(100);
/// tcp_table(5), REPLY FORMAT.
const LONGEST_REPLY: u64 = 4096;

pub(crate) struct TcpTable {
    title: String,
    servers: Arc<Servers<Tcp>>,
}

impl TcpTable {
    pub fn open(title: &str, name: &str, environment: &Environment) -> Result<Self, DictError> {
        let server = Endpoint::parse(name, 0).map_err(|reason| DictError::ConfigSyntax(format!("{reason}{title}")))?;
        let names = vec![(format!("connect to TCP map {name}"), false)];
        let servers = Servers::new(Tcp { server }, names, Order::Given, TIME_LIMIT, environment);
        Ok(Self { title: title.to_string(), servers })
    }

    async fn find(&self, key: &str) -> Result<Option<String>, TableError> {
        let reply = self.servers.ask(key).await?;
        match reply.split_at_checked(4) {
            Some(("200 ", value)) => match decoded(value) {
                Some(value) => Ok(Some(value)),
                None => Err(TableError::Temporary("malformed encoding in the reply".to_string())),
            },
            Some(("500 ", _)) => Ok(None),
            Some(("400 ", why)) => Err(TableError::Temporary(why.to_string())),
            _ => Err(TableError::Temporary(format!("unexpected reply: {reply}"))),
        }
    }
}

impl Table for TcpTable {
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

pub(crate) struct Tcp {
    server: Endpoint,
}

impl Client for Tcp {
    type Connection = Stream;
    type Question = str;
    type Answer = String;

    fn connect(&self, _server: usize) -> BoxFuture<'_, Result<Stream, String>> {
        Box::pin(self.server.connect())
    }

    fn ask<'a>(&'a self, stream: &'a mut Stream, key: &'a str) -> BoxFuture<'a, Result<String, Trouble>> {
        Box::pin(async move {
            let failed = |error: std::io::Error| Trouble::Server(reason(&error));
            stream.write_all(format!("get {}\n", encoded(key)).as_bytes()).await.map_err(failed)?;
            stream.flush().await.map_err(failed)?;
            let mut reply = Vec::new();
            stream.take(LONGEST_REPLY).read_until(b'\n', &mut reply).await.map_err(failed)?;
            match reply.pop() {
                Some(b'\n') => {}
                Some(_) => return Err(Trouble::Server("reply is too long or cut off".to_string())),
                None => return Err(Trouble::Server("connection closed by the server".to_string())),
            }
            if reply.last() == Some(&b'\r') {
                reply.pop();
            }
            String::from_utf8(reply).map_err(|_| Trouble::Query("reply is not UTF-8".to_string()))
        })
    }
}

/// tcp_table(5), ENCODING.
fn encoded(key: &str) -> String {
    let mut out = String::new();
    for byte in key.bytes() {
        match byte {
            b'%' => out.push_str("%25"),
            _ if byte.is_ascii_graphic() => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// `%XX` as bytes; None when that is malformed or not UTF-8.
pub(crate) fn decoded(text: &str) -> Option<String> {
    let mut out = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        out.push(match byte {
            b'%' => {
                let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
                u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(out).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding() {
        let key = "a b%c\n\u{e9}";
        assert_eq!(encoded(key), "a%20b%25c%0A%C3%A9");
        assert_eq!(decoded(&encoded(key)).as_deref(), Some(key));
        assert_eq!(decoded("%4"), None);
        assert_eq!(decoded("%zz"), None);
        assert_eq!(decoded("%ff"), None, "no UTF-8");
    }

    /// A server that answers each connection's requests with `replies`, then hangs up.
    async fn table(replies: &'static [&'static str]) -> (TcpTable, Arc<std::sync::Mutex<Vec<String>>>) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = tokio::io::BufStream::new(stream);
            for reply in replies {
                let mut line = String::new();
                stream.read_line(&mut line).await.unwrap();
                stream.write_all(reply.replace("KEY", line.trim_end()).as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
            }
        });
        let (environment, warnings) = crate::test_environment::environment(true);
        (TcpTable::open("tcp:t", &address, &environment).expect("opens"), warnings)
    }

    #[tokio::test]
    async fn replies() {
        let (table, _) = table(&["200 a%20b\n", "500 not here\r\n", "400 later\n", "200 KEY\n", "??\n", "200 x"]).await;
        let ask = async |key: &str| table.find(key).await;
        assert_eq!(ask("k").await, Ok(Some("a b".to_string())));
        assert_eq!(ask("k").await, Ok(None));
        assert_eq!(ask("k").await, Err(TableError::Temporary("later".to_string())));
        assert_eq!(ask("K k").await, Ok(Some("get K k".to_string())));
        assert!(ask("k").await.is_err());
        assert!(ask("k").await.is_err(), "cut off");
        assert!(ask("k").await.is_err(), "nobody there any more");
    }
}
