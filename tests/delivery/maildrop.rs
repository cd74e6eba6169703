//! What waits in maildrop, in the listings of postqueue(1).

use waxwing_tests::{
    namespace,
    needs::Need,
    server::{Server, binary, both},
    waiting,
};

pub fn sendmail(server: &Server, recipients: &[&str]) {
    let file = server.directory.join("message");
    std::fs::write(&file, "From: me@s.test\nTo: you@d.test\nSubject: x\n\nbody\n").expect("written");
    let mut command = match server.is_postfix() {
        true => std::process::Command::new("/usr/sbin/sendmail"),
        false => std::process::Command::new(binary()),
    };
    if !server.is_postfix() {
        command.arg("sendmail");
    }
    command.arg("-C").arg(server.conf()).args(["-f", "me@s.test"]).args(recipients);
    let status = command.stdin(std::fs::File::open(&file).expect("just written")).status().expect("sendmail runs");
    assert!(status.success());
}

/// A milter that is not there keeps it in maildrop.
#[test]
fn what_waits_in_maildrop_is_listed() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        both(place, |server| {
            server.main_cf("non_smtpd_milters = inet:127.0.0.1:9\ndefer_transports = discard\n");
            server.start();
            waxwing_tests::client::send_mail("127.0.0.1", server.port, "a@b.test", "c@mx.test", "Subject: y\n\nbody\n");
            assert!(waiting::until_true(20, || server.queue().len() == 1), "{:?}", server.queue());
            sendmail(server, &["you@d.test", "two@d.test"]);
            assert!(waiting::until_true(20, || server.queue().len() == 2), "{:?}", server.queue());
            let listed = &server.queue()[0];
            assert_eq!(listed["queue_name"], "maildrop", "it comes first: {listed}");
            assert_eq!(listed["sender"], "me@s.test");
            let recipients = listed["recipients"].as_array().expect("recipients");
            let addresses: Vec<&str> = recipients.iter().filter_map(|r| r["address"].as_str()).collect();
            assert_eq!(addresses, ["you@d.test", "two@d.test"]);
            let table = String::from_utf8_lossy(&server.command("postqueue", &["-p"]).stdout).into_owned();
            let rows: Vec<&str> = table.lines().filter(|line| line.contains('@')).map(str::trim).collect();
            assert!(
                rows[0].ends_with("me@s.test") && rows[0].starts_with(listed["queue_id"].as_str().expect("an id")),
                "{table}"
            );
            assert_eq!(&rows[1..3], ["you@d.test", "two@d.test"], "{table}");
            assert!(table.ends_with(" in 2 Requests.\n"), "{table}");
        });
    });
}
