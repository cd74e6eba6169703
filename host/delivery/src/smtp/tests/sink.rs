//! Against Postfix's smtp-sink(1), where it is installed.

use std::{
    process::{Child, Command},
    time::Duration,
};

use super::*;

struct Sink(Child);

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A free port; a race for it shows as a refused connection.
async fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    listener.local_addr().expect("bound").port()
}

async fn start(arguments: &[&str], directory: &std::path::Path) -> Option<(Sink, u16)> {
    let program = ["/usr/sbin/smtp-sink", "/usr/libexec/postfix/smtp-sink"]
        .into_iter()
        .find(|p| std::fs::exists(p).unwrap_or(false));
    let Some(program) = program else {
        eprintln!("SKIPPED: there is no smtp-sink on this machine (Debian: package postfix)");
        return None;
    };
    let port = free_port().await;
    let mut command = Command::new(program);
    if nix::unistd::geteuid().is_root() {
        // smtp-sink insists on being told that this is meant.
        command.args(["-u", "root"]);
    }
    command.args(arguments).arg(format!("127.0.0.1:{port}")).arg("100").current_dir(directory);
    let sink = Sink(command.spawn().expect("smtp-sink starts"));
    for _ in 0..200 {
        if TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
            return Some((sink, port));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("smtp-sink does not listen");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_messages_arrive_whole() {
    let directory = tempfile::tempdir().expect("a directory");
    for pipelining in [&[][..], &["-p"]] {
        let pattern = "m.";
        let dump = [&["-d", pattern][..], pipelining].concat();
        let Some((_sink, port)) = start(&dump, directory.path()).await else { return };
        let agent = Arc::new(plain_agent());
        let content = "Subject: x\r\n\r\n.first\r\n..\r\n.\r\nlast\r\n";
        let tasks: Vec<_> = (0..100)
            .map(|n| {
                let agent = agent.clone();
                let recipient = format!("r{n}@d.test");
                tokio::spawn(async move {
                    let nexthop = format!("[127.0.0.1]:{port}");
                    let request = testing::request(&nexthop, &[&recipient, "other@d.test"], content.as_bytes());
                    agent.deliver(request).await
                })
            })
            .collect();
        for task in tasks {
            for status in task.await.expect("ended") {
                assert_eq!(status.outcome, Outcome::Delivered, "{}", status.text);
            }
        }
        let mut messages = 0;
        for entry in std::fs::read_dir(directory.path()).expect("a directory") {
            let path = entry.expect("an entry").path();
            let text = std::fs::read_to_string(&path).expect("text");
            messages += 1;
            let body = content.replace("\r\n", "\n");
            assert!(text.contains(&body), "{text:?} lacks {body:?}");
            std::fs::remove_file(path).expect("removed");
        }
        assert_eq!(messages, 100, "pipelining off: {pipelining:?}");
    }
}

#[tokio::test]
async fn every_command_refused_or_dropped() {
    let directory = tempfile::tempdir().expect("a directory");
    for command in ["helo", "ehlo", "mail", "rcpt", "data", "."] {
        for (flag, outcome, status) in
            [("-r", Outcome::Deferred, "4."), ("-f", Outcome::Bounced, "5."), ("-q", Outcome::Deferred, "4.4.2")]
        {
            let both = if command == "ehlo" { "ehlo,helo" } else { command };
            let Some((_sink, port)) = start(&[flag, both], directory.path()).await else { return };
            let nexthop = format!("[127.0.0.1]:{port}");
            let got = plain_agent().deliver(testing::request(&nexthop, &["r@d.test"], MESSAGE)).await.remove(0);
            if command == "helo" {
                assert_eq!(got.outcome, Outcome::Delivered, "EHLO was accepted: {}", got.text);
            } else {
                assert_eq!(got.outcome, outcome, "{flag} {command}: {}", got.text);
                assert!(got.status.to_string().starts_with(status), "{flag} {command}: {} {}", got.status, got.text);
            }
        }
    }
}
