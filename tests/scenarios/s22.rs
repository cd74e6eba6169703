//! S22: relaying for mobile users by access tables.

use waxwing_tests::{client::ask, server::Server, waiting};

use crate::scenario;

const ZONE: &str = "
203.0.113.10        PTR  dialup.isp.com
dialup.isp.com      A    203.0.113.10
203.0.113.11        PTR  x.dialup.isp.com
x.dialup.isp.com    A    203.0.113.11
203.0.113.12        PTR  dialup.isp.com
203.0.113.13        PTR  y.dialup.isp.com
y.dialup.isp.com    A    203.0.113.99
";
const CLIENTS: &str = "\
4.3.2.1         OK
5.4.3.2         987654321
11.22.33        OK
dialup.isp.com  OK
";

fn relay(server: &mut Server) {
    server.table("client_access", CLIENTS);
    server.table("sender_access", "joe@my.domain OK\nblow@my.domain OK\n");
    server.table("later_access", "4.3.2.99 OK\n");
    server.main_cf(
        "compatibility_level = 3.6
smtpd_relay_restrictions =
smtpd_peername_lookup = yes
smtpd_recipient_restrictions = permit_mynetworks
    check_client_access hash:$config_directory/client_access
    check_client_access btree:$config_directory/later_access
    check_sender_access hash:$config_directory/sender_access
    check_relay_domains
",
    );
    server.start();
}

const REFUSED: &str = "554 5.7.1 <u@elsewhere.test>: Recipient address rejected: Relay access denied";

fn from(server: &Server, client: &str, sender: &str) -> String {
    ask(client, server.port, sender, "u@elsewhere.test")
}

#[test]
fn s22_1_listed_addresses_may_relay() {
    scenario(ZONE, |server, _| {
        relay(server);
        assert_eq!(from(server, "4.3.2.1", "a@b.test"), "250 2.1.5 Ok");
        assert_eq!(from(server, "5.4.3.2", "a@b.test"), "250 2.1.5 Ok", "a number is OK");
        assert_eq!(from(server, "4.3.2.2", "a@b.test"), REFUSED);
    });
}

#[test]
fn s22_2_listed_nets_and_names_may_relay() {
    scenario(ZONE, |server, _| {
        relay(server);
        assert_eq!(from(server, "11.22.33.44", "a@b.test"), "250 2.1.5 Ok");
        assert_eq!(from(server, "203.0.113.10", "a@b.test"), "250 2.1.5 Ok", "dialup.isp.com");
        assert_eq!(from(server, "203.0.113.11", "a@b.test"), "250 2.1.5 Ok", "x.dialup.isp.com");
        assert_eq!(from(server, "203.0.113.12", "a@b.test"), REFUSED, "its name is not its own");
        assert_eq!(from(server, "203.0.113.13", "a@b.test"), REFUSED, "its name has another address");
    });
}

#[test]
fn s22_3_listed_senders_may_relay_from_anywhere() {
    scenario(ZONE, |server, _| {
        relay(server);
        assert_eq!(from(server, "198.51.100.5", "joe@my.domain"), "250 2.1.5 Ok");
        assert_eq!(from(server, "198.51.100.5", "Joe@My.Domain"), "250 2.1.5 Ok");
        assert_eq!(from(server, "198.51.100.5", "jim@my.domain"), REFUSED);
    });
}

#[test]
fn s22_4_a_changed_table_needs_no_reload() {
    scenario(ZONE, |server, _| {
        relay(server);
        assert_eq!(from(server, "4.3.2.2", "a@b.test"), REFUSED);
        assert_eq!(from(server, "4.3.2.3", "a@b.test"), REFUSED);
        server.table("client_access", &format!("{CLIENTS}4.3.2.2 OK\n"));
        server.table("later_access", "4.3.2.99 OK\n4.3.2.3 OK\n");
        let accepted = |client| waiting::until_true(10, || from(server, client, "a@b.test") == "250 2.1.5 Ok");
        assert!(accepted("4.3.2.2"), "hash: is not read again");
        assert!(accepted("4.3.2.3"), "btree: is not read again");
        server.table("client_access", "4.3.2.99 OK\n");
        let refused = waiting::until_true(10, || from(server, "4.3.2.1", "a@b.test") == REFUSED);
        assert!(refused, "what was taken out is still allowed");
    });
}

#[test]
fn s22_5_others_may_not() {
    scenario(ZONE, |server, _| {
        relay(server);
        for client in ["198.51.100.5", "203.0.113.14", "12.34.56.7"] {
            assert_eq!(from(server, client, "a@b.test"), REFUSED, "{client}");
        }
    });
}
