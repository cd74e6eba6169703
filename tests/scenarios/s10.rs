//! S10: virtual mailboxes behind SpamAssassin and Dovecot's delivery agent. A script that writes down what it is given stands
//! for spamc.

use waxwing_tests::{client::Client, server::Server, sink::Sink, users::Users, users::text, waiting};

use crate::{deliver, scenario_with_users};

const ZONE: &str = "
client.good.test         A   198.51.100.9
198.51.100.9             PTR client.good.test
example.test             A   10.10.0.1
externaladdress.test     MX  10 mx.externaladdress.test
mx.externaladdress.test  A   10.10.0.2
";
const OUTSIDE: &str = "198.51.100.9";

fn host(server: &mut Server, users: &Users) {
    let out = users.out();
    let spamc = users.program(
        "spamc",
        &format!(
            "n=$(mktemp {}/run.XXXXXX); {{ id -un; id -gn; echo \"$@\"; cat; }} > $n; chmod 644 $n",
            out.display()
        ),
    );
    server.table("aliases", "postmaster: joe\n");
    server.table("vmailbox", "user42@foobar.test OK\n@example.test OK\n");
    server.table(
        "virtual",
        "@example.test yrt127@example.test\nfoo@example.test foo@example.test\nbar@example.test bar@externaladdress.test\n",
    );
    let local = users.main_cf();
    server.main_cf(&format!(
        "{local}myhostname = smtp.example.test
mydestination = $myhostname, localhost
virtual_mailbox_domains = example.test
virtual_mailbox_base = /var/vmail
virtual_mailbox_maps = hash:$config_directory/vmailbox
virtual_alias_maps = hash:$config_directory/virtual
virtual_minimum_uid = 100
virtual_uid_maps = static:150
virtual_gid_maps = static:8
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
recipient_delimiter = +
default_transport = smtp
spamass-dovecot_destination_recipient_limit = 1
virtual_transport = spamass-dovecot
"
    ));
    server.master = format!(
        "spamass-dovecot unix - n n - - pipe
    flags=DRhu user=vmail:mail argv={} -s 1500000 -u ${{recipient}} -e /usr/lib/dovecot/deliver -d ${{recipient}}
",
        spamc.display()
    );
    server.start();
}

fn runs(users: &Users) -> Vec<String> {
    let entries = std::fs::read_dir(users.out()).expect("a directory").filter_map(Result::ok);
    let mut runs: Vec<String> =
        entries.filter(|e| e.file_name().to_string_lossy().starts_with("run.")).map(|e| text(&e.path())).collect();
    runs.retain(|run| run.contains("Subject: mail"));
    runs.sort();
    runs
}

#[test]
fn s10_2_spamc_gets_the_message_as_vmail() {
    scenario_with_users(ZONE, |server, users| {
        host(server, users);
        deliver(server, OUTSIDE, "a@example.test", "foo@example.test");
        let line = server.logged(&["to=<foo@example.test>", "status=sent"]);
        assert!(line.contains("relay=spamass-dovecot,"), "{line}");
        assert!(line.ends_with("(delivered via spamass-dovecot service)"), "{line}");
        let runs = runs(users);
        assert_eq!(runs.len(), 1, "{runs:?}");
        let expected = "vmail\nmail\n-s 1500000 -u foo@example.test -e /usr/lib/dovecot/deliver -d foo@example.test\n\
                        Return-Path: <a@example.test>\nDelivered-To: foo@example.test\nReceived: from client.test";
        assert!(runs[0].starts_with(expected), "{}", runs[0]);
    });
}

#[test]
fn s10_3_aliases_and_one_run_for_each_recipient() {
    scenario_with_users(ZONE, |server, users| {
        let external = Sink::listen("10.10.0.2:25");
        host(server, users);
        deliver(server, OUTSIDE, "a@example.test", "any@example.test");
        deliver(server, OUTSIDE, "a@example.test", "bar@example.test");
        let received = &external.wait_for(1)[0];
        assert!(received.recipients[0].starts_with("RCPT TO:<bar@externaladdress.test>"), "{received:?}");
        let mut two = Client::ready(OUTSIDE, server.port);
        two.command("MAIL FROM:<a@example.test>");
        for recipient in ["foo@example.test", "yrt127@example.test"] {
            assert!(two.command(&format!("RCPT TO:<{recipient}>")).starts_with("250"));
        }
        assert!(two.command("DATA").starts_with("354"));
        assert!(two.content("Subject: mail\n\nbody\n").starts_with("250"));
        two.quit();
        assert!(waiting::until_true(20, || runs(users).len() >= 3), "{}", server.log_end());
        server.wait_until_queue_empty(20);
        let runs = runs(users);
        let to = |recipient: &str| runs.iter().filter(|run| run.contains(&format!("-d {recipient}\n"))).count();
        assert_eq!((runs.len(), to("yrt127@example.test"), to("foo@example.test")), (3, 2, 1), "{runs:#?}");
    });
}
