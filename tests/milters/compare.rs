//! One case, one server: what everybody heard.

use std::{
    io::Write,
    process::{Command, Stdio},
    sync::LazyLock,
};

use regex::Regex;
use waxwing_tests::{
    client::Client,
    milter::Milter,
    normal,
    server::{Server, binary},
    sink::{Received, Sink},
    waiting,
};

use crate::cases::{Case, Step};

/// main.cf of all cases. The macros are more than main.cf would send by itself.
const MAIN_CF: &str = "relayhost = [127.0.0.1]:2525
default_transport = smtp
mydestination =
virtual_alias_domains =
virtual_alias_maps = inline:{ { list@d.test = one@d.test, two@d.test } }
smtpd_milters = inet:127.0.0.1:9901
milter_macro_v = filters 1.0
milter_macro_defaults = {nobody}=default, { other = with blanks }
all_macros = i j v _ {daemon_name} {daemon_addr} {daemon_port} {client_addr} {client_name} {client_ptr} {client_resolve}
  {client_connections} {auth_type} {auth_authen} {mail_addr} {mail_host} {mail_mailer} {rcpt_addr} {rcpt_host} {rcpt_mailer}
  {tls_version} {nobody} {other} {unheard-of}
milter_connect_macros = $all_macros
milter_helo_macros = $all_macros
milter_mail_macros = $all_macros
milter_rcpt_macros = $all_macros
milter_data_macros = $all_macros
milter_unknown_command_macros = $all_macros
smtpd_recipient_restrictions = check_recipient_access inline:{ { no@d.test = REJECT not here } }
disable_mime_output_conversion = yes
milter_command_timeout = 3s
milter_content_timeout = 3s
milter_connect_timeout = 3s
smtpd_error_sleep_time = 0
";

#[derive(Debug, PartialEq, Eq)]
pub struct Outcome {
    name: String,
    replies: Vec<String>,
    told: Vec<String>,
    logged: Vec<String>,
    queue: Vec<String>,
    delivered: Vec<String>,
}

pub fn play(server: &mut Server, cases: &[Case]) -> Vec<Outcome> {
    let milter = Milter::listen("127.0.0.1:9901");
    let sink = Sink::listen("127.0.0.1:2525");
    let mut settings = String::new();
    server.main_cf(MAIN_CF);
    server.start();
    // The connections that looked whether it is there.
    std::thread::sleep(std::time::Duration::from_millis(500));
    milter.heard();
    let mut outcomes = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        if case.main_cf != settings {
            settings = case.main_cf.to_string();
            server.reconfigure(&format!("{MAIN_CF}{settings}"), number + 1);
            // The connection that looked for the new greeting.
            std::thread::sleep(std::time::Duration::from_millis(300));
            milter.heard();
        }
        outcomes.push(one(server, &milter, &sink, case));
    }
    outcomes
}

fn one(server: &Server, milter: &Milter, sink: &Sink, case: &Case) -> Outcome {
    milter.play(case.options.clone(), case.script);
    let (delivered_before, logged_before) = (sink.messages().len(), server.log().len());
    let mut replies = Vec::new();
    if case.steps.iter().any(|step| matches!(step, Step::Sendmail(..))) {
        for step in &case.steps {
            if let Step::Sendmail(sender, recipients, text) = step {
                replies.push(sendmail(server, sender, recipients, text));
            }
        }
    } else {
        let mut client = Client::connect(server.port).expect("connected");
        replies.push(client.reply());
        for step in &case.steps {
            replies.push(match step {
                Step::Say(line) => client.command(line),
                Step::Content(text) => client.content(text),
                Step::StartTls(certificate, only_tls12) => {
                    let reply = client.command("STARTTLS");
                    assert!(reply.starts_with("220 "), "{}: {reply}", case.name);
                    client.handshake(*certificate, *only_tls12).expect("a handshake");
                    client.command("EHLO client.test")
                }
                Step::Sendmail(..) => continue,
            });
        }
        drop(client);
    }
    let done = || {
        let waiting: Vec<String> = queue(server).into_iter().filter(|line| !line.starts_with("hold ")).collect();
        waiting.is_empty().then_some(())
    };
    waiting::until(case.patience, done);
    let mut told: Vec<String> = milter.heard().iter().map(|line| shown(line)).collect();
    if case.steps.iter().any(|step| matches!(step, Step::Sendmail(..))) {
        // What waits in maildrop is tried again, by one server sooner than by the other: the first time counts.
        let first = told.iter().position(|line| line == "quit").map_or(told.len(), |at| at + 1);
        told.truncate(first);
    }
    // Postfix also says it where there is nothing to abort, such as at the end of a session.
    let mut begun = false;
    told.retain(|line| {
        begun |= line.starts_with("mail ");
        line != "abort" || std::mem::take(&mut begun)
    });
    let logged = || {
        let log = server.log();
        let new = log.get(logged_before..).unwrap_or_default();
        let lines = new.lines().filter(|line| line.contains("ilter") && !line.contains("overriding earlier entry"));
        lines.map(|line| shown(&normal::log_line(line))).collect::<Vec<_>>()
    };
    // The referee's lines pass through another process.
    let mut lines = logged();
    waiting::until_true(2, || {
        std::thread::sleep(std::time::Duration::from_millis(150));
        let again = logged();
        let same = again == lines;
        lines = again;
        same
    });
    let mut before: Vec<String> = Vec::new();
    lines.retain(|line| {
        let new = !before.contains(line);
        before.push(line.clone());
        new
    });
    let queue = queue(server).iter().map(|line| shown(line)).collect();
    server.command("postsuper", &["-d", "ALL"]);
    // It would be tried again during the next case.
    maildrop(server).iter().for_each(|path| drop(std::fs::remove_file(path)));
    let messages = sink.messages();
    // The words of a notice are each server's own.
    let text = |m: &Received| if m.mail.starts_with("MAIL FROM:<>") { "a notice".to_string() } else { m.text() };
    let delivered = messages[delivered_before..]
        .iter()
        .map(|m| shown(&format!("{} {:?}\n{}", m.mail, sorted(&m.recipients), text(m))));
    let mut delivered: Vec<String> = delivered.collect();
    delivered.sort();
    let replies = replies.iter().map(|reply| shown(&normal::reply(reply))).collect();
    Outcome { name: case.name.to_string(), replies, told, logged: lines, queue, delivered }
}

