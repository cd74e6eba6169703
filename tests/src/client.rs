//! An SMTP client that keeps nothing from the server: every reply is given back as it came.

use std::{
    io::{ErrorKind, Read, Write},
    net::{IpAddr, SocketAddr, TcpStream},
    time::{Duration, Instant},
};

use socket2::{Domain, Socket, Type};

use crate::tls::Transport;

/// What `reply` says when the server closed the connection.
pub const CLOSED: &str = "<closed>";

pub struct Client {
    stream: Transport,
    unread: Vec<u8>,
}

impl Client {
    /// From 127.0.0.1 to the same; the greeting is not read yet.
    pub fn connect(port: u16) -> std::io::Result<Self> {
        Self::connect_from("127.0.0.1", port)
    }

    /// From one of this host's addresses.
    pub fn connect_from(address: &str, port: u16) -> std::io::Result<Self> {
        let from: IpAddr = address.parse().expect("an address");
        let to = if from.is_ipv4() { "127.0.0.1" } else { "::1" };
        Self::between(address, &format!("{to}:{port}").replace("::1:", "[::1]:"))
    }

    pub fn between(from: &str, to: &str) -> std::io::Result<Self> {
        let from: IpAddr = from.parse().expect("an address");
        let to: SocketAddr = to.parse().expect("an address and port");
        let socket = Socket::new(Domain::for_address(to), Type::STREAM, None)?;
        socket.bind(&SocketAddr::new(from, 0).into())?;
        socket.connect_timeout(&to.into(), Duration::from_secs(5))?;
        let stream = TcpStream::from(socket);
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        stream.set_write_timeout(Some(Duration::from_secs(30)))?;
        let stream = Transport::Plain(stream);
        Ok(Self { stream, unread: Vec::new() })
    }

    /// Connects, reads the greeting and says EHLO. Panics with what the server said otherwise.
    pub fn ready(address: &str, port: u16) -> Self {
        let mut client = Self::connect_from(address, port).expect("the server listens");
        let greeting = client.reply();
        assert!(greeting.starts_with("220"), "greeting: {greeting}");
        let ehlo = client.command("EHLO client.test");
        assert!(ehlo.starts_with("250"), "EHLO: {ehlo}");
        client
    }

    pub fn set_patience(&self, patience: Duration) {
        self.stream.tcp().set_read_timeout(Some(patience)).expect("a timeout above zero");
    }

    /// The handshake after a 220 to STARTTLS. `certificate` names one of tests/certificates.
    pub fn handshake(&mut self, certificate: Option<&str>, only_tls12: bool) -> Result<(), String> {
        self.stream.start_tls(certificate, only_tls12)
    }

    /// STARTTLS, the handshake and EHLO. Panics with what went wrong otherwise.
    pub fn starttls(&mut self) -> String {
        self.starttls_as(None)
    }

    /// The same with a certificate.
    pub fn starttls_as(&mut self, certificate: Option<&str>) -> String {
        let reply = self.command("STARTTLS");
        assert!(reply.starts_with("220"), "STARTTLS: {reply}");
        self.handshake(certificate, false).expect("a handshake");
        self.command("EHLO client.test")
    }

    /// Sends the line with CR LF and reads the reply.
    pub fn command(&mut self, line: &str) -> String {
        self.send(format!("{line}\r\n").as_bytes());
        self.reply()
    }

    /// A server that went away shows in the next reply.
    pub fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).and_then(|()| self.stream.flush());
    }

    /// The rest of the session as the server sees it: no more bytes will come.
    pub fn finish_sending(&self) {
        let _ = self.stream.tcp().shutdown(std::net::Shutdown::Write);
    }

    /// One reply; the lines of a long one are joined with a line feed.
    pub fn reply(&mut self) -> String {
        let mut lines: Vec<String> = Vec::new();
        loop {
            match self.line() {
                Ok(line) => {
                    let more = line.as_bytes().get(3) == Some(&b'-');
                    lines.push(line);
                    if !more {
                        return lines.join("\n");
                    }
                }
                Err(why) => {
                    lines.push(why);
                    return lines.join("\n");
                }
            }
        }
    }

    /// One line of a reply.
    pub fn reply_line(&mut self) -> String {
        self.line().unwrap_or_else(|why| why)
    }

    /// Everything until the server closes or is quiet for so long.
    pub fn replies_until_quiet(&mut self, quiet: Duration) -> Vec<String> {
        self.set_patience(quiet);
        let mut replies = Vec::new();
        loop {
            let reply = self.reply();
            let end = reply.ends_with(CLOSED) || reply.ends_with("<silent>");
            replies.push(reply);
            if end {
                self.set_patience(Duration::from_secs(30));
                return replies;
            }
        }
    }

    fn line(&mut self) -> Result<String, String> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(end) = self.unread.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                let text = String::from_utf8_lossy(&line);
                return Ok(text.trim_end_matches(['\r', '\n']).to_string());
            }
            match self.stream.read(&mut buffer) {
                Ok(0) => return Err(CLOSED.into()),
                Ok(n) => self.unread.extend_from_slice(&buffer[..n]),
                Err(e) if matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Err("<silent>".into());
                }
                Err(_) => return Err(CLOSED.into()),
            }
        }
    }

    /// A whole transaction on a session that is ready. The reply to the end of the data.
    pub fn mail(&mut self, sender: &str, recipient: &str, content: &str) -> String {
        for line in [format!("MAIL FROM:<{sender}>"), format!("RCPT TO:<{recipient}>"), "DATA".to_string()] {
            let reply = self.command(&line);
            if !reply.starts_with("250") && !reply.starts_with("354") {
                return reply;
            }
        }
        self.content(content)
    }

    /// The content after DATA, with its final dot.
    pub fn content(&mut self, content: &str) -> String {
        let stuffed: String =
            content.lines().map(|l| format!("{}{l}\r\n", if l.starts_with('.') { "." } else { "" })).collect();
        self.send(format!("{stuffed}.\r\n").as_bytes());
        self.reply()
    }

    pub fn quit(mut self) -> String {
        self.command("QUIT")
    }
}

/// One message in a session of its own; the last reply.
pub fn send_mail(from_address: &str, port: u16, sender: &str, recipient: &str, content: &str) -> String {
    let mut client = Client::ready(from_address, port);
    let reply = client.mail(sender, recipient, content);
    client.quit();
    reply
}

/// The reply to RCPT TO in a session of its own.
pub fn ask(from_address: &str, port: u16, sender: &str, recipient: &str) -> String {
    let mut client = Client::ready(from_address, port);
    let start = Instant::now();
    let reply = client.command(&format!("MAIL FROM:<{sender}>"));
    assert!(reply.starts_with("250"), "MAIL FROM:<{sender}>: {reply} after {:?}", start.elapsed());
    let reply = client.command(&format!("RCPT TO:<{recipient}>"));
    client.quit();
    reply
}
