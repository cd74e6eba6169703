//! The small admin commands, beside Debian's.

use std::{collections::BTreeMap, fs, process::Output, time::Duration};

use waxwing_tests::{
    client::Client,
    dns::Dns,
    namespace::{self, Place},
    needs::Need,
    server::{Kind, Server, both},
    waiting,
};

const NEEDS: &[Need] = &[Need::Postfix, Need::Waxwing];

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A log line from its program on, the process id left out.
fn program_and_text(line: &str) -> String {
    let line = line.splitn(5, ' ').last().unwrap_or(line);
    match (line.find('['), line.find("]: ")) {
        (Some(from), Some(to)) if from < to => format!("{}{}", &line[..from], &line[to + 1..]),
        _ => line.to_string(),
    }
}

#[test]
fn postlog_writes_what_postfix_writes() {
    namespace::inside(NEEDS, |place| {
        let _dns = Dns::serve("");
        let mut written: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for kind in [Kind::Postfix, Kind::Waxwing] {
            let mut server = Server::new(place, kind);
            server.main_cf("syslog_name = mailer\n");
            server.start();
            for arguments in [
                &["hello", "world"][..],
                &["-p", "warn", "-t", "my/tag", "it", "smells"],
                &["-p", "fatal", "it ends"],
                &["-i", "-p", "error", "x\ty"],
            ] {
                let output = server.command("postlog", arguments);
                assert!(output.status.success(), "{}: {arguments:?}: {}", kind.name(), said(&output));
            }
            server.logged(&["error: x"]);
            let log = server.log();
            let ours =
                log.lines().map(program_and_text).filter(|l| l.starts_with("mailer/postlog") || l.starts_with("my/"));
            written.insert(kind.name(), ours.collect());
            server.stop();
        }
        assert_eq!(written["waxwing"], written["postfix"]);
        assert_eq!(written["postfix"].len(), 4, "{written:#?}");
    });
}

#[test]
fn postkick_reaches_a_service_or_says_so() {
    namespace::inside(NEEDS, |place| {
        let _dns = Dns::serve("");
        both(place, |server| {
            server.main_cf("");
            server.start();
            for (service, request) in [("qmgr", "AF"), ("pickup", "W")] {
                // Postfix's pickup may be about to look by itself, and then is not there to be told.
                let mut last = None;
                let kicked = waiting::until_true(10, || {
                    let output = server.command("postkick", &["public", service, request]);
                    let done = output.status.success();
                    last = Some(said(&output));
                    done
                });
                assert!(kicked, "{service}: {last:?}");
            }
            let output = server.command("postkick", &["public", "nosuch", "W"]);
            assert_eq!(output.status.code(), Some(1), "{}", said(&output));
            for words in ["unable to look up public/nosuch: No such file", "Cannot contact class public service nosuch"]
            {
                assert!(said(&output).contains(words), "{words}: {}", said(&output));
            }
            let output = server.command("postkick", &["public"]);
            assert_eq!(output.status.code(), Some(1), "{}", said(&output));
            assert!(said(&output).contains("usage: postkick [-c config_dir] [-v] class service request"));
        });
    });
}

/// The lines are those of Debian's postmulti 3.7.11, which only works on /etc/postfix.
#[test]
fn postmulti_lists_instances() {
    namespace::inside(&[Need::Waxwing], |place| {
        let mut first = Server::new(place, Kind::Waxwing);
        first.main_cf("");
        let second = place.directory("second");
        let lines = |name: &str| {
            format!(
                "queue_directory = {0}/spool\ndata_directory = {0}/data\nmulti_instance_name = {name}\n\
                 multi_instance_group = inside\nmyhostname = two.test\n",
                second.display()
            )
        };
        fs::write(second.join("main.cf"), lines("postfix-two")).expect("written");
        first.main_cf(&format!("multi_instance_directories = {}\n", second.display()));
        let (one, two) = (first.conf().display().to_string(), second.display().to_string());
        let list = |arguments: &[&str]| -> String {
            let output = first.multi(arguments);
            assert!(output.status.success(), "{arguments:?}: {}", said(&output));
            said(&output)
        };
        let primary = format!("-               -               y         {one}\n");
        let other = format!("postfix-two     inside          n         {two}\n");
        assert_eq!(list(&["-l"]), format!("{primary}{other}"));
        assert_eq!(list(&["-l", "-R"]), format!("{other}{primary}"));
        assert_eq!(list(&["-l", "-g", "inside"]), other);
        assert_eq!(list(&["-l", "-i", "-"]), primary);
        assert_eq!(list(&["-l", "-i", "nosuch"]), "");
        let each = list(&["-x", "-i", "postfix-two", "sh", "-c", "echo $config_directory $multi_instance_group"]);
        assert_eq!(each, format!("{two} inside\n"));
        fs::write(second.join("main.cf"), lines("postfix-two").replace("second/spool", "waxwing/spool"))
            .expect("written");
        let output = first.multi(&["-l"]);
        assert!(!output.status.success() && said(&output).contains("conflicts with instance"), "{}", said(&output));
    });
}

#[test]
fn abort_ends_it_and_loses_nothing() {
    namespace::inside(&[Need::Waxwing], |place: &Place| {
        let _dns = Dns::serve("");
        let mut server = Server::new(place, Kind::Waxwing);
        server.main_cf("relay_domains = far.test\ndefer_transports = discard\n");
        server.start();
        let mut client = Client::ready("127.0.0.1", server.port);
        let reply = client.mail("a@mx.test", "b@far.test", "Subject: kept\n\nx\n");
        assert!(reply.starts_with("250 2.0.0"), "{reply}");
        let output = server.command("abort", &[]);
        assert!(output.status.success(), "{}", said(&output));
        let gone = waiting::until_true(10, || Client::connect(server.port).is_err());
        assert!(gone, "it still listens");
        server.stop();
        server.start();
        let kept = waiting::until_true(10, || server.queue().len() == 1);
        assert!(kept, "{:#?}", server.queue());
        server.stop();
    });
}

/// 1,000 sessions, each of them in the middle of its transaction, go on to their 250.
#[test]
fn a_reload_under_a_thousand_sessions_loses_no_connection() {
    namespace::inside(&[Need::Waxwing], |place| {
        let _dns = Dns::serve("");
        let mut server = Server::new(place, Kind::Waxwing);
        let limits = "default_process_limit = 2000\nsmtpd_client_connection_count_limit = 0\n\
                      smtpd_timeout = 300s\nsmtpd_junk_command_limit = 100\n";
        server.main_cf(limits);
        server.start();
        let connect = |n: usize| {
            let client = Client::ready("127.0.0.1", server.port);
            client.set_patience(Duration::from_secs(60));
            (n, client)
        };
        let mut clients: Vec<(usize, Client)> = (0..1000).map(connect).collect();
        for (n, client) in &mut clients {
            assert_eq!(client.command("MAIL FROM:<a@mx.test>"), "250 2.1.0 Ok", "session {n}");
        }
        server.reconfigure(&format!("{limits}smtpd_helo_required = yes\n"), 1);
        for (n, client) in &mut clients {
            assert_eq!(client.command("RCPT TO:<b@mx.test>"), "250 2.1.5 Ok", "session {n} after the reload");
            assert!(client.command("DATA").starts_with("354"), "session {n}");
            let reply = client.content(&format!("Subject: {n}\n"));
            assert!(reply.starts_with("250 2.0.0 Ok: queued as"), "session {n}: {reply}");
        }
        server.stop();
    });
}
