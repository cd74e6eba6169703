//! smtpd_proxy_filter: SMTPD_PROXY_README. A content filter behind the server and before the queue; its answer is the client's.

use std::{
    io::{self, Read, Seek, Write},
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use cleanup::Answer;
use config::{Config, parameters::QUEUE_DIRECTORY};
use hook::{Sockets, Stream};
use mail::{Reply, Status, xtext};
use tempfile::SpooledTempFile;
use tokio::io::{AsyncRead, AsyncWrite};

use crate::{Session, SmtpdError, conversation::Conversation, parameters as p, restrict};

/// A filter's reply is no longer.
const LONGEST_REPLY: usize = 64 * 1024;

/// smtpd_proxy_filter and its relatives.
#[derive(Debug)]
pub(crate) struct ProxySettings {
    /// As in main.cf.
    pub filter: String,
    pub ehlo: String,
    pub timeout: Duration,
    /// smtpd_proxy_options = speed_adjust: the filter hears of a message that is complete. Larger ones wait in this directory.
    pub speed_adjust: Option<PathBuf>,
}

impl ProxySettings {
    /// None: no smtpd_proxy_filter.
    pub fn from(config: &Config) -> Result<Option<Self>, SmtpdError> {
        let filter = config.get(&p::SMTPD_PROXY_FILTER);
        let mut speed_adjust = None;
        for option in config.get(&p::SMTPD_PROXY_OPTIONS).split(config::tokens::COMMA_SPACE).filter(|o| !o.is_empty()) {
            if !option.eq_ignore_ascii_case("speed_adjust") {
                let (option, value) = (option.to_string(), config.get(&p::SMTPD_PROXY_OPTIONS));
                return Err(SmtpdError::ConfigUnknownOption { name: "smtpd_proxy_options", option, value });
            }
            speed_adjust = Some(Path::new(&config.get(&QUEUE_DIRECTORY)).join("incoming"));
        }
        let (ehlo, timeout) = (config.get(&p::SMTPD_PROXY_EHLO), config.get(&p::SMTPD_PROXY_TIMEOUT));
        Ok((!filter.is_empty()).then_some(Self { filter, ehlo, timeout, speed_adjust }))
    }
}

/// A message up to so many bytes waits in memory for its end.
const KEPT_IN_MEMORY: usize = 256 * 1024;

/// What the filter will hear once the message is complete.
struct Kept {
    /// MAIL and RCPT, as the client said them.
    commands: Vec<String>,
    /// Without doubled dots.
    content: Mutex<SpooledTempFile>,
}

/// A message on its way through the filter.
pub(crate) struct Proxy {
    filter: String,
    timeout: Duration,
    /// The mutex only makes it shareable; it is never locked by two. None: not connected yet.
    stream: Mutex<Option<Box<dyn Stream>>>,
    /// speed_adjust: until the message is complete.
    kept: Option<Kept>,
    read: Vec<u8>,
    /// The next byte of content begins a line.
    line_begins: bool,
    /// It waits for content.
    in_content: bool,
    /// It cannot be talked to any more.
    pub failed: bool,
}

/// What the client is told where the filter cannot be talked to; the log says more.
fn unavailable() -> Reply {
    Reply::new(451, Status::temporary(3, 0), "Error: queue file write error")
}

impl Proxy {
    async fn connect(settings: &ProxySettings, sockets: &dyn Sockets) -> Result<Self, String> {
        let filter = &settings.filter;
        let endpoint = match filter.split_once(':') {
            Some(("inet" | "unix", _)) => filter.clone(),
            _ => format!("inet:{}", filter.trim_start_matches(':')),
        };
        let why = |error: io::Error| {
            let text = error.to_string();
            let text = text.split(" (os error").next().unwrap_or(&text).to_string();
            format!("connect to proxy filter {filter}: {text}")
        };
        let stream = match tokio::time::timeout(settings.timeout, sockets.connect(&endpoint)).await {
            Ok(stream) => stream.map_err(why)?,
            Err(_) => return Err(why(io::Error::from(io::ErrorKind::TimedOut))),
        };
        Ok(Self { stream: Mutex::new(Some(stream)), ..Self::unconnected(settings) })
    }

    fn unconnected(settings: &ProxySettings) -> Self {
        Self {
            filter: settings.filter.clone(),
            timeout: settings.timeout,
            stream: Mutex::new(None),
            kept: None,
            read: Vec::new(),
            line_begins: true,
            in_content: false,
            failed: false,
        }
    }

    /// One that listens only when the message is complete.
    fn keeping(settings: &ProxySettings, directory: &Path, mail: String) -> Self {
        let content = Mutex::new(tempfile::spooled_tempfile_in(KEPT_IN_MEMORY, directory));
        Self { kept: Some(Kept { commands: vec![mail], content }), ..Self::unconnected(settings) }
    }

    fn stream(&mut self) -> io::Result<&mut Box<dyn Stream>> {
        let stream = self.stream.get_mut().unwrap_or_else(PoisonError::into_inner);
        stream.as_mut().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), String> {
        let limit = self.timeout;
        let writing = async { self.stream()?.write(bytes).await };
        match tokio::time::timeout(limit, writing).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(format!("lost connection with proxy {}", self.filter)),
            Err(_) => Err(format!("timeout talking to proxy {}", self.filter)),
        }
    }

    /// The lines of the next reply.
    async fn reply(&mut self) -> Result<Vec<String>, String> {
        let (limit, mut lines) = (self.timeout, Vec::new());
        loop {
            while let Some(end) = memchr::memchr(b'\n', &self.read) {
                let line: Vec<u8> = self.read.drain(..=end).collect();
                let line = String::from_utf8_lossy(line.trim_ascii_end()).into_owned();
                let last = line.as_bytes().get(3) != Some(&b'-');
                lines.push(line);
                if last {
                    return Ok(lines);
                }
            }
            let mut piece = [0; 4096];
            let reading = async { self.stream()?.read(&mut piece).await };
            let got = match tokio::time::timeout(limit, reading).await {
                Ok(Ok(0) | Err(_)) => return Err(format!("lost connection with proxy {}", self.filter)),
                Ok(Ok(got)) => got,
                Err(_) => return Err(format!("timeout talking to proxy {}", self.filter)),
            };
            self.read.extend_from_slice(&piece[..got]);
            if self.read.len() > LONGEST_REPLY {
                return Err(format!("received garbage from proxy {}", self.filter));
            }
        }
    }

    /// The message is over, or there was none. Its answer changes nothing.
    async fn quit(&mut self) {
        // Within content it would be part of it: only the end of the connection takes that back.
        if !self.in_content && !self.failed && self.kept.is_none() {
            let _ = self.send(b"QUIT\r\n").await;
        }
    }

    async fn command(&mut self, line: &str) -> Result<Vec<String>, String> {
        self.send(format!("{line}\r\n").as_bytes()).await?;
        self.reply().await
    }

    /// A command of our own, which has to be liked.
    async fn must(&mut self, line: &str) -> Result<Vec<String>, String> {
        let lines = self.command(line).await?;
        let last = lines.last().map(String::as_str).unwrap_or_default();
        if last.starts_with('2') { Ok(lines) } else { Err(self.rejected(line, last)) }
    }

    fn rejected(&self, line: &str, last: &str) -> String {
        format!("proxy {} rejected \"{line}\": \"{last}\"", self.filter)
    }

    /// Greeting, EHLO and XFORWARD.
    async fn greet(&mut self, ehlo: &str, session: &Session) -> Result<(), String> {
        let greeting = self.reply().await?;
        if !greeting.last().is_some_and(|line| line.starts_with('2')) {
            return Err(self.rejected("connect", greeting.last().map(String::as_str).unwrap_or_default()));
        }
        let offers = self.must(&format!("EHLO {ehlo}")).await?;
        let offered = offers.iter().filter_map(|line| line.get(4..)?.strip_prefix("XFORWARD "));
        let offered: Vec<String> = offered.flat_map(|words| words.split(' ').map(str::to_string)).collect();
        for line in xforward(session, &offered) {
            self.must(&line).await?;
        }
        Ok(())
    }

    /// Content as it came, dots doubled: RFC 5321 section 4.5.2.
    pub async fn content(&mut self, text: &[u8]) -> Result<(), String> {
        if let Some(kept) = &mut self.kept {
            // To memory or the page cache: nobody is promised that it lasts.
            let written = kept.content.get_mut().unwrap_or_else(PoisonError::into_inner).write_all(text);
            return written.map_err(|error| format!("temporary file for proxy {}: {error}", self.filter));
        }
        let mut out = Vec::with_capacity(text.len() + 16);
        for line in text.split_inclusive(|byte| *byte == b'\n') {
            if self.line_begins && line.first() == Some(&b'.') {
                out.push(b'.');
            }
            out.extend_from_slice(line);
            self.line_begins = line.ends_with(b"\n");
        }
        self.send(&out).await
    }
}