fn sorted(recipients: &[String]) -> Vec<String> {
    let mut recipients = recipients.to_vec();
    recipients.sort();
    recipients
}

fn sendmail(server: &Server, sender: &str, recipients: &[&str], text: &str) -> String {
    let mut command = match server.is_postfix() {
        true => Command::new("/usr/sbin/sendmail"),
        false => Command::new(binary()),
    };
    if !server.is_postfix() {
        command.arg("sendmail");
    }
    command.arg("-C").arg(server.conf()).args(["-i", "-f", sender]).args(recipients).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("sendmail runs");
    child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("written");
    format!("{}", child.wait().expect("it ends"))
}

/// Queue, sender and recipients of each message.
fn queue(server: &Server) -> Vec<String> {
    let mut lines: Vec<String> = server
        .queue()
        .iter()
        .map(|message| {
            let recipients = message["recipients"].as_array().cloned().unwrap_or_default();
            let recipients: Vec<&str> = recipients.iter().filter_map(|r| r["address"].as_str()).collect();
            let word = |name: &str| message[name].as_str().unwrap_or_default().to_string();
            format!("{} {} {recipients:?}", word("queue_name"), word("sender"))
        })
        .collect();
    lines.retain(|line| !line.starts_with("maildrop "));
    lines.extend(maildrop(server).iter().map(|_| "one in maildrop".to_string()));
    lines.sort();
    lines
}

/// What waits for pickup(8).
fn maildrop(server: &Server) -> Vec<std::path::PathBuf> {
    let files = std::fs::read_dir(server.queue_directory().join("maildrop"));
    files.into_iter().flatten().flatten().map(|file| file.path()).filter(|path| path.is_file()).collect()
}

fn shown(text: &str) -> String {
    static RULES: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
        [
            (r"[A-Z][a-z]{2}, {1,2}\d{1,2} [A-Z][a-z]{2} 20\d\d \d\d:\d\d:\d\d [+-]\d{4} \([A-Z]+\)", "DATE"),
            (r"\b[0-9A-F]{9,14}\b", "ID"),
            (r"<20\d{12}\.ID@", "<ID@"),
            (r"\((?:Postfix|Waxwing)", "(MAIL_NAME"),
            (r"\{daemon_port\}=\d+", "{daemon_port}=PORT"),
            (r"ESMTP \w+$", "ESMTP"),
            // Which cipher it is the two TLS libraries settle.
            (r"\{cipher\}=[A-Z0-9_-]+", "{cipher}=CIPHER"),
            (r"\{cipher_bits\}=(128|256)", "{cipher_bits}=BITS"),
            (r"cipher [A-Z0-9_-]+ \(\d+/\d+ bits\)", "cipher CIPHER"),
            (r"SIZE=\d+", "SIZE"),
        ]
        .map(|(pattern, with)| (Regex::new(pattern).expect("a pattern"), with))
        .into()
    });
    RULES.iter().fold(text.to_string(), |text, (rule, with)| rule.replace_all(&text, *with).into_owned())
}

/// Where Waxwing answers differently and means it.
const DIFFERENCES: &[(&str, &str)] = &[
    ("shutdown at header", SHUTDOWN),
    ("shutdown at end-of-header", SHUTDOWN),
    ("shutdown at body", SHUTDOWN),
    ("shutdown at end", SHUTDOWN),
    ("add folded header", "a carriage return before a line end of a header is dropped; 3.7 sends CR CR LF"),
    ("replace body, 8-bit", "a new body with 8-bit text is sent as such; 3.7 sends it as 7-bit text"),
    ("milter_header_checks: prepend", "PREPEND is unknown there; 3.7 logs it, and then that it does nothing"),
    ("data behind continue", "3.7 counts the bytes of another packet"),
];
const SHUTDOWN: &str =
    "in the content 3.7 takes it for a reason to say 250 and to throw the message away; here the client hears 421";

/// What differs, as a text.
pub fn differences(theirs: &Outcome, ours: &Outcome) -> Option<String> {
    if let Some((name, why)) = DIFFERENCES.iter().find(|(name, _)| *name == theirs.name) {
        return (theirs == ours).then(|| format!("{name}: no difference any more, though: {why}"));
    }
    let mut out = format!("=== {}", theirs.name);
    let mut part = |what: &str, theirs: &[String], ours: &[String]| {
        if theirs != ours {
            out += &format!("\n{what}:\n--- Postfix\n{}\n--- Waxwing\n{}", theirs.join("\n"), ours.join("\n"));
        }
    };
    part("replies", &theirs.replies, &ours.replies);
    part("the milter heard", &theirs.told, &ours.told);
    part("log", &theirs.logged, &ours.logged);
    part("queue", &theirs.queue, &ours.queue);
    part("delivered", &theirs.delivered, &ours.delivered);
    (theirs != ours).then_some(out)
}
