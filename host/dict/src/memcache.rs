//! `memcache:FILE.cf`: a memcached server, perhaps with another table behind it: memcache_table(5).

use std::{sync::Arc, time::Duration};

use hook::{BoxFuture, Lookup, Table, TableError, TableKind};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};

use crate::{
    DictError,
    client_parameters::ClientParameters,
    endpoint::{Endpoint, Stream},
    error::reason,
    fold,
    open::{Opener, Options},
    selected::{Selected, later},
    servers::{Client, Order, Servers, Trouble},
    template::Template,
};

/// memcached's own limit.
const LONGEST_KEY: usize = 250;

pub(crate) struct MemcacheTable {
    title: String,
    key_format: Template,
    selected: Selected,
    /// What memcached does not know is asked here, and told to memcached.
    backup: Option<Arc<dyn Table>>,
    flags: u64,
    /// Seconds, or a UNIX time when more than 30 days.
    ttl: u64,
    servers: Arc<Servers<Memcache>>,
    utf8: bool,
}

impl MemcacheTable {
    pub fn open(title: &str, parameters: &ClientParameters, opener: &mut Opener) -> Result<Self, DictError> {
        let key_format = Template::parse(title, "query", &parameters.text("key_format", "%s"))?;
        // memcached has no result format: %s.
        let selected = Selected::read(title, parameters, "%s", &[&key_format], opener)?;
        let server = parameters.text("memcache", "inet:localhost:11211");
        let endpoint =
            Endpoint::parse(&server, 11211).map_err(|reason| parameters.error(&reason, "memcache", &server))?;
        let backup = match parameters.text("backup", "") {
            none if none.is_empty() => None,
            title => Some(opener.open(&title, Options::default())?),
        };
        let number = |name: &str, default, least| parameters.number(name, default, least);
        let limit =
            |name: &str, default| Ok::<_, DictError>(usize::try_from(number(name, default, 1)?).unwrap_or(usize::MAX));
        let client = Memcache {
            server: endpoint,
            data_size_limit: limit("data_size_limit", 10240)?,
            line_size_limit: number("line_size_limit", 1024, 1)?,
        };
        let shown = server.split_once(':').map_or(&*server, |(kind, rest)| if kind == "inet" { rest } else { &server });
        let names = vec![(format!("connect to {shown}"), false)];
        let time_limit = Duration::from_secs(number("timeout", 2, 1)?);
        let environment = opener.environment().clone();
        Ok(Self {
            title: title.to_string(),
            key_format,
            selected,
            backup,
            flags: number("flags", 0, 0)?,
            ttl: number("ttl", 3600, 0)?,
            servers: Servers::new(client, names, Order::Given, time_limit, &environment),
            utf8: environment.utf8,
        })
    }

    async fn find(&self, key: &str) -> Result<Option<String>, TableError> {
        if !self.selected.asks_for(key).await? {
            return Ok(None);
        }
        let name = self.key_format.query(key, |_, text, out| out.push_str(text));
        // Such a key would be another command.
        if name.is_empty()
            || name.len() > LONGEST_KEY
            || name.bytes().any(|b| b.is_ascii_whitespace() || b.is_ascii_control())
        {
            return self.behind(key).await;
        }
        let cached = self.servers.ask(&format!("get {name}\r\n")).await;
        let Some(backup) = &self.backup else { return cached };
        if let Ok(Some(value)) = cached {
            return Ok(Some(value));
        }
        let value = ask(&**backup, key, self.utf8).await?;
        if let Some(value) = &value {
            let set = format!("set {name} {} {} {}\r\n{value}\r\n", self.flags, self.ttl, value.len());
            // The next lookup asks the backup again, then.
            let _ = self.servers.ask(&set).await;
        }
        Ok(value)
    }

    async fn behind(&self, key: &str) -> Result<Option<String>, TableError> {
        match &self.backup {
            Some(backup) => ask(&**backup, key, self.utf8).await,
            None => Ok(None),
        }
    }
}

async fn ask(table: &dyn Table, key: &str, utf8: bool) -> Result<Option<String>, TableError> {
    let folded = fold(key, utf8).into_owned();
    table.lookup(if table.folds_case() { &folded } else { key }).wait().await
}

impl Table for MemcacheTable {
    fn title(&self) -> &str {
        &self.title
    }
    fn kind(&self) -> TableKind {
        TableKind::Keys
    }
    fn lookup<'a>(&'a self, key: &'a str) -> Lookup<'a, Option<String>> {
        later(self.find(key))
    }
    fn entries(&self) -> Option<Vec<(String, String)>> {
        self.backup.as_ref()?.entries()
    }
}

pub(crate) struct Memcache {
    server: Endpoint,
    data_size_limit: usize,
    line_size_limit: u64,
}

impl Client for Memcache {
    type Connection = Stream;
    type Question = str;
    /// The value of a `get`.
    type Answer = Option<String>;

    fn connect(&self, _server: usize) -> BoxFuture<'_, Result<Stream, String>> {
        Box::pin(self.server.connect())
    }

    fn ask<'a>(&'a self, stream: &'a mut Stream, request: &'a str) -> BoxFuture<'a, Result<Option<String>, Trouble>> {
        Box::pin(async move {
            stream.write_all(request.as_bytes()).await.map_err(failed)?;
            stream.flush().await.map_err(failed)?;
            let line = self.line(stream).await?;
            let mut words = line.split(' ');
            match words.next() {
                Some("END" | "STORED") => return Ok(None),
                // https://github.com/memcached/memcached/blob/master/doc/protocol.txt: VALUE key flags bytes
                Some("VALUE") => {}
                _ => return Err(Trouble::Server(format!("unexpected reply: {line}"))),
            }
            let length: usize = words.nth(2).and_then(|length| length.parse().ok()).unwrap_or(usize::MAX);
            if length > self.data_size_limit {
                return Err(Trouble::Server(format!("unexpected data length in the reply: {line}")));
            }
            let mut value = vec![0; length + 2];
            stream.read_exact(&mut value).await.map_err(failed)?;
            if value.split_off(length) != b"\r\n" || self.line(stream).await? != "END" {
                return Err(Trouble::Server("malformed reply".to_string()));
            }
            Ok(Some(String::from_utf8_lossy(&value).into_owned()))
        })
    }
}

impl Memcache {
    async fn line(&self, stream: &mut Stream) -> Result<String, Trouble> {
        let mut line = Vec::new();
        stream.take(self.line_size_limit).read_until(b'\n', &mut line).await.map_err(failed)?;
        match line.strip_suffix(b"\n") {
            Some(line) => Ok(String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()),
            None if line.is_empty() => Err(Trouble::Server("connection closed by the server".to_string())),
            None => Err(Trouble::Server("reply line is too long or cut off".to_string())),
        }
    }
}

fn failed(error: std::io::Error) -> Trouble {
    Trouble::Server(reason(&error))
}
