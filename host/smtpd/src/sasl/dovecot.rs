//! smtpd_sasl_type = dovecot: Dovecot's authentication protocol, version 1, as a client.
//!
//! Each exchange has a connection of its own. A connection has a number of its own, too: Dovecot takes two connections with
//! the same one for a mistake.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use hook::Randomness;
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpStream, UnixStream},
    time::timeout,
};

use super::{Answer, Mechanism, Question, security_options::Properties};

/// How long Dovecot may take for an answer; it delays failures by seconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// Dovecot's lines are shorter.
const LONGEST_LINE: u64 = 64 * 1024;

/// Where Dovecot listens.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Endpoint {
    Unix(PathBuf),
    /// `host:port`.
    Inet(String),
}

/// Dovecot's authentication server.
pub(crate) struct Dovecot {
    /// As in main.cf, for the log.
    path: String,
    endpoint: Endpoint,
    randomness: Arc<dyn Randomness>,
}

trait Io: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// A connection past the handshake, and the request on it.
pub(crate) struct Exchange {
    stream: BufReader<Box<dyn Io>>,
}

/// The only request of a connection.
const ID: &str = "1";

impl Dovecot {
    /// `path` is smtpd_sasl_path, relative to the queue directory.
    pub fn new(path: &str, queue_directory: &std::path::Path, randomness: Arc<dyn Randomness>) -> Self {
        let endpoint = match path.strip_prefix("inet:") {
            Some(host) => Endpoint::Inet(host.to_string()),
            None => Endpoint::Unix(queue_directory.join(path.strip_prefix("unix:").unwrap_or(path))),
        };
        Self { path: path.to_string(), endpoint, randomness }
    }

    /// What Dovecot offers. The error is for the log.
    pub async fn mechanisms(&self) -> Result<Vec<Mechanism>, String> {
        self.connect().await.map(|(_, mechanisms)| mechanisms)
    }

    /// Begins an exchange.
    pub async fn begin(&self, question: &Question<'_>) -> (Option<Exchange>, Answer) {
        let (mut exchange, _) = match self.connect().await {
            Ok(connected) => connected,
            Err(warning) => {
                return (None, Answer::Temporary("Can't connect to authentication server".into(), Some(warning)));
            }
        };
        let Question { mechanism, service, server, client, secured, initial } = question;
        let mut line = format!("AUTH\t{ID}\t{mechanism}\tservice={service}\tnologin\tlip={server}\trip={client}");
        if *secured {
            line.push_str("\tsecured");
        }
        // The last parameter, since everything behind `resp=` belongs to it.
        if let Some(initial) = initial {
            line.push_str(&format!("\tresp={initial}"));
        }
        let answer = exchange.ask(&line).await;
        (Some(exchange), answer)
    }

    async fn connect(&self) -> Result<(Exchange, Vec<Mechanism>), String> {
        let path = &self.path;
        let stream = timeout(PATIENCE, self.open()).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        let stream = stream.map_err(|error| {
            let text = error.raw_os_error().map_or_else(|| error.to_string(), system_text);
            format!("SASL: Connect to Dovecot auth socket '{path}' failed: {text}")
        })?;
        let mut exchange = Exchange { stream: BufReader::new(stream) };
        let number = self.randomness.number() as u32 & 0x7fff_ffff | 1;
        exchange
            .send(&format!("VERSION\t1\t1\nCPID\t{number}"))
            .await
            .map_err(|error| format!("SASL: Couldn't send handshake: {error}"))?;
        let mut mechanisms = Vec::new();
        while let Some(line) = exchange.line().await {
            let mut words = line.split('\t');
            match (words.next(), words.next()) {
                (Some("VERSION"), Some(version)) if version != "1" => {
                    return Err(format!("SASL: Protocol version mismatch ({version} vs. 1)"));
                }
                (Some("MECH"), Some(name)) => {
                    mechanisms.push(Mechanism { name: name.to_string(), properties: Properties::of_dovecot(words) });
                }
                // auth-master has no mechanisms to offer, and trusts whoever can reach it.
                (Some("SPID"), _) if mechanisms.is_empty() => {
                    return Err("SASL: Connected to wrong auth socket (auth-master instead of auth-client)".into());
                }
                (Some("DONE"), _) => return Ok((exchange, mechanisms)),
                _ => {}
            }
        }
        Err(format!("SASL: Connect to Dovecot auth socket '{path}' failed: lost connection"))
    }

    async fn open(&self) -> io::Result<Box<dyn Io>> {
        Ok(match &self.endpoint {
            Endpoint::Unix(path) => Box::new(UnixStream::connect(path).await?),
            Endpoint::Inet(host) => Box::new(TcpStream::connect(host.as_str()).await?),
        })
    }
}

fn system_text(code: i32) -> String {
    nix::errno::Errno::from_raw(code).desc().to_string()
}

impl Exchange {
    /// The client's next line, known to be base64.
    pub async fn next(&mut self, response: &str) -> Answer {
        self.ask(&format!("CONT\t{ID}\t{response}")).await
    }

    async fn ask(&mut self, line: &str) -> Answer {
        let lost = || Answer::Temporary("Connection lost to authentication server".into(), None);
        if self.send(line).await.is_err() {
            return lost();
        }
        while let Some(line) = self.line().await {
            let mut words = line.split('\t');
            let (word, id) = (words.next(), words.next());
            if id != Some(ID) {
                continue;
            }
            match word {
                Some("CONT") => return Answer::Challenge(words.next().unwrap_or_default().to_string()),
                Some("OK") => return done(words),
                Some("FAIL") => return failed(words),
                _ => {}
            }
        }
        lost()
    }

    async fn send(&mut self, line: &str) -> io::Result<()> {
        let line = format!("{line}\n");
        let write = async {
            self.stream.write_all(line.as_bytes()).await?;
            self.stream.flush().await
        };
        timeout(PATIENCE, write).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// None: the connection is of no more use.
    async fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let mut limited = (&mut self.stream).take(LONGEST_LINE);
        timeout(PATIENCE, limited.read_until(b'\n', &mut line)).await.ok()?.ok()?;
        line.pop().filter(|end| *end == b'\n')?;
        String::from_utf8(line).ok()
    }
}

fn done<'a>(words: impl Iterator<Item = &'a str>) -> Answer {
    let (mut user, mut anonymous) = (None, false);
    for word in words {
        anonymous |= word == "anonymous";
        user = word.strip_prefix("user=").map(str::to_string).or(user);
    }
    match user {
        // Whoever says no name has none: as in Postfix, the client is not logged in.
        _ if anonymous => Answer::Done(None),
        Some(user) => Answer::Done(Some(user)),
        None => Answer::Failed { reason: "Authentication backend error".into(), user: None },
    }
}

fn failed<'a>(words: impl Iterator<Item = &'a str>) -> Answer {
    let (mut user, mut reason, mut temporary) = (None, None, false);
    for word in words {
        temporary |= word == "temp" || word == "code=temp_fail";
        user = word.strip_prefix("user=").map(str::to_string).or(user);
        reason = word.strip_prefix("reason=").map(str::to_string).or(reason);
    }
    match (temporary, reason) {
        (true, reason) => Answer::Temporary(reason.unwrap_or_else(|| "Authentication backend error".into()), None),
        (false, reason) => Answer::Failed { reason: reason.unwrap_or_else(|| "(reason unavailable)".into()), user },
    }
}
