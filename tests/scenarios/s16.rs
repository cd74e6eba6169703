//! S16: lists that only insiders may write to, by client and by sender.

use waxwing_tests::{client::ask, server::Server};

use crate::scenario;

const INSIDE: &str = "12.34.56.7";
const OUTSIDE: &str = "198.51.100.9";
const OK: &str = "250 2.1.5 Ok";
const USUAL: &str = "\
compatibility_level = 3.6
smtpd_relay_restrictions =
mynetworks = 12.34.56.0/24
mydomain = my.domain
myhostname = my.hostname
mydestination = $mydomain, $myhostname
";

fn by_client(server: &mut Server, access: &str) {
    server.table("access", access);
    server.main_cf(&format!(
        "{USUAL}smtpd_recipient_restrictions = hash:$config_directory/access, permit_mynetworks, reject_unauth_destination\n"
    ));
    server.start();
}

fn by_sender(server: &mut Server, after: &str) {
    server.table("protected_destinations", "all@my.domain insiders_only\nall@my.hostname insiders_only\n");
    server.table("insiders", "my.domain OK\nanother.domain OK\n");
    server.main_cf(&format!(
        "{USUAL}smtpd_recipient_restrictions = hash:$config_directory/protected_destinations, {after}
smtpd_restriction_classes = insiders_only
insiders_only = check_sender_access hash:$config_directory/insiders, reject
"
    ));
    server.start();
}

fn denied(recipient: &str) -> String {
    format!("554 5.7.1 <{recipient}>: Recipient address rejected: Access denied")
}

#[test]
fn s16_1_a_bare_table_is_check_recipient_access() {
    scenario("", |server, _| {
        // The client's address and the sender are keys here, too: they are not asked for.
        by_client(server, "all@my.domain REJECT\n198.51.100.9 REJECT\nx@elsewhere.test REJECT\n");
        assert_eq!(ask(OUTSIDE, server.port, "x@elsewhere.test", "all@my.domain"), denied("all@my.domain"));
        assert_eq!(ask(OUTSIDE, server.port, "x@elsewhere.test", "joe@my.domain"), OK);
    });
}

#[test]
fn s16_2_protection_by_client() {
    scenario("", |server, _| {
        let list = "permit_mynetworks,reject";
        by_client(server, &format!("all {list}\n"));
        for client in [INSIDE, OUTSIDE] {
            assert_eq!(ask(client, server.port, "x@elsewhere.test", "all@my.domain"), OK, "`all' protects nothing");
        }
        server.stop();
        for key in ["all@", "all@my.domain"] {
            by_client(server, &format!("{key} {list}\n"));
            assert_eq!(ask(INSIDE, server.port, "x@elsewhere.test", "all@my.domain"), OK, "{key}");
            let reply = ask(OUTSIDE, server.port, "x@my.domain", "all@my.domain");
            assert_eq!(reply, denied("all@my.domain"), "{key}");
            server.stop();
        }
    });
}

#[test]
fn s16_3_protection_by_sender() {
    scenario("", |server, _| {
        by_sender(server, "permit_mynetworks, reject_unauth_destination");
        for client in [INSIDE, OUTSIDE] {
            for recipient in ["all@my.domain", "all@my.hostname"] {
                for sender in ["x@my.domain", "x@another.domain", "x@sub.another.domain"] {
                    assert_eq!(ask(client, server.port, sender, recipient), OK, "{client}: {sender}");
                }
                for sender in ["x@elsewhere.test", "x@notmy.domain", ""] {
                    assert_eq!(ask(client, server.port, sender, recipient), denied(recipient), "{client}: <{sender}>");
                }
            }
        }
    });
}

#[test]
fn s16_4_other_recipients_are_untouched() {
    scenario("", |server, _| {
        by_sender(server, "permit_mynetworks, reject_unauth_destination");
        for recipient in ["joe@my.domain", "all1@my.domain"] {
            assert_eq!(ask(OUTSIDE, server.port, "x@elsewhere.test", recipient), OK, "{recipient}");
        }
        let reply = ask(OUTSIDE, server.port, "x@elsewhere.test", "all@elsewhere.test");
        assert_eq!(reply, "554 5.7.1 <all@elsewhere.test>: Relay access denied");
        assert_eq!(ask(INSIDE, server.port, "x@elsewhere.test", "all@elsewhere.test"), OK);
    });
}

#[test]
fn s16_5_ok_of_the_class_ends_the_whole_list() {
    scenario("", |server, _| {
        by_sender(server, "reject");
        assert_eq!(ask(OUTSIDE, server.port, "x@my.domain", "all@my.domain"), OK, "what stands behind is not asked");
        assert_eq!(ask(OUTSIDE, server.port, "x@my.domain", "joe@my.domain"), denied("joe@my.domain"));
    });
}
