//! Mail under load: clients that remember which messages were promised to them with a 250, and who counts what arrived.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    thread::{self, JoinHandle},
    time::{Duration, SystemTime},
};

use crate::{client::Client, sink::Sink};

type Shared = Arc<Mutex<Vec<String>>>;

/// Clients that go on sending until they are stopped, whatever happens to the server.
pub struct Load {
    stop: Arc<AtomicBool>,
    promised: Shared,
    refused: Shared,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    /// `recipients[n % len]` gets the message number n; `pause` between two messages of a client bounds the load.
    pub fn start(port: u16, clients: u32, recipients: &[&str], size: usize, pause: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (promised, refused) = (Shared::default(), Shared::default());
        let number = Arc::new(AtomicU32::new(0));
        let recipients: Vec<String> = recipients.iter().map(|r| r.to_string()).collect();
        let spawn = |_| {
            let (stop, promised, refused) = (stop.clone(), promised.clone(), refused.clone());
            let (number, recipients) = (number.clone(), recipients.clone());
            thread::spawn(move || {
                while !stop.load(Ordering::SeqCst) {
                    let n = number.fetch_add(1, Ordering::SeqCst);
                    let recipient = &recipients[n as usize % recipients.len()];
                    match send(port, n, recipient, size) {
                        Some(reply) if reply.starts_with("250") => {
                            promised.lock().expect("no panics here").push(key(n))
                        }
                        Some(reply) => refused.lock().expect("no panics here").push(reply),
                        None => thread::sleep(Duration::from_millis(20)),
                    }
                    thread::sleep(pause);
                }
            })
        };
        let clients = (0..clients).map(spawn).collect();
        Self { stop, promised, refused, clients }
    }

    pub fn promised_so_far(&self) -> usize {
        self.promised.lock().expect("no panics here").len()
    }

    /// The keys of the messages that had their 250, and the refusals.
    pub fn finish(self) -> (Vec<String>, Vec<String>) {
        self.stop.store(true, Ordering::SeqCst);
        for client in self.clients {
            client.join().expect("clients do not panic");
        }
        let take = |list: Shared| list.lock().expect("no panics here").clone();
        (take(self.promised), take(self.refused))
    }
}

fn key(n: u32) -> String {
    format!("load-{n:06}")
}

/// The reply to the end of the content, or to what was refused before. None: the connection broke.
fn send(port: u16, n: u32, recipient: &str, size: usize) -> Option<String> {
    let mut client = Client::connect(port).ok()?;
    client.set_patience(Duration::from_secs(20));
    let broken = |reply: &str| reply.ends_with(crate::client::CLOSED) || reply.ends_with("<silent>");
    let greeting = client.reply();
    let mut reply = greeting;
    for line in ["EHLO load.test", "MAIL FROM:<load@sender.test>", &format!("RCPT TO:<{recipient}>"), "DATA"] {
        if broken(&reply) {
            return None;
        }
        if !reply.starts_with('2') {
            return Some(reply);
        }
        reply = client.command(line);
    }
    if broken(&reply) {
        return None;
    }
    if !reply.starts_with("354") {
        return Some(reply);
    }
    let body = format!("{}\n", "x".repeat(70)).repeat(size / 71 + 1);
    let reply = client.content(&format!("Subject: {}\nX-Load: {}\n\n{body}", key(n), key(n)));
    client.send(b"QUIT\r\n");
    (!broken(&reply)).then_some(reply)
}

/// When each message arrived, by its key.
pub type Arrivals = BTreeMap<String, Vec<SystemTime>>;

fn key_in(text: &str) -> Option<String> {
    text.lines().find_map(|l| l.strip_prefix("X-Load: ")).map(|k| k.trim().to_string())
}

pub fn arrived_in_maildir(maildir: &Path, arrivals: &mut Arrivals) {
    let Ok(entries) = fs::read_dir(maildir.join("new")) else { return };
    for path in entries.flatten().map(|e| e.path()) {
        let text = String::from_utf8_lossy(&fs::read(&path).expect("a delivered message")).into_owned();
        let at = fs::metadata(&path).and_then(|m| m.modified()).expect("a delivered message");
        let key = key_in(&text).unwrap_or_else(|| panic!("{} is not a whole message:\n{text}", path.display()));
        assert!(text.ends_with("x\n"), "{} is cut short:\n{text}", path.display());
        arrivals.entry(key).or_default().push(at);
    }
}

pub fn arrived_in_sink(sink: &Sink, arrivals: &mut Arrivals) {
    for message in sink.messages() {
        let text = message.text();
        let key = key_in(&text).unwrap_or_else(|| panic!("the sink got no whole message:\n{text}"));
        arrivals.entry(key).or_default().push(message.at.expect("the sink notes the time"));
    }
}
