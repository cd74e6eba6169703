//! S25: local delivery in detail.

use std::fs;

use waxwing_tests::{
    server::Server,
    sink::Sink,
    users::{Users, text},
    waiting,
};

use crate::{deliver, scenario_with_users};

const ZONE: &str = "far.test MX 10 mail.far.test\nmail.far.test A 10.2.5.1\n";

fn host(server: &mut Server, users: &Users, aliases: &str, more: &str) {
    server.table("aliases", aliases);
    let local = users.main_cf();
    server
        .main_cf(&format!("{local}local_recipient_maps =\nrecipient_delimiter = +\ndefault_transport = smtp\n{more}"));
    server.start();
}

fn mail(server: &Server, recipient: &str) {
    deliver(server, "127.0.0.1", "writer@mx.test", recipient);
}

#[test]
fn s25_1_maildir_or_mbox() {
    scenario_with_users(ZONE, |server, users| {
        let maildir = users.out().join("a-maildir");
        let aliases = format!("dir: {}/\n", maildir.display());
        host(server, users, &aliases, "home_mailbox = Maildir/\n");
        mail(server, "joe@mx.test");
        mail(server, "dir@mx.test");
        server.wait_until_queue_empty(20);
        for directory in [users.home("joe").join("Maildir/new"), maildir.join("new")] {
            assert_eq!(fs::read_dir(&directory).expect("a maildir").count(), 1, "{}", directory.display());
        }
        server.stop();
        host(server, users, "", "home_mailbox = Mailbox\n");
        mail(server, "joe@mx.test");
        server.wait_until_queue_empty(20);
        assert!(text(&users.home("joe").join("Mailbox")).starts_with("From writer@mx.test  "));
    });
}

#[test]
fn s25_2_what_a_command_sees() {
    scenario_with_users(ZONE, |server, users| {
        let out = users.out().join("environment");
        host(server, users, "", &format!("mailbox_command = env > {}\n", out.display()));
        mail(server, "\"Joe+a;b$(c)\"@mx.test");
        server.wait_until_queue_empty(20);
        let environment = text(&out);
        for line in [
            "DOMAIN=mx.test".to_string(),
            "EXTENSION=a_b__c_".to_string(),
            format!("HOME={}", users.home("joe").display()),
            "LOCAL=joe+a_b__c_".to_string(),
            "LOGNAME=joe".to_string(),
            "RECIPIENT=Joe+a_b__c_@mx.test".to_string(),
            "SHELL=/bin/sh".to_string(),
            "USER=joe".to_string(),
            "SENDER=writer@mx.test".to_string(),
            "ORIGINAL_RECIPIENT=Joe+a_b__c_@mx.test".to_string(),
            "CLIENT_ADDRESS=127.0.0.1".to_string(),
            "CLIENT_HELO=client.test".to_string(),
            "CLIENT_PROTOCOL=ESMTP".to_string(),
            "PATH=/usr/bin:/bin".to_string(),
            format!("MAIL_CONFIG={}", server.conf().display()),
        ] {
            assert!(environment.lines().any(|found| found == line), "no {line} in\n{environment}");
        }
    });
}

#[test]
fn s25_3_roots_mail() {
    scenario_with_users(ZONE, |server, users| {
        let out = users.out().join("who");
        host(server, users, "", &format!("mailbox_command = id -un > {}\n", out.display()));
        mail(server, "root@mx.test");
        server.wait_until_queue_empty(20);
        assert_eq!(text(&out), "nobody\n");
        server.stop();
        host(server, users, "root: you\n", "");
        mail(server, "root@mx.test");
        server.wait_until_queue_empty(20);
        assert!(users.mailbox("you").contains("Delivered-To: root@mx.test\n"), "{}", users.mailbox("you"));
    });
}

