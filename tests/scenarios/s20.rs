//! S20: a gateway to fax. A script that writes down what it is given stands for faxmail.

use waxwing_tests::{
    client::{Client, ask},
    server::Server,
    users::{Users, text},
};

use crate::{deliver, scenario_with_users};

const ZONE: &str = "fax.your.test A 10.2.0.1\nsender.test A 10.2.0.2\n";

fn gateway(server: &mut Server, users: &Users, end: &str) {
    let out = users.out();
    let o = out.display();
    let fax = users.program(
        "faxmail",
        &format!("[ -e {o}/running ] && echo both >> {o}/overlap; touch {o}/running; echo \"$@\" >> {o}/runs; cat > {o}/input; sleep 0.3; rm {o}/running\n{end}"),
    );
    server.table("aliases", "postmaster: joe\n");
    server.table("transport", "fax.your.test fax:localhost\n");
    server.master = format!("fax unix - n n - 1 pipe flags= user=you argv={} -d -n ${{user}}\n", fax.display());
    let local = users.main_cf();
    server.main_cf(&format!(
        "{local}local_recipient_maps =\ntransport_maps = hash:$config_directory/transport\nfax_destination_recipient_limit = 1\n"
    ));
    server.start();
}

#[test]
fn s20_1_the_number_is_an_argument() {
    scenario_with_users(ZONE, |server, users| {
        gateway(server, users, "id -un > $0.user");
        std::fs::write(users.out().join("faxmail.user"), "").expect("written");
        waxwing_tests::users::mode(&users.out().join("faxmail.user"), 0o666);
        deliver(server, "127.0.0.1", "joe@mx.test", "5551234@fax.your.test");
        server.logged(&["to=<5551234@fax.your.test>", "relay=fax,", "status=sent (delivered via fax service)"]);
        assert_eq!(text(&users.out().join("runs")), "-d -n 5551234\n");
        assert_eq!(text(&users.out().join("faxmail.user")), "you\n");
        let input = text(&users.out().join("input"));
        assert!(input.starts_with("Received: from client.test") && input.ends_with("\n\nbody\n"), "{input}");
    });
}

#[test]
fn s20_2_one_after_the_other() {
    scenario_with_users(ZONE, |server, users| {
        gateway(server, users, "");
        let mut session = Client::ready("127.0.0.1", server.port);
        session.command("MAIL FROM:<joe@mx.test>");
        for number in ["1", "2", "3"] {
            session.command(&format!("RCPT TO:<{number}@fax.your.test>"));
        }
        session.command("DATA");
        assert!(session.content("Subject: mail\n\nbody\n").starts_with("250"));
        server.wait_until_queue_empty(30);
        let runs = text(&users.out().join("runs"));
        let mut numbers: Vec<&str> = runs.lines().collect();
        numbers.sort_unstable();
        assert_eq!(numbers, ["-d -n 1", "-d -n 2", "-d -n 3"]);
        assert!(!users.out().join("overlap").exists(), "two ran at once");
    });
}

#[test]
fn s20_3_outside_clients_may_not_fax() {
    scenario_with_users(ZONE, |server, users| {
        gateway(server, users, "");
        let reply = ask("198.51.100.9", server.port, "s@sender.test", "1@fax.your.test");
        assert!(reply.ends_with("<1@fax.your.test>: Relay access denied"), "{reply}");
        assert_eq!(ask("127.0.0.1", server.port, "s@sender.test", "1@fax.your.test"), "250 2.1.5 Ok");
    });
}

#[test]
fn s20_4_exit_codes_and_missing_commands() {
    scenario_with_users(ZONE, |server, users| {
        gateway(server, users, "exit 69");
        deliver(server, "127.0.0.1", "joe@mx.test", "1@fax.your.test");
        let line = server.logged(&["to=<1@fax.your.test>", "status=bounced"]);
        assert!(line.contains("relay=fax,") && line.ends_with("(service unavailable)"), "{line}");
        std::fs::remove_file(users.out().join("faxmail")).expect("removed");
        deliver(server, "127.0.0.1", "joe@mx.test", "2@fax.your.test");
        let line = server.logged(&["to=<2@fax.your.test>", "status=deferred"]);
        assert!(line.contains("No such file or directory"), "{line}");
    });
}

#[test]
fn s20_5_no_flags_are_valid_and_change_nothing() {
    scenario_with_users(ZONE, |server, users| {
        gateway(server, users, "");
        let content = "From: joe@mx.test\nTo: 5@fax.your.test\nSubject: fax\nMessage-Id: <1@mx.test>\n\
                       Date: Sun, 22 Nov 2026 00:00:00 +0000\n\n>From here\n.dot\nbody\n";
        let reply =
            waxwing_tests::client::send_mail("127.0.0.1", server.port, "joe@mx.test", "5@fax.your.test", content);
        assert!(reply.starts_with("250"), "{reply}");
        server.logged(&["to=<5@fax.your.test>", "relay=fax,", "status=sent"]);
        let input = text(&users.out().join("input"));
        let own = input.find("\nFrom: joe@mx.test").map_or("", |at| &input[at + 1..]);
        assert_eq!(own, content, "{input}");
        for header in ["From ", "Return-Path:", "Delivered-To:", "X-Original-To:"] {
            assert!(!input.lines().any(|line| line.starts_with(header)), "{header}: {input}");
        }
        assert!(!server.log().contains("flags"), "{}", server.log_end());
    });
}
