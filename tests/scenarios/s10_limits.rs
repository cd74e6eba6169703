//! S10: how many clients, recipients and bytes it takes.

use waxwing_tests::{
    client::{CLOSED, Client},
    dns::Dns,
    namespace,
    server::{self, Server},
};

use crate::{BOTH, scenario};

const LIMITS: &str = "\
myhostname = smtp.example.com
mydestination = $myhostname, localhost
default_process_limit = 100
smtpd_client_connection_count_limit = 10
smtpd_client_connection_rate_limit = 30
queue_minfree = 20971520
header_size_limit = 51200
message_size_limit = 10485760
smtpd_recipient_limit = 100
smtpd_recipient_restrictions = reject_invalid_hostname, reject_unauth_destination, permit
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
";
const OUTSIDE: &str = "198.51.100.9";
const TOO_MANY: &str = "421 4.7.0 smtp.example.com Error: too many connections from 198.51.100.9";

fn greeting(server: &Server, from: &str) -> (Client, String) {
    let mut client = Client::connect_from(from, server.port).expect("it listens");
    let greeting = client.reply();
    (client, greeting)
}

#[test]
fn s10_8_connections_of_a_client() {
    scenario("", |server, _| {
        server.main_cf(LIMITS);
        server.start();
        let mut clients = Vec::new();
        for number in 1..=10 {
            let (client, greeting) = greeting(server, OUTSIDE);
            assert_eq!(greeting, "220 smtp.example.com ESMTP", "parallel connection {number}");
            clients.push(client);
        }
        let (mut refused, reply) = greeting(server, OUTSIDE);
        assert_eq!(reply, TOO_MANY, "the 11th");
        assert_eq!(refused.reply(), CLOSED);
        server.logged(&["warning: Connection concurrency limit exceeded: 11 from unknown[198.51.100.9] for service "]);
        assert_eq!(greeting(server, "203.0.113.1").1, "220 smtp.example.com ESMTP", "others are not concerned");
        assert_eq!(greeting(server, "127.0.0.1").1, "220 smtp.example.com ESMTP", "nor is mynetworks");
        clients.into_iter().for_each(|client| drop(client.quit()));
        // A client that has left may be counted for a moment longer, and each try is a connection.
        let mut tried = 11;
        let mut reply = String::new();
        while tried < 30 {
            let (client, greeting) = greeting(server, OUTSIDE);
            tried += 1;
            drop(client.quit());
            reply = greeting;
        }
        assert_eq!(reply, "220 smtp.example.com ESMTP", "the 30th");
        assert_eq!(greeting(server, OUTSIDE).1, TOO_MANY, "the 31st within a minute");
        server.logged(&["warning: Connection rate limit exceeded: 31 from unknown[198.51.100.9] for service "]);
    });
}

#[test]
fn s10_8_recipients_and_sizes() {
    scenario("", |server, _| {
        server.main_cf(LIMITS);
        server.start();
        let mut client = Client::ready(OUTSIDE, server.port);
        assert_eq!(
            client.command("MAIL FROM:<a@good.test> SIZE=10485761"),
            "552 5.3.4 Message size exceeds fixed limit"
        );
        assert_eq!(client.command("MAIL FROM:<a@good.test> SIZE=10485760"), "250 2.1.0 Ok");
        for number in 1..=100 {
            assert_eq!(client.command(&format!("RCPT TO:<u{number}@smtp.example.com>")), "250 2.1.5 Ok");
        }
        let reply = client.command("RCPT TO:<u101@smtp.example.com>");
        assert_eq!(reply, "452 4.5.3 Error: too many recipients");
    });
}

#[test]
fn s10_8_a_queue_that_is_nearly_full() {
    let name = "s10_limits::s10_8_a_queue_that_is_nearly_full".to_string();
    namespace::inside_named(name, BOTH, |place| {
        let _dns = Dns::serve("");
        server::both(place, |server| {
            place.small_disk(&server.queue_directory(), 19 * 1024);
            if !server.is_postfix() {
                server.give("spool");
            }
            server.main_cf(LIMITS);
            server.start();
            let mut client = Client::ready(OUTSIDE, server.port);
            assert_eq!(client.command("MAIL FROM:<a@good.test>"), "452 4.3.1 Insufficient system storage");
            client.quit();
        });
    });
}
