//! tcp: and socketmap: against servers of a few lines.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use waxwing_tests::{namespace, needs::Need};

use crate::{Both, session_with};

const KEYS: &[&str] = &["joe@virtual.test", "JOE@virtual.test", "a b", "%41", "nobody", "\u{e9}"];

fn value(key: &str) -> Option<&'static str> {
    match key {
        "joe@virtual.test" => Some("joe@mx.test"),
        "JOE@virtual.test" => Some("upper case stays"),
        "a b" => Some("white space"),
        "%41" => Some("per%cent"),
        "\u{e9}" => Some("\u{fc}"),
        "blocked@virtual.test" => Some("REJECT go away"),
        _ => None,
    }
}

fn serve(listener: TcpListener, speak: fn(TcpStream)) {
    thread::spawn(move || listener.incoming().flatten().for_each(|stream| drop(thread::spawn(move || speak(stream)))));
}

fn hex(text: &str) -> String {
    text.bytes()
        .map(|b| if b.is_ascii_alphanumeric() { (b as char).to_string() } else { format!("%{b:02x}") })
        .collect()
}

fn unhex(text: &str) -> String {
    let mut bytes = text.bytes();
    let mut out = Vec::new();
    while let Some(byte) = bytes.next() {
        let mut digit = || (bytes.next().expect("a digit") as char).to_digit(16).expect("hexadecimal") as u8;
        out.push(if byte == b'%' { digit() * 16 + digit() } else { byte });
    }
    String::from_utf8(out).expect("UTF-8")
}

/// tcp_table(5)
fn tcp(stream: TcpStream) {
    let mut out = stream.try_clone().expect("a socket");
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        let key = unhex(line.strip_prefix("get ").expect("a get"));
        let reply = match value(&key) {
            _ if key == "later" => "400 try later\n".to_string(),
            Some(value) => format!("200 {}\n", hex(value)),
            None => "500 not here\n".to_string(),
        };
        if out.write_all(reply.as_bytes()).is_err() {
            return;
        }
    }
}

/// socketmap_table(5)
fn socketmap(stream: TcpStream) {
    let mut out = stream.try_clone().expect("a socket");
    let mut input = BufReader::new(stream);
    loop {
        let mut length = Vec::new();
        if !input.read_until(b':', &mut length).is_ok_and(|size| size > 0) {
            return;
        }
        let length: usize = String::from_utf8_lossy(&length).trim_end_matches(':').parse().expect("a netstring");
        let mut request = vec![0; length + 1];
        input.read_exact(&mut request).expect("a netstring");
        let request = String::from_utf8(request[..length].to_vec()).expect("UTF-8");
        let (map, key) = request.split_once(' ').expect("map and key");
        assert_eq!(map, "people");
        let reply = match value(key) {
            _ if key == "later" => "TEMP try later".to_string(),
            _ if key == "never" => "PERM no such map".to_string(),
            Some(value) => format!("OK {value}"),
            None => "NOTFOUND ".to_string(),
        };
        if out.write_all(format!("{}:{reply},", reply.len()).as_bytes()).is_err() {
            return;
        }
    }
}

#[test]
fn tcp_and_socketmap() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        serve(TcpListener::bind("127.0.0.1:7001").expect("a port"), tcp);
        serve(TcpListener::bind("127.0.0.1:7002").expect("a port"), socketmap);
        let both = Both::new(place.path(), "");
        for title in ["tcp:127.0.0.1:7001", "socketmap:inet:127.0.0.1:7002:people"] {
            assert_eq!(both.same_answers(title, KEYS), 5, "{title}");
            for key in ["later", "never"] {
                let words = ["-q", key, title];
                let (theirs, ours) = (both.theirs("postmap", &words, ""), both.ours("postmap", &words, ""));
                assert_eq!((ours.status, &ours.out), (theirs.status, &theirs.out), "{title} {key}");
            }
        }
        for wrong in ["socketmap:foo", "socketmap:inet:127.0.0.1:7002", "socketmap:unix:/nonexistent:x"] {
            let words = ["-q", "joe", wrong];
            let (theirs, ours) = (both.theirs("postmap", &words, ""), both.ours("postmap", &words, ""));
            assert_eq!(ours.status, theirs.status, "{wrong}: {ours:?} {theirs:?}");
        }
    });
}

#[test]
fn a_tcp_server_that_goes_away() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        // As a program of its own, so that it can be killed: this file's test run, with another name.
        let script = place.path().join("server.py");
        std::fs::write(&script, SERVER).expect("a script");
        let running = std::cell::RefCell::new(None::<std::process::Child>);
        // Postfix's client tries ten times, a second apart, before it says 451.
        session_with(
            place,
            "tcp:127.0.0.1:7003",
            "tcp:127.0.0.1:7004",
            &mut || {
                if running.borrow().is_some() {
                    return;
                }
                let child = std::process::Command::new("/usr/bin/python3").arg(&script).spawn().expect("python3 runs");
                *running.borrow_mut() = Some(child);
                assert!(waiting(), "the server listens");
            },
            &mut || {
                if let Some(mut child) = running.borrow_mut().take() {
                    child.kill().expect("kill");
                    child.wait().expect("a child");
                }
            },
            false,
        );
    });
}

fn waiting() -> bool {
    waxwing_tests::waiting::until_true(10, || TcpStream::connect("127.0.0.1:7003").is_ok())
}

const SERVER: &str = r#"
import socketserver
import threading
accounts = {"joe@virtual.test": "joe@mx.test"}
access = {"blocked@virtual.test": "REJECT%20go%20away"}
class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            key = line.decode().split(" ", 1)[1].strip()
            value = self.server.known.get(key)
            self.wfile.write(("200 %s\n" % value if value else "500 unknown\n").encode())
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
second = Server(("127.0.0.1", 7004), Handler)
second.known = access
threading.Thread(target=second.serve_forever, daemon=True).start()
first = Server(("127.0.0.1", 7003), Handler)
first.known = accounts
first.serve_forever()
"#;
