//! One server, one next server, all messages.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, Stdio},
};

use waxwing_tests::{
    client::Client,
    server::{Kind, Server, binary},
    sink::{Received, Sink},
    waiting,
};

use crate::normal::normal;

/// How the messages come in, and what main.cf says beside the relayhost.
pub struct Way {
    /// None: sendmail -t.
    pub client: Option<&'static str>,
    pub main_cf: &'static str,
    pub offer_8bit: bool,
}

/// What became of one message.
#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    pub name: String,
    /// The reply to the content, or sendmail's exit status.
    pub answer: String,
    /// At the next server, envelope and content; none when it never came there.
    pub received: Option<(String, Vec<String>, Vec<u8>)>,
}

/// File name and content, LF line ends.
fn messages() -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("content/messages");
    let files = fs::read_dir(&directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
    let only = std::env::var("WAXWING_CASE").unwrap_or_default();
    let mut all: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for file in files.flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && name.contains(&only) {
            all.insert(name, fs::read(file.path()).expect("a message can be read"));
        }
    }
    all.into_iter().collect()
}

/// The recipient that tells which message it is.
fn mark(number: usize) -> String {
    format!("message{number}@out.test")
}

pub fn all(server: &mut Server, way: &Way) -> Vec<Outcome> {
    let sink = Sink::listen("127.0.0.1:2525");
    match way.offer_8bit {
        true => sink.offer(&["PIPELINING", "SIZE 0", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES"]),
        false => sink.offer(&["PIPELINING", "ENHANCEDSTATUSCODES"]),
    }
    server.main_cf(&format!("relayhost = [127.0.0.1]:2525\ndefault_transport = smtp\n{}", way.main_cf));
    server.listen = "127.0.0.1".into();
    server.start();
    let all = messages();
    let mut answers = Vec::new();
    let mut session = way.client.map(|client| Client::ready(client, server.port));
    for (number, (_, content)) in all.iter().enumerate() {
        answers.push(match &mut session {
            Some(session) => by_smtp(session, &mark(number), content),
            None => by_sendmail(server, &mark(number), content),
        });
    }
    let expected = answers.iter().filter(|answer| accepted(answer)).count();
    waiting::until_true(90, || marked(&sink).len() >= expected);
    server.stop();
    let mut received = marked(&sink);
    let outcome = |(number, ((name, _), answer)): (usize, ((String, Vec<u8>), String))| {
        let received = received.remove(&mark(number)).map(|message: Received| {
            let mut recipients = message.recipients.clone();
            if way.client.is_none() {
                // Postfix writes ORCPT of sendmail -t without quotes; RFC 3461 section 4.2 wants the address as it is sent.
                recipients.iter_mut().for_each(|line| line.truncate(line.find(" ORCPT=").unwrap_or(line.len())));
            }
            recipients.sort();
            let envelope = message.mail.split(' ').filter(|word| !unsure(word)).collect::<Vec<_>>().join(" ");
            (envelope, recipients, normal(&message.content))
        });
        Outcome { name, answer, received }
    };
    all.into_iter().zip(answers).enumerate().map(outcome).collect()
}

/// SIZE differs with the name of the software. 8-bit text that no header announces is announced with BODY, as RFC 6152 section 3
/// wants it; Postfix sends it without.
fn unsure(word: &str) -> bool {
    word.starts_with("SIZE=") || word == "BODY=8BITMIME"
}

fn accepted(answer: &str) -> bool {
    answer.starts_with("250") || answer == "exit 0"
}

/// By the recipient that marks them.
fn marked(sink: &Sink) -> BTreeMap<String, Received> {
    let mut all = BTreeMap::new();
    for message in sink.messages() {
        let mark = message.recipients.iter().find_map(|line| {
            let address = line.split(['<', '>']).nth(1)?;
            (address.starts_with("message") && address.ends_with("@out.test")).then(|| address.to_string())
        });
        all.extend(mark.map(|mark| (mark, message)));
    }
    all
}

fn by_smtp(session: &mut Client, recipient: &str, content: &[u8]) -> String {
    for line in ["RSET", "MAIL FROM:<sender@a.test>", &format!("RCPT TO:<{recipient}>"), "DATA"] {
        let reply = session.command(line);
        assert!(reply.starts_with(['2', '3']), "{line}: {reply}");
    }
    let mut wire = Vec::new();
    let mut lines: Vec<&[u8]> = content.split(|byte| *byte == b'\n').collect();
    // What follows the last line end is a line only where there is something.
    if lines.last().is_some_and(|last| last.is_empty()) {
        lines.pop();
    }
    for line in lines {
        if line.starts_with(b".") {
            wire.push(b'.');
        }
        wire.extend_from_slice(line);
        wire.extend_from_slice(b"\r\n");
    }
    session.send(&[&wire[..], b".\r\n"].concat());
    let reply = session.reply();
    reply.split(" queued as ").next().unwrap_or_default().to_string()
}

fn by_sendmail(server: &Server, recipient: &str, content: &[u8]) -> String {
    let message = server.directory.join("message");
    fs::write(&message, content).expect("write");
    sendmail(server, &["-i", "-t", "-f", "sender@a.test", recipient], &message)
}

/// sendmail(1) with a file as its input; how it ended.
pub fn sendmail(server: &Server, arguments: &[&str], message: &Path) -> String {
    let mut command = match server.kind {
        Kind::Postfix => Command::new("/usr/sbin/sendmail"),
        Kind::Waxwing => {
            let mut command = Command::new(binary());
            command.arg("sendmail");
            command
        }
    };
    command.arg("-C").arg(server.conf()).env("MAIL_CONFIG", server.conf()).args(arguments);
    command.stdin(fs::File::open(message).expect("just written")).stderr(Stdio::null());
    format!("exit {}", command.status().expect("sendmail runs").code().unwrap_or(-1))
}

/// Where the two differ.
pub fn diff(theirs: &Outcome, ours: &Outcome) -> String {
    if theirs.answer != ours.answer {
        return format!("\n  postfix answers {}\n  waxwing answers {}", theirs.answer, ours.answer);
    }
    let (Some(their), Some(our)) = (&theirs.received, &ours.received) else {
        let came = |outcome: &Outcome| if outcome.received.is_some() { "comes" } else { "does not come" };
        return format!("postfix's {}, waxwing's {}", came(theirs), came(ours));
    };
    if (&their.0, &their.1) != (&our.0, &our.1) {
        return format!("\n  postfix {} {:?}\n  waxwing {} {:?}", their.0, their.1, our.0, our.1);
    }
    let lines = |content: &[u8]| -> Vec<String> {
        content.split_inclusive(|byte| *byte == b'\n').map(|line| line.escape_ascii().to_string()).collect()
    };
    let (their, our) = (lines(&their.2), lines(&our.2));
    let at = (0..).find(|at| their.get(*at) != our.get(*at)).unwrap_or_default();
    let show = |all: &[String]| {
        all.iter().skip(at).take(2).map(|l| l.chars().take(300).collect()).collect::<Vec<String>>().join("\n          ")
    };
    format!("line {}\n  postfix {}\n  waxwing {}", at + 1, show(&their), show(&our))
}
