//! authorized_submit_users, authorized_mailq_users, authorized_flush_users: the commands as root and as an ordinary user.

use std::{
    io::Write,
    os::unix::process::CommandExt,
    process::{Command, Stdio},
    sync::Mutex,
};

use waxwing_tests::{
    namespace,
    needs::Need,
    server::{Server, binary, both},
};

/// The three lists, and the users.
const LISTS: &[&str] = &["static:anyone", "nobody", "!nobody, static:all", "root", ""];
const USERS: &[&str] = &["root", "nobody"];
const COMMANDS: &[&[&str]] =
    &[&["mailq"], &["postqueue", "-p"], &["postqueue", "-f"], &["sendmail", "-q"], &["sendmail", "x@d.test"]];

/// Exit status and words of a command. Postfix's commands with the rights of a group follow none but its own directory, so its
/// main.cf lies there.
fn said(server: &Server, user: &str, words: &[&str]) -> String {
    let mut command = match server.is_postfix() {
        true => {
            Command::new(if words[0] == "mailq" { "/usr/bin/mailq".into() } else { format!("/usr/sbin/{}", words[0]) })
        }
        false => {
            let mut command = Command::new(binary());
            command.arg(words[0]).env("MAIL_CONFIG", server.conf());
            command
        }
    };
    let id = if user == "root" { 0 } else { 65534 };
    command.args(&words[1..]).uid(id).gid(id).current_dir("/");
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.expect("the command runs");
    // Commands that want no message may be gone.
    let _ = child.stdin.take().expect("piped").write_all(b"Subject: x\n\nbody\n");
    let output = child.wait_with_output().expect("it ends");
    let errors = String::from_utf8_lossy(&output.stderr);
    let line = errors.lines().find(|line| line.contains("not allowed")).unwrap_or_default();
    // Postfix's sendmail leaves it to postdrop, whose word it is.
    let line = line.replace("postdrop: ", "sendmail: ").replace("sendmail: warning: ", "sendmail: ");
    format!("{user} {words:?}: {:?} {line}", output.status.code())
}

#[test]
fn commands_are_for_authorized_users() {
    namespace::inside(&[Need::Postfix, Need::Waxwing], |place| {
        let all = Mutex::new(Vec::new());
        both(place, |server| {
            let mut heard = Vec::new();
            for (number, list) in LISTS.iter().enumerate() {
                let names =
                    ["submit", "mailq", "flush"].map(|name| format!("authorized_{name}_users = {list}\n")).concat();
                let lines = format!("default_transport = discard\nrelay_transport = discard\n{names}");
                if number == 0 {
                    server.main_cf(&lines);
                    if server.is_postfix() {
                        let bound = Command::new("mount")
                            .arg("--bind")
                            .arg(server.conf().join("main.cf"))
                            .arg("/etc/postfix/main.cf")
                            .status();
                        assert!(bound.expect("mount runs").success());
                    }
                    server.start();
                } else {
                    server.reconfigure(&lines, number);
                }
                for words in COMMANDS {
                    heard.extend(USERS.iter().map(|user| format!("{list:?}: {}", said(server, user, words))));
                }
            }
            all.lock().expect("one thread").push(heard);
        });
        let all = all.into_inner().expect("one thread");
        let [.., theirs, ours] = &all[..] else { panic!("two servers") };
        let different: Vec<String> = theirs
            .iter()
            .zip(ours)
            .filter(|(their, our)| their != our)
            .map(|(their, our)| format!("Postfix: {their}\nWaxwing: {our}"))
            .collect();
        assert!(different.is_empty(), "{} of {} differ:\n{}", different.len(), ours.len(), different.join("\n"));
        assert!(theirs.iter().any(|line| line.contains("not allowed to submit mail")), "{theirs:#?}");
    });
}
