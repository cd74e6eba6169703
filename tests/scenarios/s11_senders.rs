//! S11: whether a sender that names nobody here is accepted.

use std::process::{Command, Stdio};

use waxwing_tests::{
    client::{Client, ask},
    dns::Dns,
    dovecot::{AUTH_PORT, Dovecot},
    namespace,
    needs::Need,
    server::{self, Kind, Server},
    sink::Sink,
    users::Users,
};

use crate::{deliver, scenario_with_users};

const ZONE: &str = "
live.test        MX  10 mail.live.test
mail.live.test   A   10.11.0.1
";
const OUTSIDE: &str = "198.51.100.9";
const INSIDE: &str = "127.0.0.1";
const OK: &str = "250 2.1.5 Ok";
/// `joe`, `secret`.
const LOGIN: &str = "AUTH PLAIN AGpvZQBzZWNyZXQ=";

fn with_dovecot<F: Fn(&mut Server, &Users)>(test: F) {
    namespace::inside_named(namespace::test_name::<F>(), &[Need::Postfix, Need::Waxwing, Need::Dovecot], |place| {
        let _dns = Dns::serve(ZONE);
        let _dovecot = Dovecot::serve(place, &["joe:secret"], None);
        server::both(place, |server| {
            let users = Users::of(server);
            test(server, &users);
        });
    });
}

/// Its lists.
fn lines(local: &str, more: &str) -> String {
    format!(
        "{local}myhostname = mail.domain.com
mydomain = domain.com
myorigin = $mydomain
mydestination = $myhostname, localhost.$myhostname, $mydomain
local_recipient_maps = unix:passwd.byname $alias_maps
unknown_local_recipient_reject_code = 550
virtual_alias_maps = hash:$config_directory/virtual_maps
virtual_alias_domains = otherdomain.com
recipient_delimiter = +
default_transport = smtp
smtpd_relay_restrictions =
smtpd_recipient_restrictions = permit_mynetworks permit_sasl_authenticated, reject_unauth_destination
{more}"
    )
}

fn tables(server: &mut Server, more: &str) {
    server.table("aliases", &format!("root: joe\n{more}"));
    server.table("virtual_maps", "info@otherdomain.com joe\n");
}

fn rejected(kind: &str, code: &str, address: &str, table: &str) -> String {
    format!("550 {code} <{address}>: {kind} address rejected: User unknown in {table}")
}

const CHECKED: &str = "smtpd_reject_unlisted_sender = yes\n";

#[test]
fn s11_1_before_the_change_any_sender_will_do() {
    scenario_with_users(ZONE, |server, users| {
        let live = Sink::listen("10.11.0.1:25");
        tables(server, "");
        server.main_cf(&lines(&users.main_cf(), ""));
        server.start();
        deliver(server, INSIDE, "support@domain.com", "TO@live.test");
        assert!(live.wait_for(1)[0].mail.starts_with("MAIL FROM:<support@domain.com>"));
        let client = server.logged(&["/smtpd[", "client=unknown[127.0.0.1]"]);
        let id = client.split("]: ").nth(1).and_then(|rest| rest.split(':').next()).expect("a queue id").to_string();
        let id = format!("{id}: ");
        server.logged(&["/cleanup[", &id, "message-id=<"]);
        server.logged(&["/qmgr[", &id, "from=<support@domain.com>, size=", ", nrcpt=1 (queue active)"]);
        let sent = server.logged(&["/smtp[", &id, "to=<TO@live.test>, relay=mail.live.test[10.11.0.1]:25, delay="]);
        assert!(sent.ends_with("dsn=2.0.0, status=sent (250 2.0.0 Ok: sunk)"), "{sent}");
        let delays = sent.split("delays=").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or_default();
        assert_eq!(delays.split('/').filter(|delay| delay.parse::<f64>().is_ok()).count(), 4, "{sent}");
        server.logged(&["/qmgr[", &id, "removed"]);
    });
}

