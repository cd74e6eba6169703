//! One connection to one server: connect, greeting, EHLO. RFC 5321 sections 3.1 and 4.1.1.1.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use mail::Status;
use net::{Connection, Deadline, tls::Stream};
use nix::errno::Errno;
use tokio::net::{TcpSocket, UnixStream};

use super::{
    addresses::Server,
    destination::Destination,
    progress::{Peer, Progress, Reason},
    reply::{self, Filter, Reply, Speaker, Trouble},
    settings::Settings,
    socket::Socket,
    starttls::Way,
};
use hook::MailLog;

/// What the server offered. RFC 1870, 2920, 3461, 6152, 6531.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Features {
    pub pipelining: bool,
    pub eight_bit_mime: bool,
    pub dsn: bool,
    pub smtputf8: bool,
    pub size: bool,
    /// Bytes; 0: the server names no limit.
    pub size_limit: u64,
    pub starttls: bool,
    pub xforward: Attributes,
}

bitflags::bitflags! {
    /// What XFORWARD may tell: XFORWARD_README.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
    pub struct Attributes: u8 {
        const NAME = 1; const ADDR = 2; const PORT = 4; const PROTO = 8; const HELO = 16; const IDENT = 32;
        const SOURCE = 64;
    }
}

/// An open session.
pub struct Session {
    pub connection: Connection<Stream<Socket>>,
    pub features: Features,
    host: String,
    pub address: IpAddr,
    /// The address, or the path of a local socket.
    place: String,
    /// Messages before the present one.
    pub earlier_uses: u32,
    /// Monotonic.
    pub opened: Duration,
    /// No other server had been left when it was made.
    pub only_server: bool,
    /// Said 421, or is in a state nobody knows: no further message.
    pub spoilt: bool,
    /// There is nobody to talk to.
    pub broken: bool,
    relay: String,
    /// None: in the clear.
    pub tls: Option<net::tls::Peer>,
    /// The server proved who it is.
    pub verified: bool,
    /// Opportunistic TLS failed, and this mail may go in the clear: over another connection.
    pub plain_again: bool,
    /// AUTH is offered, and with what.
    pub offers_auth: bool,
    pub mechanisms: Vec<String>,
    /// EHLO keywords of this server that are not looked at; None: those of smtp_discard_ehlo_keywords.
    pub discard: Option<Vec<String>>,
    pub reply_filter: Option<Filter>,
}

impl Session {
    /// TCP or a local socket. The error is the whole text: `connect to host[address]:25: Connection refused`.
    pub async fn connect(
        server: &Server,
        destination: &Destination,
        settings: &Settings,
        opened: Duration,
    ) -> Result<Self, String> {
        let limit = settings.timeouts.connect;
        let attempt = open(server.address, destination, settings);
        let connected = if limit.is_zero() {
            attempt.await
        } else {
            tokio::time::timeout(limit, attempt).await.unwrap_or_else(|_| Err(Errno::ETIMEDOUT.into()))
        };
        let (host, address) = (server.host.clone(), server.address);
        let place = destination.socket.clone().unwrap_or_else(|| address.to_string());
        let relay = match destination.socket {
            Some(_) => format!("{host}[{place}]"),
            None => format!("{host}[{place}]:{}", destination.port),
        };
        let stream = connected.map_err(|error| format!("connect to {relay}: {}", system_text(&error)))?;
        let connection = Connection::new(Stream::Plain(stream));
        let features = Features::default();
        let (earlier_uses, only_server) = (0, false);
        Ok(Self {
            connection,
            features,
            host,
            address,
            place,
            earlier_uses,
            opened,
            only_server,
            spoilt: false,
            broken: false,
            relay,
            tls: None,
            verified: false,
            plain_again: false,
            offers_auth: false,
            mechanisms: Vec::new(),
            discard: None,
            reply_filter: None,
        })
    }

    /// For the outcome of recipients.
    pub fn peer(&self) -> Peer {
        Peer {
            name_address: format!("{}[{}]", self.host, self.place),
            relay: self.relay.clone(),
            host: self.host.clone(),
            earlier_uses: self.earlier_uses,
        }
    }

