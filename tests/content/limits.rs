//! The strict_* parameters, limits, characters and generic addresses: the same settings and messages for both servers, and
//! what they answer, log and send.

use std::sync::Mutex;

use waxwing_tests::{
    client::Client,
    namespace,
    needs::{Need, asked_for},
    server::{Kind, Server, alone},
    sink::Sink,
    waiting,
};

use crate::{actions::log_lines, normal::normal};

/// main.cf, then content without its first headers.
const CASES: &[(&str, &[&str])] = &[
    (
        "strict_8bitmime = yes\nstrict_mime_encoding_domain = yes\n",
        &[
            "Subject: é\n\nbody\n",
            "Subject: x\n\né\n",
            "Content-Transfer-Encoding: 8bit\n\né\n",
            "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\nx: y\n\nbody\n",
            "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: quoted-printable\n\n--b\n\nx\n--b--\n",
            "Content-Type: message/partial\nContent-Transfer-Encoding: 8bit\n\nx\n",
        ],
    ),
    (
        "strict_7bit_headers = yes\n",
        &["Subject: é\n\nbody\n", "Subject: x\n\né\n", "Content-Type: message/rfc822\n\nx: é\n\n"],
    ),
    (
        "strict_8bitmime_body = yes\n",
        &["Subject: é\n\nbody\n", "Subject: x\n\né\n", "Content-Transfer-Encoding: binary\n\né\n"],
    ),
    (
        "mime_nesting_limit = 2\nheader_checks = regexp:{{/nothing/ REJECT}}\n",
        &[
            "Content-Type: multipart/x; boundary=a\n\n--a\nContent-Type: multipart/x; boundary=b\n\n--b\n\nx\n",
            "Content-Type: multipart/x; boundary=a\n\n--a\nContent-Type: multipart/x; boundary=b\n\n--b\nContent-Type: multipart/x; boundary=c\n\n--c\nContent-Type: multipart/x; boundary=d\n\n--d\n\nx\n",
            "Content-Type: multipart/x; boundary=a; boundary=b; boundary=c; boundary=d; boundary=e\n\nx\n",
        ],
    ),
    (
        "header_size_limit = 200\nheader_address_token_limit = 60\nmime_boundary_length_limit = 3\nheader_checks = pcre:{{/^Inner:/ INFO}}\n",
        &[
            "Subject: one one one one one one one one one one one one one one one\n two two two two two two two two two two two two two two two two two two two two\n three three three three three three three three three three three three three three three three three three three three\n four four four four four\nX-After: y\n\nbody\n",
            "Cc: a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, w, x, y, z\n\nbody\n",
            "Cc: aa@b, ab@b, ac@b, ad@b, ae@b, af@b, ag@b, ah@b, ai@b, aj@b, ak@b, al@b, am@b, an@b, ao@b, ap@b, aq@b, ar@b, as@b, at@b, au@b, av@b, aw@b, ax@b, ay@b, az@b, a0@b, a1@b, a2@b, a3@b, a4@b, a5@b, a6@b, a7@b, a8@b, a9@b\n\nbody\n",
            "Subject: 000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000\n a\n b\n\nbody\n",
            "Content-Type: multipart/x; boundary=abcdef\n\n--abcxyz\nInner: yes\n\nx\n",
        ],
    ),
    (
        "message_reject_characters = \\07\n",
        &["Subject: x\n\nring \u{7} ring\n", "Subject: \u{7}\n\nx\n", "Subject: quiet\n\nx\n"],
    ),
    ("message_strip_characters = \\07\\05\n", &["Subject: a\u{7}b\n\nring \u{7}\u{5} ring\n"]),
    (
        "disable_mime_input_processing = yes\nheader_checks = pcre:{{/^Inner/ REJECT}}\nbody_checks = pcre:{{/^Inner/ WARN body}}\n",
        &["Content-Type: message/rfc822\n\nInner : header\n\nbody\n"],
    ),
    (
        "smtp_generic_maps = inline:{joe@mx.test=joe@public.test,@inside.test=all@public.test,ann@mx.test=@other.test}\nrecipient_delimiter = +\n",
        &[
            "Cc: joe, Joe <joe@mx.test>, bob@inside.test, ann, other@a.test, joe+ext\n\nbody\n",
            "Content-Type: message/rfc822\n\nTo: joe@mx.test\n\nbody\n",
        ],
    ),
    ("hopcount_limit = 3\n", &["Received: a\nReceived: b\n\nx\n", "Received: a\nReceived: b\nReceived: c\n\nx\n"]),
    ("message_drop_headers = x-secret\n", &["X-Secret: y\nBcc: b@a.test\n\nx\n"]),
    ("always_bcc = all@out.test\nheader_checks = regexp:{{/^X-Test/ BCC more@out.test}}\n", &["X-Test: y\n\nx\n"]),
];

