//! Several smtpd services in one master.cf: what `-o` sets holds for that service alone, whoever reads the parameter.

use waxwing_tests::{
    client::ask,
    dns::Dns,
    dovecot::Dovecot,
    namespace,
    needs::Need,
    server::{self, Server},
};

use crate::scenario;

const PORT: u16 = 2588;
const INSIDE: &str = "198.51.100.9";

fn two(server: &mut Server, main_cf: &str, overrides: &[&str]) {
    server.main_cf(main_cf);
    let overrides: String = overrides.iter().map(|line| format!("  -o {line}\n")).collect();
    server.master = format!("{PORT} inet n - n - - smtpd\n{overrides}");
    server.start();
}

#[test]
fn trusted_networks_of_a_service() {
    scenario("", |server, _| {
        let relay =
            "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\nmynetworks = 127.0.0.0/8\n";
        two(server, relay, &["mynetworks=198.51.100.9/32", "smtpd_client_event_limit_exceptions=$mynetworks"]);
        let asked = |from, port| ask(from, port, "a@good.test", "b@elsewhere.test");
        let (taken, denied) = ("250 2.1.5 Ok", "554 5.7.1 <b@elsewhere.test>: Relay access denied");
        assert_eq!(asked("127.0.0.1", server.port), taken);
        assert_eq!(asked(INSIDE, server.port), denied);
        assert_eq!(asked(INSIDE, PORT), taken);
        assert_eq!(asked("127.0.0.1", PORT), denied);
    });
}

#[test]
fn domains_of_a_service() {
    scenario("", |server, _| {
        let relay = "smtpd_relay_restrictions = reject_unauth_destination\nmynetworks =\nrelay_transport = discard:\n";
        two(server, relay, &["relay_domains=listed.test"]);
        let asked = |port| ask(INSIDE, port, "a@good.test", "b@listed.test");
        // trivial-rewrite(8) decides what a relay domain is, with main.cf's list.
        assert_eq!(asked(server.port), "554 5.7.1 <b@listed.test>: Relay access denied");
        assert_eq!(asked(PORT), "554 5.7.1 <b@listed.test>: Relay access denied");
    });
}

#[test]
fn codes_and_tables_of_a_service() {
    scenario("", |server, _| {
        server.table("first", "good.test REJECT first\n");
        server.table("second", "good.test REJECT second\n");
        let main_cf = "their_senders = hash:$config_directory/first\naccess_map_reject_code = 555\n\
            smtpd_sender_restrictions = check_sender_access $their_senders\n";
        two(server, main_cf, &["access_map_reject_code=557", "their_senders=hash:$config_directory/second"]);
        let asked = |port| ask(INSIDE, port, "a@good.test", "b@mx.test");
        assert_eq!(asked(server.port), "555 5.7.1 <a@good.test>: Sender address rejected: first");
        assert_eq!(asked(PORT), "557 5.7.1 <a@good.test>: Sender address rejected: second");
    });
}

#[test]
fn owners_of_sender_addresses_of_a_service() {
    let name = "services::owners_of_sender_addresses_of_a_service".to_string();
    namespace::inside_named(name, &[Need::Postfix, Need::Waxwing, Need::Dovecot], |place| {
        let _dns = Dns::serve("");
        let _dovecot = Dovecot::serve(place, &["joe:secret"], None);
        server::both(place, |server| {
            server.table("owners", "a@good.test joe\n");
            let main_cf = "smtpd_sender_restrictions = reject_unauthenticated_sender_login_mismatch\n\
                smtpd_sasl_auth_enable = yes\nsmtpd_sasl_type = dovecot\nsmtpd_sasl_path = inet:127.0.0.1:12345\n";
            two(server, main_cf, &["smtpd_sender_login_maps=hash:$config_directory/owners"]);
            let asked = |port| ask(INSIDE, port, "a@good.test", "b@mx.test");
            assert_eq!(asked(server.port), "250 2.1.5 Ok");
            assert_eq!(asked(PORT), "553 5.7.1 <a@good.test>: Sender address rejected: not logged in");
        });
    });
}

#[test]
fn policy_servers_of_a_service() {
    scenario("", |server, _| {
        let main_cf = "smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:9, reject_unauth_destination\n\
            smtpd_policy_service_try_limit = 1\n";
        two(server, main_cf, &["{ smtpd_policy_service_default_action = 554 5.7.1 nobody to ask }"]);
        let asked = |port| ask(INSIDE, port, "a@good.test", "b@mx.test");
        assert!(asked(server.port).starts_with("451 4.3.5 "), "{}", asked(server.port));
        assert_eq!(asked(PORT), "554 5.7.1 <b@mx.test>: Recipient address rejected: nobody to ask");
    });
}
