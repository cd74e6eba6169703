//! Notices of the server on their way through header_checks, milters and content filters: internal_mail_filter_classes. And
//! who is named as the sender in a notice to the owner of a list.

use std::sync::Mutex;

use waxwing_tests::{
    client::Client,
    milter::{Milter, Options},
    namespace,
    needs::Need,
    server::{Server, both},
    sink::{Answer, Sink},
    users::Users,
    waiting,
};

const MAIN: &str = "default_transport = smtp:[127.0.0.1]:2525\nrelay_transport = smtp:[127.0.0.1]:2525\nmydestination =\n\
                    relay_domains = d.test\nheader_checks = regexp:$config_directory/header_checks\n\
                    non_smtpd_milters = inet:127.0.0.1:9901\nminimal_backoff_time = 300s\n";
const CHECKS: &str = "/^Subject: Undelivered (.*)/ REPLACE Subject: checked, undelivered $1\n\
                      /^Subject: to the filter/ WARN of the client\n";
const FILTER: &str = "/^Subject: Undelivered/ FILTER smtp:[127.0.0.1]:2526\n";

/// Each setting, with what comes of a bounce under it.
const SETTINGS: &[(&str, &str)] = &[
    ("", CHECKS),
    ("internal_mail_filter_classes = bounce\n", CHECKS),
    ("internal_mail_filter_classes = notify\n", CHECKS),
    ("internal_mail_filter_classes = notify, bounce\n", CHECKS),
    ("internal_mail_filter_classes = bounce\n", FILTER),
    ("internal_mail_filter_classes =\n", FILTER),
    ("content_filter = smtp:[127.0.0.1]:2526\n", CHECKS),
    ("content_filter = smtp:[127.0.0.1]:2526\ninternal_mail_filter_classes = bounce\n", CHECKS),
    ("internal_mail_filter_classes = bounce\nnotify_classes = bounce\n", CHECKS),
];

fn refuses_you(sink: &Sink) {
    sink.script(|stage, line| {
        (stage == "RCPT" && line.contains("you@d.test")).then(|| Answer::Reply("550 5.1.1 nobody".into()))
    });
}

/// For each setting: where the notice came to, its Subject and what the milter heard of it.
fn heard(server: &mut Server) -> Vec<String> {
    let milter = Milter::listen("127.0.0.1:9901");
    let (next, filter) = (Sink::listen("127.0.0.1:2525"), Sink::listen("127.0.0.1:2526"));
    refuses_you(&next);
    refuses_you(&filter);
    let mut all = Vec::new();
    for (number, (setting, checks)) in SETTINGS.iter().enumerate() {
        server.table("header_checks", checks);
        let lines = format!("{MAIN}{setting}");
        if number == 0 {
            server.main_cf(&lines);
            server.start();
        } else {
            server.reconfigure(&lines, number);
        }
        std::thread::sleep(std::time::Duration::from_millis(300));
        milter.play(Options::default(), |_, _| None);
        let before = (next.messages().len(), filter.messages().len());
        let mut client = Client::ready("127.0.0.1", server.port);
        let reply = client.mail("me@s.test", "you@d.test", "Subject: to the filter\nFrom: me@s.test\n\nbody\n");
        assert!(reply.starts_with("250"), "{reply}");
        client.quit();
        let wanted = if setting.contains("notify_classes") { 2 } else { 1 };
        let came = || next.messages().len() + filter.messages().len() - before.0 - before.1 == wanted;
        assert!(waiting::until_true(20, came), "{setting}: no notice\n{}", server.log_end());
        server.wait_until_queue_empty(20);
        let subjects = |sink: &Sink, from: usize| {
            let texts = sink.messages().split_off(from).into_iter().map(|message| {
                let text = message.text();
                let subject = text.lines().find(|line| line.starts_with("Subject:")).unwrap_or_default().to_string();
                format!("{} {subject}", message.recipients.join(" "))
            });
            let mut texts: Vec<String> = texts.collect();
            texts.sort();
            texts.join("; ")
        };
        let told = milter
            .heard()
            .iter()
            .filter(|l| l.starts_with("mail ") || l.contains("Subject"))
            .cloned()
            .collect::<Vec<_>>();
        let (at_next, at_filter) = (subjects(&next, before.0), subjects(&filter, before.1));
        all.push(format!("{setting:?} {checks:?}\nnext: {at_next}\nfilter: {at_filter}\nmilter: {told:?}"));
    }
    all
}

#[test]
fn notices_are_inspected_as_by_postfix() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        let all = Mutex::new(Vec::new());
        both(place, |server| all.lock().expect("one thread").push(heard(server)));
        let all = all.into_inner().expect("one thread");
        if let [theirs, ours] = &all[..] {
            for (their, our) in theirs.iter().zip(ours) {
                assert_eq!(their, our, "Postfix left, Waxwing right");
            }
        }
    });
}

#[test]
fn a_notice_to_the_owner_of_a_list_names_the_sender() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        both(place, |server| {
            let users = Users::of(server);
            server.table("aliases", "list: \"|echo no; exit 1\"\nowner-list: jane\n");
            let local = users.main_cf();
            server.main_cf(&format!("{local}local_recipient_maps =\n"));
            server.start();
            let mut client = Client::ready("127.0.0.1", server.port);
            assert!(client.mail("writer@mx.test", "list@mx.test", "Subject: x\n\nbody\n").starts_with("250"));
            assert!(waiting::until_true(20, || !users.mailbox("jane").is_empty()), "{}", server.log_end());
            let notice = users.mailbox("jane");
            assert!(notice.contains("\nTo: owner-list@mx.test\n"), "{notice}");
            assert!(notice.contains("\nX-Postfix-Sender: rfc822; writer@mx.test\n"), "{notice}");
            let returned = notice.split("Content-Type: message/rfc822").nth(1).expect("the message");
            assert!(returned.contains("\nReturn-Path: <writer@mx.test>\n"), "{notice}");
            assert_eq!(users.mailbox("writer"), "", "the sender is not told");
        });
    });
}
