//! The next server: an SMTP server that records what it gets and does what the test tells it to do at any step.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, SystemTime},
};

use crate::waiting;

/// A message as it came.
#[derive(Clone, Debug, Default)]
pub struct Received {
    pub client: String,
    pub helo: String,
    /// The MAIL command with its parameters.
    pub mail: String,
    /// The RCPT commands that were accepted.
    pub recipients: Vec<String>,
    /// Dots unstuffed, with CR LF.
    pub content: Vec<u8>,
    pub at: Option<SystemTime>,
}

impl Received {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.content).replace("\r\n", "\n")
    }
}

/// What to do instead of going on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    Reply(String),
    /// Closes the connection without a word.
    Die,
    /// Says nothing for a minute.
    Hang,
}

/// Asked with the stage (`connect`, `EHLO`, `MAIL`, `RCPT`, `DATA`, `.`, `QUIT` ...) and the line.
pub type Script = dyn Fn(&str, &str) -> Option<Answer> + Send + Sync;

/// Listens until it is dropped.
pub struct Sink {
    pub address: SocketAddr,
    state: Arc<State>,
}

impl Drop for Sink {
    fn drop(&mut self) {
        self.state.closed.store(true, Ordering::SeqCst);
        // Wakes the listening thread up, so that the port is free again when this returns.
        let _ = TcpStream::connect(self.address);
        waiting::until_true(5, || self.state.free.load(Ordering::SeqCst));
    }
}

struct State {
    messages: Mutex<Vec<Received>>,
    connections: Mutex<u32>,
    script: Mutex<Arc<Script>>,
    ehlo: Mutex<Vec<String>>,
    closed: AtomicBool,
    free: AtomicBool,
}

impl Sink {
    /// Listens, and accepts everything.
    pub fn listen(address: &str) -> Self {
        let listener = TcpListener::bind(address).unwrap_or_else(|e| panic!("sink on {address}: {e}"));
        let state = Arc::new(State {
            messages: Mutex::default(),
            connections: Mutex::default(),
            script: Mutex::new(Arc::new(|_, _| None)),
            ehlo: Mutex::new(
                ["PIPELINING", "SIZE 0", "8BITMIME", "DSN", "ENHANCEDSTATUSCODES"].map(Into::into).to_vec(),
            ),
            closed: AtomicBool::new(false),
            free: AtomicBool::new(false),
        });
        let sink = Self { address: listener.local_addr().expect("a bound socket"), state };
        let server = sink.state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if server.closed.load(Ordering::SeqCst) {
                    break;
                }
                let server = server.clone();
                thread::spawn(move || {
                    // A client that breaks off ends only its own session.
                    let _ = server.session(&stream);
                });
            }
            drop(listener);
            server.free.store(true, Ordering::SeqCst);
        });
        sink
    }

    /// From now on `script` is asked at every step.
    pub fn script(&self, script: impl Fn(&str, &str) -> Option<Answer> + Send + Sync + 'static) {
        *self.state.script.lock().expect("no panics with the script") = Arc::new(script);
    }

    /// What EHLO offers.
    pub fn offer(&self, keywords: &[&str]) {
        *self.state.ehlo.lock().expect("no panics with the keywords") =
            keywords.iter().map(|k| k.to_string()).collect();
    }

    pub fn messages(&self) -> Vec<Received> {
        self.state.messages.lock().expect("no panics with the messages").clone()
    }

    pub fn connections(&self) -> u32 {
        *self.state.connections.lock().expect("no panics with the count")
    }

    /// The messages, as soon as there are so many. Panics when they do not come.
    pub fn wait_for(&self, count: usize) -> Vec<Received> {
        let enough = || Some(self.messages()).filter(|m| m.len() >= count);
        waiting::until(30, enough)
            .unwrap_or_else(|| panic!("{}: {} messages came, not {count}", self.address, self.messages().len()))
    }
}

impl State {
    fn ask(&self, stage: &str, line: &str, otherwise: &str) -> Answer {
        let script = self.script.lock().expect("no panics with the script").clone();
        script(stage, line).unwrap_or_else(|| Answer::Reply(otherwise.into()))
    }

    fn session(&self, stream: &TcpStream) -> std::io::Result<()> {
        *self.connections.lock().expect("no panics with the count") += 1;
        let mut reader = BufReader::new(stream);
        let mut writer = stream;
        let client = stream.peer_addr()?.ip().to_string();
        let mut message = Received { client: client.clone(), ..Received::default() };
        let mut line = Vec::new();
        let mut answer = self.ask("connect", &client, "220 sink.test ESMTP");
        loop {
            let reply = match answer {
                Answer::Reply(reply) => reply,
                Answer::Die => return Ok(()),
                Answer::Hang => {
                    thread::sleep(Duration::from_secs(60));
                    return Ok(());
                }
            };
            writer.write_all(format!("{}\r\n", reply.replace('\n', "\r\n")).as_bytes())?;
            if reply.starts_with("421") || reply.starts_with("221") {
                return Ok(());
            }
            if reply.starts_with("354") {
                message.content = content(&mut reader)?;
                message.at = Some(SystemTime::now());
                answer = self.ask(".", "", "250 2.0.0 Ok: sunk");
                if matches!(&answer, Answer::Reply(r) if r.starts_with('2')) {
                    self.messages.lock().expect("no panics with the messages").push(message.clone());
                }
                message = Received { client: client.clone(), helo: message.helo, ..Received::default() };
                continue;
            }
            line.clear();
            if reader.read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            let command = String::from_utf8_lossy(&line).trim_end().to_string();
            answer = self.command(&command, &mut message);
        }
    }

    fn command(&self, line: &str, message: &mut Received) -> Answer {
        let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let keywords = self.ehlo.lock().expect("no panics with the keywords").clone();
        let ehlo: Vec<String> = std::iter::once("sink.test".to_string()).chain(keywords).collect();
        let last = ehlo.len() - 1;
        let ehlo: Vec<String> =
            ehlo.iter().enumerate().map(|(i, k)| format!("250{}{k}", if i < last { "-" } else { " " })).collect();
        let otherwise = match verb.as_str() {
            "EHLO" => ehlo.join("\n"),
            "HELO" => "250 sink.test".to_string(),
            "MAIL" => "250 2.1.0 Ok".to_string(),
            "RCPT" => "250 2.1.5 Ok".to_string(),
            "DATA" if message.recipients.is_empty() => "554 5.5.1 Error: no valid recipients".to_string(),
            "DATA" => "354 go on".to_string(),
            "QUIT" => "221 2.0.0 Bye".to_string(),
            _ => "250 2.0.0 Ok".to_string(),
        };
        let answer = self.ask(&verb, line, &otherwise);
        let accepted = matches!(&answer, Answer::Reply(r) if r.starts_with('2'));
        match verb.as_str() {
            "EHLO" | "HELO" => message.helo = line.to_string(),
            "MAIL" if accepted => message.mail = line.to_string(),
            "RCPT" if accepted => message.recipients.push(line.to_string()),
            "RSET" => message.recipients.clear(),
            _ => {}
        }
        answer
    }
}

fn content(reader: &mut impl BufRead) -> std::io::Result<Vec<u8>> {
    let mut content = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        if line == b".\r\n" {
            return Ok(content);
        }
        content.extend_from_slice(line.strip_prefix(b".").unwrap_or(&line));
    }
}