    /// The host name as it was looked up.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The next reply. 421 spoils the session: RFC 5321 section 3.8, the server closes it.
    pub async fn reply(
        &mut self,
        deadline: &mut Deadline,
        settings: &Settings,
        log: &MailLog,
        queue_id: &str,
    ) -> Result<Reply, Trouble> {
        let speaker = Speaker {
            log,
            queue_id,
            server: &self.relay,
            limit: settings.reply_limit.max(512),
            pipelining: self.features.pipelining,
            filter: self.reply_filter.as_ref(),
        };
        let reply = reply::read(&mut self.connection, deadline, &speaker).await;
        self.broken |= reply.is_err();
        self.spoilt |= !matches!(&reply, Ok(reply) if reply.code != 421);
        reply
    }

    /// One command alone, and its reply.
    pub async fn command(
        &mut self,
        command: &str,
        settings: &Settings,
        log: &MailLog,
        queue_id: &str,
    ) -> Result<Reply, Trouble> {
        let mut deadline = settings.timeouts.deadline(settings.timeouts.helo);
        self.connection.write(command.as_bytes());
        self.reply(&mut deadline, settings, log, queue_id).await
    }

    /// Greeting and EHLO or HELO. False: the recipients were dealt with, the session is of no use.
    pub async fn handshake(&mut self, progress: &mut Progress<'_>, way: &Way<'_>) -> bool {
        let Way { settings, log, .. } = *way;
        if !self.wrap(progress, way).await {
            return false;
        }
        let id = progress.request.queue_id.clone();
        let mut deadline = settings.timeouts.deadline(settings.timeouts.helo);
        let greeting = match self.reply(&mut deadline, settings, log, &id).await {
            Ok(greeting) => greeting,
            Err(trouble) => {
                progress.broken(trouble, "receiving the initial server greeting");
                return false;
            }
        };
        if greeting.digit() != 2 {
            let mut softened = greeting.clone();
            if settings.skip_5xx_greeting && greeting.digit() == 5 {
                softened.status = greeting.status.map(|status| status.with_class(mail::Class::Temporary));
            }
            self.refused(progress, &softened);
            return false;
        }
        let named = first_word(&greeting).is_some_and(|word| word.eq_ignore_ascii_case(&settings.my_host_name));
        if named && way.detect_loops {
            let (server, me) = (&self.relay, &settings.my_host_name);
            log.warning(format_args!("host {server} greeted me with my own hostname {me}"));
        }
        let says_esmtp =
            greeting.lines.iter().any(|line| line.split([' ', '\t']).any(|w| w.eq_ignore_ascii_case("ESMTP")));
        let esmtp = !settings.never_send_ehlo && (settings.always_send_ehlo || says_esmtp);
        if !self.hello(progress, way, esmtp).await {
            return false;
        }
        match self.secure(progress, way).await {
            // RFC 3207 section 4.2: what the server offered in the clear does not count any more.
            Some(secured) if !(secured && self.hello(progress, way, true).await) => return false,
            _ => {}
        }
        self.log_in(progress, way).await
    }

    async fn hello(&mut self, progress: &mut Progress<'_>, way: &Way<'_>, esmtp: bool) -> bool {
        let Way { settings, log, detect_loops, best_mx, .. } = *way;
        let id = progress.request.queue_id.clone();
        let mut answer = None;
        let tries = [("EHLO", "performing the EHLO handshake"), ("HELO", "performing the HELO handshake")];
        // RFC 2033 section 4.1: LHLO, and nothing else.
        let tries = match settings.lmtp {
            true => vec![("LHLO", "performing the LHLO handshake")],
            false => tries.into_iter().skip(usize::from(!esmtp)).collect(),
        };
        for (verb, doing) in tries {
            let command = format!("{verb} {}\r\n", settings.helo_name);
            match self.command(&command, settings, log, &id).await {
                Ok(reply) if reply.digit() == 2 => {
                    answer = Some((verb, reply));
                    break;
                }
                // RFC 5321 section 3.2: a server that knows no EHLO may know HELO.
                Ok(reply) if verb == "EHLO" && reply.code != 421 => {}
                Ok(reply) => {
                    self.refused(progress, &reply);
                    return false;
                }
                Err(trouble) => {
                    progress.broken(trouble, doing);
                    return false;
                }
            }
        }
        let Some((verb, reply)) = answer else { return false };
        let myself = first_word(&reply).is_some_and(|word| word.eq_ignore_ascii_case(&settings.my_host_name));
        if myself && detect_loops {
            let (server, me) = (&self.relay, &settings.my_host_name);
            log.warning(format_args!("host {server} replied to HELO/EHLO with my own hostname {me}"));
            let status = if best_mx { Status::permanent(4, 6) } else { Status::temporary(4, 6) };
            let text = format!("mail for {} loops back to myself", progress.request.nexthop);
            progress.all_failed(Reason::local(status, text).throttling());
            return false;
        }
        if verb != "HELO" {
            let discard = self.discard.as_ref().unwrap_or(&settings.discard_ehlo_keywords);
            self.features = features(&reply, discard);
            let offered = mechanisms(&reply).filter(|_| !discard.iter().any(|word| word == "AUTH"));
            (self.offers_auth, self.mechanisms) = (offered.is_some(), offered.unwrap_or_default());
        }
        true
    }

