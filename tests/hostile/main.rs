//! Plugins that loop, trap, eat memory or answer nonsense: 451, a log line with their name, and nobody else is hurt. And a
//! plugin that is replaced while the server runs.

mod filters;

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
    client::{Client, ask},
    dns::Dns,
    namespace::{self, Place},
    needs::{Need, root},
    server::{Kind, Server},
    waiting,
};

const NEEDS: &[Need] = &[Need::Waxwing, Need::WasmTarget];
const ZONE: &str = "good.test A 10.1.1.1\n";
const WAYS: &[&str] = &["loop", "trap", "memory", "stack", "nonsense"];

/// Builds the guest with this answer in it.
fn guest(answer: &str) -> PathBuf {
    let target = root().join("target/hostile-guest").join(answer);
    let output = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--offline", "--release", "--target", "wasm32-unknown-unknown", "--manifest-path"])
        .arg(root().join("tests/hostile/guest/Cargo.toml"))
        .arg("--target-dir")
        .arg(&target)
        .env("HOSTILE_ANSWER", answer)
        .env_remove("RUSTFLAGS")
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "the guest does not build: {}", String::from_utf8_lossy(&output.stderr));
    target.join("wasm32-unknown-unknown/release/hostile.wasm")
}

/// A server whose recipients hostile-WAY@mx.test are asked of the restriction hostile_WAY.
fn server(place: &Place, wasm: &Path) -> Server {
    let mut server = Server::new(place, Kind::Waxwing);
    let plugins = server.conf().join("plugins");
    fs::create_dir(&plugins).expect("a directory");
    fs::copy(wasm, plugins.join("hostile.wasm")).expect("copy");
    server.table("plugins.cf", "hostile  hostile.wasm\n    -o time_limit=300ms\n    -o memory_limit=8M\n");
    let table: String = ["loop", "trap", "memory", "stack", "nonsense", "inject", "answer"]
        .iter()
        .map(|way| format!("{way}@mx.test  hostile_{way}\n"))
        .collect();
    server.table("ways", &table);
    server.main_cf("smtpd_recipient_restrictions = check_recipient_access texthash:$config_directory/ways\n");
    server.start();
    server
}

#[test]
fn misbehaving_plugins_hurt_nobody_else() {
    let wasm = guest("first");
    namespace::inside(NEEDS, |place| {
        let _dns = Dns::serve(ZONE);
        let mut server = server(place, &wasm);
        let port = server.port;
        // Somebody else's mail goes on all the time.
        let stop = Arc::new(AtomicBool::new(false));
        let other = {
            let stop = stop.clone();
            thread::spawn(move || {
                let (mut sent, mut slowest) = (0, Duration::ZERO);
                while !stop.load(Ordering::SeqCst) {
                    let start = Instant::now();
                    assert_eq!(ask("127.0.0.1", port, "a@good.test", "good@mx.test"), "250 2.1.5 Ok");
                    slowest = slowest.max(start.elapsed());
                    sent += 1;
                    thread::sleep(Duration::from_millis(20));
                }
                (sent, slowest)
            })
        };
        for round in 0..3 {
            for way in WAYS {
                let start = Instant::now();
                let mut session = Client::ready("127.0.0.1", port);
                session.command("MAIL FROM:<a@good.test>");
                let reply = session.command(&format!("RCPT TO:<{way}@mx.test>"));
                assert!(reply.starts_with("451 4.3."), "{way}, round {round}: {reply}");
                assert!(start.elapsed() < Duration::from_secs(5), "{way} took {:?}", start.elapsed());
                let next = session.command("RCPT TO:<good@mx.test>");
                assert_eq!(next, "250 2.1.5 Ok", "the same session after {way}");
                session.quit();
            }
        }
        stop.store(true, Ordering::SeqCst);
        let (sent, slowest) = other.join().expect("the other sessions were served");
        assert!(sent > 5, "only {sent} sessions beside");
        assert!(slowest < Duration::from_secs(3), "a session beside took {slowest:?}");
        for (way, cause) in [
            ("loop", "time limit"),
            ("trap", "trap"),
            ("memory", "memory"),
            ("stack", "stack"),
            ("nonsense", "bad answer"),
        ] {
            let log = server.log();
            let line =
                log.lines().find(|l| l.contains("hostile") && l.contains("9.9.9") && l.to_lowercase().contains(cause));
            assert!(
                line.is_some(),
                "no log line names the plugin, its version and the cause of {way} ({cause}):\n{log}"
            );
        }
        assert!(server.lives());
        server.stop();
    });
}

#[test]
fn reply_texts_cannot_break_out() {
    let wasm = guest("first");
    namespace::inside(NEEDS, |place| {
        let _dns = Dns::serve(ZONE);
        let mut server = server(place, &wasm);
        let mut session = Client::ready("127.0.0.1", server.port);
        session.command("MAIL FROM:<a@good.test>");
        let reply = session.command("RCPT TO:<inject@mx.test>");
        assert!(reply.starts_with("550 5.7.1 no"), "{reply}");
        assert!(!reply.contains('\n') && !reply.contains('\x1b'), "{reply:?}");
        assert_eq!(session.command("NOOP"), "250 2.0.0 Ok", "a second reply was smuggled in");
        session.quit();
        let log = server.log();
        assert!(!log.lines().any(|l| l.starts_with("Injected") || l.starts_with("250 ")), "{log}");
        assert!(!log.contains('\x1b'), "{log:?}");
        server.stop();
    });
}

fn answer(session: &mut Client) -> String {
    session.command("RSET");
    session.command("MAIL FROM:<a@good.test>");
    session.command("RCPT TO:<answer@mx.test>")
}

#[test]
fn a_replaced_component_answers_the_next_session() {
    let (first, second) = (guest("first"), guest("second"));
    namespace::inside(NEEDS, |place| {
        let _dns = Dns::serve(ZONE);
        let mut server = server(place, &first);
        let place_of_plugin = server.conf().join("plugins/hostile.wasm");
        let replace = |with: &[u8]| {
            let new = server.conf().join("plugins/hostile.new");
            fs::write(&new, with).expect("write");
            fs::rename(&new, &place_of_plugin).expect("rename");
        };
        let mut old = Client::ready("127.0.0.1", server.port);
        let (one, two) = ("550 5.7.1 first", "550 5.7.1 second");
        assert_eq!(answer(&mut old), one);
        replace(&fs::read(&second).expect("the second build"));
        let fresh = || answer(&mut Client::ready("127.0.0.1", server.port));
        assert!(waiting::until_true(20, || fresh() == two), "still {}\n{}", fresh(), server.log());
        assert_eq!(answer(&mut old), one, "a session under way ends on what it began with");
        replace(b"this is no component");
        server.logged(&["plugins.cf", "plugin hostile", "stay"]);
        thread::sleep(Duration::from_secs(1));
        assert_eq!(fresh(), two, "a bad component must leave the old one live");
        replace(&fs::read(&first).expect("the first build"));
        assert!(waiting::until_true(20, || fresh() == one), "still {}\n{}", fresh(), server.log());
        server.stop();
    });
}
