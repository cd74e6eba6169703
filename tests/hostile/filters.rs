//! Filter plugins that loop, trap, eat memory or answer nonsense: 451 for their message, a log line with their name, and nobody
//! else is hurt.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use waxwing_tests::{
    client::{Client, send_mail},
    namespace::{self, Place},
    needs::{Need, root},
    server::{Kind, Server},
    sink::Sink,
};

const NEEDS: &[Need] = &[Need::Waxwing, Need::WasmTarget];
/// With the cause as the log names it.
const WAYS: &[(&str, &str)] =
    &[("loop", "time limit"), ("trap", "trap"), ("memory", "memory"), ("stack", "stack"), ("nonsense", "bad answer")];

fn guest() -> PathBuf {
    let target = root().join("target/hostile-filter");
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline", "--release", "--target", "wasm32-unknown-unknown", "--manifest-path"])
        .arg(root().join("tests/hostile/filter-guest/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "the guest does not build: {}", String::from_utf8_lossy(&output.stderr));
    target.join("wasm32-unknown-unknown/release/hostile_filter.wasm")
}

fn server(place: &Place, wasm: &Path, milters: &str) -> Server {
    let mut server = Server::new(place, Kind::Waxwing);
    let plugins = server.conf().join("plugins");
    fs::create_dir(&plugins).expect("a directory");
    fs::copy(wasm, plugins.join("hostile_filter.wasm")).expect("copy");
    let options = "-o time_limit=300ms -o memory_limit=8M -o grant=edit-headers,edit-envelope";
    server.table("plugins.cf", &format!("hostile  hostile_filter.wasm {}\n", options.replace(" -o", "\n    -o")));
    server.main_cf(&format!(
        "smtpd_milters = {milters}\nnon_smtpd_milters = $smtpd_milters\nrelayhost = [127.0.0.1]:2525\n\
         default_transport = smtp\nmydestination =\nrelay_domains =\n"
    ));
    server.start();
    server
}

/// A message with this Subject; the reply to its end.
fn message(port: u16, subject: &str) -> String {
    send_mail("127.0.0.1", port, "a@good.test", "b@mx.test", &format!("Subject: {subject}\n\nbody\n"))
}

#[test]
fn misbehaving_filters_hurt_nobody_else() {
    let wasm = guest();
    namespace::inside(NEEDS, |place| {
        let sink = Sink::listen("127.0.0.1:2525");
        let mut server = server(place, &wasm, "wasm:hostile");
        let port = server.port;
        let stop = Arc::new(AtomicBool::new(false));
        let other = {
            let stop = stop.clone();
            thread::spawn(move || {
                let (mut sent, mut slowest) = (0, Duration::ZERO);
                while !stop.load(Ordering::SeqCst) {
                    let start = Instant::now();
                    let reply = message(port, "good");
                    assert!(reply.starts_with("250 2.0.0 Ok"), "{reply}");
                    slowest = slowest.max(start.elapsed());
                    sent += 1;
                    thread::sleep(Duration::from_millis(20));
                }
                (sent, slowest)
            })
        };
        for round in 0..3 {
            for (way, _) in WAYS {
                let start = Instant::now();
                let mut session = Client::ready("127.0.0.1", port);
                let reply = session.mail("a@good.test", "b@mx.test", &format!("Subject: {way}\n\nbody\n"));
                assert_eq!(reply, "451 4.3.0 Error: temporary policy failure", "{way}, round {round}");
                assert!(start.elapsed() < Duration::from_secs(5), "{way} took {:?}", start.elapsed());
                let reply = session.mail("a@good.test", "b@mx.test", "Subject: good\n\nbody\n");
                assert!(reply.starts_with("250 2.0.0 Ok"), "the same session after {way}: {reply}");
                session.command("MAIL FROM:<a@good.test>");
                let reply = session.command(&format!("RCPT TO:<{way}@mx.test>"));
                assert_eq!(reply, "451 4.3.0 Error: temporary policy failure", "{way} at RCPT TO");
                session.quit();
            }
        }
        stop.store(true, Ordering::SeqCst);
        let (sent, slowest) = other.join().expect("the other sessions were served");
        assert!(sent > 5, "only {sent} sessions beside");
        assert!(slowest < Duration::from_secs(3), "a session beside took {slowest:?}");
        let log = server.log();
        for (way, cause) in WAYS {
            let named = |line: &&str| line.contains("hostile") && line.contains("9.9.9");
            let line = log.lines().filter(named).find(|line| line.to_lowercase().contains(cause));
            assert!(
                line.is_some(),
                "no log line names the plugin, its version and the cause of {way} ({cause}):\n{log}"
            );
        }
        assert!(server.lives());
        // What came through is what was promised, and holds nothing that a failed call asked for.
        let messages = sink.wait_for(sent + 3 * WAYS.len());
        assert_eq!(messages.len(), sent + 3 * WAYS.len());
        assert!(messages.iter().all(|m| m.text().contains("Subject: good\n") && !m.text().contains("Left-Behind")));
        assert!(messages.iter().all(|m| m.recipients.len() == 1), "{messages:?}");
        server.stop();
    });
}

#[test]
fn default_action_decides_for_a_filter_that_fails() {
    let wasm = guest();
    namespace::inside(NEEDS, |place| {
        let sink = Sink::listen("127.0.0.1:2525");
        let mut server = server(place, &wasm, "{ wasm:hostile, default_action=accept }");
        for (way, _) in WAYS {
            let reply = message(server.port, way);
            assert!(reply.starts_with("250 2.0.0 Ok"), "{way}: {reply}");
        }
        let messages = sink.wait_for(WAYS.len());
        assert!(messages.iter().all(|m| !m.text().contains("Left-Behind") && m.recipients.len() == 1), "{messages:?}");
        server.stop();
    });
}

#[test]
fn what_filters_say_cannot_break_out() {
    let wasm = guest();
    namespace::inside(NEEDS, |place| {
        let sink = Sink::listen("127.0.0.1:2525");
        let mut server = server(place, &wasm, "wasm:hostile");
        let mut session = Client::ready("127.0.0.1", server.port);
        let reply = session.mail("a@good.test", "b@mx.test", "Subject: inject-reply\n\nbody\n");
        assert!(reply.starts_with("550 5.7.1 no") && !reply.contains(['\n', '\x1b']), "{reply:?}");
        assert_eq!(session.command("NOOP"), "250 2.0.0 Ok", "a second reply was smuggled in");
        let reply = session.mail("a@good.test", "b@mx.test", "Subject: inject-header\n\nbody\n");
        // A header that is none may be refused with the call, or lose what makes it none.
        if reply.starts_with("250") {
            let text = sink.wait_for(1)[0].text();
            let (header, body) = text.split_once("\n\n").expect("a body");
            assert_eq!(body, "body\n", "{text}");
            assert!(!header.lines().any(|line| line.starts_with("Injected")), "{text}");
        } else {
            assert_eq!(reply, "451 4.3.0 Error: temporary policy failure");
            server.logged(&["hostile", "9.9.9"]);
        }
        assert!(sink.messages().len() <= 1 && !server.log().contains('\x1b'), "{}", server.log());
        session.quit();
        server.stop();
    });
}
