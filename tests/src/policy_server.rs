//! A policy server beside the server under test: it records what it is asked and answers as the test says.
//!
//! In dialogues, `@policy ANSWER` sets what it says from now on and forgets what it was asked, and `@policy` alone gives
//! the requests since then. An answer is an action of access(5), or one of
//!
//! ```text
//! <close>          the end, without a word
//! <hang>           nothing for 5 s, then the end
//! <raw> TEXT       bytes with \n for the line ends, then the end
//! <once> ACTION    the action; the connection is closed after it
//! <second> ACTION  the end for the first request, the action for all others
//! ```

use std::{
    fmt::Write as _,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
    },
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

/// Where it is asked.
pub const ADDRESS: &str = "127.0.0.1:9998";
/// Where the test asks what it was asked.
const CONTROL: &str = "127.0.0.1:9997";

#[derive(Default)]
struct Memory {
    answer: String,
    asked: Vec<Asked>,
    connections: u32,
    /// How to close each connection.
    closers: Vec<Box<dyn Fn() + Send>>,
    stopped: bool,
}

/// One request.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Which connection brought it, counted from 1.
    pub connection: u32,
    /// In the order they came.
    pub attributes: Vec<(String, String)>,
}

impl Asked {
    /// The value of an attribute; panics where it did not come.
    pub fn get(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(n, _)| n == name);
        found.map(|(_, value)| value.as_str()).unwrap_or_else(|| panic!("no attribute {name} in {self:#?}"))
    }
}

/// Listens until it is dropped; then its connections are closed as well.
pub struct PolicyServer {
    memory: Arc<Mutex<Memory>>,
    listening: Vec<(String, thread::JoinHandle<()>)>,
}

impl Drop for PolicyServer {
    fn drop(&mut self) {
        lock(&self.memory).stopped = true;
        for (address, thread) in self.listening.drain(..) {
            // Wakes the listening thread up, so that the port is free again when this returns.
            let _ = TcpStream::connect(&address);
            let _ = UnixStream::connect(&address);
            thread.join().expect("the policy server's thread");
        }
        lock(&self.memory).closers.drain(..).for_each(|close| close());
    }
}

impl PolicyServer {
    /// At [`ADDRESS`], and within reach of dialogues.
    pub fn listen() -> Self {
        let mut server = Self::at(ADDRESS);
        let control = TcpListener::bind(CONTROL).expect("a free port");
        let memory = server.memory.clone();
        let thread = thread::spawn(move || {
            for stream in control.incoming().flatten() {
                if lock(&memory).stopped {
                    return;
                }
                ordered(&memory, stream);
            }
        });
        server.listening.push((CONTROL.into(), thread));
        server
    }

    /// At another address.
    pub fn at(address: &str) -> Self {
        let server = Self { memory: Arc::default(), listening: Vec::new() };
        server.say("DUNNO");
        let listener = TcpListener::bind(address).expect("a free port");
        server.listen_with(address, move |memory| {
            let stream = listener.accept().expect("a client").0;
            let reader = stream.try_clone().expect("a stream");
            let closer = stream.try_clone().expect("a stream");
            serve(memory, reader, stream, move || drop(closer.shutdown(Shutdown::Both)));
        })
    }

    /// At a unix socket as well, which everybody may use.
    pub fn and_at(self, path: &Path) -> Self {
        // What an earlier server left.
        let _ = fs::remove_file(path);
        let listener = UnixListener::bind(path).expect("a socket");
        fs::set_permissions(path, fs::Permissions::from_mode(0o666)).expect("chmod");
        self.listen_with(&path.display().to_string(), move |memory| {
            let stream = listener.accept().expect("a client").0;
            let reader = stream.try_clone().expect("a stream");
            let closer = stream.try_clone().expect("a stream");
            serve(memory, reader, stream, move || drop(closer.shutdown(Shutdown::Both)));
        })
    }

    fn listen_with(mut self, address: &str, next: impl Fn(&Arc<Mutex<Memory>>) + Send + 'static) -> Self {
        let memory = self.memory.clone();
        let thread = thread::spawn(move || {
            while !lock(&memory).stopped {
                next(&memory);
            }
        });
        self.listening.push((address.to_string(), thread));
        self
    }

