//! smtpd_proxy_filter: SMTPD_PROXY_README. A scripted filter behind Debian's Postfix and behind Waxwing; replies, what the filter
//! heard, and the log have to be the same.

use std::sync::{Arc, Mutex};

use waxwing_tests::{
    client::Client,
    namespace,
    needs::Need,
    normal,
    server::{Server, both},
    sink::{Answer, Sink},
};

const MESSAGE: &str = "Subject: through the filter\nBcc: kept\n\n.a dot\nlast line\n";

/// What everybody heard in one session.
#[derive(Debug, Default, PartialEq, Eq)]
struct Session {
    replies: Vec<String>,
    filter: Vec<String>,
    logged: Vec<String>,
    content: Vec<String>,
}

/// Answers of the filter by what the line holds.
fn answer(stage: &str, line: &str) -> Option<Answer> {
    let reply = |text: &str| Some(Answer::Reply(text.to_string()));
    match stage {
        "RCPT" if line.contains("refused") => reply("550 5.1.1 not by the filter"),
        "DATA" if line.contains("never") => None,
        "XFORWARD" => reply("250 2.0.0 Ok"),
        _ => None,
    }
}

fn play(server: &mut Server, more: &str, sessions: &[(&str, &[&str])]) -> Vec<Session> {
    let filter = Sink::listen("127.0.0.1:10025");
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    filter.offer(&["PIPELINING", "8BITMIME", "XFORWARD NAME ADDR PROTO HELO SOURCE PORT IDENT", "SMTPUTF8"]);
    let proxy = "smtpd_proxy_filter = 127.0.0.1:10025\nsmtpd_proxy_timeout = 5s\nrelay_domains = d.test\n";
    server.main_cf(&format!("{proxy}{more}"));
    server.start();
    let mut all = Vec::new();
    for (end, lines) in sessions {
        let (all_heard, end) = (heard.clone(), end.to_string());
        filter.script(move |stage, line| {
            all_heard.lock().expect("no panics").push(line.to_string());
            match stage {
                "." if end == "DIE" => Some(Answer::Die),
                "." if !end.is_empty() => Some(Answer::Reply(end.clone())),
                "MAIL" if line.contains("die@") => Some(Answer::Die),
                _ => answer(stage, line),
            }
        });
        heard.lock().expect("no panics").clear();
        let (before, log_before) = (filter.messages().len(), server.log().len());
        let mut client = Client::connect(server.port).expect("connected");
        let mut session = Session { replies: vec![client.reply()], ..Session::default() };
        for line in *lines {
            session.replies.push(match *line {
                "CONTENT" => client.content(MESSAGE),
                // More than waits in memory.
                "LARGE" => {
                    client.content(&format!("Subject: large\n\n{}", "line of a large message\n..\n".repeat(20_000)))
                }
                line => client.command(line),
            });
        }
        client.quit();
        server.logged(&["disconnect from"]);
        std::thread::sleep(std::time::Duration::from_millis(400));
        let log = server.log();
        let new = log.get(log_before..).unwrap_or_default();
        let wanted = |line: &&str| line.contains("proxy") || line.contains("client=");
        session.logged = new.lines().filter(wanted).map(normal::log_line).collect();
        session.filter = heard.lock().expect("no panics").iter().map(|line| without_port(line)).collect();
        session.replies = session.replies.iter().map(|reply| normal::reply(reply)).collect();
        session.content = filter.messages()[before..].iter().map(|m| dateless(&m.text())).collect();
        all.push(session);
    }
    all
}

fn without_port(line: &str) -> String {
    regex::Regex::new(r"PORT=\d+").expect("a pattern").replace(line, "PORT=N").into_owned()
}

/// The Received: header has a date, and the name of the software.
fn dateless(text: &str) -> String {
    let date = regex::Regex::new(r"[A-Z][a-z]{2}, .* \(UTC\)").expect("a pattern");
    date.replace(&text.replace("(Waxwing)", "(Postfix)"), "DATE").into_owned()
}

