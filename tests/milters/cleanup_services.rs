//! cleanup_service_name: several cleanup services in master.cf, as amavisd-new's own documents set them up, so that addresses are
//! rewritten before the content filter or behind it, but not twice.

use waxwing_tests::{
    client::send_mail,
    namespace,
    needs::Need,
    server::{Kind, Server, alone, both},
    sink::Sink,
    waiting,
};

const MAIN: &str = "default_transport = smtp:[127.0.0.1]:2525\nrelay_transport = smtp:[127.0.0.1]:2525\nmydestination =\n\
                    relay_domains = d.test\nvirtual_alias_domains =\nalways_bcc = copy@d.test\n\
                    virtual_alias_maps = inline:{ { you@d.test = one@d.test, two@d.test } }\n\
                    header_checks = regexp:{ { /^Subject:/ PREPEND X-Checked: yes } }\n";
const MASTER: &str = "2588 inet n - n - - smtpd -o cleanup_service_name=pre-cleanup
pre-cleanup unix n - n - 0 cleanup -o virtual_alias_maps= -o always_bcc=before@d.test
  -o { header_checks = regexp:{ { /^Subject:/ PREPEND X-Before: yes } } }
";

/// Recipients, and which of the two headers.
fn received(sink: &Sink, before: usize, count: usize) -> (Vec<String>, bool, bool) {
    let mut recipients = Vec::new();
    let enough = waiting::until_true(20, || {
        let all = sink.messages().split_off(before).into_iter().flat_map(|message| message.recipients);
        recipients = all.filter_map(|line| Some(line.split_once('<')?.1.split_once('>')?.0.to_string())).collect();
        recipients.len() >= count
    });
    assert!(enough, "{recipients:?}");
    recipients.sort();
    let text = sink.messages()[before].text();
    (recipients, text.contains("\nX-Checked: yes\n"), text.contains("\nX-Before: yes\n"))
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| word.to_string()).collect()
}

#[test]
fn each_service_has_the_cleanup_it_asks_for() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        both(place, |server: &mut Server| {
            let sink = Sink::listen("127.0.0.1:2525");
            server.master = MASTER.to_string();
            server.main_cf(MAIN);
            server.start();
            let send = |port| send_mail("127.0.0.1", port, "me@s.test", "you@d.test", "Subject: x\n\nbody\n");
            assert!(send(server.port).starts_with("250 "));
            let usual = received(&sink, 0, 3);
            assert_eq!(usual, (strings(&["copy@d.test", "one@d.test", "two@d.test"]), true, false));
            server.wait_until_queue_empty(10);
            let before = sink.messages().len();
            assert!(send(2588).starts_with("250 "));
            assert_eq!(received(&sink, before, 2), (strings(&["before@d.test", "you@d.test"]), false, true));
            server.wait_until_queue_empty(10);
            // In main.cf it is that of sendmail(1) and of notices, too.
            server.reconfigure(&format!("{MAIN}cleanup_service_name = pre-cleanup\n"), 1);
            let before = sink.messages().len();
            sendmail(server);
            assert_eq!(received(&sink, before, 2), (strings(&["before@d.test", "you@d.test"]), false, true));
        });
    });
}

fn sendmail(server: &Server) {
    let file = server.directory.join("message");
    std::fs::write(&file, "From: me@s.test\nSubject: x\n\nbody\n").expect("written");
    let mut command = match server.is_postfix() {
        true => std::process::Command::new("/usr/sbin/sendmail"),
        false => std::process::Command::new(waxwing_tests::server::binary()),
    };
    if !server.is_postfix() {
        command.arg("sendmail");
    }
    command.arg("-C").arg(server.conf()).args(["-f", "me@s.test", "you@d.test"]);
    let status = command.stdin(std::fs::File::open(&file).expect("just written")).status().expect("sendmail runs");
    assert!(status.success());
}

/// Postfix starts, and answers each message with 451.
#[test]
fn a_name_that_no_service_has_is_told_at_the_start() {
    namespace::inside(&[Need::Waxwing], |place| {
        let played = alone(place, Kind::Waxwing, &|server: &mut Server| {
            server.main_cf(&format!("{MAIN}cleanup_service_name = postcleanup\n"));
            let why = server.try_start().expect_err("it must not start");
            for words in ["main.cf", "cleanup_service_name = postcleanup", "no service of this name in master.cf"] {
                assert!(why.contains(words), "{words}: {why}");
            }
        });
        if let Err(why) = played {
            panic!("{why}");
        }
    });
}
