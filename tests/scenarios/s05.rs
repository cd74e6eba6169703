//! S05: a firewall relay. Mail for the domain goes to an inside gateway.

use waxwing_tests::{
    client::{ask, send_mail},
    server::Server,
    sink::Sink,
};

use crate::scenario;

const ZONE: &str = "
inside-gateway.domain.com   MX  10 in.domain.com
inside-gateway.domain.com   A   10.5.0.66
in.domain.com               A   10.5.0.1
";
const INSIDE: &str = "12.34.56.7";
const OUTSIDE: &str = "198.51.100.9";

fn firewall(server: &mut Server, more: &str) {
    server.table("transport", "domain.com   smtp:inside-gateway.domain.com\n");
    server.main_cf(&format!(
        "compatibility_level = 3.6
smtpd_relay_restrictions =
myorigin = domain.com
mydestination = domain.com
mynetworks = 12.34.56.0/24
transport_maps = hash:$config_directory/transport
smtpd_recipient_restrictions = permit_mynetworks reject_unauth_destination
local_recipient_maps =
default_transport = smtp
{more}"
    ));
    server.start();
}

#[test]
fn s05_1_inside_client_may_send_anywhere() {
    scenario(ZONE, |server, _| {
        firewall(server, "");
        for recipient in ["user@domain.com", "user@sub.domain.com", "user@other.example"] {
            assert_eq!(ask(INSIDE, server.port, "a@domain.com", recipient), "250 2.1.5 Ok", "{recipient}");
        }
    });
}

#[test]
fn s05_2_outside_mail_for_the_domain_goes_to_the_gateways_mx() {
    scenario(ZONE, |server, outside| {
        let sink = Sink::listen("10.5.0.1:25");
        firewall(server, "");
        let reply = send_mail(OUTSIDE, server.port, "a@elsewhere.example", "user@domain.com", "Subject: in\n\nbody\n");
        assert!(reply.starts_with("250 2.0.0 Ok: queued as "), "{reply}");
        let received = &sink.wait_for(1)[0];
        assert_eq!(received.recipients.len(), 1, "{received:?}");
        assert!(received.recipients[0].starts_with("RCPT TO:<user@domain.com>"), "{received:?}");
        assert!(
            received.text().contains("\nSubject: in\n") && received.text().ends_with("\nbody\n"),
            "{}",
            received.text()
        );
        assert!(outside.dns.asked().contains(&"inside-gateway.domain.com MX".to_string()), "no MX was looked up");
        server.wait_until_queue_empty(20);
    });
}

#[test]
fn s05_3_outside_mail_for_a_subdomain_is_refused() {
    scenario(ZONE, |server, _| {
        firewall(server, "");
        let reply = ask(OUTSIDE, server.port, "a@elsewhere.example", "user@sub.domain.com");
        assert_eq!(reply, "554 5.7.1 <user@sub.domain.com>: Relay access denied");
    });
}

#[test]
fn s05_4_outside_mail_for_others_is_refused() {
    scenario(ZONE, |server, _| {
        firewall(server, "");
        let reply = ask(OUTSIDE, server.port, "a@elsewhere.example", "user@other.example");
        assert_eq!(reply, "554 5.7.1 <user@other.example>: Relay access denied");
    });
}

#[test]
fn s05_5_relay_domains_takes_subdomains_in_unless_told_not_to() {
    scenario(ZONE, |server, _| {
        let relay = "mydestination =\nrelay_domains = domain.com\n";
        firewall(server, "");
        let asks = |server: &Server| ask(OUTSIDE, server.port, "a@elsewhere.example", "user@sub.domain.com");
        let lines = "compatibility_level = 3.6\nsmtpd_relay_restrictions =\nmyorigin = domain.com\nmynetworks = 12.34.56.0/24\n\
                     smtpd_recipient_restrictions = permit_mynetworks reject_unauth_destination\n";
        server.reconfigure(&format!("{lines}{relay}"), 1);
        assert_eq!(asks(server), "250 2.1.5 Ok");
        let parents = "parent_domain_matches_subdomains = debug_peer_list smtpd_access_maps\n";
        server.reconfigure(&format!("{lines}{relay}{parents}"), 2);
        assert_eq!(asks(server), "554 5.7.1 <user@sub.domain.com>: Relay access denied");
    });
}