/// A filter's reply, as the client gets it.
fn reply_of(lines: &[String]) -> Reply {
    Answer::Reply(lines.join("\r\n")).reply().unwrap_or_else(unavailable)
}

/// The lines that tell of the client. XFORWARD_README: lines of up to 512 bytes.
fn xforward(session: &Session, offered: &[String]) -> Vec<String> {
    let local = session.transaction.as_ref().is_some_and(|transaction| transaction.local_client);
    let client = session.client_attributes(local);
    let port = if client.port == 0 { "[UNAVAILABLE]".to_string() } else { client.port.to_string() };
    let address = match client.address.contains(':') {
        true => format!("IPv6:{}", client.address),
        false => client.address.clone(),
    };
    let ident = session.forwarded.ident.clone();
    let known = |text: &str| {
        if text.is_empty() || text == "unknown" { "[UNAVAILABLE]".to_string() } else { xtext::encode(text) }
    };
    let source = if client.local { "LOCAL" } else { "REMOTE" };
    let all = [
        ("NAME", known(&client.name)),
        ("ADDR", known(&address)),
        ("PORT", port),
        ("HELO", known(&client.helo)),
        ("IDENT", known(&ident)),
        ("PROTO", known(&client.protocol)),
        ("SOURCE", source.to_string()),
    ];
    let mut lines: Vec<String> = Vec::new();
    for (name, value) in all.iter().filter(|(name, _)| offered.iter().any(|one| one.eq_ignore_ascii_case(name))) {
        let attribute = format!(" {name}={value}");
        match lines.last_mut() {
            Some(line) if line.len() + attribute.len() < 510 => line.push_str(&attribute),
            _ => lines.push(format!("XFORWARD{attribute}")),
        }
    }
    lines
}

