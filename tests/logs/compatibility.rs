//! Old defaults that only compatibility_level keeps are remarked on in Postfix's words, where Postfix does, and by nobody
//! at level 3.6.

use waxwing_tests::{
    client::{Client, ask},
    dns::Dns,
    namespace,
    needs::Need,
    server::{Server, both},
};

const ZONE: &str = "
sender.test A 10.40.0.9
";

const SETTINGS: &str = "
mydomain = example.com
mydestination = $myhostname, example.com
local_recipient_maps =
mynetworks = 127.0.0.0/8
relay_domains =
default_transport = discard:
local_transport = discard:
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access inline:{{refused@example.com=554 5.7.1 no}}
";

/// Four things that an old default decides, and two that it does not.
fn talk(server: &Server) {
    assert!(ask("127.0.0.1", server.port, "a@sender.test", "refused@example.com").starts_with("554"));
    // Refused by the second list.
    assert!(ask("198.51.100.9", server.port, "a@sender.test", "x@elsewhere.test").starts_with("554"));
    let mut client = Client::ready("127.0.0.1", server.port);
    client.command("EHLO client.test");
    assert!(client.mail("a@short", "b@localhost", "Subject: x\r\n\r\nbody\r\n").starts_with("250"));
    client.command("MAIL FROM:<müller@sender.test>");
    client.command("RCPT TO:<ü@example.com>");
    client.command("RCPT TO:<plain@example.com>");
    client.quit();
    server.logged(&["disconnect from", "data=1"]);
}

/// What was said of defaults, each once: Postfix's trivial-rewrite(8) is asked again where its clients forgot the answer.
fn remarks(server: &Server) -> Vec<String> {
    let log = server.log();
    let texts = log.lines().filter_map(|line| line.split_once("]: ").map(|(_, text)| text));
    let mut remarks: Vec<String> = texts
        .filter(|text| text.contains("backwards-compatib") || text.contains("backwards compat"))
        .map(str::to_string)
        .collect();
    remarks.sort();
    remarks.dedup();
    remarks
}

#[test]
fn old_defaults_are_remarked_on() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        let _dns = Dns::serve(ZONE);
        both(place, |server| {
            server.main_cf(&format!("compatibility_level = 0\n{SETTINGS}"));
            server.start();
            talk(server);
            let old = "using backwards-compatible default setting";
            let append = format!("{old} append_dot_mydomain=yes to rewrite");
            let mut expected = vec![
                "Postfix is using backwards-compatible default settings".to_string(),
                "To disable backwards compatibility use \"postconf compatibility_level=3.6\" and \"postfix reload\""
                    .to_string(),
                format!(
                    "{append} \"localhost\" to \"localhost.example.com\"; please add \"localhost\" to mydestination or other address class"
                ),
                format!("{append} \"short\" to \"short.example.com\""),
                format!(
                    "{old} smtpd_relay_before_recipient_restrictions=no to reject recipient \"refused@example.com\" from client \"unknown[127.0.0.1]\""
                ),
                format!(
                    "{old} smtputf8_enable=no to accept non-ASCII recipient address \"??@example.com\" from unknown[127.0.0.1]"
                ),
                format!(
                    "{old} smtputf8_enable=no to accept non-ASCII sender address \"m??ller@sender.test\" from unknown[127.0.0.1]"
                ),
            ];
            expected.sort();
            assert_eq!(remarks(server), expected, "{}", server.log_end());
        });
    });
}

#[test]
fn nobody_remarks_on_the_defaults_of_level_3_6() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        let _dns = Dns::serve(ZONE);
        both(place, |server| {
            server.main_cf(&format!("compatibility_level = 3.6\n{SETTINGS}"));
            server.start();
            talk(server);
            assert_eq!(remarks(server), [] as [String; 0], "{}", server.log_end());
        });
    });
}
