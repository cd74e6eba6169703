//! smtpd on unix-domain sockets (the types and the private column of master.cf), and where inet services listen.

use std::{
    fs,
    os::unix::{
        fs::{MetadataExt, PermissionsExt},
        net::UnixStream,
        process::CommandExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

use waxwing_tests::{
    client::{Client, ask},
    server::Server,
    sink::Sink,
    unix_port, waiting,
};

use crate::{instance::Instance, scenario};

const ZONE: &str = "elsewhere.test A 10.1.1.2\n";

/// Two on sockets beside the one on its port.
const SOCKETS: &str = "\
inner unix - - n - - smtpd
outer unix n - n - - smtpd
  -o smtpd_client_port_logging=yes
  -o syslog_name=postfix/outer
";

fn socket(server: &Server, name: &str) -> PathBuf {
    server.queue_directory().join(name)
}

fn is_served(path: &Path) -> bool {
    UnixStream::connect(path).is_ok()
}

fn listening(server: &mut Server, main_cf: &str) {
    server.main_cf(main_cf);
    server.master = SOCKETS.to_string();
    server.start();
    for name in ["private/inner", "public/outer"] {
        let up = waiting::until_true(20, || is_served(&socket(server, name)));
        assert!(up, "nobody serves {name}\n{}", server.log_end());
    }
}

#[test]
fn a_client_of_a_unix_socket_is_localhost() {
    scenario(ZONE, |server, _| {
        let sink = Sink::listen("127.0.0.1:2525");
        let main_cf = "local_transport = smtp:[127.0.0.1]:2525\nappend_at_myorigin = yes\n\
            local_header_rewrite_clients = permit_inet_interfaces\n\
            smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\n\
            smtpd_client_restrictions = check_client_access static:DUNNO, reject_unknown_client_hostname\n";
        listening(server, main_cf);
        let mut client = Client::ready("127.0.0.1", unix_port::to(&socket(server, "private/inner")));
        let reply = client.mail("a@good.test", "b@mx.test", "Subject: x\nTo: joe\n\nbody\n");
        assert!(reply.starts_with("250 2.0.0 Ok: queued as "), "{reply}");
        assert_eq!(client.quit(), "221 2.0.0 Bye");
        server.logged(&["/smtpd[", ": connect from localhost[127.0.0.1]"]);
        server.logged(&[": client=localhost[127.0.0.1]"]);
        server.logged(&["disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5"]);
        let text = sink.wait_for(1)[0].text();
        let received = text.lines().take(2).collect::<Vec<_>>().join("");
        assert!(received.starts_with("Received: from client.test (localhost [127.0.0.1])\tby mx.test ("), "{text}");
        // It has no address that could be one of inet_interfaces.
        assert!(text.contains("\nTo: joe\n"), "{text}");
    });
}

#[test]
fn xclient_and_overrides_on_a_unix_socket() {
    scenario(ZONE, |server, _| {
        let main_cf = "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination\n";
        listening(server, main_cf);
        let mut client = Client::ready("127.0.0.1", unix_port::to(&socket(server, "public/outer")));
        assert_eq!(client.command("MAIL FROM:<a@good.test>"), "250 2.1.0 Ok");
        // mynetworks has 127.0.0.0/8.
        assert_eq!(client.command("RCPT TO:<b@elsewhere.test>"), "250 2.1.5 Ok");
        assert_eq!(client.command("RSET"), "250 2.0.0 Ok");
        assert_eq!(client.command("XCLIENT NAME=a.test ADDR=198.51.100.9"), "220 mx.test ESMTP");
        assert!(client.command("EHLO a.test").starts_with("250-mx.test"));
        assert_eq!(client.command("MAIL FROM:<a@good.test>"), "250 2.1.0 Ok");
        let reply = client.command("RCPT TO:<b@elsewhere.test>");
        assert_eq!(reply, "554 5.7.1 <b@elsewhere.test>: Relay access denied");
        assert_eq!(client.quit(), "221 2.0.0 Bye");
        server.logged(&["postfix/outer/smtpd[", "connect from localhost[127.0.0.1]:0"]);
        server.logged(&["postfix/outer/smtpd[", "disconnect from a.test[198.51.100.9]:0 ehlo=2 xclient="]);
    });
}

#[test]
fn without_ipv4_a_unix_client_is_the_other_localhost() {
    scenario(ZONE, |server, _| {
        let main = "inet_protocols = ipv6\nmyhostname = mx.test\n";
        let instance = Instance::beside(server, "six", main, "inner unix - - n - - smtpd\n");
        instance.start();
        let path = instance.directory.join("spool/private/inner");
        assert!(waiting::until_true(20, || is_served(&path)), "{}", instance.log());
        let mut client = Client::ready("127.0.0.1", unix_port::to(&path));
        assert_eq!(client.command("NOOP"), "250 2.0.0 Ok");
        client.quit();
        let logged = || instance.log().contains("disconnect from localhost[::1] ehlo=1 noop=1 quit=1 commands=3");
        assert!(waiting::until_true(10, logged), "{}", instance.log());
    });
}

#[test]
fn sockets_are_as_open_as_postfix_makes_them() {
    scenario(ZONE, |server, _| {
        listening(server, "");
        let owner = nix::unistd::User::from_name("postfix").ok().flatten().expect("user postfix");
        let facts = |name: &str| fs::metadata(socket(server, name)).expect("it exists");
        let owned = |name: &str| (facts(name).mode() & 0o777, facts(name).uid(), facts(name).gid());
        assert_eq!(owned("private/inner"), (0o666, owner.uid.as_raw(), owner.gid.as_raw()));
        assert_eq!(facts("private").mode() & 0o777, 0o700);
        let outer = owned("public/outer");
        assert_eq!((outer.1, outer.2), (owner.uid.as_raw(), owner.gid.as_raw()));
        // Postfix bars the directory and not the socket; what counts is who gets in.
        // The command has no other groups of ours: std sees to it.
        let writable = |uid: u32, name: &str| {
            let mut test = Command::new("test");
            test.arg("-w").arg(socket(server, name)).uid(uid).gid(uid);
            test.status().expect("test(1) runs").success()
        };
        for (uid, name, expected) in [
            (owner.uid.as_raw(), "private/inner", true),
            (owner.uid.as_raw(), "public/outer", true),
            (5000, "private/inner", false),
            (5000, "public/outer", false),
        ] {
            assert_eq!(writable(uid, name), expected, "user {uid}, {name}");
        }
    });
}

#[test]
fn a_reload_adds_and_removes_unix_sockets() {
    scenario(ZONE, |server, _| {
        listening(server, "");
        server.master = "inner unix - - n - - smtpd\nlate unix n - n - - smtpd\n".to_string();
        server.main_cf("");
        assert!(server.reload().status.success(), "{}", server.log_end());
        let (inner, outer, late) =
            (socket(server, "private/inner"), socket(server, "public/outer"), socket(server, "public/late"));
        let followed = waiting::until_true(20, || is_served(&late) && !is_served(&outer));
        assert!(followed, "late {}, outer {}\n{}", is_served(&late), is_served(&outer), server.log_end());
        assert!(is_served(&inner), "it stays");
        assert!(outer.exists(), "its file stays");
        server.stop();
        assert!(waiting::until_true(20, || !is_served(&inner)), "stopped");
        assert!(inner.exists() && late.exists(), "the files stay");
        // Over what is left of the last run, and over a file of somebody else's.
        fs::remove_file(&late).expect("removed");
        fs::write(&late, "").expect("written");
        fs::set_permissions(&late, fs::Permissions::from_mode(0o644)).expect("chmod");
        server.start();
        for path in [&inner, &late] {
            assert!(waiting::until_true(20, || is_served(path)), "{}\n{}", path.display(), server.log_end());
        }
        assert!(!is_served(&outer), "nobody is behind the file that stayed");
    });
}

#[test]
fn interfaces_and_protocols_say_where_services_listen() {
    scenario(ZONE, |server, _| {
        let main = "inet_interfaces = 192.0.2.1, 203.0.113.1\ninet_protocols = ipv4\n";
        let master = "2590 inet n - n - - smtpd\n127.0.0.1:2591 inet n - n - - smtpd\n\
            2592 inet n - n - - smtpd\n  -o inet_interfaces=198.51.100.1\n";
        let instance = Instance::beside(server, "some", main, master);
        instance.start();
        let listens = |address: &str| Instance::greeting(address).is_some();
        assert!(waiting::until_true(20, || listens("192.0.2.1:2590")), "{}", instance.log());
        assert!(listens("203.0.113.1:2590") && listens("127.0.0.1:2591"));
        for closed in ["127.0.0.1:2590", "198.51.100.1:2590", "192.0.2.1:2591", "198.51.100.1:2592"] {
            assert!(!listens(closed), "{closed}");
        }
        // master(8) reads main.cf alone.
        assert!(listens("192.0.2.1:2592"), "-o inet_interfaces means nothing to master(8)");
    });
}

#[test]
fn mail_for_an_address_of_ours_is_local() {
    scenario(ZONE, |server, _| {
        server.main_cf(
            "inet_interfaces = 127.0.0.1, 192.0.2.1\nproxy_interfaces = 10.2.3.4\nlocal_recipient_maps = static:all\n\
             smtpd_relay_restrictions = reject_unauth_destination\n",
        );
        server.start();
        let to = |address: &str| ask("198.51.100.9", server.port, "a@good.test", &format!("joe@[{address}]"));
        for own in ["127.0.0.1", "192.0.2.1", "10.2.3.4"] {
            assert_eq!(to(own), "250 2.1.5 Ok", "{own}");
        }
        for foreign in ["203.0.113.1", "10.2.3.5"] {
            assert_eq!(to(foreign), format!("554 5.7.1 <joe@[{foreign}]>: Relay access denied"));
        }
    });
}

#[test]
fn mail_that_would_come_back_bounces() {
    let zone = "proxied.test MX 10 mx.proxied.test\nmx.proxied.test A 10.2.3.4\n\
        own.test MX 10 mx.own.test\nmx.own.test A 127.0.0.1\n";
    scenario(zone, |server, _| {
        server.main_cf("proxy_interfaces = 10.2.3.4\ndefault_transport = smtp\n");
        server.start();
        for domain in ["proxied.test", "own.test"] {
            crate::deliver(server, "127.0.0.1", "a@mx.test", &format!("joe@{domain}"));
            let line = server.logged(&[&format!("to=<joe@{domain}>"), "status=bounced"]);
            assert!(line.contains("dsn=5.4.6"), "{line}");
            assert!(line.ends_with(&format!("(mail for {domain} loops back to myself)")), "{line}");
        }
    });
}

#[test]
fn disabled_services_do_not_exist() {
    scenario(ZONE, |server, _| {
        server.table("transport", "gone.test gone:\nkept.test kept:\n");
        server.main_cf(
            "master_service_disable = !inner/unix, outer/unix, gone/unix, 2588/inet\n\
             transport_maps = hash:$config_directory/transport\n",
        );
        server.master = format!(
            "{SOCKETS}2588 inet n - n - - smtpd\n2589 inet n - n - - smtpd\n\
             gone unix - - n - - discard\nkept unix - - n - - discard\n"
        );
        server.start();
        assert!(waiting::until_true(20, || is_served(&socket(server, "private/inner"))), "{}", server.log_end());
        assert!(!socket(server, "public/outer").exists());
        assert!(Instance::greeting("127.0.0.1:2589").is_some());
        assert_eq!(Instance::greeting("127.0.0.1:2588"), None);
        crate::deliver(server, "127.0.0.1", "a@mx.test", "joe@kept.test");
        crate::deliver(server, "127.0.0.1", "a@mx.test", "joe@gone.test");
        server.logged(&["to=<joe@kept.test>", "status=sent"]);
        server.logged(&["to=<joe@gone.test>", "status=deferred (mail transport unavailable)"]);
    });
}
