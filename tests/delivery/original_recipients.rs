//! ORCPT of RFC 3461 and RFC 6533: what the client may say, what is queued, what the next server and a notice say of it.

use std::sync::Mutex;

use waxwing_tests::{
    client::Client,
    namespace,
    needs::Need,
    server::{Server, both},
    sink::Sink,
    waiting,
};

/// ORCPT, and whether MAIL FROM says SMTPUTF8. Not among them: `\x{}`, `\x{D800}` and control characters, which 3.7 takes and makes
/// broken addresses of; here they are refused as bad syntax.
const ASKED: &[(&str, bool)] = &[
    ("rfc822;old@d.test", false),
    ("rfc822;old+2Bx@d.test", false),
    ("RFC822;Old@d.test", false),
    ("utf-8;old@d.test", false),
    ("utf-8;ol\\x{64}@d.test", false),
    ("utf-8;\\x{E9}t\\x{E9}@d.test", false),
    ("utf-8;\\x{E9}t\\x{E9}@d.test", true),
    ("UTF-8;\\x{E9}@d.test", true),
    ("utf-8;\u{e9}t\u{e9}@d.test", true),
    ("utf-8;\u{e9}t\u{e9}@d.test", false),
    ("utf-8;\\x{1F600}@d.test", true),
    ("utf-8;\\x{2B}\\x{3D}\\x{5C}@d.test", true),
    ("utf-8;+C3+A9@d.test", true),
    ("rfc822;+C3+A9@d.test", true),
    ("rfc822;\u{e9}@d.test", true),
    ("utf-8;\\x{ZZ}@d.test", true),
    ("utf-8;\\x{41@d.test", true),
    ("utf-8;\\x{110000}@d.test", true),
    ("utf-8;a b", true),
    ("utf-8;a=b@d.test", true),
    ("utf-8;a\\b@d.test", true),
    ("x400;a+2Fb", false),
    ("utf-8;", false),
    ("rfc822;+", false),
    (";x", false),
    ("nothing", false),
];

/// The reply, then what is queued, the RCPT command at the next server, and Original-Recipient of the notice.
fn heard(server: &mut Server) -> Vec<String> {
    let sink = Sink::listen("127.0.0.1:2525");
    server.main_cf(
        "default_transport = smtp:[127.0.0.1]:2525\nrelay_transport = smtp:[127.0.0.1]:2525\nrelay_domains = d.test\nmydestination =\n",
    );
    server.start();
    let mut all = Vec::new();
    for offers_utf8 in [true, false] {
        let mut offers = vec!["PIPELINING", "8BITMIME", "DSN"];
        offers.extend(offers_utf8.then_some("SMTPUTF8"));
        sink.offer(&offers);
        sink.script(|stage, _| (stage == "RCPT").then(|| waxwing_tests::sink::Answer::Reply("550 5.1.1 no".into())));
        let rcpts: std::sync::Arc<Mutex<Vec<String>>> = Default::default();
        let said = rcpts.clone();
        sink.script(move |stage, line| {
            let rcpt = stage == "RCPT" && line.contains("new@d.test");
            rcpt.then(|| {
                said.lock().expect("no panics").push(line.to_string());
                waxwing_tests::sink::Answer::Reply("550 5.1.1 no".into())
            })
        });
        for (orcpt, smtputf8) in ASKED {
            let mut client = Client::ready("127.0.0.1", server.port);
            client.command(&format!("MAIL FROM:<me@s.test>{}", if *smtputf8 { " SMTPUTF8" } else { "" }));
            let reply = client.command(&format!("RCPT TO:<new@d.test> ORCPT={orcpt}"));
            let mut line = format!("{orcpt} {smtputf8} {offers_utf8}: {reply}");
            if reply.starts_with("250") {
                let before = (sink.messages().len(), rcpts.lock().expect("no panics").len());
                client.command("DATA");
                client.content("From: me@s.test\nTo: new@d.test\nSubject: x\n\nbody\n");
                let notice = waiting::until(20, || sink.messages().get(before.0).cloned());
                let notice = notice.map(|m| m.text()).unwrap_or_else(|| "no notice".to_string());
                let original = notice.lines().find(|l| l.starts_with("Original-Recipient")).unwrap_or("none");
                let of_final = notice.lines().find(|l| l.starts_with("Final-Recipient")).unwrap_or("none");
                let rcpt = rcpts.lock().expect("no panics").get(before.1).cloned().unwrap_or_default();
                line += &format!(" -> {rcpt} -> {original}, {of_final}");
                server.command("postsuper", &["-d", "ALL"]);
            }
            client.quit();
            all.push(line);
        }
    }
    all
}

#[test]
fn original_recipients_go_the_way_they_go_through_postfix() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        let all = Mutex::new(Vec::new());
        both(place, |server| all.lock().expect("one thread").push(heard(server)));
        let all = all.into_inner().expect("one thread");
        if let [theirs, ours] = &all[..] {
            let different: Vec<String> = theirs
                .iter()
                .zip(ours)
                .filter(|(their, our)| their != our)
                .map(|(their, our)| format!("Postfix {their}\nWaxwing {our}"))
                .collect();
            assert!(different.is_empty(), "{} of {} differ\n{}", different.len(), theirs.len(), different.join("\n"));
        }
    });
}

/// Without ORCPT the address before rewriting stands in a notice, also where it is the same.
#[test]
fn mail_of_sendmail_has_its_own_address_as_the_original() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        both(place, |server| {
            let sink = Sink::listen("127.0.0.1:2525");
            sink.script(|stage, line| {
                let refused = stage == "RCPT" && line.contains("@d.test");
                refused.then(|| waxwing_tests::sink::Answer::Reply("550 5.1.1 no".into()))
            });
            let lines = "default_transport = smtp:[127.0.0.1]:2525\nmydestination =\nvirtual_alias_domains =\n\
                         virtual_alias_maps = inline:{ { alias@d.test = real@d.test } }\n";
            server.main_cf(lines);
            server.start();
            let original = |server: &Server, recipient: &str| {
                let before = sink.messages().len();
                crate::maildrop::sendmail(server, &[recipient]);
                let notice = waiting::until(20, || sink.messages().get(before).cloned()).expect("a notice");
                let text = notice.text();
                text.lines().find(|line| line.starts_with("Original-Recipient")).unwrap_or("none").to_string()
            };
            let mut all = vec![original(server, "plain@d.test"), original(server, "alias@d.test")];
            server.reconfigure(&format!("{lines}enable_original_recipient = no\n"), 1);
            all.extend([original(server, "plain@d.test"), original(server, "alias@d.test")]);
            let [plain, alias] = ["Original-Recipient: rfc822;plain@d.test", "Original-Recipient: rfc822;alias@d.test"];
            assert_eq!(all, [plain, alias, plain, alias]);
        });
    });
}
