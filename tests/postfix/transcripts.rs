//! notify_classes of the SMTP server: which sessions postmaster gets a transcript of, and what it says.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Mutex,
};

use waxwing_tests::{
    client::Client,
    namespace,
    needs::{Need, say},
    server::{Server, both},
    sink::Sink,
    waiting,
};

const MAIN: &str = "mail_name = Postfix\ndefault_transport = smtp:[127.0.0.1]:2525\nmydestination =\nrelay_domains = d.test\n\
    relay_transport = discard\nsmtpd_error_sleep_time = 0s\nsmtpd_history_flush_threshold = 10\nmessage_size_limit = 20000\n\
    smtpd_recipient_limit = 2\nsmtpd_recipient_overshoot_limit = 1\nsmtpd_hard_error_limit = 4\nhopcount_limit = 5\n\
    disable_vrfy_command = yes\nrelay_recipient_maps = inline:{ known@d.test=x, known2@d.test=x, known3@d.test=x, hold@d.test=x }, $map_of_known4\n\
    smtpd_helo_required = yes\nheader_checks = regexp:$config_directory/header_checks\n\
    smtpd_sender_restrictions = check_sender_access inline:{ broken@s.test=no_such_restriction, denied@s.test=REJECT }\n\
    smtpd_recipient_restrictions = check_recipient_access inline:{ later@d.test=DEFER }, \
      check_client_access inline:{ x=y }, reject_unauth_destination, \
      check_recipient_access $table_of_known3\n\
    table_of_known3 = pipemap:{inline:{known3@d.test=x}, fail:x}\nmap_of_known4 = pipemap:{inline:{known4@d.test=x}, fail:x}\n\
    smtpd_timeout = 2s\nsmtpd_authorized_xclient_hosts = 127.0.0.1\n";
const CHECKS: &str = "/^Subject: forbidden/ REJECT not this\n";

