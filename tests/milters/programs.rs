//! Milters that others wrote: Debian's opendkim, which signs and verifies, and a milter in Python on Debian's libmilter.

use std::{
    fs,
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    process::{Child, Command, Stdio},
};

use waxwing_tests::{
    client::Client,
    namespace::{self, Place},
    needs::Need,
    server::{Server, both},
    sink::Sink,
    waiting,
};

/// Runs until it is dropped.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // Already gone is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(mut command: Command, port: u16) -> Program {
    let program = Program(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().expect("it runs"));
    assert!(waiting::until_true(20, || TcpStream::connect(("127.0.0.1", port)).is_ok()), "nobody listens on {port}");
    program
}

/// Signs mail of sign.test from this host, and verifies that of others by a file with the public key.
fn opendkim(place: &Place) -> Program {
    let directory = place.directory("opendkim");
    let genkey = Command::new("opendkim-genkey")
        .args(["-b", "1024", "-d", "sign.test", "-s", "sel", "-D"])
        .arg(&directory)
        .output();
    assert!(genkey.expect("opendkim-genkey runs").status.success());
    let key = directory.join("sel.private");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).expect("chmod");
    let text = fs::read_to_string(directory.join("sel.txt")).expect("the record");
    let record: String = text.split('"').skip(1).step_by(2).collect();
    fs::write(directory.join("keys"), format!("sel._domainkey.sign.test {record}\n")).expect("write");
    let path = directory.display();
    let conf = format!(
        "Socket inet:8891@127.0.0.1\nDomain sign.test\nSelector sel\nKeyFile {path}/sel.private\nMode sv\nUserID root\n\
         Canonicalization relaxed/simple\nInternalHosts 127.0.0.1\nSyslog no\nRequireSafeKeys no\nTestPublicKeys {path}/keys\n"
    );
    fs::write(directory.join("opendkim.conf"), conf).expect("write");
    let mut command = Command::new("/usr/sbin/opendkim");
    command.arg("-f").arg("-x").arg(directory.join("opendkim.conf"));
    run(command, 8891)
}

fn send(server: &Server, from: &str, content: &str) {
    let mut client = Client::between(from, &format!("127.0.0.1:{}", server.port)).expect("connected");
    client.reply();
    client.command("EHLO client.test");
    let answer = client.mail("me@sign.test", "you@d.test", content);
    assert!(answer.starts_with("250 "), "{answer}");
    client.quit();
}

#[test]
fn opendkim_signs_and_verifies() {
    namespace::inside(&[Need::Postfix, Need::Waxwing, Need::Opendkim], |place| {
        let _opendkim = opendkim(place);
        both(place, |server| {
            let sink = Sink::listen("127.0.0.1:2525");
            let milters = "smtpd_milters = inet:127.0.0.1:8891\nnon_smtpd_milters = $smtpd_milters\n";
            server
                .main_cf(&format!("relayhost = [127.0.0.1]:2525\ndefault_transport = smtp\nrelay_transport = smtp\nrelay_domains = d.test\nmydestination =\n{milters}"));
            server.start();
            let message = "From: me@sign.test\nTo: you@d.test\nSubject: to be signed\nDate: Sun, 22 Nov 2026 00:00:00 +0000\nMessage-Id: <1@sign.test>\n\nbody\n";
            send(server, "127.0.0.1", message);
            let signed = sink.wait_for(1)[0].text();
            assert!(signed.starts_with("DKIM-Signature: v=1;"), "{signed}");
            assert!(signed.contains("d=sign.test"), "{signed}");
            // From elsewhere it is verified; the Received: header above the signature is no part of it.
            let signed = &signed[signed.find("DKIM-Signature").expect("it is signed")..];
            send(server, "10.9.9.9", signed);
            let verified = sink.wait_for(2)[1].text();
            assert!(verified.contains("dkim=pass") && verified.contains("header.d=sign.test"), "{verified}");
            let changed = signed.replace("\n\nbody", "\n\nanother body");
            send(server, "10.9.9.9", &changed);
            let failed = sink.wait_for(3)[2].text();
            assert!(failed.contains("dkim=fail"), "{failed}");
        });
    });
}

