//! Mistakes in main.cf, master.cf and plugins.cf.

use std::{fs, path::PathBuf};

use regex::Regex;
use waxwing_tests::{
    client::Client,
    dns::Dns,
    namespace,
    needs::Need,
    server::{Kind, Server, both},
};

const NEEDS: &[Need] = &[Need::Waxwing];

/// What `check` prints, and what stands in the log afterwards.
fn checked(server: &Server) -> (bool, String) {
    let output = server.command("check", &[]);
    let said = [&output.stdout[..], &output.stderr[..]].map(|b| String::from_utf8_lossy(b).into_owned()).concat();
    (output.status.success(), said + &server.log())
}

fn assert_one_line(said: &str, file: &str, line: usize, words: &[&str]) {
    let place = Regex::new(&format!(r"{}(:|, line |: line | line ){line}\b", regex::escape(file))).expect("a pattern");
    let lines: Vec<&str> = said.lines().filter(|l| words.iter().all(|w| l.contains(w))).collect();
    assert!(!lines.is_empty(), "nothing said about {words:?}:\n{said}");
    assert!(lines.iter().any(|l| place.is_match(l)), "no {file} and line {line} in {lines:#?}");
}

fn line_of(path: PathBuf, needle: &str) -> usize {
    let text = fs::read_to_string(path).expect("a configuration file");
    1 + text.lines().position(|l| l.contains(needle)).unwrap_or_else(|| panic!("no {needle} in {text}"))
}

/// A line of main.cf, whether `check` fails for it, and words of the message.
fn namespaced(name: &str, line: &str, fatal: bool, words: &[&str]) {
    namespace::inside_named(format!("mistakes::{name}"), NEEDS, |place| {
        let mut server = Server::new(place, Kind::Waxwing);
        server.main_cf(&format!("# a comment\n{line}\n"));
        let number = line_of(server.conf().join("main.cf"), line);
        let (passed, said) = checked(&server);
        assert_one_line(&said, "main.cf", number, words);
        assert_eq!(passed, !fatal, "status of check for {line}:\n{said}");
    });
}

#[test]
fn a_line_without_equals() {
    namespaced("a_line_without_equals", "smtpd_banner $myhostname", true, &["smtpd_banner"]);
}

#[test]
fn an_unknown_parameter() {
    namespaced("an_unknown_parameter", "smtpd_banana = yes", false, &["smtpd_banana"]);
}

#[test]
fn a_number_that_is_none() {
    namespaced("a_number_that_is_none", "smtpd_soft_error_limit = many", true, &["smtpd_soft_error_limit", "many"]);
}

#[test]
fn a_time_that_is_none() {
    namespaced("a_time_that_is_none", "smtpd_timeout = 5 parsecs", true, &["smtpd_timeout"]);
}

#[test]
fn a_boolean_that_is_none() {
    namespaced("a_boolean_that_is_none", "smtpd_helo_required = maybe", true, &["smtpd_helo_required", "maybe"]);
}

#[test]
fn an_unclosed_brace() {
    namespaced("an_unclosed_brace", "smtpd_banner = ${myhostname", true, &["${myhostname"]);
}

#[test]
fn a_missing_table() {
    let line = "smtpd_client_restrictions = check_client_access texthash:/nowhere/table";
    namespaced("a_missing_table", line, false, &["/nowhere/table"]);
}

/// What is only seen when it is used is said then, as Postfix says it.
fn when_used(name: &str, lines: &str, word: &str) {
    namespace::inside_named(format!("mistakes::{name}"), &[Need::Postfix, Need::Waxwing], |place| {
        let _dns = Dns::serve("");
        both(place, |server| {
            server.main_cf(lines);
            server.start();
            let mut client = Client::ready("198.51.100.9", server.port);
            client.command("MAIL FROM:<a@mx.test>");
            client.command("RCPT TO:<b@mx.test>");
            server.logged(&["warning", word]);
        });
    });
}

#[test]
fn a_network_with_host_bits() {
    when_used("a_network_with_host_bits", "mynetworks = 10.1.2.3/8\n", "10.1.2.3/8");
}

#[test]
fn an_unknown_restriction() {
    let lines = "smtpd_client_restrictions = permit_mynetworks, reject_bananas\n";
    when_used("an_unknown_restriction", lines, "reject_bananas");
}

#[test]
fn master_cf() {
    namespace::inside(NEEDS, |place| {
        let mut server = Server::new(place, Kind::Waxwing);
        for bad in ["smtps inet n - n", "smtps outernet n - n - - smtpd", "smtps inet n - maybe - - smtpd"] {
            server.master = format!("{bad}\n");
            server.main_cf("");
            let number = line_of(server.conf().join("master.cf"), bad);
            let (passed, said) = checked(&server);
            assert_one_line(&said, "master.cf", number, &["master.cf"]);
            assert!(!passed, "{bad} passed:\n{said}");
        }
    });
}

#[test]
fn plugins_cf() {
    namespace::inside(NEEDS, |place| {
        let mut server = Server::new(place, Kind::Waxwing);
        server.main_cf("");
        for (text, line, word) in [
            ("# comment\nnothere  nothere.wasm\n", 2, "nothere.wasm"),
            ("alone\n", 1, "component"),
            ("x  x.wasm -o time_limit=soon\n", 1, "time_limit"),
            ("x  x.wasm\n  -o failure_action=panic\n", 1, "failure_action"),
        ] {
            server.table("plugins.cf", text);
            let (passed, said) = checked(&server);
            assert_one_line(&said, "plugins.cf", line, &[word]);
            assert!(!passed, "{text} passed:\n{said}");
        }
    });
}

/// The example plugin wants dns and store: without the grant it must not load.
#[test]
fn a_plugin_without_its_grant() {
    namespace::inside(NEEDS, |place| {
        let mut server = Server::new(place, Kind::Waxwing);
        let plugins = server.conf().join("plugins");
        fs::create_dir(&plugins).expect("a directory");
        fs::write(plugins.join("greylist.wasm"), crate::reload::example_plugin(place)).expect("write");
        server.main_cf("");
        server.table("plugins.cf", "# comment\ngreylist  greylist.wasm\n  -o grant=dns\n");
        let (passed, said) = checked(&server);
        assert_one_line(&said, "plugins.cf", 2, &["greylist", "store"]);
        assert!(!passed, "{said}");
    });
}

/// Postfix's smtpd refuses to serve anybody then; so must we.
#[test]
fn nothing_guards_relaying() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        let _dns = Dns::serve("");
        both(place, |server| {
            server.main_cf("smtpd_relay_restrictions =\nsmtpd_recipient_restrictions = permit_mynetworks\n");
            // Postfix starts and fails at the first session, Waxwing may say so at once.
            if server.try_start().is_ok() {
                let mut client = Client::connect(server.port).expect("it listens");
                client.set_patience(std::time::Duration::from_secs(3));
                let reply = client.reply();
                assert!(!reply.starts_with("220"), "it serves clients: {reply}");
            }
            let printed = fs::read_to_string(server.directory.join("output")).unwrap_or_default();
            let said = printed + &server.log();
            let line = said.lines().find(|l| l.contains("specify at least one working instance of"));
            assert!(line.is_some_and(|l| l.contains("smtpd_relay_restrictions")), "{said}");
        });
    });
}