impl<S: AsyncRead + AsyncWrite + Unpin> Conversation<'_, S> {
    /// RCPT TO goes to the filter, the first one after MAIL FROM. What the client is told when it is refused there.
    pub async fn proxy_rcpt(&mut self, recipient: &str, argument: &str) -> Option<Reply> {
        let kept = self.session_mut().recipient.replace(recipient.to_string());
        let refused = self.proxy_told(argument).await;
        self.session_mut().recipient = kept;
        refused
    }

    async fn proxy_told(&mut self, argument: &str) -> Option<Reply> {
        let service = self.service;
        let settings = service.settings.proxy.as_ref()?;
        if let Some(directory) = &settings.speed_adjust {
            if self.proxy.is_none() {
                let mail = format!("MAIL {}", self.proxy_mail);
                self.proxy = Some(Proxy::keeping(settings, directory, mail));
                self.log_client();
            }
            if let Some(kept) = self.proxy.as_mut().and_then(|proxy| proxy.kept.as_mut()) {
                kept.commands.push(format!("RCPT {argument}"));
            }
            return None;
        }
        if self.proxy.is_none() {
            let opened = async {
                let mut proxy = Proxy::connect(settings, &*service.services.sockets).await?;
                proxy.greet(&settings.ehlo, &self.session).await?;
                Ok::<_, String>(proxy)
            };
            match opened.await {
                Ok(proxy) => self.proxy = Some(proxy),
                Err(why) => return Some(self.proxy_trouble(&why)),
            }
            let mail = format!("MAIL {}", self.proxy_mail);
            if let Some(reply) = self.proxy_command(&mail, '2').await {
                self.proxy = None;
                return Some(reply);
            }
            self.log_client();
        }
        self.proxy_command(&format!("RCPT {argument}"), '2').await
    }

    /// A command of the client. None: the filter likes it.
    pub async fn proxy_command(&mut self, line: &str, wanted: char) -> Option<Reply> {
        let proxy = self.proxy.as_mut()?;
        if proxy.kept.is_some() {
            return None;
        }
        let answer = proxy.command(line).await;
        if let Ok(lines) = &answer
            && let Some(last) = lines.last().filter(|last| !last.starts_with(wanted))
        {
            self.service.log.warning(format_args!("{}", proxy.rejected(line, last)));
        }
        match answer {
            Err(why) => Some(self.proxy_trouble(&why)),
            Ok(lines) if lines.last().is_some_and(|line| line.starts_with(wanted)) => {
                proxy.in_content = wanted == '3';
                None
            }
            Ok(lines) => Some(reply_of(&lines)),
        }
    }

    /// The session ended, or a transaction that went to the filter in part.
    pub async fn leave_proxy(&mut self) {
        for mut proxy in [self.proxy.take(), self.proxy_left.take()].into_iter().flatten() {
            proxy.quit().await;
        }
    }

    /// The end of the content, and what the client is told.
    pub async fn proxy_finish(&mut self) -> Option<Reply> {
        let mut proxy = self.proxy.take()?;
        // The log names the first recipient.
        let first = self.session.transaction.as_ref().and_then(|t| t.recipients.first());
        let first = first.map(|recipient| recipient.address.clone());
        self.session_mut().recipient = first;
        if proxy.failed {
            return Some(self.proxy_failed());
        }
        if let Some(kept) = proxy.kept.take() {
            match self.replay(kept).await {
                Ok(listening) => proxy = listening,
                Err(reply) => return Some(reply),
            }
        }
        let outcome = async {
            if !proxy.line_begins {
                proxy.send(b"\r\n").await?;
            }
            proxy.command(".").await
        };
        let reply = match outcome.await {
            Err(why) => self.proxy_lost(&why),
            Ok(lines) => {
                let accepted = lines.last().is_some_and(|line| line.starts_with('2'));
                self.proxy_reply(&lines, if accepted { "accept" } else { "reject" })
            }
        };
        proxy.in_content = false;
        proxy.quit().await;
        Some(reply)
    }

    /// speed_adjust: connects, and says everything up to the final dot. The error is the client's reply.
    async fn replay(&mut self, kept: Kept) -> Result<Proxy, Reply> {
        let service = self.service;
        let settings = service.settings.proxy.as_ref().ok_or_else(unavailable)?;
        let opened = async {
            let mut proxy = Proxy::connect(settings, &*service.services.sockets).await?;
            proxy.greet(&settings.ehlo, &self.session).await?;
            Ok::<_, String>(proxy)
        };
        let mut proxy = match opened.await {
            Ok(proxy) => proxy,
            Err(why) => return Err(self.proxy_lost(&why)),
        };
        for (line, wanted) in kept.commands.iter().map(|line| (line.as_str(), '2')).chain([("DATA", '3')]) {
            let lines = match proxy.command(line).await {
                Ok(lines) => lines,
                Err(why) => return Err(self.proxy_lost(&why)),
            };
            let last = lines.last().map(String::as_str).unwrap_or_default();
            if !last.starts_with(wanted) {
                service.log.warning(format_args!("{}", proxy.rejected(line, last)));
                proxy.quit().await;
                return Err(self.proxy_reply(&lines, "reject"));
            }
        }
        proxy.in_content = true;
        let mut content = kept.content.into_inner().unwrap_or_else(PoisonError::into_inner);
        let unreadable = |error: io::Error| format!("temporary file for proxy {}: {error}", settings.filter);
        let copied = async {
            content.rewind().map_err(unreadable)?;
            let mut piece = vec![0; 64 * 1024];
            loop {
                match content.read(&mut piece).map_err(unreadable)? {
                    0 => return Ok::<_, String>(()),
                    got => proxy.content(&piece[..got]).await?,
                }
            }
        };
        match copied.await {
            Ok(()) => Ok(proxy),
            Err(why) => Err(self.proxy_lost(&why)),
        }
    }

    /// Content on its way: to the filter, where there is one.
    pub async fn proxy_content(&mut self, text: &[u8]) -> bool {
        let Some(proxy) = &mut self.proxy else { return false };
        if !proxy.failed
            && let Err(why) = proxy.content(text).await
        {
            proxy.failed = true;
            self.service.log.warning(format_args!("{why}"));
        }
        true
    }

    /// The connection broke with the content; the client's reply is in the log as if the filter had said it.
    fn proxy_lost(&mut self, why: &str) -> Reply {
        self.service.log.warning(format_args!("{why}"));
        self.proxy_failed()
    }

    fn proxy_failed(&self) -> Reply {
        let reply = unavailable();
        restrict::log::proxied(&self.service.log, &self.session, "reject", &reply.log_text());
        reply
    }

    fn proxy_trouble(&mut self, why: &str) -> Reply {
        self.service.log.warning(format_args!("{why}"));
        self.proxy = None;
        unavailable()
    }

    /// The filter's reply to the content, as the client gets it, with its line in the log.
    fn proxy_reply(&self, lines: &[String], word: &str) -> Reply {
        let reply = reply_of(lines);
        let last = lines.last().map(String::as_str).unwrap_or_default();
        restrict::log::proxied(&self.service.log, &self.session, word, last);
        reply
    }
}
