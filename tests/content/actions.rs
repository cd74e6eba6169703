//! Every action of header_checks(5), on receipt and on delivery, in tables of each kind: replies, log lines, what the next
//! server gets and what is held, as Postfix has them.

use std::sync::Mutex;

use regex::Regex;
use waxwing_tests::{
    client::Client,
    namespace,
    needs::{Need, asked_for},
    server::{Kind, Server, alone},
    sink::Sink,
    waiting,
};

use crate::normal::normal;

/// `X-Test: NAME` is what triggers each.
const HEADER_CHECKS: &str = r#"
/^X-Test: reject$/          REJECT
/^X-Test: (reject-text)$/   REJECT no $1 here
/^X-Test: reject-status$/   REJECT 5.2.1 with a status
/^X-Test: defer$/           REJECT 4.7.1
/^X-Test: defer-text$/      reject 4.2.1 come back
/^X-Test: reject-two$/      REJECT 2.1.1 success
/^X-Test: warn$/            WARN
/^X-Test: warn-text$/       WARN careful
/^X-Test: info$/            INFO
/^X-Test: info-text$/       INFO just so
/^X-Test: ignore$/          IGNORE
/^X-Test: strip$/           STRIP
/^X-Test: strip-text$/      STRIP for a reason
/^X-Test: replace$/         REPLACE X-Test: replaced
/^X-Test: replace-address$/ REPLACE Cc: joe
/^X-Test: replace-bad$/     REPLACE no header
/^X-Test: replace-empty$/   REPLACE
/^X-Test: prepend$/         PREPEND X-Before: yes
/^X-Test: prepend-bad$/     PREPEND no header
/^X-Test: prepend-empty$/   PREPEND
/^X-Test: hold$/            HOLD
/^X-Test: hold-text$/       HOLD wait
/^X-Test: discard$/         DISCARD
/^X-Test: discard-text$/    DISCARD gone
/^X-Test: filter$/          FILTER smtp:[127.0.0.1]:2525
/^X-Test: filter-bad$/      FILTER smtp
/^X-Test: filter-empty$/    FILTER
/^X-Test: redirect$/        REDIRECT other@out.test
/^X-Test: redirect-bad$/    REDIRECT other
/^X-Test: bcc$/             BCC copy@out.test
/^X-Test: bcc-bad$/         BCC copy
/^X-Test: pass$/            PASS
/^X-Test: pass-text$/       PASS trusted
/^X-After: /                IGNORE
/^X-Test: dunno$/           DUNNO
/^X-Test: ok$/              OK any text
/^X-Test: unknown$/         FROB it
/^X-Test: code$/            550 no code
if /^X-Test: if-/
/if-yes/                    WARN within
!/if-yes|if-no/             WARN negated
endif
/^X-Test: if-no/            WARN behind
/^X-Fold: a\n b$/           WARN folded
/^Content-Type:/            INFO seen
/^Nested:/                  INFO nested
"#;

const BODY_CHECKS: &str = r#"
/^body reject$/     REJECT not in a body
/^body warn$/       WARN
/^body replace$/    REPLACE other text
/^body prepend$/    PREPEND a line before
/^body strip$/      STRIP
/^body ignore$/     IGNORE
/^--b/              INFO boundary
/far away/          WARN beyond the limit
"#;

const DELIVERY_CHECKS: &str = r#"
/^X-Out: reject/    REJECT
/^X-Out: ignore/    IGNORE
/^X-Out: strip/     STRIP why
/^X-Out: warn/      WARN w
/^X-Out: info/      INFO
/^X-Out: replace/   REPLACE X-Out: other
/^X-Out: prepend/   PREPEND X-Out-Before: yes
/^X-Out: bad/       REPLACE bad
/^X-Out: frob/      FROB
"#;

/// Headers and body of each message; `From:` and its like are put in front.
fn messages() -> Vec<String> {
    let names = HEADER_CHECKS.lines().filter_map(|line| {
        let (_, rest) = line.split_once("X-Test: ")?;
        let name = rest.split(['$', '/']).next()?.trim_start_matches('(').trim_end_matches(')');
        (!name.ends_with('-')).then(|| format!("X-Test: {name}\nX-After: one\n\nbody\n"))
    });
    let more = [
        "X-Test: if-yes\n\nbody\n",
        "X-Test: if-no\n\nbody\n",
        "X-Test: if-other\n\nbody\n",
        "X-Fold: a\n b\n\nbody\n",
        "x-test: REJECT\n\nbody\n",
        "X-Test : reject\n\nbody\n",
        "Subject: plain\n\nbody reject\n",
        "Subject: plain\n\nbody warn\nbody replace\nbody prepend\nbody strip\nbody ignore\nend\n",
        "X-Test: hold\nX-Test: hold-text\nX-Test: warn\n\nbody\n",
        "X-Test: discard\nX-Test: reject\n\nbody\n",
        "X-Test: bcc\nX-Test: bcc\n\nbody\n",
        "Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nNested: yes\nX-Test: strip\n\nbody warn\n--b--\n",
        "X-Out: reject\nX-Out: ignore\nX-Out: strip\nX-Out: warn\nX-Out: info\nX-Out: replace\nX-Out: prepend\nX-Out: bad\nX-Out: frob\n\nbody\nout warn\nout replace\n",
    ];
    let far = format!("Subject: far\n\n{}far away\n", "0123456789\n".repeat(40));
    names.chain(more.map(String::from)).chain([far]).collect()
}

