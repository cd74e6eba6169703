//! S19: a gateway to UUCP, and UUCP as the only way out. A script that writes down what it is given stands for uux.

use waxwing_tests::{
    client::{Client, ask},
    server::Server,
    users::{Users, text},
    waiting,
};

use crate::{SHORT_TIMES, deliver, scenario_with_users};

const ZONE: &str = "some.test A 10.1.9.1\nsender.test A 10.1.9.2\n";

fn uucp(server: &mut Server, users: &Users, flags: &str, end: &str, more: &str) {
    let out = users.out();
    let o = out.display();
    let uux = users.program(
        "uux",
        &format!("id -un > {o}/user; for a in \"$@\"; do printf '[%s]' \"$a\"; done >> {o}/arguments; echo >> {o}/arguments; cat > {o}/input\n{end}"),
    );
    server.table("aliases", "postmaster: joe\n");
    server.table("transport", "some.test uucp:uucp-host\n.some.test uucp:uucp-host\n");
    server.master = format!(
        "uucp unix - n n - - pipe flags={flags} user=uucp argv={} -r -n -z -a$sender - $nexthop!rmail ($recipient)\n",
        uux.display()
    );
    let local = users.main_cf().replace("minimal_backoff_time = 300s\n", "");
    server.main_cf(&format!("{local}local_recipient_maps =\n{SHORT_TIMES}{more}"));
    server.start();
}

const GATEWAY: &str = "transport_maps = hash:$config_directory/transport\nrelay_domains = some.test\n";

fn two_recipients(server: &Server, sender: &str, recipients: [&str; 2]) {
    let mut session = Client::ready("127.0.0.1", server.port);
    assert!(session.command(&format!("MAIL FROM:<{sender}>")).starts_with("250"));
    for recipient in recipients {
        assert!(session.command(&format!("RCPT TO:<{recipient}>")).starts_with("250"), "{recipient}");
    }
    assert!(session.command("DATA").starts_with("354"));
    assert!(session.content("Subject: mail\n\nFrom here\nbody\n").starts_with("250"));
    session.quit();
}

#[test]
fn s19_1_one_run_for_two_recipients() {
    scenario_with_users(ZONE, |server, users| {
        uucp(server, users, "F", "", GATEWAY);
        two_recipients(server, "s@sender.test", ["a@some.test", "\"b;touch$IFS$9pwned|x\"@some.test"]);
        server.wait_until_queue_empty(30);
        assert_eq!(text(&users.out().join("user")), "uucp\n");
        let arguments = text(&users.out().join("arguments"));
        let expected =
            "[-r][-n][-z][-as@sender.test][-][uucp-host!rmail][(a@some.test)][(b;touch$IFS$9pwned|x@some.test)]\n";
        assert_eq!(arguments, expected);
        let input = text(&users.out().join("input"));
        assert!(input.starts_with("From s@sender.test  ") && input.contains("\nFrom here\nbody\n"), "{input}");
        server.logged(&["relay=uucp", "status=sent (delivered via uucp service)"]);
    });
}

#[test]
fn s19_2_debians_flags_fold_and_quote() {
    scenario_with_users(ZONE, |server, users| {
        uucp(server, users, "Fqhu", "", GATEWAY);
        two_recipients(server, "s@sender.test", ["A@Some.TEST", "\"b c\"@some.test"]);
        server.wait_until_queue_empty(30);
        let arguments = text(&users.out().join("arguments"));
        assert!(arguments.ends_with("[uucp-host!rmail][(a@some.test)][(\"b c\"@some.test)]\n"), "{arguments}");
    });
}

#[test]
fn s19_3_the_null_sender_is_mailer_daemon() {
    scenario_with_users(ZONE, |server, users| {
        uucp(server, users, "F", "", GATEWAY);
        deliver(server, "127.0.0.1", "", "a@some.test");
        server.wait_until_queue_empty(30);
        let arguments = text(&users.out().join("arguments"));
        assert!(arguments.contains("[-aMAILER-DAEMON]"), "{arguments}");
        assert!(text(&users.out().join("input")).starts_with("From MAILER-DAEMON  "));
    });
}

#[test]
fn s19_4_only_its_domain_is_relayed() {
    scenario_with_users(ZONE, |server, users| {
        uucp(server, users, "F", "", GATEWAY);
        assert_eq!(ask("198.51.100.9", server.port, "s@sender.test", "a@some.test"), "250 2.1.5 Ok");
        let reply = ask("198.51.100.9", server.port, "s@sender.test", "a@sender.test");
        assert!(reply.ends_with("<a@sender.test>: Relay access denied"), "{reply}");
    });
}

#[test]
fn s19_5_the_only_way_out() {
    scenario_with_users(ZONE, |server, users| {
        uucp(server, users, "F", "", "relayhost = uucp-gateway\ndefault_transport = uucp\n");
        deliver(server, "127.0.0.1", "s@sender.test", "far@away.test");
        deliver(server, "127.0.0.1", "s@sender.test", "joe@mx.test");
        server.wait_until_queue_empty(30);
        let arguments = text(&users.out().join("arguments"));
        assert_eq!(arguments, "[-r][-n][-z][-as@sender.test][-][uucp-gateway!rmail][(far@away.test)]\n");
        assert!(users.mailbox("joe").contains("Subject: mail"));
    });
}

#[test]
fn s19_6_what_uux_says_counts() {
    scenario_with_users(ZONE, |server, users| {
        uucp(server, users, "F", "[ -e $0.fine ] || { echo line is busy; exit 75; }", GATEWAY);
        deliver(server, "127.0.0.1", "joe@mx.test", "a@some.test");
        let line = server.logged(&["to=<a@some.test>", "status=deferred"]);
        assert!(line.ends_with("(temporary failure. Command output: line is busy )"), "{line}");
        std::fs::write(users.out().join("uux.fine"), "").expect("written");
        server.flush();
        server.logged(&["to=<a@some.test>", "status=sent"]);
        users.program("uux", "echo no such system; exit 68");
        deliver(server, "127.0.0.1", "joe@mx.test", "b@some.test");
        let line = server.logged(&["to=<b@some.test>", "status=bounced"]);
        assert!(
            line.contains("dsn=5.1.2") && line.contains("(host name unknown. Command output: no such system )"),
            "{line}"
        );
        assert!(
            waiting::until_true(20, || users.mailbox("joe").contains("no such system")),
            "{}",
            users.mailbox("joe")
        );
    });
}