const PYTHON: &str = r#"
import Milter, sys
class Changer(Milter.Base):
    def connect(self, name, family, address):
        return Milter.CONTINUE
    def envfrom(self, sender, *parameters):
        self.sender, self.parameters, self.seen = sender, parameters, []
        return Milter.CONTINUE
    def envrcpt(self, recipient, *parameters):
        if 'refused' in recipient:
            self.setreply('550', '5.7.1', 'not', 'this one')
            return Milter.REJECT
        return Milter.CONTINUE
    def header(self, name, value):
        self.seen.append(name)
        return Milter.CONTINUE
    def eom(self):
        self.addheader('X-Seen', ','.join(self.seen))
        self.addheader('X-Sender', self.sender + ' ' + ' '.join(self.parameters))
        self.addheader('X-Queue-Id', 'yes' if self.getsymval('i') else 'no')
        self.addheader('X-First', '1', 0)
        self.chgheader('Subject', 1, 'changed')
        self.chgheader('X-Gone', 1, '')
        self.chgfrom('<other@sign.test>')
        self.addrcpt('<more@d.test>')
        self.delrcpt('<you@d.test>')
        self.replacebody(b'a new body\r\n')
        return Milter.ACCEPT
Milter.factory = Changer
Milter.set_flags(Milter.ADDHDRS | Milter.CHGHDRS | Milter.CHGBODY | Milter.ADDRCPT | Milter.DELRCPT | Milter.CHGFROM)
Milter.runmilter('changer', 'inet:9902@127.0.0.1', 60)
"#;

#[test]
fn a_milter_on_libmilter_changes_everything() {
    namespace::inside(&[Need::Postfix, Need::Waxwing, Need::PythonMilter], |place| {
        let script = place.directory("python").join("changer.py");
        fs::write(&script, PYTHON).expect("write");
        let mut command = Command::new("/usr/bin/python3");
        command.arg(&script);
        let _milter = run(command, 9902);
        both(place, |server| {
            let sink = Sink::listen("127.0.0.1:2525");
            server.main_cf("relayhost = [127.0.0.1]:2525\ndefault_transport = smtp\nrelay_transport = smtp\nmydestination =\nsmtpd_milters = inet:127.0.0.1:9902\n");
            server.start();
            let mut client = Client::ready("127.0.0.1", server.port);
            client.command("MAIL FROM:<me@sign.test> BODY=8BITMIME");
            assert_eq!(client.command("RCPT TO:<refused@d.test>"), "550-5.7.1 not\n550 5.7.1 this one");
            client.command("RCPT TO:<you@d.test>");
            client.command("DATA");
            let content = "From: me@sign.test\nSubject: x\nX-Gone: 1\nDate: Sun, 22 Nov 2026 00:00:00 +0000\nMessage-Id: <1@sign.test>\n\nold\n";
            assert!(client.content(content).starts_with("250 "));
            let message = &sink.wait_for(1)[0];
            assert!(message.mail.starts_with("MAIL FROM:<other@sign.test>"), "{}", message.mail);
            assert_eq!(message.recipients.len(), 1, "{:?}", message.recipients);
            assert!(message.recipients[0].starts_with("RCPT TO:<more@d.test>"), "{:?}", message.recipients);
            let (header, body) =
                message.text().split_once("\n\n").map(|(h, b)| (h.to_string(), b.to_string())).expect("a body");
            assert!(header.starts_with("X-First: 1\nReceived: "), "{header}");
            let rest = header.split_once("\nFrom: ").expect("From").1;
            let expected = "me@sign.test\nSubject: changed\nDate: Sun, 22 Nov 2026 00:00:00 +0000\nMessage-Id: <1@sign.test>\n\
                            X-Seen: From,Subject,X-Gone,Date,Message-Id\nX-Sender: <me@sign.test> BODY=8BITMIME\nX-Queue-Id: yes";
            assert_eq!((rest, body.as_str()), (expected, "a new body\n"));
        });
    });
}