/// `<eof>`: the client goes away. Lines after DATA are sent without waiting for replies, up to the dot.
const SESSIONS: &[(&str, &[&str])] = &[
    ("ordinary", &["EHLO %", "MAIL FROM:<a@s.test>", "RCPT TO:<known@d.test>", "DATA", "Subject: x", ".", "QUIT"]),
    ("unknown-command", &["EHLO %", "FOO bar", "QUIT"]),
    ("helo-syntax", &["EHLO %", "HELO", "QUIT"]),
    ("mail-syntax", &["EHLO %", "MAIL FROM:<a@b", "QUIT"]),
    ("mail-option", &["EHLO %", "MAIL FROM:<a@s.test> FOO=BAR", "QUIT"]),
    ("early-rcpt", &["EHLO %", "RCPT TO:<known@d.test>", "QUIT"]),
    ("early-data", &["EHLO %", "DATA", "MAIL FROM:<a@s.test>", "DATA", "QUIT"]),
    ("nested-mail", &["EHLO %", "MAIL FROM:<a@s.test>", "MAIL FROM:<a@s.test>", "QUIT"]),
    ("no-helo", &["NOOP %", "MAIL FROM:<a@s.test>", "QUIT"]),
    ("vrfy", &["EHLO %", "VRFY a@d.test", "QUIT"]),
    ("rset", &["EHLO %", "RSET x", "QUIT"]),
    ("relay-denied", &["EHLO %", "MAIL FROM:<a@s.test>", "RCPT TO:<a@elsewhere.test>", "QUIT"]),
    ("unlisted", &["EHLO %", "MAIL FROM:<a@s.test>", "RCPT TO:<nobody@d.test>", "QUIT"]),
    ("denied-sender", &["EHLO %", "MAIL FROM:<denied@s.test>", "RCPT TO:<known@d.test>", "QUIT"]),
    ("deferred", &["EHLO %", "MAIL FROM:<a@s.test>", "RCPT TO:<later@d.test>", "QUIT"]),
    ("broken-list", &["EHLO %", "MAIL FROM:<broken@s.test>", "RCPT TO:<known@d.test>", "QUIT"]),
    ("broken-table", &["EHLO %", "MAIL FROM:<a@s.test>", "RCPT TO:<known3@d.test>", "QUIT"]),
    ("announced-size", &["EHLO %", "MAIL FROM:<a@s.test> SIZE=30000", "QUIT"]),
    (
        "recipients",
        &[
            "EHLO %",
            "MAIL FROM:<a@s.test>",
            "RCPT TO:<known@d.test>",
            "RCPT TO:<known2@d.test>",
            "RCPT TO:<hold@d.test>",
            "QUIT",
        ],
    ),
    ("too-many-errors", &["EHLO %", "A", "B", "C", "D"]),
    ("gone", &["EHLO %", "FOO", "<eof>"]),
    ("gone-in-data", &["EHLO %", "FOO", "MAIL FROM:<a@s.test>", "RCPT TO:<known@d.test>", "DATA", "<eof>"]),
    (
        "refused-header",
        &["EHLO %", "MAIL FROM:<a@s.test>", "RCPT TO:<known@d.test>", "DATA", "Subject: forbidden", ".", "QUIT"],
    ),
    (
        "deferred-header",
        &["EHLO %", "MAIL FROM:<a@s.test>", "RCPT TO:<known@d.test>", "DATA", "Subject: later", ".", "QUIT"],
    ),
    ("too-big", &["EHLO %", "MAIL FROM:<a@s.test>", "RCPT TO:<known@d.test>", "DATA", "BIG", ".", "QUIT"]),
    ("hops", &["EHLO %", "MAIL FROM:<a@s.test>", "RCPT TO:<known@d.test>", "DATA", "HOPS", ".", "QUIT"]),
    (
        "long",
        &[
            "EHLO %",
            "FOO this line is longer than what fits into the width of a notice, so that it has to be folded somewhere near the end",
            "QUIT",
        ],
    ),
    ("flushed", &["EHLO %", "NOOP", "NOOP", "NOOP", "NOOP", "NOOP", "NOOP", "MAIL FROM:<a@s.test>", "FOO", "QUIT"]),
    ("not-flushed", &["EHLO %", "FOO", "NOOP", "NOOP", "NOOP", "NOOP", "NOOP", "MAIL FROM:<a@s.test>", "QUIT"]),
    ("bdat", &["EHLO %", "BDAT x", "QUIT"]),
    ("etrn", &["EHLO %", "ETRN", "ETRN #", "QUIT"]),
    ("reset", &["EHLO %", "NOOP", "NOOP", "NOOP", "NOOP", "NOOP", "NOOP", "RSET", "FOO", "QUIT"]),
    ("reset-late", &["EHLO %", "FOO", "NOOP", "NOOP", "NOOP", "NOOP", "NOOP", "NOOP", "RSET", "NOOP", "QUIT"]),
    ("hello-again", &["EHLO x", "NOOP", "NOOP", "NOOP", "NOOP", "NOOP", "NOOP", "EHLO %", "FOO", "QUIT"]),
    ("hello-late", &["EHLO %", "FOO", "EHLO %", "NOOP", "QUIT"]),
    ("sent", &["EHLO x", "MAIL FROM:<a@s.test>", "RCPT TO:<known@d.test>", "DATA", "Subject: x", ".", "FOO %", "QUIT"]),
    (
        "sent-late",
        &["EHLO %", "FOO", "MAIL FROM:<a@s.test>", "RCPT TO:<known@d.test>", "DATA", "Subject: x", ".", "NOOP", "QUIT"],
    ),
    ("broken-map", &["EHLO %", "MAIL FROM:<a@s.test>", "RCPT TO:<known4@d.test>", "QUIT"]),
    ("auth", &["EHLO %", "AUTH PLAIN AGEAYg==", "QUIT"]),
    ("starttls", &["EHLO %", "STARTTLS", "QUIT"]),
    ("xforward", &["EHLO %", "XFORWARD FOO=bar", "QUIT"]),
    ("xclient", &["EHLO %", "XCLIENT FOO", "QUIT"]),
    ("help", &["EHLO %", "HELP", "QUIT"]),
    ("vrfy-syntax", &["EHLO %", "VRFY", "QUIT"]),
    ("rcpt-syntax", &["EHLO %", "MAIL FROM:<a@s.test>", "RCPT FOO", "QUIT"]),
    ("rcpt-option", &["EHLO %", "MAIL FROM:<a@s.test>", "RCPT TO:<known@d.test> FOO=x", "QUIT"]),
    ("forbidden", &["EHLO %", "CONNECT a:25 HTTP/1.0"]),
    ("slow", &["EHLO %", "FOO", "<wait>"]),
    ("slow-and-good", &["EHLO %", "NOOP", "<wait>"]),
    ("etrn-denied", &["EHLO %", "ETRN d.test", "QUIT"]),
    ("bdat-early", &["EHLO %", "BDAT 0 LAST", "QUIT"]),
    ("empty", &["EHLO %", "", "QUIT"]),
    ("data-argument", &["EHLO %", "MAIL FROM:<a@s.test>", "RCPT TO:<known@d.test>", "DATA x", "QUIT"]),
    ("latin", &["EHLO %", "FOO \u{e9}\u{7}x", "QUIT"]),
];

