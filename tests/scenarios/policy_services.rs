//! Policy servers that others wrote, as Debian ships them, and what the log says of those that fail.

use std::{
    os::{fd::OwnedFd, unix::fs::PermissionsExt, unix::net::UnixListener},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use waxwing_tests::{
    client::{Client, ask, send_mail},
    needs::Need,
    policy_server::PolicyServer,
    sink::Sink,
    waiting,
};

use crate::{scenario, scenario_with};

/// Ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

const RELAY: &str = "\
smtpd_relay_restrictions = reject_unauth_destination
relay_domains = listed.test
relay_transport = smtp:[127.0.0.1]:2525
";

#[test]
fn postgrey_delays_and_marks() {
    scenario_with(&[Need::Postfix, Need::Waxwing, Need::Postgrey], "", |server, _| {
        let inside = Sink::listen("127.0.0.1:2525");
        let database = server.directory.join("postgrey");
        std::fs::create_dir(&database).expect("a directory");
        std::fs::set_permissions(&database, std::fs::Permissions::from_mode(0o777)).expect("chmod");
        let _postgrey = Running(
            Command::new("/usr/sbin/postgrey")
                .args(["--inet=127.0.0.1:10023", "--delay=2", "--hostname=mx.test"])
                .arg(format!("--dbdir={}", database.display()))
                .stdin(Stdio::null())
                .spawn()
                .expect("postgrey runs"),
        );
        assert!(
            waiting::until_true(20, || std::net::TcpStream::connect("127.0.0.1:10023").is_ok()),
            "postgrey listens"
        );
        server.main_cf(&format!("{RELAY}smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:10023\n"));
        server.start();
        let deliver =
            || send_mail("198.51.100.9", server.port, "a@good.test", "b@listed.test", "Subject: grey\n\nbody\n");
        let first = deliver();
        assert!(
            first.starts_with("450 4.2.0 <b@listed.test>: Recipient address rejected: Greylisted, see http"),
            "{first}"
        );
        thread::sleep(Duration::from_secs(3));
        let second = deliver();
        assert!(second.starts_with("250 2.0.0 Ok: queued as"), "{second}");
        let text = inside.wait_for(1)[0].text();
        assert!(text.contains("X-Greylist: delayed ") && text.contains(" seconds by postgrey-"), "{text}");
    });
}

/// Serves a unix socket as spawn(8) and inetd(8) do: a process for each connection, which is its standard input and output.
fn spawn_for_each(path: &Path, program: &'static str) {
    let listener = UnixListener::bind(path).expect("a socket");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o666)).expect("chmod");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let input = OwnedFd::from(stream.try_clone().expect("a stream"));
            let child = Command::new(program).stdin(input).stdout(OwnedFd::from(stream)).spawn();
            let mut child = child.expect("the policy server runs");
            thread::spawn(move || child.wait());
        }
    });
}

#[test]
fn policyd_spf_refuses_and_marks() {
    let zone = "
good.test            TXT   v=spf1 ip4:198.51.100.9 -all
good.test            A     198.51.100.9
";
    scenario_with(&[Need::Postfix, Need::Waxwing, Need::PolicydSpf], zone, |server, _| {
        let inside = Sink::listen("127.0.0.1:2525");
        server.main_cf(&format!("{RELAY}smtpd_recipient_restrictions = check_policy_service unix:policyd-spf\n"));
        spawn_for_each(&server.queue_directory().join("policyd-spf"), "/usr/bin/policyd-spf");
        server.start();
        let deliver = |client| send_mail(client, server.port, "a@good.test", "b@listed.test", "Subject: spf\n\nbody\n");
        let refused = deliver("198.51.100.66");
        let expected = "550 5.7.23 <b@listed.test>: Recipient address rejected: Message rejected due to: SPF fail";
        assert!(refused.starts_with(expected), "{refused}");
        let accepted = deliver("198.51.100.9");
        assert!(accepted.starts_with("250 2.0.0 Ok: queued as"), "{accepted}");
        let text = inside.wait_for(1)[0].text();
        assert!(text.contains("Received-SPF: Pass (mailfrom) identity=mailfrom; client-ip=198.51.100.9"), "{text}");
    });
}