    fn refused(&self, progress: &mut Progress<'_>, reply: &Reply) {
        let text = format!("host {} refused to talk to me: {}", self.peer().name_address, reply.text);
        progress.all_failed(Reason::remote(&self.host, reply, text).throttling());
    }

    /// QUIT, where the server is still there; its answer only if smtp_skip_quit_response says to wait for it.
    pub async fn quit(mut self, settings: &Settings, log: &MailLog, queue_id: &str) {
        if self.broken {
            return;
        }
        let mut deadline = settings.timeouts.deadline(settings.timeouts.quit);
        self.connection.write(b"QUIT\r\n");
        // The message's fate is known; what happens to QUIT changes nothing.
        let flushed = self.connection.flush(&mut deadline).await;
        if flushed.is_ok() && !settings.skip_quit_response {
            let _ = self.reply(&mut deadline, settings, log, queue_id).await;
        }
        self.connection.stream_mut().close().await;
    }
}

async fn open(address: IpAddr, destination: &Destination, settings: &Settings) -> io::Result<Socket> {
    if let Some(path) = &destination.socket {
        return Ok(Socket::Unix(UnixStream::connect(settings.queue_directory.join(path)).await?));
    }
    let (socket, from) = match address {
        IpAddr::V4(_) => (TcpSocket::new_v4()?, settings.bind_ipv4),
        IpAddr::V6(_) => (TcpSocket::new_v6()?, settings.bind_ipv6),
    };
    if let Some(from) = from {
        socket.bind(SocketAddr::new(from, 0))?;
    }
    // Commands leave in whole batches: waiting for more only delays them.
    socket.set_nodelay(true)?;
    Ok(Socket::Tcp(socket.connect(SocketAddr::new(address, destination.port)).await?))
}

/// strerror(3).
fn system_text(error: &io::Error) -> String {
    error.raw_os_error().map_or_else(|| error.to_string(), |code| Errno::from_raw(code).desc().to_string())
}

fn first_word(reply: &Reply) -> Option<&str> {
    reply.lines.first()?.split([' ', '\t']).find(|word| !word.is_empty())
}

/// The words behind AUTH, and behind `AUTH=` of very old servers.
fn mechanisms(reply: &Reply) -> Option<Vec<String>> {
    let mut found = None;
    for line in reply.lines.iter().skip(1) {
        let mut words = line.split([' ', '\t', '=']).filter(|word| !word.is_empty());
        if words.next().is_some_and(|keyword| keyword.eq_ignore_ascii_case("AUTH")) {
            found.get_or_insert_with(Vec::new).extend(words.map(str::to_string));
        }
    }
    found
}

/// The lines after the first: keyword and parameters.
fn features(reply: &Reply, discard: &[String]) -> Features {
    let mut features = Features::default();
    for line in reply.lines.iter().skip(1) {
        let mut words = line.split([' ', '\t', '=']).filter(|word| !word.is_empty());
        let Some(keyword) = words.next().map(str::to_ascii_uppercase) else { continue };
        if discard.contains(&keyword) {
            continue;
        }
        match keyword.as_str() {
            "PIPELINING" => features.pipelining = true,
            "8BITMIME" => features.eight_bit_mime = true,
            "DSN" => features.dsn = true,
            "SMTPUTF8" => features.smtputf8 = true,
            "STARTTLS" => features.starttls = true,
            "XFORWARD" => {
                let known = words.filter_map(|word| Attributes::from_name(&word.to_ascii_uppercase()));
                features.xforward = known.fold(Attributes::empty(), |all, one| all | one);
            }
            "SIZE" => {
                features.size = true;
                features.size_limit = words.next().and_then(|number| number.parse().ok()).unwrap_or(0);
            }
            _ => {}
        }
    }
    features
}
