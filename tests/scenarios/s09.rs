//! S09: an MX that applies policy and hands all mail to one inside server.
//!
//! TLS is left out of its lists.

use std::time::{Duration, Instant};

use waxwing_tests::{
    client::{Client, ask, send_mail},
    policy_server::PolicyServer,
    server::Server,
    sink::Sink,
};

use crate::scenario;

const ZONE: &str = "
198.51.100.9         PTR   client.good.test
client.good.test     A     198.51.100.9
198.51.100.10        PTR   friend.tld
friend.tld           A     198.51.100.10
198.51.100.11        PTR   mail.friend.tld
mail.friend.tld      A     198.51.100.11
good.test            A     10.9.0.1
other.test           A     10.9.0.2
listed.test          A     10.9.0.3
sub.listed.test      A     10.9.0.4
inside.test          A     10.9.0.5
";
const GOOD: &str = "198.51.100.9";
const WHITELISTED: &str = "123.123.123.123";

const MAIN_CF: &str = "\
compatibility_level = 3.6
smtpd_relay_restrictions =
recipient_delimiter = +
smtpd_delay_reject = yes
smtpd_banner = Hello and welcome to our mailserver
parent_domain_matches_subdomains = debug_peer_list
append_dot_mydomain = no
myhostname = my-reverse-dns.domain.tld
mydomain = $myhostname
myorigin = $mydomain
mydestination = $myhostname
mynetworks = 127.0.0.0/8
mynetworks_style = host
smtpd_peername_lookup = yes
relay_transport = relay
relay_destination_recipient_limit = 1
relayhost = [inside.test]:2525
relay_domains = proxy:hash:$config_directory/domains
relay_recipient_maps = proxy:hash:$config_directory/addresses
message_size_limit = 52428800
smtpd_recipient_limit = 100
smtp_connect_timeout = 60s
disable_vrfy_command = yes
smtpd_helo_required = yes
smtpd_sasl_auth_enable = no
smtpd_client_restrictions =
smtpd_helo_restrictions =
proxy_read_maps = proxy:hash:$config_directory/domains proxy:hash:$config_directory/addresses
    # a comment line inside a value

    proxy:hash:$config_directory/whitelist-ips proxy:hash:$config_directory/whitelist-domains
smtpd_sender_restrictions =
    permit_mynetworks

    # those we know
    check_client_access proxy:hash:$config_directory/whitelist-ips
    reject_non_fqdn_sender  reject_non_fqdn_recipient  reject_invalid_helo_hostname  reject_non_fqdn_helo_hostname
    reject_unknown_sender_domain  reject_unknown_recipient_domain  reject_unauth_pipelining
    reject_unlisted_recipient  reject_unknown_reverse_client_hostname
    check_client_access proxy:hash:$config_directory/whitelist-domains
    check_policy_service inet:127.0.0.1:15000
smtpd_recipient_restrictions = reject_unauth_destination  permit
";

/// The running gateway's policy server, which says DUNNO.
#[must_use]
fn gateway(server: &mut Server, more: &str) -> PolicyServer {
    server.table("domains", "listed.test x\n");
    server.table("addresses", "user@listed.test x\nother@listed.test x\n");
    server.table("whitelist-ips", "123.123.123.123 OK\n234.234.234.234 OK\n");
    server.table("whitelist-domains", "friend.tld OK\ntrusted.tld OK\n");
    server.main_cf(&format!("{MAIN_CF}{more}"));
    let policy = PolicyServer::at("127.0.0.1:15000");
    server.start();
    policy
}

#[test]
fn s09_1_greeting_and_verbs() {
    scenario(ZONE, |server, _| {
        let _policy = gateway(server, "");
        let mut client = Client::connect_from(GOOD, server.port).expect("the server listens");
        assert_eq!(client.reply(), "220 Hello and welcome to our mailserver");
        assert_eq!(client.command("MAIL FROM:<a@good.test>"), "503 5.5.1 Error: send HELO/EHLO first");
        assert_eq!(client.command("VRFY user@listed.test"), "502 5.5.1 VRFY command is disabled");
        let ehlo = client.command("EHLO client.good.test");
        assert!(ehlo.starts_with("250-my-reverse-dns.domain.tld\n"), "{ehlo}");
        assert!(!ehlo.contains("AUTH") && !ehlo.contains("VRFY"), "{ehlo}");
        assert!(ehlo.contains("SIZE 52428800"), "{ehlo}");
    });
}