#[test]
fn s11_2_unlisted_senders_are_refused_to_all_clients() {
    with_dovecot(|server, users| {
        tables(server, "");
        let auth = format!(
            "smtpd_sasl_type = dovecot\nsmtpd_sasl_auth_enable = yes\nsmtpd_sasl_path = inet:127.0.0.1:{AUTH_PORT}\n"
        );
        server.main_cf(&lines(&users.main_cf(), &format!("{CHECKED}{auth}")));
        server.start();
        let refused = rejected("Sender", "5.1.0", "support@domain.com", "local recipient table");
        for client in [OUTSIDE, INSIDE] {
            assert_eq!(ask(client, server.port, "support@domain.com", "joe@domain.com"), refused, "{client}");
            assert_eq!(ask(client, server.port, "joe@domain.com", "joe@domain.com"), OK, "{client}");
            assert_eq!(ask(client, server.port, "joe+list@domain.com", "joe@domain.com"), OK, "{client}");
            assert_eq!(ask(client, server.port, "x@live.test", "joe@domain.com"), OK, "{client}: none of ours");
            assert_eq!(ask(client, server.port, "", "joe@domain.com"), OK, "{client}: the null sender");
        }
        assert_eq!(ask(INSIDE, server.port, "support@domain.com", "TO@live.test"), refused);
        for (sender, expected) in [("support@domain.com", refused.as_str()), ("joe@domain.com", OK)] {
            let mut client = Client::ready(OUTSIDE, server.port);
            assert_eq!(client.command(LOGIN), "235 2.7.0 Authentication successful");
            assert_eq!(client.command(&format!("MAIL FROM:<{sender}>")), "250 2.1.0 Ok");
            assert_eq!(client.command("RCPT TO:<TO@live.test>"), expected, "{sender}, logged in");
        }
    });
}

/// A message by sendmail(1) with that envelope sender.
fn sendmail(server: &Server, sender: &str, recipient: &str) {
    let mut command = match server.kind {
        Kind::Postfix => Command::new("/usr/sbin/sendmail"),
        Kind::Waxwing => {
            let mut command = Command::new(server::binary());
            command.arg("sendmail");
            command
        }
    };
    command.arg("-C").arg(server.conf()).args(["-f", sender, recipient]).env("MAIL_CONFIG", server.conf());
    assert!(command.stdin(Stdio::null()).status().expect("sendmail runs").success());
}

#[test]
fn s11_3_an_alias_makes_noreply_a_sender() {
    scenario_with_users(ZONE, |server, users| {
        let live = Sink::listen("10.11.0.1:25");
        tables(server, "");
        let main_cf = lines(&users.main_cf(), CHECKED);
        server.main_cf(&main_cf);
        server.start();
        let from_noreply = |server: &Server| ask(INSIDE, server.port, "noreply@domain.com", "TO@live.test");
        let refused = rejected("Sender", "5.1.0", "noreply@domain.com", "local recipient table");
        assert_eq!(from_noreply(server), refused);
        sendmail(server, "noreply@domain.com", "TO@live.test");
        assert!(live.wait_for(1)[0].mail.starts_with("MAIL FROM:<noreply@domain.com>"), "sendmail(1) is not checked");

        server.table("aliases", "root: joe\nnoreply: joe\n");
        server.reconfigure(&main_cf, 1);
        assert_eq!(from_noreply(server), OK, "alias_maps");

        server.table("aliases", "root: joe\n");
        server.reconfigure(&main_cf, 2);
        assert_eq!(from_noreply(server), refused);
        server.table("virtual_maps", "noreply@domain.com joe\n");
        server.reconfigure(&main_cf, 3);
        assert_eq!(from_noreply(server), OK, "virtual_alias_maps");
    });
}

#[test]
fn s11_4_unlisted_addresses_of_both_kinds_of_domain() {
    scenario_with_users(ZONE, |server, users| {
        tables(server, "");
        server.main_cf(&lines(&users.main_cf(), CHECKED));
        server.start();
        for client in [OUTSIDE, INSIDE] {
            for (sender, recipient, expected) in [
                (
                    "x@otherdomain.com",
                    "joe@domain.com",
                    rejected("Sender", "5.1.7", "x@otherdomain.com", "virtual alias table"),
                ),
                (
                    "a@live.test",
                    "x@otherdomain.com",
                    rejected("Recipient", "5.1.1", "x@otherdomain.com", "virtual alias table"),
                ),
                (
                    "a@live.test",
                    "x@domain.com",
                    rejected("Recipient", "5.1.1", "x@domain.com", "local recipient table"),
                ),
                ("info@otherdomain.com", "info@otherdomain.com", OK.to_string()),
                ("joe@domain.com", "root@domain.com", OK.to_string()),
            ] {
                let reply = ask(client, server.port, sender, recipient);
                assert_eq!(reply, expected, "{client}: {sender} to {recipient}");
            }
        }
    });
}
