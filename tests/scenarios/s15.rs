//! S15: some users may not send off-site, by a restriction class.

use std::time::Duration;

use waxwing_tests::{
    client::{Client, ask},
    server::Server,
};

use crate::scenario;

const INSIDE: &str = "12.34.56.7";
const OUTSIDE: &str = "198.51.100.9";
const OK: &str = "250 2.1.5 Ok";
const CLASS: &str = "\
smtpd_restriction_classes = local_only
local_only = check_recipient_access hash:$config_directory/local_domains, reject
";

fn site(server: &mut Server, senders: &str, class: &str) {
    prepare(server, senders, class);
    server.start();
}

fn prepare(server: &mut Server, senders: &str, class: &str) {
    server.table("restricted_senders", senders);
    server.table("local_domains", "this.domain OK\nthat.domain OK\n");
    server.main_cf(&format!(
        "compatibility_level = 3.6
smtpd_relay_restrictions =
mynetworks = 12.34.56.0/24
mydestination = this.domain, that.domain
smtpd_recipient_restrictions = check_sender_access hash:$config_directory/restricted_senders,
    permit_mynetworks, reject_unauth_destination
{class}"
    ));
}

const SENDERS: &str = "foo@domain local_only\nbar@domain local_only\n";

#[test]
fn s15_1_restricted_users_reach_local_domains() {
    scenario("", |server, _| {
        site(server, SENDERS, CLASS);
        for sender in ["foo@domain", "bar@domain"] {
            for recipient in ["x@this.domain", "x@sub.this.domain", "x@that.domain"] {
                assert_eq!(ask(INSIDE, server.port, sender, recipient), OK, "{sender} to {recipient}");
            }
        }
    });
}

/// Measured: Postfix speaks of the sender, whose table named the class.
#[test]
fn s15_2_restricted_users_reach_nobody_else() {
    scenario("", |server, _| {
        site(server, SENDERS, CLASS);
        for client in [INSIDE, OUTSIDE] {
            for sender in ["foo@domain", "bar@domain"] {
                for recipient in ["x@remote.test", "x@notthis.domain", "x@domain"] {
                    let reply = ask(client, server.port, sender, recipient);
                    let expected = format!("554 5.7.1 <{sender}>: Sender address rejected: Access denied");
                    assert_eq!(reply, expected, "{client}: {sender} to {recipient}");
                }
            }
        }
    });
}

#[test]
fn s15_3_the_rest_of_the_list_decides_about_others() {
    scenario("", |server, _| {
        site(server, SENDERS, CLASS);
        for sender in ["joe@domain", "foo@sub.domain", ""] {
            assert_eq!(ask(INSIDE, server.port, sender, "x@remote.test"), OK, "<{sender}>");
            assert_eq!(ask(OUTSIDE, server.port, sender, "x@this.domain"), OK, "<{sender}>");
            let reply = ask(OUTSIDE, server.port, sender, "x@remote.test");
            assert_eq!(reply, "554 5.7.1 <x@remote.test>: Relay access denied", "<{sender}>");
        }
    });
}

/// Postfix starts and fails at each session of the service, Waxwing may say so at once.
#[test]
fn s15_4_a_class_without_a_definition_stops_the_service() {
    scenario("", |server, _| {
        for class in ["", "local_only =\n"] {
            prepare(server, SENDERS, &format!("smtpd_restriction_classes = local_only\n{class}"));
            let printed = match server.try_start() {
                Err(printed) => printed,
                Ok(()) => {
                    let mut client = Client::connect_from(INSIDE, server.port).expect("the port is open");
                    client.set_patience(Duration::from_secs(3));
                    let reply = client.reply();
                    assert!(!reply.starts_with("220"), "it serves clients: {reply}");
                    server.logged(&["/smtpd[", "fatal: "])
                }
            };
            let why = "fatal: restriction class `local_only' needs a definition";
            assert!(printed.contains(why) || server.log().contains(why), "{printed}\n{}", server.log());
            server.stop();
        }
        site(server, SENDERS, CLASS);
        assert_eq!(ask(INSIDE, server.port, "foo@domain", "x@this.domain"), OK);
    });
}

#[test]
fn s15_4_a_table_inside_the_access_table() {
    scenario("", |server, _| {
        let senders = format!("{SENDERS}table@domain hash:{}/local_domains\n", server.conf().display());
        site(server, &senders, CLASS);
        let reply = ask(INSIDE, server.port, "table@domain", "x@this.domain");
        assert_eq!(reply, "451 4.3.5 Server configuration error");
        server.logged(&["/smtpd[", "access table hash:", "restricted_senders has entry with lookup table: hash:"]);
        server.logged(&["do not specify lookup tables inside SMTPD access maps"]);
        server.logged(&["define a restriction class and specify its name instead."]);
    });
}

#[test]
fn s15_5_another_sender_address_passes() {
    scenario("", |server, _| {
        site(server, SENDERS, CLASS);
        let mut client = Client::ready(INSIDE, server.port);
        client.command("MAIL FROM:<foo@domain>");
        assert!(client.command("RCPT TO:<x@remote.test>").starts_with("554 5.7.1"));
        client.command("RSET");
        let reply = client.mail("foo1@domain", "x@remote.test", "From: foo@domain\nSubject: x\n\nbody\n");
        assert!(reply.starts_with("250 2.0.0 Ok: queued as "), "{reply}");
    });
}
