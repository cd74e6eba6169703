//! S10: what port 25 of the host with virtual mailboxes refuses, and its double listed domain.

use waxwing_tests::{client::Client, server::Server};

use crate::{deliver, scenario, scenario_with_users};

const ZONE: &str = "
client.test                          A    198.51.100.9
example.test                         MX   10 smtp.example.test
smtp.example.test                    A    10.10.0.1
remote.test                          A    10.10.0.2
foobar.test                          A    10.10.0.3
7.100.51.198.sbl.spamhaus.test       A    127.0.0.2
7.100.51.198.sbl.spamhaus.test       TXT  https://www.spamhaus.test/sbl/query/SBL1
";
const OUTSIDE: &str = "198.51.100.9";
const LISTED: &str = "198.51.100.7";

const PRINTED: &str = "reject_invalid_hostname, reject_unknown_recipient_domain, reject_unauth_destination,
#   reject_rbl_client sbl.spamhaus.test,
    permit";
const LATER: &str = "reject_invalid_hostname, reject_unknown_recipient_domain,
    check_recipient_access hash:$config_directory/recipient_blacklist,
    reject_unauth_destination, reject_rbl_client sbl.spamhaus.test, permit";

fn host(server: &mut Server, level: &str, restrictions: &str) {
    server.table("vmailbox", "user42@foobar.test OK\n@example.test OK\n");
    server.table("recipient_blacklist", "recipient@example.test REJECT\n");
    server.main_cf(&format!(
        "compatibility_level = {level}
myhostname = smtp.example.test
mydestination = $myhostname, localhost
virtual_mailbox_domains = example.test
virtual_mailbox_maps = hash:$config_directory/vmailbox
relay_domains =
recipient_delimiter = +
smtpd_recipient_restrictions = {restrictions}
smtpd_helo_restrictions = reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname, reject_unknown_helo_hostname
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
"
    ));
    server.start();
}

/// The reply to RCPT TO; nothing before it is refused.
fn ask(server: &Server, client: &str, helo: &str, recipient: &str) -> String {
    let mut session = Client::connect_from(client, server.port).expect("the server listens");
    session.reply();
    for line in [format!("EHLO {helo}"), "MAIL FROM:<a@sender.test>".to_string()] {
        let reply = session.command(&line);
        assert!(reply.starts_with("250"), "{line}: {reply}");
    }
    let reply = session.command(&format!("RCPT TO:<{recipient}>"));
    session.quit();
    reply
}

#[test]
fn s10_4_from_level_3_6_on_strangers_get_454() {
    scenario(ZONE, |server, _| {
        host(server, "3.6", PRINTED);
        let reply = ask(server, OUTSIDE, "client.test", "other@remote.test");
        assert_eq!(reply, "454 4.7.1 <other@remote.test>: Relay access denied");
        let reply = ask(server, "127.0.0.1", "client.test", "other@remote.test");
        assert_eq!(reply, "554 5.7.1 <other@remote.test>: Relay access denied", "the recipient list has no mynetworks");
    });
}

#[test]
fn s10_5_helo_names() {
    scenario(ZONE, |server, _| {
        host(server, "2", PRINTED);
        for client in [OUTSIDE, "127.0.0.1"] {
            for (helo, expected) in [
                ("client.test", "250 2.1.5 Ok"),
                ("nodots", "504 5.5.2 <nodots>: Helo command rejected: need fully-qualified hostname"),
                ("n.example", "450 4.7.1 <n.example>: Helo command rejected: Host not found"),
                ("-bad-", "501 5.5.2 <-bad->: Helo command rejected: Invalid name"),
            ] {
                assert_eq!(ask(server, client, helo, "foo@example.test"), expected, "{client} {helo}");
            }
        }
    });
}

#[test]
fn s10_9_the_blacklist_and_the_rbl() {
    scenario(ZONE, |server, outside| {
        host(server, "2", LATER);
        let reply = ask(server, OUTSIDE, "client.test", "recipient@example.test");
        assert_eq!(reply, "554 5.7.1 <recipient@example.test>: Recipient address rejected: Access denied");
        let reply = ask(server, OUTSIDE, "client.test", "other@remote.test");
        assert_eq!(reply, "554 5.7.1 <other@remote.test>: Relay access denied");
        assert_eq!(
            ask(server, LISTED, "client.test", "foo@example.test"),
            "554 5.7.1 Service unavailable; Client host [198.51.100.7] blocked using sbl.spamhaus.test; \
             https://www.spamhaus.test/sbl/query/SBL1"
        );
        assert_eq!(
            ask(server, OUTSIDE, "client.test", "foo@example.test"),
            "250 2.1.5 Ok",
            "this client is not listed"
        );
        assert!(outside.dns.asked().contains(&"9.100.51.198.sbl.spamhaus.test A".to_string()));
    });
}

#[test]
fn s10_10_a_mailbox_in_no_domain_of_ours() {
    scenario(ZONE, |server, _| {
        host(server, "2", PRINTED);
        let reply = ask(server, OUTSIDE, "client.test", "user42@foobar.test");
        assert_eq!(reply, "554 5.7.1 <user42@foobar.test>: Relay access denied");
    });
}

#[test]
fn s10_1_a_domain_listed_twice_is_local() {
    scenario_with_users(ZONE, |server, users| {
        server.table("aliases", "postmaster: joe\n");
        server.table("vmailbox", "@example.test OK\n");
        server.table("virtual", "@example.test yrt127@example.test\nfoo@example.test foo@example.test\n");
        let local = users.main_cf();
        server.main_cf(&format!(
            "{local}compatibility_level = 2
myhostname = smtp.example.test
mydestination = $myhostname, example.test, psvServer.example.test, localhost.example.test, localhost, smtp.example.test
virtual_mailbox_domains = example.test
virtual_mailbox_maps = hash:$config_directory/vmailbox
virtual_alias_maps = hash:$config_directory/virtual
local_recipient_maps = proxy:unix:passwd.byname $alias_maps
smtpd_recipient_restrictions = {PRINTED}
"
        ));
        server.start();
        deliver(server, OUTSIDE, "", "foo@example.test");
        server.logged(&["warning: do not list domain example.test in BOTH mydestination and virtual_mailbox_domains"]);
        let line = server.logged(&["to=<foo@example.test>", "relay=local"]);
        assert!(line.ends_with("dsn=5.1.1, status=bounced (unknown user: \"foo\")"), "{line}");
    });
}