/// What happened, in lines that can be compared.
fn play(server: &mut Server) -> Vec<String> {
    let sink = Sink::listen("127.0.0.1:2525");
    server.table("header_checks", HEADER_CHECKS).table("body_checks", BODY_CHECKS).table("out_checks", DELIVERY_CHECKS);
    server.table("out_body", "/^out warn/ WARN\n/^out replace/ REPLACE other text\n");
    server.table("exact", "x-exact: yes REJECT by an exact key\n");
    server.main_cf(
        "relayhost = [127.0.0.1]:2525
default_transport = smtp
header_checks = pcre:$config_directory/header_checks
body_checks = regexp:$config_directory/body_checks
body_checks_size_limit = 400
smtp_header_checks = regexp:$config_directory/out_checks
smtp_body_checks = pcre:$config_directory/out_body
",
    );
    server.start();
    let mut session = Client::ready("127.0.0.1", server.port);
    let (mut said, mut expected) = (Vec::new(), 0);
    for message in messages() {
        let first = message.lines().next().unwrap_or_default().to_string();
        for line in ["RSET", "MAIL FROM:<sender@a.test>", "RCPT TO:<to@out.test>", "RCPT TO:<too@out.test>", "DATA"] {
            session.command(line);
        }
        let content = format!(
            "Message-Id: <1@a.test>\nDate: Mon, 1 Jan 2001 00:00:00 +0000\nFrom: f@a.test\nTo: t@a.test\n{message}"
        );
        let reply = session.content(&content);
        expected += usize::from(reply.starts_with("250") && !first.contains("hold") && !first.contains("discard"));
        said.push(format!("{first}: {}", reply.split(" queued as ").next().unwrap_or_default()));
    }
    waiting::until_true(60, || sink.messages().len() >= expected);
    std::thread::sleep(std::time::Duration::from_millis(500));
    for message in sink.messages() {
        let text = String::from_utf8_lossy(&normal(&message.content)).replace("\r\n", "|");
        let mut recipients = message.recipients;
        recipients.sort();
        said.push(format!("sent {recipients:?} {text}"));
    }
    said.extend(log_lines(&server.log()));
    said.sort();
    let held = server.queue().iter().filter(|m| m["queue_name"] == "hold").count();
    said.push(format!("{held} held"));
    said
}

/// What cleanup and smtp said of lines, and their warnings, without times and ids.
pub fn log_lines(log: &str) -> Vec<String> {
    let line = Regex::new(r"postfix/(cleanup|smtp)\[\d+\]: (?:[0-9A-Za-z]+: )?(.*)$").expect("a pattern");
    let words = ["reject: ", "warning: ", "info: ", "hold: ", "discard: ", "filter: ", "redirect: ", "bcc: ", "pass: "];
    let words = [&words[..], &["strip: ", "replace: ", "prepend: "]].concat();
    log.lines()
        .filter_map(|text| {
            let found = line.captures(text)?;
            let said = found[2].to_string();
            words.iter().any(|word| said.starts_with(word)).then(|| format!("{}: {said}", &found[1]))
        })
        .collect()
}

#[test]
fn every_action_as_postfix_has_it() {
    compare(play, "actions::every_action_as_postfix_has_it");
}

/// Plays the same to both servers; all lines have to be the same.
pub fn compare(play: fn(&mut Server) -> Vec<String>, test: &str) {
    namespace::inside_named(test.to_string(), &[Need::Postfix, Need::Waxwing], |place| {
        let mut all = Vec::new();
        for kind in [Kind::Postfix, Kind::Waxwing].into_iter().filter(|kind| asked_for(kind.name())) {
            let out = Mutex::new(Vec::new());
            if let Err(why) = alone(place, kind, &|server| *out.lock().expect("one thread") = play(server)) {
                panic!("{why}");
            }
            all.push(out.into_inner().expect("one thread"));
        }
        if let [theirs, ours] = &all[..] {
            let only = |one: &[String], other: &[String]| -> String {
                one.iter().filter(|line| !other.contains(line)).map(|line| format!("    {line}\n")).collect()
            };
            let (theirs_only, ours_only) = (only(theirs, ours), only(ours, theirs));
            assert!(
                theirs == ours,
                "{} and {} lines\n  only postfix:\n{theirs_only}  only waxwing:\n{ours_only}",
                theirs.len(),
                ours.len()
            );
        }
    });
}
