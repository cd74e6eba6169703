//! S28: an envelope filter against `| command`.

use waxwing_tests::{
    client::{Client, send_mail},
    server::Server,
};

use crate::scenario;

const ENVELOPE: &str = "/[\\/|]/  REJECT\n";

fn start(server: &mut Server, table: &str) {
    server.table("envelope-regexp", table);
    server.main_cf(
        "smtpd_relay_restrictions =
smtpd_sender_restrictions = regexp:$config_directory/envelope-regexp
smtpd_recipient_restrictions = regexp:$config_directory/envelope-regexp, permit_mynetworks, reject_unauth_destination
",
    );
    server.start();
}

fn replies(server: &Server, sender: &str, recipient: &str) -> Vec<String> {
    let mut client = Client::ready("127.0.0.1", server.port);
    let replies =
        vec![client.command(&format!("MAIL FROM:<{sender}>")), client.command(&format!("RCPT TO:<{recipient}>"))];
    client.quit();
    replies
}

#[test]
fn s28_0_as_printed_the_line_refuses_nothing() {
    scenario("", |server, _| {
        start(server, "/[/|]/  REJECT\n");
        assert_eq!(replies(server, "\"|cmd\"@x.test", "c@d.test"), ["250 2.1.0 Ok", "250 2.1.5 Ok"]);
        server.logged(&["line 1: unknown regexp option \"|\": skipping this rule"]);
    });
}

#[test]
fn s28_1_commands_are_refused_in_sender_and_recipient() {
    scenario("", |server, _| {
        start(server, ENVELOPE);
        assert_eq!(
            replies(server, "\"|cmd\"@x.test", "c@d.test")[1],
            "554 5.7.1 <|cmd@x.test>: Sender address rejected: Access denied"
        );
        assert_eq!(
            replies(server, "a@x.test", "\"|cmd\"@x.test")[1],
            "554 5.7.1 <|cmd@x.test>: Recipient address rejected: Access denied"
        );
    });
}

#[test]
fn s28_2_without_the_table_they_are_addresses() {
    scenario("", |server, _| {
        server.main_cf("");
        server.start();
        assert_eq!(replies(server, "\"|cmd\"@x.test", "\"|cmd\"@y.test"), ["250 2.1.0 Ok", "250 2.1.5 Ok"]);
    });
}

#[test]
fn s28_3_header_checks_refuse_them_in_headers() {
    scenario("", |server, _| {
        server.table("header_checks", "/^(Errors-To|Return-Receipt-To): *[|\\/]/ REJECT\n");
        server.main_cf("header_checks = regexp:$config_directory/header_checks\n");
        server.start();
        for (header, reply) in [
            ("Errors-To: |cmd", "550 5.7.1 message content rejected"),
            ("Return-Receipt-To: /etc/passwd", "550 5.7.1 message content rejected"),
            ("Errors-To: joe@a.test", "250 2.0.0 Ok: queued as"),
        ] {
            let got = send_mail("127.0.0.1", server.port, "a@b.test", "c@d.test", &format!("{header}\n\nbody\n"));
            assert!(got.starts_with(reply), "{header}: {got}");
        }
    });
}

#[test]
fn s28_4_a_reply_with_a_part_of_the_address() {
    scenario("", |server, _| {
        start(server, "/^(.*)-outgoing@(.*)/ 554 Use $1@$2 instead\n");
        assert_eq!(
            replies(server, "a@x.test", "list-outgoing@d.test")[1],
            "554 5.7.1 <list-outgoing@d.test>: Recipient address rejected: Use list@d.test instead"
        );
    });
}
