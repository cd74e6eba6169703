//! SpamAssassin as Debian ships it: spamc in a pipe transport as content filter, and spamass-milter.

use std::{
    fs,
    os::unix::{
        fs::{FileTypeExt, PermissionsExt},
        process::CommandExt,
    },
    path::Path,
    process::{Child, Command, Stdio},
};

use waxwing_tests::{
    client::Client,
    namespace,
    needs::Need,
    server::{Server, binary, both},
    sink::Sink,
    spamd::Spamd,
    waiting,
};

const NEXT: &str = "relayhost = [127.0.0.1]:2525\ndefault_transport = smtp\nrelay_transport = smtp\n\
                    relay_domains = d.test\nmydestination =\n";

fn send(server: &Server, body: &str) -> String {
    let mut client = Client::ready("10.9.9.9", server.port);
    let content =
        format!("From: me@s.test\nTo: you@d.test\nSubject: {body}\nMessage-Id: <1@s.test>\n\n{body}\n.\nend\n");
    let reply = client.mail("me@s.test", "\"you & \\\"I\\\"\"@d.test", &content);
    client.quit();
    reply
}

/// sendmail(1) under its own name, for `spamc -e`.
fn sendmail(server: &Server, place: &namespace::Place) -> String {
    if server.is_postfix() {
        return "/usr/sbin/sendmail".to_string();
    }
    let path = place.directory("bin").join("sendmail");
    let text = format!("#!/bin/sh\nexec {} sendmail -C {} \"$@\"\n", binary().display(), server.conf().display());
    fs::write(&path, text).expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod");
    path.display().to_string()
}

/// Postfix takes another directory than its usual one from nobody but root.
fn make_usual(server: &Server) {
    for name in ["main.cf", "master.cf"].iter().filter(|_| server.is_postfix()) {
        let bound = Command::new("mount")
            .arg("--bind")
            .arg(server.conf().join(name))
            .arg(Path::new("/etc/postfix").join(name))
            .status();
        assert!(bound.expect("mount runs").success(), "mount {name}");
    }
}

#[test]
fn spamc_in_a_pipe_transport_is_a_content_filter() {
    namespace::inside(&[Need::Postfix, Need::Waxwing, Need::SpamAssassin], |place| {
        let spamd = Spamd::serve(place);
        both(place, |server| {
            let sink = Sink::listen("127.0.0.1:2525");
            let sendmail = sendmail(server, place);
            server.master = format!(
                "filter unix - n n - 10 pipe\n  flags=Rq user=daemon argv=/usr/bin/spamc -e {sendmail} -oi -f ${{sender}} ${{recipient}}\n"
            );
            server.main_cf(&format!("{NEXT}alternate_config_directories = {}\n", server.conf().display()));
            server.start();
            let edit =
                server.command("postconf", &["-P", &format!("{}/inet/content_filter=filter:dummy", server.port)]);
            assert!(edit.status.success(), "{}", String::from_utf8_lossy(&edit.stderr));
            make_usual(server);
            server.reload();
            std::thread::sleep(std::time::Duration::from_secs(2));
            assert!(send(server, "hello").starts_with("250 "));
            server.logged(&["relay=filter", "status=sent (delivered via filter service)"]);
            assert!(send(server, "buy now").starts_with("250 "));
            let messages = waiting::until(20, || Some(sink.messages()).filter(|messages| messages.len() == 2));
            let mut messages = messages.unwrap_or_else(|| panic!("{}\n{}", server.log_end(), spamd.log()));
            messages.sort_by_key(|message| message.text().contains("Subject: hello"));
            let (spam, ham) = (messages[0].text(), messages[1].text());
            assert!(spam.contains("\nX-Spam-Status: Yes, score=20.0\n"), "{spam}");
            assert!(ham.contains("\nX-Spam-Status: No, score=0.0\n") && ham.ends_with("\n\nhello\n.\nend\n"), "{ham}");
            assert!(ham.contains(", from userid 1)\n") && ham.contains("\nReceived: from client.test "), "{ham}");
            for message in &messages {
                assert!(message.mail.starts_with("MAIL FROM:<me@s.test>"), "{}", message.mail);
                assert!(
                    message.recipients[0].starts_with("RCPT TO:<\"you & \\\"I\\\"\"@d.test>"),
                    "{:?}",
                    message.recipients
                );
            }
            server.wait_until_queue_empty(10);
        });
    });
}

/// Runs until it is dropped.
struct Milter(Child);

impl Milter {
    fn run(socket: &Path) -> Self {
        let mut command = Command::new("/usr/sbin/spamass-milter");
        command
            .arg("-p")
            .arg(socket)
            .args(["-r", "10", "-i", "192.0.2.0/24", "--", "-d", "127.0.0.1"])
            .process_group(0);
        let milter = Self(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("spamass-milter runs"));
        let there = || fs::metadata(socket).is_ok_and(|facts| facts.file_type().is_socket());
        assert!(waiting::until_true(20, there), "spamass-milter has no socket");
        fs::set_permissions(socket, fs::Permissions::from_mode(0o666)).expect("chmod");
        milter
    }
}

impl Drop for Milter {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn spamass_milter_tags_and_rejects() {
    namespace::inside(&[Need::Postfix, Need::Waxwing, Need::SpamAssassin, Need::SpamassMilter], |place| {
        let spamd = Spamd::serve(place);
        let socket = place.directory("run").join("spamass.sock");
        let _milter = Milter::run(&socket);
        both(place, |server| {
            let sink = Sink::listen("127.0.0.1:2525");
            let macros = "milter_connect_macros = j {daemon_name} {client_name} _\nmilter_mail_macros = i {auth_authen} {mail_addr}\n\
                          milter_rcpt_macros = b i r v Z {rcpt_addr}\nmilter_data_macros = b i\n";
            server.main_cf(&format!("{NEXT}{macros}smtpd_milters = unix:{}\n", socket.display()));
            server.start();
            let reply = send(server, "hello");
            assert!(reply.starts_with("250 "), "{reply}\n{}", server.log_end());
            let ham = sink.wait_for(1)[0].text();
            assert!(ham.contains("\nX-Spam-Status: No, score=0.0\n"), "{ham}\n{}", spamd.log());
            assert!(ham.contains("\nX-Spam-Checker-Version: SpamAssassin "), "{ham}");
            let reply = send(server, "buy now");
            assert_eq!(reply, "550 5.7.1 Blocked by SpamAssassin");
            server.logged(&["milter-reject: END-OF-MESSAGE from unknown[10.9.9.9]: 5.7.1 Blocked by SpamAssassin;"]);
            assert_eq!(sink.messages().len(), 1, "what was refused was sent on");
        });
    });
}