fn play(server: &mut Server) -> Vec<String> {
    let sink = Sink::listen("127.0.0.1:2525");
    sink.offer(&["PIPELINING"]);
    let base = "relayhost = [127.0.0.1]:2525\ndefault_transport = smtp\n";
    server.main_cf(base);
    server.start();
    let (mut said, mut expected) = (Vec::new(), 0);
    for (number, (main_cf, messages)) in CASES.iter().enumerate() {
        server.reconfigure(&format!("{base}{main_cf}"), number);
        let before = server.log().len();
        let mut session = Client::ready("127.0.0.1", server.port);
        for (at, message) in messages.iter().enumerate() {
            let content = format!(
                "Message-Id: <{number}.{at}@a.test>\nDate: Mon, 1 Jan 2001 00:00:00 +0000\nFrom: joe@mx.test\nTo: t@a.test\n{message}"
            );
            let reply = session.mail("joe@mx.test", "to@out.test", &content);
            expected += usize::from(reply.starts_with("250"));
            said.push(format!("{number}.{at}: {}", reply.split(" queued as ").next().unwrap_or_default()));
            session.command("RSET");
        }
        session.quit();
        waiting::until_true(30, || sink.messages().len() >= expected);
        // The last line of a message may come a moment after it.
        std::thread::sleep(std::time::Duration::from_millis(300));
        said.extend(log_lines(&server.log()[before..]).into_iter().map(|line| format!("{number} {line}")));
    }
    for message in sink.messages() {
        let text = String::from_utf8_lossy(&normal(&message.content)).replace("\r\n", "|");
        let mut recipients = message.recipients;
        recipients.sort();
        said.push(format!("{} {recipients:?} {text}", message.mail.split(" SIZE").next().unwrap_or_default()));
    }
    said.sort();
    said
}

#[test]
fn limits_and_generic_addresses_as_postfix_has_them() {
    crate::actions::compare(play, "limits::limits_and_generic_addresses_as_postfix_has_them");
}

/// There is no client to refuse local mail to: it comes back.
#[test]
fn local_mail_that_is_refused_returns_to_its_sender() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        for kind in [Kind::Postfix, Kind::Waxwing].into_iter().filter(|kind| asked_for(kind.name())) {
            let report = Mutex::new(String::new());
            let played = alone(place, kind, &|server: &mut Server| {
                let sink = Sink::listen("127.0.0.1:2525");
                server.main_cf(
                    "relayhost = [127.0.0.1]:2525\ndefault_transport = smtp\nheader_checks = regexp:{{/^Subject: bad/ REJECT not this}}\n",
                );
                server.start();
                let message = server.directory.join("message");
                std::fs::write(&message, "Subject: bad\n\nbody\n").expect("write");
                let status = crate::deliver::sendmail(server, &["-f", "sender@a.test", "to@out.test"], &message);
                assert_eq!(status, "exit 0");
                let notice = sink.wait_for(1).remove(0);
                assert!(notice.mail.starts_with("MAIL FROM:<>"), "{}", notice.mail);
                assert!(notice.recipients[0].starts_with("RCPT TO:<sender@a.test>"), "{:?}", notice.recipients);
                *report.lock().expect("one thread") = notice.text();
            });
            if let Err(why) = played {
                panic!("{why}");
            }
            let report = report.into_inner().expect("one thread");
            for words in
                ["<to@out.test>: not this", "Status: 5.7.1", "Final-Recipient: rfc822; to@out.test", "Subject: bad"]
            {
                assert!(report.contains(words), "{} says nothing of {words:?}:\n{report}", kind.name());
            }
        }
    });
}
