//! How a command line names a command, on the binary itself.

use std::{
    os::unix::fs::symlink,
    process::{Command, Output},
};

const BINARY: &str = env!("CARGO_BIN_EXE_waxwing");

fn run(program: &std::path::Path, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).env_remove("MAIL_CONFIG").output().expect("it runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn a_word_that_is_no_command_is_answered_with_those_there_are() {
    let output = run(BINARY.as_ref(), &["-c", "/nowhere", "postfoo"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.starts_with("waxwing: unknown command: postfoo\n"), "{said}");
    assert!(said.contains("\n  postqueue "), "{said}");
}

#[test]
fn help_and_version_are_no_mistakes() {
    let help = run(BINARY.as_ref(), &["--help"]);
    assert!(help.status.success() && text(&help.stdout).contains("\n  quickstart "), "{help:?}");
    let version = run(BINARY.as_ref(), &["--version"]);
    assert_eq!(text(&version.stdout), format!("waxwing {}\n", env!("CARGO_PKG_VERSION")));
    assert!(version.status.success());
}

#[test]
fn a_link_is_the_command_of_its_name() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let link = directory.path().join("postconf");
    symlink(BINARY, &link).expect("a link");
    let conf = directory.path().to_str().expect("plain text");
    std::fs::write(directory.path().join("main.cf"), "mail_owner = somebody\n").expect("main.cf");
    let output = run(&link, &["-c", conf, "-h", "mail_owner"]);
    assert_eq!((text(&output.stdout), output.status.code()), ("somebody\n".to_string(), Some(0)), "{output:?}");
}
