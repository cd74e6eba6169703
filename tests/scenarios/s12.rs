//! S12: the configuration of Ubuntu's dovecot-postfix, and where its mail ends up.

use std::{
    fs,
    path::{Path, PathBuf},
};

use waxwing_tests::{
    client::{ask, send_mail},
    dns::Dns,
    namespace,
    needs::Need,
    server::{self, Server},
    users::{Users, mode, own, text},
    waiting,
};

use crate::{deliver, scenario_with_users};

const ZONE: &str = "good.test A 10.9.0.1\nelsewhere.test A 10.9.0.5\n";
const OUTSIDE: &str = "198.51.100.9";

const MAIN_CF: &str = "\
myhostname = ub904
smtpd_banner = $myhostname ESMTP $mail_name (Ubuntu)
append_dot_mydomain = no
readme_directory = no
mydestination = ub904, localhost.localdomain, , localhost
relayhost =
mynetwork = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128
mailbox_size_limit = 0
recipient_delimiter = +
inet_interfaces = all
home_mailbox = Maildir/
smtpd_relay_restrictions =
smtpd_recipient_restrictions = reject_unknown_sender_domain, reject_unknown_recipient_domain, reject_unauth_pipelining,
    permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtpd_sender_restrictions = reject_unknown_sender_domain
";

/// What the server says when it starts: on its terminal or in its log.
fn said(server: &Server) -> String {
    format!("{}{}", text(&server.directory.join("output")), server.log())
}

#[test]
fn s12_1_the_misspelt_parameter_is_told_and_the_default_stays() {
    scenario_with_users(ZONE, |server, users| {
        server.table("aliases", "root: joe\n");
        let local = users.main_cf();
        // What every test starts from has a line mynetworks.
        server.unset("mynetworks");
        server.main_cf(&format!("{local}{MAIN_CF}"));
        server.start();
        let warning = "unused parameter: mynetwork=127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128";
        assert!(waiting::until_true(10, || said(server).contains(warning)), "{}", said(server));
        let output = server.command("postconf", &["-h", "mynetworks"]);
        let value = String::from_utf8_lossy(&output.stdout).into_owned();
        // mynetworks_style = host: each address of the test's machine.
        assert!(value.starts_with("127.0.0.1/32 10.0.0.1/32 ") && !value.contains("127.0.0.0/8"), "{value}");
        let to = |from: &str, recipient: &str| ask(from, server.port, "a@good.test", recipient);
        assert_eq!(to("127.0.0.1", "b@elsewhere.test"), "250 2.1.5 Ok");
        assert_eq!(to(OUTSIDE, "b@elsewhere.test"), "554 5.7.1 <b@elsewhere.test>: Relay access denied");
        // mydestination has an empty item in its midst.
        for domain in ["ub904", "localhost.localdomain", "localhost"] {
            assert_eq!(to("127.0.0.1", &format!("joe@{domain}")), "250 2.1.5 Ok", "{domain}");
        }
    });
}

fn dovecot(users: &Users) -> PathBuf {
    let path = users.out().join("dovecot.conf");
    let log = users.out().join("lda.log");
    fs::write(&log, "").expect("written");
    mode(&log, 0o666);
    let text = format!(
        "mail_location = maildir:~/Maildir\nlog_path = {}\nprotocols =\nssl = no\nlda_mailbox_autocreate = yes\n\
         postmaster_address = postmaster@ub904\nprotocol lda {{\n  mail_plugins = sieve\n}}\n\
         plugin {{\n  sieve = ~/.dovecot.sieve\n}}\n",
        log.display()
    );
    fs::write(&path, text).expect("written");
    mode(&path, 0o644);
    path
}

/// The messages in a folder of joe's Maildir.
fn folder(users: &Users, name: &str) -> Vec<String> {
    let directory = users.home("joe").join("Maildir").join(name).join("new");
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| text(&entry.path())).collect()
}

