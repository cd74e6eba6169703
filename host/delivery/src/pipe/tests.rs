use std::{collections::HashMap, path::Path, sync::Arc};

use hook::{Delivery, Outcome, RecipientStatus, Request};

use super::*;
use crate::{OwnRights, testing};

/// A script that writes its arguments and its input to files, and its text's end.
fn script(directory: &Path, end: &str) -> String {
    let path = directory.join("command");
    let text = format!(
        "#!/bin/sh\nfor a in \"$@\"; do printf '%s\\n' \"$a\"; done > {0}/arguments\nenv > {0}/environment\ncat > {0}/input\n{end}\n",
        directory.display()
    );
    std::fs::write(&path, text).expect("written");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
    path.display().to_string()
}

fn agent(attributes: &str, main_cf: &str) -> Pipe {
    let mut config = testing::config(&format!("recipient_delimiter = +\n{main_cf}"));
    config = config.with_overrides(&[("queue_directory".to_string(), "/tmp".to_string())]);
    let words: Vec<String> = attributes.split_whitespace().map(str::to_string).collect();
    let mut settings = Settings {
        service: "uucp".to_string(),
        attributes: Attributes::parse(&words, "postfix"),
        extensions: Extensions::new("+"),
        original_recipient: true,
        environment: environment::exported(&config),
        time_limit: Duration::from_secs(20),
        queue_directory: "/tmp".into(),
        master_cf: "master.cf".to_string(),
    };
    if main_cf.contains("short") {
        settings.time_limit = Duration::from_secs(1);
    }
    Pipe::new(settings, Arc::new(OwnRights), testing::status_log(&config), testing::clock())
}

fn request(recipients: &[&str]) -> Request {
    let mut request = testing::request("hop.test", recipients, b"Subject: x\r\n\r\nFrom me\r\n.dot\r\n");
    request.transport = "uucp".to_string();
    request
}

fn only(statuses: &[RecipientStatus]) -> (Outcome, String, String) {
    let status = &statuses[0];
    (status.outcome, status.status.to_string(), status.text.clone())
}

fn read(directory: &Path, name: &str) -> String {
    std::fs::read_to_string(directory.join(name)).unwrap_or_default()
}

#[tokio::test]
async fn the_command_gets_arguments_and_message() {
    let place = tempfile::tempdir().expect("a directory");
    let command = script(place.path(), "");
    let pipe = agent(&format!("flags=FRXqh.> user=nobody argv={command} -a$sender - $nexthop!rmail ($recipient)"), "");
    let statuses = pipe.deliver(request(&["a;b|c@Dom.test", "d@dom.test"])).await;
    assert_eq!(statuses.len(), 2);
    assert_eq!(only(&statuses), (Outcome::Delivered, "2.0.0".into(), "delivered via uucp service".into()));
    assert!(!statuses[0].relayed, "the flag X");
    let expected = "-as@src.test\n-\nhop.test!rmail\n(\"a;b|c\"@dom.test)\n(d@dom.test)\n";
    assert_eq!(read(place.path(), "arguments"), expected);
    let input = read(place.path(), "input");
    let (first, rest) = input.split_once('\n').expect("lines");
    assert!(first.starts_with("From s@src.test  "), "{first}");
    assert_eq!(rest, "Return-Path: <s@src.test>\nSubject: x\n\n>From me\n..dot\n");
    let environment: HashMap<String, String> = read(place.path(), "environment")
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect();
    assert_eq!(environment.get("PATH").map(String::as_str), Some("/usr/bin:/bin"));
    assert!(!environment.contains_key("CARGO_MANIFEST_DIR"), "{environment:?}");
}

#[tokio::test]
async fn failures_are_told_with_the_output() {
    let place = tempfile::tempdir().expect("a directory");
    for (end, outcome, status, text) in [
        ("echo busy; exit 75", Outcome::Deferred, "4.3.0", "temporary failure. Command output: busy "),
        ("echo who; exit 67", Outcome::Bounced, "5.1.1", "user unknown. Command output: who "),
        ("echo 5.7.1 go away; exit 1", Outcome::Bounced, "5.7.1", "go away "),
        ("echo hello", Outcome::Delivered, "2.0.0", "delivered via uucp service (hello )"),
    ] {
        let command = script(place.path(), end);
        let pipe = agent(&format!("flags= user=nobody argv={command}"), "");
        let statuses = pipe.deliver(request(&["a@b.test"])).await;
        assert_eq!(only(&statuses), (outcome, status.to_string(), text.to_string()), "{end}");
        assert!(statuses[0].relayed, "no flag X");
    }
    let command = script(place.path(), "sleep 20");
    let pipe = agent(&format!("user=nobody argv={command}"), "# short\n");
    let (outcome, _, text) = only(&pipe.deliver(request(&["a@b.test"])).await);
    assert_eq!((outcome, text), (Outcome::Bounced, format!("Command time limit exceeded: \"{command}\"")));
}

#[tokio::test]
async fn what_is_refused_before_the_command_runs() {
    let place = tempfile::tempdir().expect("a directory");
    let command = script(place.path(), "");
    let wrong = "mail system configuration error";
    for (attributes, recipients, outcome, status, text) in [
        ("flags=D user=nobody", &["a@b", "c@d"][..], Outcome::Deferred, "4.3.5", wrong),
        ("flags=O user=nobody", &["a@b", "c@d"], Outcome::Deferred, "4.3.5", wrong),
        ("size=10 user=nobody", &["a@b"], Outcome::Bounced, "5.2.3", "message too large"),
        ("user=root", &["a@b"], Outcome::Deferred, "4.3.0", "unknown mail transport error"),
        ("user=no-such-user", &["a@b"], Outcome::Deferred, "4.3.0", "unknown mail transport error"),
        ("chroot=/x user=nobody", &["a@b"], Outcome::Deferred, "4.3.0", "unknown mail transport error"),
    ] {
        let pipe = agent(&format!("{attributes} argv={command}"), "");
        let statuses = pipe.deliver(request(recipients)).await;
        assert_eq!(only(&statuses), (outcome, status.to_string(), text.to_string()), "{attributes}");
    }
    let unknown = agent(&format!("user=nobody argv={command} $colour"), "");
    assert_eq!(only(&unknown.deliver(request(&["a@b"])).await).1, "4.3.5");
    let mut again = request(&["Joe@b.test"]);
    again.content = hook::Content::Memory("Delivered-To: joe@B.test\r\n\r\n".into());
    let looping = agent(&format!("flags=D user=nobody argv={command}"), "");
    let expected = (Outcome::Bounced, "5.4.6".to_string(), "mail forwarding loop for Joe@b.test".to_string());
    assert_eq!(only(&looping.deliver(again).await), expected);
    let mut probe = request(&["a@b"]);
    probe.probe = true;
    let statuses = agent(&format!("user=nobody argv={command}"), "").deliver(probe).await;
    assert_eq!(statuses[0].text, format!("delivers to command: {command}"));
    assert!(!place.path().join("arguments").exists(), "the command ran");
}