#[test]
fn what_the_log_says_of_a_policy_server_that_fails() {
    scenario("", |server, _| {
        let policy = PolicyServer::at("127.0.0.1:9998");
        let silent = UnixListener::bind(server.queue_directory().join("silent")).expect("a socket");
        std::fs::set_permissions(server.queue_directory().join("silent"), std::fs::Permissions::from_mode(0o666))
            .expect("chmod");
        server.main_cf(
            "smtpd_policy_service_default_action = DUNNO
smtpd_client_restrictions = check_policy_service { inet:127.0.0.1:9996, try_limit=1 }
smtpd_helo_restrictions = check_policy_service { unix:none, try_limit=1 }
smtpd_sender_restrictions = check_policy_service { unix:silent, timeout=1s try_limit=1 }
smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:9998, reject_unauth_destination
",
        );
        server.start();
        for answer in ["<close>", "<raw> action", "<raw> action=DUN", "<raw> other=1\\n\\n", "FILTER nocolon"] {
            policy.say(answer);
            assert_eq!(ask("198.51.100.9", server.port, "a@good.test", "b@mx.test"), "250 2.1.5 Ok", "{answer}");
        }
        for line in [
            "connect to 127.0.0.1:9996: Connection refused",
            "problem talking to server 127.0.0.1:9996: Connection refused",
            "connect to none: No such file or directory",
            "problem talking to server none: No such file or directory",
            "problem talking to server silent: Connection timed out",
            "premature end-of-input on 127.0.0.1:9998 while reading input attribute name",
            "premature end-of-input on 127.0.0.1:9998 while reading input attribute value",
            "missing attribute action in input from 127.0.0.1:9998",
            "problem talking to server 127.0.0.1:9998: Application error",
            "access table inet:127.0.0.1:9998 entry \"policy query\" requires transport:destination",
        ] {
            server.logged(&["warning: ", line]);
        }
        drop(silent);
    });
}

#[test]
fn all_requests_of_a_message_come_over_one_connection() {
    scenario("", |server, _| {
        let policy = PolicyServer::at("127.0.0.1:9998");
        server.main_cf(
            "smtpd_recipient_restrictions = check_policy_service inet:127.0.0.1:9998, reject_unauth_destination
smtpd_data_restrictions = check_policy_service inet:127.0.0.1:9998
",
        );
        server.start();
        policy.say("DUNNO");
        let mut sessions = [1, 2].map(|_| Client::ready("198.51.100.9", server.port));
        // The two messages take turns.
        for line in ["MAIL FROM:<a@good.test>", "RCPT TO:<b@mx.test>", "RCPT TO:<c@mx.test>", "DATA"] {
            for session in &mut sessions {
                let reply = session.command(line);
                assert!(reply.starts_with("250") || reply.starts_with("354"), "{line}: {reply}");
            }
        }
        let asked = policy.asked();
        assert_eq!(asked.len(), 6, "{asked:#?}");
        for request in &asked {
            let same = |other: &&waxwing_tests::policy_server::Asked| other.get("instance") == request.get("instance");
            assert_eq!(asked.iter().filter(same).count(), 3, "requests of a message: {asked:#?}");
            let mixed = asked.iter().find(|other| same(other) != (other.connection == request.connection));
            assert!(mixed.is_none(), "a connection carries one message at a time: {mixed:#?}");
        }
        for session in &mut sessions {
            session.content("Subject: x\n\nbody\n");
        }
        sessions.into_iter().for_each(|session| drop(session.quit()));
        policy.say("DUNNO");
        ask("198.51.100.9", server.port, "a@good.test", "b@mx.test");
        let later = policy.asked();
        assert!(asked.iter().any(|request| request.connection == later[0].connection), "the connection is kept");
    });
}