#[test]
fn s12_5_the_extension_names_the_folder_and_sieve_sorts() {
    let name = "s12::s12_5_the_extension_names_the_folder_and_sieve_sorts".to_string();
    let needs = &[Need::Postfix, Need::Waxwing, Need::Dovecot, Need::DovecotSieve];
    namespace::inside_named(name, needs, |place| {
        let _dns = Dns::serve(ZONE);
        server::both(place, |server| {
            let users = &Users::of(server);
            server.table("aliases", "root: joe\n");
            let rule = "require \"fileinto\";\nif header :contains \"Subject\" \"sieved\" { fileinto \"Rules\"; }\n";
            users.write("joe", ".dovecot.sieve", rule, 0o644);
            let (local, conf) = (users.main_cf(), dovecot(users));
            server.main_cf(&format!(
                "{local}{MAIN_CF}mailbox_command = /usr/lib/dovecot/deliver -c {} -m \"${{EXTENSION}}\"\n",
                conf.display()
            ));
            server.start();
            let from_outside = |recipient: &str, subject: &str| {
                let content = format!("Subject: {subject}\n\nbody\n");
                let reply = send_mail(OUTSIDE, server.port, "a@good.test", recipient, &content);
                assert!(reply.starts_with("250 2.0.0"), "{recipient}: {reply}");
            };
            from_outside("joe+Spam@localhost", "into the folder");
            from_outside("joe@localhost", "into the inbox");
            from_outside("joe@localhost", "sieved by the rule");
            for (name, subject) in
                // local(8) folds the case of what it hands on; the list prints Spam.
                [(".spam", "into the folder"), ("", "into the inbox"), (".Rules", "sieved by the rule")]
            {
                let arrived = waiting::until_true(30, || folder(users, name).len() == 1);
                let found = folder(users, name);
                assert!(arrived, "{name}: {found:?}\n{}\n{}", text(&users.out().join("lda.log")), server.log_end());
                assert!(found[0].contains(&format!("\nSubject: {subject}\n")), "{name}: {found:?}");
            }
            let line = server.logged(&["to=<joe+Spam@localhost>", "status=sent"]);
            assert!(line.contains("(delivered to command: /usr/lib/dovecot/deliver -c "), "{line}");
        });
    });
}

/// A mailbox of 51200001 bytes, most of which take no room.
fn large_mailbox(users: &Users) -> PathBuf {
    let path = users.spool().join("joe");
    let file = fs::File::create(&path).expect("created");
    file.set_len(51_200_001).expect("a long file");
    own(&path, 5001);
    mode(&path, 0o600);
    path
}

fn size(path: &Path) -> u64 {
    fs::metadata(path).expect("a mailbox").len()
}

#[test]
fn s12_7_a_large_mailbox_takes_mail() {
    scenario_with_users(ZONE, |server, users| {
        server.table("aliases", "root: joe\n");
        let local = users.main_cf();
        let spool = |more: &str| {
            let lines = MAIN_CF.lines().filter(|line| !line.starts_with("home_mailbox"));
            let lines: String = lines.map(|line| format!("{line}\n")).collect();
            format!("{local}{lines}{more}")
        };
        server.main_cf(&spool(""));
        server.start();
        let mailbox = large_mailbox(users);
        deliver(server, OUTSIDE, "a@good.test", "joe@localhost");
        server.logged(&["to=<joe@localhost>", "status=sent (delivered to mailbox)"]);
        assert!(size(&mailbox) > 51_200_001 + 100, "{}", size(&mailbox));
        // The limit that is not there is the default's.
        let limited = spool("").replace("mailbox_size_limit = 0", "mailbox_size_limit = 51200000");
        server.reconfigure(&limited.replace("smtpd_banner = $myhostname ESMTP $mail_name (Ubuntu)\n", ""), 2);
        let before = size(&mailbox);
        deliver(server, OUTSIDE, "a@good.test", "joe@localhost");
        let line = server.logged(&["to=<joe@localhost>", "dsn=5.2.2"]);
        assert!(line.contains("status=bounced (cannot update mailbox "), "{line}");
        assert_eq!(size(&mailbox), before);
    });
}