#[test]
fn s09_2_listed_recipients_are_accepted_and_sent_inside() {
    scenario(ZONE, |server, _| {
        let inside = Sink::listen("10.9.0.5:2525");
        let _policy = gateway(server, "");
        assert_eq!(ask(GOOD, server.port, "a@good.test", "user@listed.test"), "250 2.1.5 Ok");
        assert_eq!(ask(GOOD, server.port, "a@good.test", "user+ext@listed.test"), "250 2.1.5 Ok");
        send_mail(GOOD, server.port, "a@good.test", "user+ext@listed.test", "Subject: x\n\nbody\n");
        let received = &inside.wait_for(1)[0];
        assert!(received.recipients[0].starts_with("RCPT TO:<user+ext@listed.test>"), "{received:?}");
    });
}

#[test]
fn s09_3_unlisted_recipients_are_refused() {
    scenario(ZONE, |server, _| {
        let _policy = gateway(server, "");
        let reply = ask(GOOD, server.port, "a@good.test", "x@listed.test");
        assert_eq!(
            reply,
            "550 5.1.1 <x@listed.test>: Recipient address rejected: User unknown in relay recipient table"
        );
    });
}

#[test]
fn s09_4_no_relaying_for_anybody() {
    scenario(ZONE, |server, _| {
        let _policy = gateway(server, "");
        for client in [GOOD, "127.0.0.1", WHITELISTED] {
            for recipient in ["x@other.test", "user@sub.listed.test"] {
                let reply = ask(client, server.port, "a@good.test", recipient);
                assert_eq!(reply, format!("554 5.7.1 <{recipient}>: Relay access denied"), "from {client}");
            }
        }
    });
}

/// HELO, MAIL and RCPT in a session of its own; only the last may be refused.
fn at_rcpt(server: &Server, client: &str, helo: &str, sender: &str) -> String {
    let mut session = Client::connect_from(client, server.port).expect("the server listens");
    session.reply();
    let reply = session.command(&format!("HELO {helo}"));
    assert!(reply.starts_with("250"), "HELO {helo}: {reply}");
    let reply = session.command(&format!("MAIL FROM:<{sender}>"));
    assert!(reply.starts_with("250"), "MAIL FROM:<{sender}>: {reply}");
    let reply = session.command("RCPT TO:<user@listed.test>");
    session.quit();
    reply
}

#[test]
fn s09_5_bad_clients_are_refused_at_rcpt() {
    scenario(ZONE, |server, _| {
        let _policy = gateway(server, "");
        for (client, helo, sender, expected) in [
            (
                GOOD,
                "c.test",
                "joe@localhost",
                "504 5.5.2 <joe@localhost>: Sender address rejected: need fully-qualified address",
            ),
            (GOOD, "???", "a@good.test", "501 5.5.2 <???>: Helo command rejected: Invalid name"),
            (GOOD, "c.test", "a@missing.test", "450 4.1.8 <a@missing.test>: Sender address rejected: Domain not found"),
            (
                "198.51.100.77",
                "c.test",
                "a@good.test",
                "450 4.7.1 Client host rejected: cannot find your reverse hostname, [198.51.100.77]",
            ),
        ] {
            assert_eq!(at_rcpt(server, client, helo, sender), expected, "{client} {helo} {sender}");
        }
    });
}