#[test]
fn s25_4_delivered_to_and_loops() {
    scenario_with_users(ZONE, |server, users| {
        let far = Sink::listen("10.2.5.1:25");
        users.write("jane", ".forward", "jane@far.test\n", 0o644);
        host(server, users, "", "prepend_delivered_header = command, forward\n");
        mail(server, "joe@mx.test");
        mail(server, "jane@mx.test");
        server.wait_until_queue_empty(20);
        assert!(!users.mailbox("joe").contains("Delivered-To:"), "{}", users.mailbox("joe"));
        let received = far.wait_for(1)[0].text();
        assert!(received.contains("\nDelivered-To: jane@mx.test\n"), "{received}");
        // It comes back.
        let reply =
            waxwing_tests::client::send_mail("127.0.0.1", server.port, "writer@mx.test", "jane@mx.test", &received);
        assert!(reply.starts_with("250"), "{reply}");
        let line = server.logged(&["to=<jane@mx.test>", "status=bounced"]);
        assert!(line.contains("dsn=5.4.6") && line.ends_with("(mail forwarding loop for jane@mx.test)"), "{line}");
    });
}

#[test]
fn s25_5_the_same_address_once_in_an_expansion() {
    scenario_with_users(ZONE, |server, users| {
        host(server, users, "all: joe, jane, joe, more\nmore: joe, joe@localhost\n", "");
        let mut session = waxwing_tests::client::Client::ready("127.0.0.1", server.port);
        session.command("MAIL FROM:<writer@mx.test>");
        session.command("RCPT TO:<joe@mx.test>");
        session.command("RCPT TO:<all@mx.test>");
        session.command("DATA");
        assert!(session.content("Subject: mail\n\nbody\n").starts_with("250"));
        server.wait_until_queue_empty(20);
        assert_eq!(users.mailbox("joe").matches("\nSubject: mail").count(), 2, "{}", users.mailbox("joe"));
        assert_eq!(users.mailbox("jane").matches("\nSubject: mail").count(), 1);
    });
}

#[test]
fn s25_6_owners_of_lists() {
    scenario_with_users(ZONE, |server, users| {
        let far = Sink::listen("10.2.5.1:25");
        host(server, users, "foo: joe, member@far.test\nowner-foo: jane\n", "");
        mail(server, "foo@mx.test");
        let received = &far.wait_for(1)[0];
        assert!(received.mail.starts_with("MAIL FROM:<owner-foo@mx.test>"), "{received:?}");
        server.wait_until_queue_empty(20);
        assert!(users.mailbox("joe").contains("Return-Path: <owner-foo@mx.test>\n"), "{}", users.mailbox("joe"));
    });
}

#[test]
fn s25_7_members_who_post_and_commands_in_lists() {
    scenario_with_users(ZONE, |server, users| {
        let list = server.directory.join("members");
        fs::write(&list, "writer\njoe\n\"|touch /tmp/never\"\n").expect("written");
        host(server, users, &format!("list: :include:{}\n", list.display()), "");
        mail(server, "list@mx.test");
        assert!(
            waiting::until_true(20, || users.mailbox("writer").contains("Delivered-To: list@mx.test\n")),
            "{}",
            server.log_end()
        );
        server.logged(&["to=<list@mx.test>", "status=bounced (mail to command is restricted)"]);
        assert!(!std::path::Path::new("/tmp/never").exists());
    });
}

#[test]
fn s25_8_nobody_listens_to_biff() {
    scenario_with_users(ZONE, |server, users| {
        host(server, users, "", "biff = yes\n");
        mail(server, "joe@mx.test");
        server.logged(&["to=<joe@mx.test>", "status=sent (delivered to mailbox)"]);
        assert!(users.mailbox("joe").contains("Subject: mail"));
    });
}

#[test]
fn s25_8_comsat_is_told_where_the_mail_begins() {
    scenario_with_users(ZONE, |server, users| {
        let comsat = std::net::UdpSocket::bind("127.0.0.1:512").expect("the port of biff");
        comsat.set_read_timeout(Some(std::time::Duration::from_secs(20))).expect("a timeout");
        host(server, users, "", "biff = yes\n");
        for _ in 0..2 {
            let before = users.mailbox("joe").len();
            mail(server, "joe@mx.test");
            let mut said = [0; 100];
            let len = comsat.recv(&mut said).unwrap_or_else(|e| panic!("{e}: {}", server.log_end()));
            assert_eq!(String::from_utf8_lossy(&said[..len]), format!("joe@{before}\0"));
        }
    });
}
