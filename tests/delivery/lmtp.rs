//! LMTP: RFC 2033, lmtp(8). A scripted server beside real Postfix, then Debian's Dovecot, over both kinds of socket.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::{
        fs::PermissionsExt,
        net::{UnixListener, UnixStream},
    },
    path::Path,
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use waxwing_tests::{
    client::Client,
    namespace::{self, Place},
    needs::Need,
    server::{Server, both},
    waiting,
};

/// What the server heard, line by line; content is one line.
type Heard = Arc<Mutex<Vec<String>>>;

trait Line: Read + Write + Send {}
impl Line for TcpStream {}
impl Line for UnixStream {}

/// RCPT of `norcpt` is refused, and the message for `refused` and `later` at its end.
fn serve(stream: &mut dyn Line, heard: &Heard) -> std::io::Result<()> {
    stream.write_all(b"220 lmtp.test LMTP\r\n")?;
    let mut reader = BufReader::new(stream);
    let mut accepted: Vec<String> = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let line = line.trim_end().to_string();
        heard.lock().expect("no panics").push(line.clone());
        let reply = match line.split([' ', ':']).next().unwrap_or_default() {
            "LHLO" => "250-lmtp.test\r\n250-PIPELINING\r\n250 ENHANCEDSTATUSCODES\r\n".to_string(),
            "RCPT" if line.contains("norcpt") => "550 5.1.1 no such user\r\n".to_string(),
            "RCPT" => {
                accepted.push(line);
                "250 2.1.5 ok\r\n".to_string()
            }
            "DATA" if accepted.is_empty() => "503 5.5.1 nobody\r\n".to_string(),
            "DATA" => {
                reader.get_mut().write_all(b"354 go on\r\n")?;
                let mut content = String::new();
                while !content.ends_with("\r\n.\r\n") {
                    reader.read_line(&mut content)?;
                }
                heard.lock().expect("no panics").push(content.lines().filter(|l| l.starts_with("Subject")).collect());
                std::mem::take(&mut accepted)
                    .iter()
                    .map(|rcpt| match rcpt {
                        rcpt if rcpt.contains("refused") => "552 5.2.2 over quota\r\n",
                        rcpt if rcpt.contains("later") => "451 4.2.1 not now\r\n",
                        _ => "250 2.0.0 saved\r\n",
                    })
                    .collect()
            }
            "QUIT" => "221 2.0.0 bye\r\n".to_string(),
            _ => "250 2.0.0 ok\r\n".to_string(),
        };
        reader.get_mut().write_all(reply.as_bytes())?;
        if reply.starts_with("221") {
            return Ok(());
        }
    }
}

fn listen_inet(address: &str) -> Heard {
    let (heard, listener) = (Heard::default(), TcpListener::bind(address).expect("bind"));
    let all = heard.clone();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // A client that breaks off ends only its own session.
            let _ = serve(&mut stream, &all);
        }
    });
    heard
}

fn listen_unix(path: &Path) -> Heard {
    let _ = fs::remove_file(path);
    let (heard, listener) = (Heard::default(), UnixListener::bind(path).expect("bind"));
    fs::set_permissions(path, fs::Permissions::from_mode(0o666)).expect("chmod");
    let all = heard.clone();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = serve(&mut stream, &all);
        }
    });
    heard
}

const TO_FOUR: &str = "EHLO c.test\nMAIL FROM:<me@s.test>\nRCPT TO:<good@lmtp.test>\nRCPT TO:<refused@lmtp.test>\nRCPT TO:<later@lmtp.test>\nRCPT TO:<norcpt@lmtp.test>\nDATA";

fn send(server: &Server, lines: &str) {
    let mut client = Client::connect(server.port).expect("connected");
    client.reply();
    for line in lines.lines() {
        client.command(line);
    }
    assert!(client.content("Subject: for four\n\nbody\n").starts_with("250 "));
    client.quit();
}

#[test]
fn each_recipient_has_an_answer_of_its_own() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        let inet = listen_inet("127.0.0.1:2424");
        let all = Mutex::new(Vec::new());
        both(place, |server| {
            let socket = server.queue_directory().join("private-lmtp");
            for (nexthop, heard, relay) in [
                ("inet:127.0.0.1:2424", inet.clone(), "127.0.0.1[127.0.0.1]:2424"),
                ("unix:private-lmtp", listen_unix(&socket), "mx.test[private-lmtp]"),
            ] {
                heard.lock().expect("no panics").clear();
                server.master = "lmtp unix - - n - - lmtp\n".to_string();
                server.main_cf(&format!(
                    "mydestination =\nvirtual_mailbox_domains = lmtp.test\nvirtual_mailbox_maps =\n\
                     virtual_transport = lmtp:{nexthop}\nrelayhost = [127.0.0.1]:2\nlmtp_connection_cache_on_demand = no\n"
                ));
                server.start();
                send(server, TO_FOUR);
                server.logged(&[
                    "lmtp[",
                    "to=<good@lmtp.test>",
                    &format!("relay={relay},"),
                    "dsn=2.0.0, status=sent (250 2.0.0 saved)",
                ]);
                let host = relay.trim_end_matches(":2424");
                server.logged(&[
                    "to=<refused@lmtp.test>",
                    "dsn=5.2.2, status=bounced",
                    &format!("(host {host} said: 552 5.2.2 over quota (in reply to end of DATA command))"),
                ]);
                server.logged(&[
                    "to=<later@lmtp.test>",
                    "dsn=4.2.1, status=deferred",
                    "(in reply to end of DATA command))",
                ]);
                server.logged(&[
                    "to=<norcpt@lmtp.test>",
                    "dsn=5.1.1, status=bounced",
                    "(in reply to RCPT TO command))",
                ]);
                let waits =
                    || server.queue().iter().any(|m| m["queue_name"] == "deferred" && m["sender"] == "me@s.test");
                assert!(waiting::until_true(10, waits), "later@ waits: {:?}", server.queue());
                let mut lines = heard.lock().expect("no panics").clone();
                lines.sort();
                all.lock().expect("one thread").push((nexthop.to_string(), lines));
                server.stop();
                let _ = fs::remove_file(server.directory.join("mail.log"));
            }
        });
        let all = all.into_inner().expect("one thread");
        if let [theirs @ .., _, _] = &all[..]
            && theirs.len() == 2
        {
            assert_eq!(theirs, &all[2..], "the server heard something else");
        }
    });
}