#[test]
fn s09_6_whitelists() {
    scenario(ZONE, |server, _| {
        let policy = gateway(server, "");
        for (helo, sender) in [("c.test", "joe@localhost"), ("???", "a@good.test"), ("c.test", "a@missing.test")] {
            assert_eq!(at_rcpt(server, WHITELISTED, helo, sender), "250 2.1.5 Ok", "{helo} {sender}");
        }
        policy.say("REJECT by policy");
        let refused = "554 5.7.1 <a@good.test>: Sender address rejected: by policy";
        let policed = |client| ask(client, server.port, "a@good.test", "user@listed.test");
        assert_eq!(policed("198.51.100.10"), "250 2.1.5 Ok", "friend.tld skips the policy server");
        assert_eq!(policy.asked().len(), 0, "and it is not asked");
        assert_eq!(policed("198.51.100.11"), refused, "mail.friend.tld does not");
        assert_eq!(policed(GOOD), refused);
        assert_eq!(policy.asked().len(), 2);
        let reply = at_rcpt(server, "198.51.100.10", "???", "a@good.test");
        assert_eq!(reply, "501 5.5.2 <???>: Helo command rejected: Invalid name", "friend.tld skips nothing else");
    });
}

#[test]
fn s09_7_the_policy_server_is_asked_for_each_recipient() {
    scenario(ZONE, |server, _| {
        let policy = gateway(server, "");
        let mut client = Client::ready(GOOD, server.port);
        assert_eq!(client.command("MAIL FROM:<a@good.test>"), "250 2.1.0 Ok");
        for recipient in ["user@listed.test", "other@listed.test"] {
            assert_eq!(client.command(&format!("RCPT TO:<{recipient}>")), "250 2.1.5 Ok", "{recipient}");
        }
        let asked = policy.asked();
        let recipients: Vec<_> = asked.iter().map(|request| request.get("recipient")).collect();
        assert_eq!(recipients, ["user@listed.test", "other@listed.test"], "{asked:#?}");
        assert!(asked.iter().all(|request| request.get("protocol_state") == "RCPT"), "{asked:#?}");
        assert_eq!(asked[0].get("instance"), asked[1].get("instance"), "one message");
        policy.say("REJECT not today");
        let reply = client.command("RCPT TO:<user+x@listed.test>");
        assert_eq!(reply, "554 5.7.1 <a@good.test>: Sender address rejected: not today");
        drop(policy);
        let reply = client.command("RCPT TO:<user+y@listed.test>");
        assert_eq!(reply, "451 4.3.5 <a@good.test>: Sender address rejected: Server configuration problem");
    });
}

#[test]
fn s09_9_errors_cost_time_and_end_the_session() {
    scenario(ZONE, |server, _| {
        // The gateway waits 5 s; one is enough to see it.
        let _policy =
            gateway(server, "smtpd_error_sleep_time = 1s\nsmtpd_soft_error_limit = 5\nsmtpd_hard_error_limit = 15\n");
        let mut client = Client::ready(GOOD, server.port);
        for n in 1..=16 {
            let start = Instant::now();
            let reply = client.command("BOGUS");
            let took = start.elapsed();
            if n == 16 {
                assert_eq!(reply, "421 4.7.0 my-reverse-dns.domain.tld Error: too many errors");
            } else {
                assert_eq!(reply, "500 5.5.2 Error: command not recognized", "error {n}");
                let slow = took >= Duration::from_millis(900);
                assert!(slow == (n > 5) || n == 5, "error {n} took {took:?}");
            }
        }
    });
}

#[test]
fn s09_10_too_many_recipients_and_too_much() {
    scenario(ZONE, |server, _| {
        let _policy = gateway(server, "");
        let mut client = Client::ready(GOOD, server.port);
        let reply = client.command("MAIL FROM:<a@good.test> SIZE=52428801");
        assert_eq!(reply, "552 5.3.4 Message size exceeds fixed limit");
        assert_eq!(client.command("MAIL FROM:<a@good.test> SIZE=52428800"), "250 2.1.0 Ok");
        for n in 1..=100 {
            assert_eq!(client.command(&format!("RCPT TO:<user+{n}@listed.test>")), "250 2.1.5 Ok", "recipient {n}");
        }
        assert_eq!(client.command("RCPT TO:<user+101@listed.test>"), "452 4.5.3 Error: too many recipients");
    });
}
