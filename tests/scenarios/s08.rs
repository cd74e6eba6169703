//! S08: the primary MX for a remote site; transport_maps says where its mail goes.

use waxwing_tests::{client::send_mail, server::Server, sink::Sink};

use crate::scenario;

const ZONE: &str = "
the.backed-up.domain.name      MX  10 your.machine.name
your.machine.name              A   10.8.0.99
their.mail.host.name           A   10.8.0.1
their.mail.host.name           MX  10 trap.test
trap.test                      A   10.8.0.66
sub.the.backed-up.domain.name  MX  10 sub.mail.test
sub.mail.test                  A   10.8.0.2
";
const SUB: &str = "user@sub.the.backed-up.domain.name";

fn primary(server: &mut Server, transport: &str, more: &str) {
    server.table("transport", transport);
    server.main_cf(&lines(more));
    server.start();
}

fn lines(more: &str) -> String {
    format!(
        "compatibility_level = 3.6
smtpd_relay_restrictions =
myhostname = your.machine.name
mydestination = $myhostname
inet_interfaces = 127.0.0.1, 10.8.0.99
relay_domains = $mydestination the.backed-up.domain.name
smtpd_recipient_restrictions = permit_mynetworks reject_unauth_destination
transport_maps = hash:$config_directory/transport
default_transport = smtp
relay_transport = relay
{more}"
    )
}

fn send(server: &Server, recipient: &str) {
    let reply = send_mail("198.51.100.9", server.port, "a@sender.test", recipient, "Subject: x\n\nbody\n");
    assert!(reply.starts_with("250 2.0.0 Ok: queued as "), "{reply}");
}

#[test]
fn s08_1_goes_to_the_host_itself_without_an_mx_lookup() {
    scenario(ZONE, |server, outside| {
        let (host, trap) = (Sink::listen("10.8.0.1:25"), Sink::listen("10.8.0.66:25"));
        let before = outside.dns.asked().len();
        primary(server, "the.backed-up.domain.name  smtp:[their.mail.host.name]\n", "");
        send(server, "user@the.backed-up.domain.name");
        host.wait_for(1);
        assert_eq!(trap.connections(), 0);
        let asked = outside.dns.asked().split_off(before);
        assert!(asked.contains(&"their.mail.host.name A".to_string()), "{asked:?}");
        assert!(!asked.contains(&"their.mail.host.name MX".to_string()), "{asked:?}");
        server.wait_until_queue_empty(20);
    });
}

#[test]
fn s08_2_subdomains_follow_only_when_listed() {
    scenario(ZONE, |server, _| {
        let (host, sub) = (Sink::listen("10.8.0.1:25"), Sink::listen("10.8.0.2:25"));
        let plain = "the.backed-up.domain.name  smtp:[their.mail.host.name]\n";
        primary(server, plain, "");
        send(server, SUB);
        sub.wait_for(1);
        assert_eq!(host.messages().len(), 0, "the plain entry must not match a subdomain");
        server.table("transport", &format!("{plain}.the.backed-up.domain.name  smtp:[their.mail.host.name]\n"));
        server.reconfigure(&lines(""), 1);
        send(server, SUB);
        host.wait_for(1);
        server.table("transport", plain);
        let parents = "parent_domain_matches_subdomains = relay_domains transport_maps\n";
        server.reconfigure(&lines(parents), 2);
        send(server, SUB);
        host.wait_for(2);
        assert_eq!(sub.messages().len(), 1);
        server.wait_until_queue_empty(20);
    });
}

#[test]
fn s08_3_a_port_in_the_nexthop() {
    scenario(ZONE, |server, _| {
        let (smtp, other) = (Sink::listen("10.8.0.1:25"), Sink::listen("10.8.0.1:2525"));
        primary(server, "the.backed-up.domain.name  smtp:[their.mail.host.name]:2525\n", "");
        send(server, "user@the.backed-up.domain.name");
        other.wait_for(1);
        assert_eq!(smtp.connections(), 0);
        server.wait_until_queue_empty(20);
    });
}
