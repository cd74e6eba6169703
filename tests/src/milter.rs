//! A milter that writes down all it hears, and answers what the test tells it. It speaks the protocol byte by byte, so that no
//! library smooths anything.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use crate::waiting;

/// Letter and data of a reply.
pub type Packet = (u8, Vec<u8>);

/// What it says to an event (`connect`, `mail`, `header`, `end` ...), whose text is given, too. None: continue.
pub type Script = dyn Fn(&str, &str) -> Option<Vec<Packet>> + Send + Sync;

/// Its side of the option negotiation.
#[derive(Clone, Debug)]
pub struct Options {
    pub version: u32,
    pub actions: u32,
    pub protocol: u32,
    /// SETSYMLIST: number and names.
    pub lists: Vec<(u32, &'static str)>,
}

impl Default for Options {
    fn default() -> Self {
        Self { version: 6, actions: 0xff, protocol: 0, lists: Vec::new() }
    }
}

struct State {
    heard: Mutex<Vec<String>>,
    options: Mutex<Options>,
    script: Mutex<Arc<Script>>,
    open: Mutex<usize>,
    closed: AtomicBool,
}

/// Listens until it is dropped.
pub struct Milter {
    address: String,
    state: Arc<State>,
}

impl Drop for Milter {
    fn drop(&mut self) {
        self.state.closed.store(true, Ordering::SeqCst);
        // Wakes the listening thread up.
        let _ = TcpStream::connect(&self.address);
    }
}

impl Milter {
    pub fn listen(address: &str) -> Self {
        let listener = TcpListener::bind(address).unwrap_or_else(|e| panic!("milter on {address}: {e}"));
        let state = Arc::new(State {
            heard: Mutex::default(),
            options: Mutex::default(),
            script: Mutex::new(Arc::new(|_, _| None)),
            open: Mutex::default(),
            closed: AtomicBool::new(false),
        });
        let server = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if server.closed.load(Ordering::SeqCst) {
                    break;
                }
                let server = server.clone();
                *server.open.lock().expect("no panics") += 1;
                thread::spawn(move || {
                    if server.session(stream).is_none() {
                        server.note("closed".to_string());
                    }
                    *server.open.lock().expect("no panics") -= 1;
                });
            }
        });
        Self { address: address.to_string(), state }
    }

    /// From now on; what was heard before is forgotten.
    pub fn play(&self, options: Options, script: impl Fn(&str, &str) -> Option<Vec<Packet>> + Send + Sync + 'static) {
        *self.state.options.lock().expect("no panics") = options;
        *self.state.script.lock().expect("no panics") = Arc::new(script);
        self.state.heard.lock().expect("no panics").clear();
    }

    /// What was heard, once all connections are closed.
    pub fn heard(&self) -> Vec<String> {
        let all_closed = waiting::until_true(10, || *self.state.open.lock().expect("no panics") == 0);
        let heard = self.state.heard.lock().expect("no panics").clone();
        assert!(all_closed, "{}: a connection is still open after\n{}", self.address, heard.join("\n"));
        heard
    }
}

impl State {
    fn note(&self, line: String) {
        self.heard.lock().expect("no panics").push(line);
    }

    /// None when the other side hung up without a farewell.
    fn session(&self, mut stream: TcpStream) -> Option<()> {
        let options = self.options.lock().expect("no panics").clone();
        loop {
            let mut length = [0; 4];
            stream.read_exact(&mut length).ok()?;
            let mut packet = vec![0; u32::from_be_bytes(length) as usize];
            stream.read_exact(&mut packet).ok()?;
            let (letter, data) = (packet[0], &packet[1..]);
            let (event, silent, text) = told(letter, data);
            self.note(format!("{event}{}{text}", if text.is_empty() { "" } else { " " }));
            match letter {
                b'O' => {
                    let mut reply = Vec::new();
                    for number in [options.version, options.actions, options.protocol] {
                        reply.extend(number.to_be_bytes());
                    }
                    for (number, names) in &options.lists {
                        reply.extend(number.to_be_bytes());
                        reply.extend([names.as_bytes(), b"\0"].concat());
                    }
                    send(&mut stream, b'O', &reply)?;
                }
                b'D' | b'A' => {}
                b'Q' | b'K' => return Some(()),
                _ => {
                    let script = self.script.lock().expect("no panics").clone();
                    match script(event, &text) {
                        Some(replies) if replies.iter().any(|(letter, _)| *letter == b'X') => return Some(()),
                        Some(replies) => {
                            for (letter, data) in replies {
                                send(&mut stream, letter, &data)?;
                            }
                        }
                        None if options.protocol & silent != 0 => {}
                        None => send(&mut stream, b'c', &[])?,
                    }
                }
            }
        }
    }
}

fn send(stream: &mut TcpStream, letter: u8, data: &[u8]) -> Option<()> {
    let length = (data.len() as u32 + 1).to_be_bytes();
    stream.write_all(&[&length, &[letter][..], data].concat()).ok()
}

/// The event's name, the flag that makes it silent, and its data as text.
fn told(letter: u8, data: &[u8]) -> (&'static str, u32, String) {
    let strings = |data: &[u8]| {
        let parts = data.strip_suffix(b"\0").unwrap_or(data).split(|b| *b == 0);
        parts.map(|part| String::from_utf8_lossy(part).into_owned()).collect::<Vec<_>>()
    };
    match letter {
        b'O' => {
            let numbers =
                data.chunks(4).map(|four| format!("{:x}", u32::from_be_bytes(four.try_into().unwrap_or([0; 4]))));
            ("options", 0, numbers.collect::<Vec<_>>().join(" "))
        }
        b'D' => {
            let words = strings(&data[1..]);
            let pairs = words.chunks(2).map(|pair| pair.join("="));
            ("macros", 0, format!("{} {}", char::from(data[0]), pairs.collect::<Vec<_>>().join(" ")))
        }
        b'C' => {
            let end = data.iter().position(|b| *b == 0).unwrap_or(data.len());
            let rest = data.get(end + 1..).unwrap_or_default();
            let address = String::from_utf8_lossy(rest.get(3..).unwrap_or_default()).replace('\0', "");
            let family = rest.first().map_or('?', |b| char::from(*b));
            ("connect", 0x1000, format!("{} {family} {address}", String::from_utf8_lossy(&data[..end])))
        }
        b'H' => ("helo", 0x2000, strings(data).join(" ")),
        b'M' => ("mail", 0x4000, strings(data).join(" ")),
        b'R' => ("rcpt", 0x8000, strings(data).join(" ")),
        b'T' => ("data", 0x10000, String::new()),
        b'L' => ("header", 0x80, strings(data).iter().map(|text| format!("{text:?}")).collect::<Vec<_>>().join(" ")),
        b'N' => ("end-of-header", 0x40000, String::new()),
        b'B' if data.len() > 500 => ("body", 0x80000, format!("{} bytes", data.len())),
        b'B' => ("body", 0x80000, format!("{:?}", String::from_utf8_lossy(data))),
        b'E' => ("end", 0, if data.is_empty() { String::new() } else { format!("{data:?}") }),
        b'U' => ("unknown", 0x20000, strings(data).join(" ")),
        b'A' => ("abort", 0, String::new()),
        b'Q' => ("quit", 0, String::new()),
        b'K' => ("quit-nc", 0, String::new()),
        _ => ("something", 0, format!("{letter} {data:?}")),
    }
}
