//! S23: recipients that name a route, on a primary and a backup MX.

use waxwing_tests::{
    client::{ask, send_mail},
    server::Server,
    sink::Sink,
};

use crate::scenario;

const ZONE: &str = "
some.site         MX  10 primary.some.site
primary.some.site A   10.23.0.1
some.other.site   MX  10 mail.other.site
mail.other.site   A   10.23.0.2
";
const OUTSIDE: &str = "198.51.100.9";
const TRUSTED: &str = "12.34.56.7";
/// As sent, and as the reply shows it.
const ROUTED: &[(&str, &str)] = &[
    ("test@some.other.site@some.site", "test@some.other.site@some.site"),
    ("test%some.other.site@some.site", "test%some.other.site@some.site"),
    ("some.other.site!test@some.site", "some.other.site!test@some.site"),
    ("\"test@some.other.site\"@some.site", "test@some.other.site@some.site"),
];
const PRIMARY: &str = "mydestination = some.site\n";
const BACKUP: &str = "mydestination =\nrelay_domains = some.site\n";

fn start(server: &mut Server, role: &str, first: &str) {
    server.table("regexp_access", "/[%!@].*[%!@]/ 550 Sender specified routing is not supported here.\n");
    server.main_cf(&format!(
        "compatibility_level = 3.6
smtpd_relay_restrictions =
mynetworks = 12.34.56.0/24
default_transport = smtp
relay_transport = relay
{role}smtpd_recipient_restrictions = {first} permit_mynetworks reject_unauth_destination
"
    ));
    server.start();
}

fn outside_is_refused(server: &Server) {
    for (sent, shown) in ROUTED {
        let reply = ask(OUTSIDE, server.port, "a@b.test", sent);
        assert_eq!(reply, format!("554 5.7.1 <{shown}>: Relay access denied"), "{sent}");
    }
}

#[test]
fn s23_1_primary_refuses_routes_from_outside() {
    scenario(ZONE, |server, _| {
        start(server, PRIMARY, "");
        outside_is_refused(server);
        assert_eq!(ask(OUTSIDE, server.port, "a@b.test", "test@some.site"), "250 2.1.5 Ok");
    });
}

#[test]
fn s23_2_backup_refuses_routes_from_outside() {
    scenario(ZONE, |server, _| {
        start(server, BACKUP, "");
        outside_is_refused(server);
        assert_eq!(ask(OUTSIDE, server.port, "a@b.test", "test@some.site"), "250 2.1.5 Ok");
    });
}

#[test]
fn s23_3_primary_forwards_routes_of_trusted_clients() {
    scenario(ZONE, |server, _| {
        let other = Sink::listen("10.23.0.2:25");
        start(server, PRIMARY, "");
        for (count, (sent, _)) in ROUTED.iter().enumerate().take(3) {
            let reply = send_mail(TRUSTED, server.port, "a@b.test", sent, "Subject: x\n\nbody\n");
            assert!(reply.starts_with("250 2.0.0 Ok"), "{sent}: {reply}");
            let received = other.wait_for(count + 1);
            let recipient = &received[count].recipients[0];
            assert!(recipient.starts_with("RCPT TO:<test@some.other.site>"), "{sent}: {recipient}");
        }
    });
}

#[test]
fn s23_4_backup_with_the_table_refuses_all() {
    scenario(ZONE, |server, _| {
        start(server, BACKUP, "regexp:$config_directory/regexp_access");
        for client in [OUTSIDE, TRUSTED] {
            for (sent, shown) in ROUTED {
                let reply = ask(client, server.port, "a@b.test", sent);
                let refused = "Recipient address rejected: Sender specified routing is not supported here.";
                assert_eq!(reply, format!("550 5.7.1 <{shown}>: {refused}"), "{client} {sent}");
            }
        }
    });
}

/// The table is asked for the address as it resolves, in which no route is left.
#[test]
fn s23_5_primary_with_the_table_still_forwards_for_trusted_clients() {
    scenario(ZONE, |server, _| {
        start(server, PRIMARY, "regexp:$config_directory/regexp_access");
        for (sent, _) in ROUTED.iter().take(3) {
            assert_eq!(ask(TRUSTED, server.port, "a@b.test", sent), "250 2.1.5 Ok", "{sent}");
        }
    });
}

/// Measured: so it is on the backup, for tables of recipients. On the primary the route is gone before the table is
/// asked, and a table of clients allows all that its clients send.
#[test]
fn s23_6_ok_never_allows_a_routed_recipient() {
    scenario(ZONE, |server, _| {
        start(server, BACKUP, "check_recipient_access static:OK");
        for (sent, shown) in ROUTED {
            let reply = ask(OUTSIDE, server.port, "a@b.test", sent);
            assert_eq!(reply, format!("554 5.7.1 <{shown}>: Relay access denied"), "{sent}");
        }
        assert_eq!(ask(OUTSIDE, server.port, "a@b.test", "u@elsewhere.test"), "250 2.1.5 Ok", "others it does allow");
    });
}