fn play(port: u16, tag: &str, script: &[&str]) {
    let mut client = Client::connect(port).expect("the server listens");
    client.reply();
    let mut in_data = false;
    for line in script {
        match *line {
            "<eof>" => return,
            "<wait>" => drop(client.reply()),
            "BIG" => (0..500).for_each(|_| client.send(format!("{}\r\n", "x".repeat(70)).as_bytes())),
            "HOPS" => (0..9).for_each(|_| client.send(b"Received: by x\r\n")),
            "." => {
                client.command(".");
                in_data = false;
            }
            line if in_data => client.send(format!("{line}\r\n").as_bytes()),
            line => {
                let reply = client.command(&line.replace('%', tag));
                in_data = reply.starts_with("354");
            }
        }
    }
}

/// By class and session: the notices. Those that do not name their session count as flushed.
type Notices = BTreeMap<(String, String), BTreeSet<String>>;

fn notices(server: &mut Server) -> Notices {
    let sink = Sink::listen("127.0.0.1:2525");
    server.table("header_checks", CHECKS);
    let mut all = Notices::new();
    for (number, class) in ["protocol", "policy", "resource", "software", "bounce", "data"].iter().enumerate() {
        let lines = format!("{MAIN}notify_classes = {class}\nerror_notice_recipient = pm@{class}.test\n");
        if number == 0 {
            server.main_cf(&lines);
            server.start();
        } else {
            server.reconfigure(&lines, number);
        }
        std::thread::sleep(std::time::Duration::from_millis(300));
        let ended = |server: &Server| server.log().matches("disconnect from").count();
        let before = ended(server);
        for (tag, script) in SESSIONS {
            play(server.port, tag, script);
        }
        // Both servers post the notice before they log the end of a session.
        let all_ended = waiting::until_true(30, || ended(server) >= before + SESSIONS.len());
        assert!(all_ended, "{} of {} sessions ended", ended(server) - before, SESSIONS.len());
        server.wait_until_queue_empty(30);
        let quiet = || {
            let before = sink.messages().len();
            std::thread::sleep(std::time::Duration::from_millis(500));
            sink.messages().len() == before
        };
        assert!(waiting::until_true(20, quiet), "notices without end");
        for message in sink.messages() {
            let text = message.text();
            let tag = SESSIONS.iter().map(|(tag, _)| *tag).find(|tag| {
                text.contains(&format!("EHLO {tag}\n"))
                    || text.contains(&format!("FOO {tag}\n"))
                    || text.contains(&format!("NOOP {tag}\n"))
            });
            let tag = tag.unwrap_or("flushed").to_string();
            let class = message.recipients[0].split(['@', '>']).nth(1).unwrap_or_default().to_string();
            let sender = message.mail.split(" SIZE=").next().unwrap_or_default();
            let notice = format!("{sender} {}\n{}", message.recipients.join(" "), plain(&text));
            all.entry((class, tag)).or_default().insert(notice);
        }
    }
    all
}

/// What is another in each run, and the password that only Postfix repeats.
fn plain(text: &str) -> String {
    let varies = |line: &&str| !["\tid ", "Date: ", "Message-Id: "].iter().any(|start| line.starts_with(start));
    text.replace("AUTH PLAIN AGEAYg==", "AUTH PLAIN ...").lines().filter(varies).collect::<Vec<_>>().join("\n")
}

#[test]
fn transcripts() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        let all = Mutex::new(Vec::new());
        both(place, |server| all.lock().expect("one thread").push(notices(server)));
        let all = all.into_inner().expect("one thread");
        let [.., theirs, ours] = &all[..] else { panic!("two servers") };
        let different: Vec<String> = theirs
            .keys()
            .chain(ours.keys())
            .collect::<BTreeSet<_>>()
            .into_iter()
            .filter(|key| theirs.get(key) != ours.get(key))
            .map(|key| format!("{key:?}\n--- Postfix\n{:?}\n--- Waxwing\n{:?}", theirs.get(key), ours.get(key)))
            .collect();
        assert!(different.is_empty(), "{} differ:\n{}", different.len(), different.join("\n").replace("\\n", "\n"));
        assert!(theirs.len() > 40, "only {} notices", theirs.len());
        say(&format!("RESULT transcripts: {} kinds of notices, all as Postfix sends them", theirs.len()));
    });
}