#[test]
fn a_socket_that_is_not_there_defers() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        both(place, |server| {
            server.master = "lmtp unix - - n - - lmtp\n".to_string();
            server.main_cf("mydestination = lmtp.test\nlocal_recipient_maps =\nmailbox_transport = lmtp:unix:nobody\nlocal_transport = lmtp:unix:nobody\n");
            server.start();
            send(server, "EHLO c.test\nMAIL FROM:<me@s.test>\nRCPT TO:<good@lmtp.test>\nDATA");
            server.logged(&[
                "to=<good@lmtp.test>",
                "relay=none",
                "dsn=4.4.1, status=deferred (connect to mx.test[nobody]: No such file or directory)",
            ]);
        });
    });
}

/// Debian's dovecot-lmtpd.
struct Dovecot(Child);

impl Drop for Dovecot {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(self.0.id() as i32);
        // Already gone is as good.
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _ = self.0.wait();
    }
}

fn dovecot(place: &Place) -> (Dovecot, std::path::PathBuf) {
    let directory = place.directory("dovecot");
    let mail = place.directory("dovecot/mail");
    nix::unistd::chown(&mail, Some(65534.into()), Some(65534.into())).expect("chown");
    let path = directory.display();
    let text = format!(
        "base_dir = {path}/run\nstate_dir = {path}/state\nlog_path = {path}/log\nprotocols = lmtp\nssl = no\n\
         mail_location = maildir:{path}/mail/%n\nfirst_valid_uid = 1\nhostname = mx.test\npostmaster_address = postmaster@mx.test\n\
         passdb {{\n  driver = static\n  args = nopassword=y\n}}\n\
         userdb {{\n  driver = static\n  args = uid=65534 gid=65534 home={path}/mail/%n allow_all_users=yes\n}}\n\
         service lmtp {{\n  unix_listener {path}/lmtp {{\n    mode = 0666\n  }}\n  inet_listener lmtp {{\n    address = 127.0.0.1\n    port = 2425\n  }}\n}}\n"
    );
    fs::write(directory.join("dovecot.conf"), text).expect("write");
    let mut command = Command::new("/usr/sbin/dovecot");
    command.arg("-F").arg("-c").arg(directory.join("dovecot.conf")).stdin(Stdio::null());
    let process = Dovecot(command.spawn().expect("dovecot runs"));
    let up = waiting::until_true(20, || TcpStream::connect(("127.0.0.1", 2425)).is_ok());
    assert!(up, "dovecot does not listen: {}", fs::read_to_string(directory.join("log")).unwrap_or_default());
    (process, directory)
}

#[test]
fn dovecot_takes_the_mail_over_both_sockets() {
    namespace::inside(&[Need::Postfix, Need::Waxwing, Need::DovecotLmtp], |place| {
        let (_dovecot, directory) = dovecot(place);
        both(place, |server| {
            let socket = directory.join("lmtp");
            server.master = "lmtp unix - - n - - lmtp\n".to_string();
            server.main_cf(&format!(
                "mydestination = local.test\nlocal_recipient_maps =\nlocal_transport = lmtp:unix:{}\n\
                 virtual_mailbox_domains = virtual.test\nvirtual_mailbox_maps =\nvirtual_transport = lmtp:inet:127.0.0.1:2425\n",
                socket.display()
            ));
            server.start();
            let user = if server.is_postfix() { "theirs" } else { "ours" };
            send(server, &format!("EHLO c.test\nMAIL FROM:<me@s.test>\nRCPT TO:<{user}@local.test>\nDATA"));
            send(server, &format!("EHLO c.test\nMAIL FROM:<me@s.test>\nRCPT TO:<{user}@virtual.test>\nDATA"));
            server.logged(&[
                &format!("to=<{user}@local.test>"),
                &format!("relay=mx.test[{}]", socket.display()),
                "status=sent (250 2.0.0 <",
            ]);
            server.logged(&[
                &format!("to=<{user}@virtual.test>"),
                "relay=127.0.0.1[127.0.0.1]:2425",
                "status=sent (250 2.0.0 <",
                "Saved)",
            ]);
            let new = directory.join(format!("mail/{user}/new"));
            let count = || fs::read_dir(&new).map(|files| files.count()).unwrap_or_default();
            assert!(waiting::until_true(10, || count() == 2), "{} messages in {}", count(), new.display());
        });
    });
}
