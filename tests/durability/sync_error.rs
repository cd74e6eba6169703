//! fdatasync fails on the queue's disk: no 250 for what may not be there, no retry that pretends, and nothing lost.

use std::{fs, path::Path, process::Command};

use waxwing_tests::{
    client::{Client, send_mail},
    dns::Dns,
    load::{self, Arrivals},
    namespace,
    needs::Need,
    sink::Sink,
    waiting,
};

use crate::{ZONE, mail_server};

fn compile(to: &Path) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("durability/sync_error.c");
    let output = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(to).arg(source).arg("-ldl").output();
    let output = output.expect("cc runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn message(name: &str) -> String {
    format!("Subject: {name}\nX-Load: {name}\n\nx\n")
}

#[test]
fn a_failed_sync_is_never_a_250() {
    namespace::inside(&[Need::Waxwing, Need::CCompiler], |place| {
        let _dns = Dns::serve(ZONE);
        let library = place.path().join("sync_error.so");
        compile(&library);
        let sink = Sink::listen("10.30.0.1:2599");
        let (mut server, _) = mail_server(place, "");
        let fault = place.path().join("fault");
        let text = |path: &Path| path.display().to_string();
        server.environment = vec![
            ("LD_PRELOAD".into(), text(&library)),
            ("FAULT_BELOW".into(), text(&server.queue_directory())),
            ("FAULT_WHILE".into(), text(&fault)),
        ];
        server.start();
        let send = |name: &str| send_mail("127.0.0.1", server.port, "a@sender.test", "a@sink.test", &message(name));
        let before = send("before");
        assert!(before.starts_with("250"), "{before}");
        fs::write(&fault, "").expect("write");
        for name in ["during-1", "during-2", "during-3"] {
            let reply = send(name);
            assert!(reply.starts_with('4'), "the disk did not sync, and the server said: {reply}");
        }
        fs::remove_file(&fault).expect("remove");
        // The server may end itself after such a fault; then the admin starts it again.
        let greets = || Client::connect(server.port).is_ok_and(|mut c| c.reply().starts_with("220"));
        if !waiting::until_true(10, greets) {
            server.kill();
            server.start();
        }
        let send = |name: &str| send_mail("127.0.0.1", server.port, "a@sender.test", "a@sink.test", &message(name));
        let mut after = String::new();
        let taken = waiting::until_true(20, || {
            after = send("after");
            after.starts_with("250")
        });
        assert!(taken, "the disk syncs again, and the server says: {after}");
        let arrived = || {
            let mut arrivals = Arrivals::new();
            load::arrived_in_sink(&sink, &mut arrivals);
            arrivals
        };
        let both = waiting::until_true(30, || arrived().contains_key("before") && arrived().contains_key("after"));
        assert!(both, "arrived: {:?}\n{}", arrived().keys(), server.log());
        server.logged(&["Input/output error"]);
        server.stop();
    });
}
