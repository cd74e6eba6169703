//! S09, its eighth outcome and the part of the fourth that needs a certificate: the inside server as relayhost, and who may
//! not relay to others.

use waxwing_tests::{client::Client, server::Server, sink::Sink};

use crate::{deliver, scenario};

const ZONE: &str = "
good.test            A     10.9.0.1
other.test           A     10.9.0.2
listed.test          A     10.9.0.3
inside.test          A     10.9.0.5
";
const GOOD: &str = "198.51.100.9";

fn gateway(server: &mut Server, relayhost: &str) {
    server.table("domains", "listed.test x\n");
    server.table("addresses", "user@listed.test x\nother@listed.test x\n");
    // The certificate of tests/certificates/client.pem.
    server.table(
        "backupserver-fingerprints",
        "5D:19:E4:EB:B2:93:B3:40:05:FC:F9:65:BE:4C:24:51:05:22:9F:88:12:6C:50:20:17:21:93:67:62:C8:88:33 backup\n",
    );
    server.main_cf(&format!(
        "compatibility_level = 3.6
smtpd_relay_restrictions =
parent_domain_matches_subdomains = debug_peer_list
append_dot_mydomain = no
myhostname = my-reverse-dns.domain.tld
mydomain = $myhostname
myorigin = $mydomain
mydestination = $myhostname
smtpd_tls_security_level = may
smtpd_tls_ask_ccert = yes
smtpd_tls_fingerprint_digest = sha256
smtpd_tls_cert_file = $certificates/server.pem
smtpd_tls_key_file = $certificates/server.key
smtpd_tls_CAfile = $certificates/ca.pem
relay_transport = relay
relay_destination_recipient_limit = 1
relayhost = {relayhost}
relay_domains = proxy:hash:$config_directory/domains
relay_recipient_maps = proxy:hash:$config_directory/addresses
relay_clientcerts = hash:$config_directory/backupserver-fingerprints
smtpd_sender_restrictions = permit_mynetworks permit_tls_clientcerts reject_unlisted_recipient
    check_sender_access static:REJECT
smtpd_recipient_restrictions = reject_unauth_destination  permit
"
    ));
    server.start();
}

#[test]
fn s09_4_a_known_certificate_may_not_relay_either() {
    scenario(ZONE, |server, _| {
        gateway(server, "[inside.test]:2525");
        let ask = |certificate: Option<&str>, recipient: &str| {
            let mut client = Client::ready(GOOD, server.port);
            client.starttls_as(certificate);
            client.command("MAIL FROM:<a@good.test>");
            client.command(&format!("RCPT TO:<{recipient}>"))
        };
        assert_eq!(ask(Some("client"), "user@listed.test"), "250 2.1.5 Ok", "the certificate is known");
        let others = "554 5.7.1 <a@good.test>: Sender address rejected: Access denied";
        assert_eq!(ask(Some("stranger"), "user@listed.test"), others);
        for recipient in ["x@other.test", "user@sub.listed.test"] {
            assert_eq!(ask(Some("client"), recipient), format!("554 5.7.1 <{recipient}>: Relay access denied"));
        }
    });
}

#[test]
fn s09_8_mail_waits_for_a_relayhost_with_a_transport() {
    scenario(ZONE, |server, _| {
        let inside = Sink::listen("10.9.0.5:2525");
        gateway(server, "smtp:[inside.test]:2525");
        deliver(server, "127.0.0.1", "a@good.test", "user@listed.test");
        server.logged(&[
            "/smtp[",
            "fatal: valid hostname or network address required in server description: smtp:[inside.test]:2525",
        ]);
        assert_eq!(server.queue().len(), 1, "it is kept");
        assert_eq!(inside.connections(), 0);
    });
}

#[test]
fn s09_8_a_message_for_two_arrives_as_two() {
    scenario(ZONE, |server, _| {
        let inside = Sink::listen("10.9.0.5:2525");
        gateway(server, "[inside.test]:2525");
        let mut client = Client::ready("127.0.0.1", server.port);
        client.command("MAIL FROM:<a@good.test>");
        for recipient in ["user@listed.test", "other@listed.test"] {
            assert_eq!(client.command(&format!("RCPT TO:<{recipient}>")), "250 2.1.5 Ok");
        }
        assert!(client.command("DATA").starts_with("354"));
        assert!(client.content("Subject: two\n\nbody\n").starts_with("250 2.0.0 Ok: queued as "));
        client.quit();
        let received = inside.wait_for(2);
        server.wait_until_queue_empty(20);
        assert_eq!(inside.messages().len(), 2);
        let mut recipients: Vec<_> = received.iter().flat_map(|message| message.recipients.clone()).collect();
        recipients.sort();
        assert_eq!(recipients.len(), 2, "{received:?}");
        assert!(recipients[0].starts_with("RCPT TO:<other@listed.test>"), "{recipients:?}");
        assert!(recipients[1].starts_with("RCPT TO:<user@listed.test>"), "{recipients:?}");
    });
}