const GOOD: &[&str] = &[
    "EHLO c.test",
    "MAIL FROM:<me@s.test> BODY=8BITMIME",
    "RCPT TO:<you@d.test>",
    "RCPT TO:<two@d.test>",
    "DATA",
    "CONTENT",
];

/// What the filter says to the content, and what the client says.
const SESSIONS: &[(&str, &[&str])] = &[
    ("250 2.0.0 Ok: queued as ABCDEF012345", GOOD),
    ("554 5.7.1 id=1 - SPAM", GOOD),
    ("451 4.7.1 later", GOOD),
    ("DIE", GOOD),
    ("", &["HELO c.test", "MAIL FROM:<>", "RCPT TO:<refused@d.test>", "RCPT TO:<you@d.test>", "DATA", "CONTENT"]),
    ("", &["EHLO c.test", "MAIL FROM:<me@s.test>", "RCPT TO:<refused@d.test>", "DATA"]),
    ("", &["EHLO c.test", "MAIL FROM:<me@s.test>", "RSET", "MAIL FROM:<die@s.test>", "RCPT TO:<you@d.test>"]),
];

/// The same with speed_adjust, where the content has to come before the filter hears anything.
const WHOLE_SESSIONS: &[(&str, &[&str])] = &[
    ("250 2.0.0 Ok: queued as ABCDEF012345", GOOD),
    ("554 5.7.1 id=1 - SPAM", GOOD),
    ("451 4.7.1 later", GOOD),
    ("", &["HELO c.test", "MAIL FROM:<>", "RCPT TO:<refused@d.test>", "RCPT TO:<you@d.test>", "DATA", "CONTENT"]),
    ("", &["EHLO c.test", "MAIL FROM:<me@s.test>", "RCPT TO:<you@d.test>", "RSET", "NOOP"]),
    ("", &["EHLO c.test", "MAIL FROM:<die@s.test>", "RCPT TO:<you@d.test>", "DATA", "CONTENT"]),
    ("", &["EHLO c.test", "MAIL FROM:<me@s.test>", "RCPT TO:<you@d.test>", "DATA", "LARGE"]),
];

fn compare(more: &str, sessions: &[(&str, &[&str])], place: &namespace::Place) {
    let all = Mutex::new(Vec::new());
    both(place, |server| all.lock().expect("one thread").push(play(server, more, sessions)));
    let all = all.into_inner().expect("one thread");
    if let [theirs, ours] = &all[..] {
        for (number, (their, our)) in theirs.iter().zip(ours).enumerate() {
            assert_eq!(their, our, "session {number}: Postfix left, Waxwing right");
        }
    }
}

#[test]
fn the_filter_before_the_queue_hears_and_decides_as_behind_postfix() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| compare("", SESSIONS, place));
}

#[test]
fn with_speed_adjust_the_filter_hears_of_whole_messages() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        compare("smtpd_proxy_options = speed_adjust\n", WHOLE_SESSIONS, place);
    });
}

#[test]
fn with_speed_adjust_a_missing_filter_shows_at_the_end() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        both(place, |server| {
            server.main_cf(
                "smtpd_proxy_filter = 127.0.0.1:9\nsmtpd_proxy_options = speed_adjust\nrelay_domains = d.test\n",
            );
            server.start();
            let mut client = Client::ready("127.0.0.1", server.port);
            let reply = client.mail("me@s.test", "you@d.test", MESSAGE);
            assert_eq!(reply, "451 4.3.0 Error: queue file write error");
            server.logged(&["smtpd[", "warning: connect to proxy filter 127.0.0.1:9: Connection refused"]);
        });
    });
}

#[test]
fn without_the_filter_mail_waits_at_the_client() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        both(place, |server| {
            server.main_cf("smtpd_proxy_filter = 127.0.0.1:9\nrelay_domains = d.test\n");
            server.start();
            let mut client = Client::ready("127.0.0.1", server.port);
            client.command("MAIL FROM:<me@s.test>");
            assert_eq!(client.command("RCPT TO:<you@d.test>"), "451 4.3.0 Error: queue file write error");
            server.logged(&["smtpd[", "warning: connect to proxy filter 127.0.0.1:9: Connection refused"]);
        });
    });
}