    /// What it answers from now on; what it was asked so far is forgotten.
    pub fn say(&self, answer: &str) {
        say(&self.memory, answer);
    }

    /// What it was asked since then.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.memory).asked.clone()
    }
}

/// For dialogues: `@policy`, with what follows it.
pub fn order(text: &str) -> String {
    let talk = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(CONTROL)?;
        stream.write_all(format!("{text}\n").as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    };
    talk().unwrap_or_else(|why| panic!("the policy server of this test: {why}"))
}

fn ordered(memory: &Mutex<Memory>, mut stream: TcpStream) {
    let mut line = String::new();
    let read = stream.try_clone().map(|stream| BufReader::new(stream).read_line(&mut line));
    if read.is_err() {
        return;
    }
    let answer = match line.trim() {
        "" => shown(&lock(memory).asked),
        answer => {
            say(memory, answer);
            String::new()
        }
    };
    // Whoever asked waits for it.
    let _ = stream.write_all(answer.as_bytes());
}

fn say(memory: &Mutex<Memory>, answer: &str) {
    let mut memory = lock(memory);
    memory.answer = answer.to_string();
    memory.asked.clear();
}

fn serve(
    memory: &Arc<Mutex<Memory>>,
    reader: impl Read + Send + 'static,
    mut writer: impl Write + Send + 'static,
    close: impl Fn() + Send + Sync + 'static,
) {
    let memory = memory.clone();
    let close = Arc::new(close);
    let connection = {
        let mut memory = lock(&memory);
        memory.connections += 1;
        let close = close.clone();
        memory.closers.push(Box::new(move || close()));
        memory.connections
    };
    thread::spawn(move || {
        let mut attributes = Vec::new();
        for line in BufReader::new(reader).lines().map_while(Result::ok) {
            if let Some((name, value)) = line.split_once('=') {
                attributes.push((name.to_string(), value.to_string()));
                continue;
            }
            let attributes = std::mem::take(&mut attributes);
            let (answer, first) = {
                let mut memory = lock(&memory);
                memory.asked.push(Asked { connection, attributes });
                (memory.answer.clone(), memory.asked.len() == 1)
            };
            let action = |action: &str| format!("action={action}\n\n");
            let (text, ends) = match answer.split_once(' ').unwrap_or((&answer, "")) {
                ("<close>", _) => (String::new(), true),
                ("<second>", _) if first => (String::new(), true),
                ("<hang>", _) => {
                    thread::sleep(Duration::from_secs(5));
                    (String::new(), true)
                }
                ("<raw>", text) => (text.replace("\\n", "\n"), true),
                ("<once>", text) => (action(text), true),
                ("<second>", text) => (action(text), false),
                _ => (action(&answer), false),
            };
            if writer.write_all(text.as_bytes()).is_err() || ends {
                // Other handles of this connection are open.
                return close();
            }
        }
    });
}

/// The requests as text, without what two honest servers may have differently: instances are numbered in the order in which
/// they appear. What Postfix sends from 3.8 on is left out.
fn shown(asked: &[Asked]) -> String {
    let mut instances: Vec<String> = Vec::new();
    let mut number = |value: &str| {
        let known = instances.iter().position(|s| s == value);
        known.unwrap_or_else(|| {
            instances.push(value.to_string());
            instances.len() - 1
        }) + 1
    };
    let mut text = String::new();
    for (at, request) in asked.iter().enumerate() {
        let at = at + 1;
        let of_3_7 = |name: &str| !matches!(name, "compatibility_level" | "mail_version");
        for (name, value) in request.attributes.iter().filter(|(name, _)| of_3_7(name)) {
            let value = match name.as_str() {
                _ if value.is_empty() => String::new(),
                "instance" => format!("INSTANCE{}", number(value)),
                "queue_id" => "ID".to_string(),
                "client_port" | "server_port" if value.parse::<u16>().is_ok_and(|port| port > 0) => "PORT".to_string(),
                _ => value.clone(),
            };
            // Written to a string, which takes everything.
            let _ = writeln!(text, "{at}: {name}={value}");
        }
    }
    text
}

fn lock(memory: &Mutex<Memory>) -> MutexGuard<'_, Memory> {
    memory.lock().unwrap_or_else(PoisonError::into_inner)
}
