use std::cell::Cell;

use waxwing_sdk::testing::{Host, Said};

use super::*;

const SERVER: &str = "inet:127.0.0.1:9998";

fn service(settings: &str) -> Service {
    let argument = ["{ ", SERVER, " ", settings, " }"].concat();
    Host::new().run(|| Service::read(&argument)).expect("a good argument")
}

fn text(text: &str) -> Said {
    Said::Text(text.into())
}

/// What comes of an answer that is always the same, and the log.
fn answered(said: Said) -> (Option<String>, Vec<String>) {
    let mut host = Host::new().server(SERVER, move |_| said.clone());
    let answer = host.run(|| ask(&service(""), "a=b\n\n"));
    (answer, host.warnings())
}

#[test]
fn the_first_action_counts_and_other_attributes_do_not() {
    for (said, expected) in [
        ("action=DUNNO\n\n", "DUNNO"),
        ("action=REJECT a=b\n\n", "REJECT a=b"),
        ("version=1\naction=OK\nother\naction=REJECT\n\n", "OK"),
        ("action=\n\n", ""),
    ] {
        assert_eq!(answered(text(said)), (Some(expected.into()), vec![]), "{said:?}");
    }
}

#[test]
fn an_answer_that_is_none_is_asked_for_twice_and_logged() {
    let last = "problem talking to server 127.0.0.1:9998: Application error";
    for (said, what) in [
        ("\n", "missing attribute action in input from 127.0.0.1:9998"),
        ("other=1\n\n", "missing attribute action in input from 127.0.0.1:9998"),
        ("action\n\n", "missing value for string attribute action from 127.0.0.1:9998"),
    ] {
        assert_eq!(answered(text(said)), (None, vec![what.into(), what.into(), last.into()]), "{said:?}");
    }
    for (said, part) in [("action", "name"), ("action=DUN", "value")] {
        let what = format!("premature end-of-input on 127.0.0.1:9998 while reading input attribute {part}");
        assert_eq!(answered(Said::TextAndClose(said.into())), (None, vec![what.clone(), what, last.into()]));
    }
    assert_eq!(answered(Said::TextAndClose(String::new())), (None, vec![last.into()]), "not a word");
    let again = "problem talking to server 127.0.0.1:9998: Connection timed out".to_string();
    let (answer, warnings) = answered(Said::Nothing);
    assert_eq!((answer, warnings), (None, vec![again.clone(), again]));
}

#[test]
fn no_server() {
    let mut host = Host::new().no_server(SERVER, SocketError::Failed("Connection refused".into()));
    assert_eq!(host.run(|| ask(&service("try_limit=3, retry_delay=5s"), "\n")), None);
    let (connect, problem) = ("connect to 127.0.0.1:9998: ", "problem talking to server 127.0.0.1:9998: ");
    let both = [connect, problem].map(|what| format!("{what}Connection refused"));
    assert_eq!(host.warnings(), [both.clone(), both.clone(), both].concat());
    assert_eq!(host.waited(), Duration::from_secs(10), "between three tries");
}

#[test]
fn the_second_try_may_succeed() {
    let first = Cell::new(true);
    let mut host = Host::new().server(SERVER, move |_| match first.replace(false) {
        true => Said::TextAndClose(String::new()),
        false => text("action=OK\n\n"),
    });
    assert_eq!(host.run(|| ask(&service(""), "\n")), Some("OK".into()));
    assert_eq!(host.warnings(), [""; 0], "trouble that the next try ends is none");
}

fn server() -> Host {
    Host::new().server(SERVER, |_| text("action=OK\n\n"))
}

#[test]
fn the_connection_is_kept() {
    let mut host = server();
    for _ in 0..5 {
        assert_eq!(host.run(|| ask(&service(""), "\n")), Some("OK".into()));
    }
    assert_eq!(host.connects(), 1);
    host.wait(Duration::from_secs(301));
    host.run(|| ask(&service(""), "\n"));
    assert_eq!(host.connects(), 2, "idle for longer than max_idle");
}

#[test]
fn and_given_up_in_time() {
    let mut host = server();
    for connects in [1, 1, 2, 2, 3] {
        host.run(|| ask(&service("request_limit=2"), "\n"));
        assert_eq!(host.connects(), connects, "request_limit");
    }
    let mut host = server();
    for connects in [1, 1, 2] {
        host.run(|| ask(&service("max_ttl=10s"), "\n"));
        assert_eq!(host.connects(), connects, "max_ttl");
        host.wait(Duration::from_secs(6));
    }
}

#[test]
fn what_came_too_much_spoils_the_connection() {
    let mut host = Host::new().server(SERVER, |_| text("action=OK\n\naction=REJECT\n\n"));
    for connects in [1, 2] {
        assert_eq!(host.run(|| ask(&service(""), "\n")), Some("OK".into()));
        assert_eq!(host.connects(), connects);
    }
}
