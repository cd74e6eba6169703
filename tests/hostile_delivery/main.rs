//! Users and senders who want more from local delivery than their mail. Each attempt is played to Debian's Postfix first, which
//! proves the test, and then to Waxwing: refused, or harmless.

use std::{fs, os::unix::fs::symlink, process::Command, time::Duration};

use waxwing_tests::{
    client::Client,
    namespace,
    needs::Need,
    server::{self, Server},
    users::{Users, id_of, mode, own, text},
    waiting,
};

/// Runs the test with both servers. To be called with a closure written in the test function.
fn hostile<F: Fn(&mut Server, &Users)>(test: F) {
    namespace::inside_named(namespace::test_name::<F>(), &[Need::Postfix, Need::Waxwing], |place| {
        server::both(place, |server| {
            let users = Users::of(server);
            test(server, &users);
        });
    });
}

fn start(server: &mut Server, users: &Users, aliases: &str, more: &str) {
    server.table("aliases", aliases);
    let base = users.main_cf();
    server.main_cf(&format!(
        "{base}recipient_delimiter = +\nlocal_recipient_maps =\ndefault_transport = discard\n{more}"
    ));
    server.start();
}

fn send(server: &Server, recipient: &str) {
    let mut session = Client::ready("127.0.0.1", server.port);
    let reply = session.mail("writer@mx.test", recipient, "Subject: mail\n\nbody\n");
    assert!(reply.starts_with("250"), "{recipient}: {reply}");
    session.quit();
}

fn got_mail(users: &Users, user: &str) -> bool {
    waiting::until_true(20, || users.mailbox(user).contains("Subject: mail"))
}

#[test]
fn a_forwarding_file_of_another_user() {
    hostile(|server, users| {
        // In a home that all may write to, jane puts a file for joe.
        mode(&users.home("joe"), 0o777);
        let path = users.home("joe").join(".forward");
        fs::write(&path, format!("\"|touch {}/pwned\"\n", users.out().display())).expect("written");
        own(&path, id_of("jane"));
        start(server, users, "", "");
        send(server, "joe@mx.test");
        assert!(got_mail(users, "joe"), "{}", server.log_end());
        server.logged(&["warning: file ", "/.forward has bad owner uid 5002"]);
        assert!(!users.out().join("pwned").exists());
    });
}

#[test]
fn a_forwarding_file_that_all_may_write() {
    hostile(|server, users| {
        users.write("joe", ".forward", "jane\n", 0o646);
        start(server, users, "", "");
        send(server, "joe@mx.test");
        assert!(got_mail(users, "joe"), "{}", server.log_end());
        server.logged(&["warning: file ", "/.forward is world writable"]);
        assert_eq!(users.mailbox("jane"), "");
    });
}

#[test]
fn a_forwarding_file_that_is_a_link_or_a_pipe() {
    hostile(|server, users| {
        let other = users.write("jane", "addresses", "jane\n", 0o644);
        symlink(&other, users.home("joe").join(".forward")).expect("a link");
        let pipe = users.home("jane").join(".forward");
        assert!(Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
        own(&pipe, id_of("jane"));
        start(server, users, "", "");
        for user in ["joe", "jane"] {
            send(server, &format!("{user}@mx.test"));
            assert!(got_mail(users, user), "{user}: {}", server.log_end());
        }
        server.logged(&["/joe/.forward is not a regular file"]);
        server.logged(&["/jane/.forward is not a regular file"]);
    });
}

#[test]
fn a_mailbox_that_is_a_link() {
    hostile(|server, users| {
        let victim = users.write("jane", "victim", "untouched\n", 0o666);
        symlink(&victim, users.spool().join("joe")).expect("a link");
        let shared = users.write("jane", "shared", "untouched\n", 0o666);
        own(&shared, id_of("jane"));
        fs::hard_link(&shared, users.spool().join("jane")).expect("a hard link");
        start(server, users, "", "");
        send(server, "joe@mx.test");
        let line = server.logged(&["to=<joe@mx.test>", "status=bounced"]);
        assert!(line.contains("dsn=5.2.0") && line.contains("file is a symbolic link)"), "{line}");
        send(server, "jane@mx.test");
        let line = server.logged(&["to=<jane@mx.test>", "status=bounced"]);
        assert!(line.contains("dsn=5.2.0") && line.contains("file has 2 hard links)"), "{line}");
        assert_eq!((text(&victim).as_str(), text(&shared).as_str()), ("untouched\n", "untouched\n"));
    });
}

#[test]
fn a_mailbox_of_another_user_or_no_file() {
    hostile(|server, users| {
        fs::write(users.spool().join("joe"), "").expect("written");
        own(&users.spool().join("joe"), id_of("jane"));
        mode(&users.spool().join("joe"), 0o666);
        assert!(Command::new("mkfifo").arg(users.spool().join("jane")).status().expect("mkfifo runs").success());
        own(&users.spool().join("jane"), id_of("jane"));
        start(server, users, "", "");
        send(server, "joe@mx.test");
        let line = server.logged(&["to=<joe@mx.test>", "status=deferred"]);
        assert!(line.contains("dsn=4.2.0") && line.contains("is not owned by recipient)"), "{line}");
        server.logged(&["warning: specify \"strict_mailbox_ownership = no\" to ignore mailbox ownership mismatch"]);
        send(server, "jane@mx.test");
        server.logged(&["to=<jane@mx.test>", "status=bounced", "cannot update mailbox"]);
        assert_eq!(users.mailbox("joe"), "");
    });
}

#[test]
fn files_and_commands_of_a_forwarding_file_have_the_users_rights() {
    hostile(|server, users| {
        let victim = users.write("jane", "private", "untouched\n", 0o600);
        let out = users.out();
        let (victim_path, out_path) = (victim.display(), out.display());
        let forward = format!("{victim_path}\n\"|id -u > {out_path}/uid; id -G > {out_path}/groups\"\n");
        users.write("joe", ".forward", &forward, 0o644);
        start(server, users, "", "");
        send(server, "joe@mx.test");
        server.logged(&["to=<joe@mx.test>", "status=bounced", "cannot append message to file", "Permission denied"]);
        assert!(waiting::until_true(20, || text(&out.join("groups")) == "5001\n"), "{}", text(&out.join("groups")));
        assert_eq!(text(&out.join("uid")), "5001\n");
        assert_eq!(text(&victim), "untouched\n");
    });
}

#[test]
fn commands_of_roots_aliases_are_nobodys() {
    hostile(|server, users| {
        let out = users.out();
        let path = out.display();
        start(server, users, &format!("who: \"|id -un > {path}/who; id -G > {path}/groups\"\nroot: joe\n"), "");
        send(server, "who@mx.test");
        server.logged(&["to=<who@mx.test>", "status=sent (delivered to command: id -un"]);
        assert_eq!(text(&out.join("who")), "nobody\n");
        assert_eq!(text(&out.join("groups")), "65534\n");
        // With a mailbox_command root's mail is nobody's, too.
        server.stop();
        start(server, users, "", &format!("mailbox_command = id -un > {path}/root\n"));
        send(server, "root@mx.test");
        assert!(waiting::until_true(20, || text(&out.join("root")) == "nobody\n"), "{}", server.log_end());
    });
}

#[test]
fn a_hundred_files_in_one_another() {
    hostile(|server, users| {
        let lists = server.directory.join("lists");
        fs::create_dir_all(&lists).expect("a directory");
        for n in 0..150 {
            let next = format!(":include:{}/{}\n", lists.display(), n + 1);
            fs::write(lists.join(n.to_string()), if n < 149 { next } else { "joe\n".into() }).expect("written");
        }
        fs::write(lists.join("self"), format!(":include:{}/self\njoe\n", lists.display())).expect("written");
        let include = |name: &str| format!(":include:{}/{name}", lists.display());
        start(server, users, &format!("deep: {}\nself: {}\n", include("0"), include("self")), "");
        send(server, "deep@mx.test");
        // Postfix notices at the member, newer ones at the file.
        server.logged(&["to=<", "dsn=5.4.6", "status=bounced"]);
        send(server, "self@mx.test");
        assert!(got_mail(users, "joe"), "{}", server.log_end());
        assert_eq!(users.mailbox("joe").matches("Subject: mail").count(), 1);
    });
}

#[test]
fn aliases_and_users_that_point_at_each_other() {
    hostile(|server, users| {
        users.write("joe", ".forward", "jane\n", 0o644);
        users.write("jane", ".forward", "joe\n", 0o644);
        start(server, users, "a: b\nb: c\nc: a\n", "");
        send(server, "a@mx.test");
        let line = server.logged(&["status=bounced", "alias database loop for"]);
        assert!(line.contains("dsn=5.4.6"), "{line}");
        send(server, "joe@mx.test");
        server.logged(&["status=bounced", "mail forwarding loop for joe@mx.test"]);
        server.wait_until_queue_empty(30);
    });
}

#[test]
fn commands_and_files_of_included_files() {
    hostile(|server, users| {
        let list = server.directory.join("list");
        let pwned = users.out().join("pwned");
        fs::write(&list, format!("\"|touch {0}\"\n{0}.file\n", pwned.display())).expect("written");
        start(server, users, &format!("list: :include:{}\n", list.display()), "");
        send(server, "list@mx.test");
        server.logged(&["to=<list@mx.test>", "status=bounced (mail to command is restricted)"]);
        server.logged(&["to=<list@mx.test>", "status=bounced (mail to file is restricted)"]);
        let file = users.out().join("pwned.file");
        assert!(!pwned.exists() && !file.exists());
    });
}

/// What a shell would do something about.
const EVIL: &[&str] = &[
    "joe+$(touch pwned)",
    "joe+;touch pwned;",
    "joe+`touch pwned`",
    "joe+|touch pwned",
    "joe+&touch pwned&",
    "joe+>pwned",
    "joe+x\\\"'y",
];

#[test]
fn shell_characters_in_addresses_reach_no_shell() {
    hostile(|server, users| {
        let out = users.out();
        let path = out.display();
        let command = format!("echo $EXTENSION $LOCAL $RECIPIENT $ORIGINAL_RECIPIENT $SENDER >> {path}/seen");
        let show =
            users.program("show", &format!("for a in \"$@\"; do printf '%s\\n' \"$a\"; done >> {path}/arguments"));
        server.master = format!(
            "show unix - n n - - pipe user=uucp-user argv={} $recipient $user $extension $sender\n",
            show.display()
        );
        let more = format!(
            "mailbox_command = {command}\ncommand_execution_directory = {path}\ntransport_maps = inline:{{ pipe.test=show: }}\n"
        );
        start(server, users, "", &more);
        for evil in EVIL {
            let quoted = format!("\"{}\"", evil.replace('\\', "\\\\").replace('"', "\\\""));
            for domain in ["mx.test", "pipe.test"] {
                let mut session = Client::ready("127.0.0.1", server.port);
                let sender = format!("<{quoted}@mx.test>").replace("joe+", "");
                assert!(session.command(&format!("MAIL FROM:{sender}")).starts_with("250"), "{sender}");
                assert!(session.command(&format!("RCPT TO:<{quoted}@{domain}>")).starts_with("250"), "{quoted}");
                assert!(session.command("DATA").starts_with("354"));
                assert!(session.content("Subject: mail\n\nbody\n").starts_with("250"));
                session.quit();
            }
        }
        server.wait_until_queue_empty(60);
        let seen = text(&out.join("seen"));
        assert_eq!(seen.lines().count(), EVIL.len(), "{seen}\n{}", server.log_end());
        let harmless = |c: char| c.is_ascii_alphanumeric() || "!@%-_=+:,./ \n".contains(c);
        assert!(seen.chars().all(harmless), "{seen}");
        // Each address is one argument, as it is.
        let arguments = text(&out.join("arguments"));
        for evil in EVIL {
            assert!(arguments.lines().any(|line| line == format!("{evil}@pipe.test")), "{evil}: {arguments}");
        }
        let touched = ["joe", "jane"].map(|user| users.home(user).join("pwned"));
        assert!(!out.join("pwned").exists() && touched.iter().all(|path| !path.exists()));
        assert!(!server.queue_directory().join("pwned").exists());
    });
}

#[test]
fn addresses_that_look_like_options() {
    hostile(|server, users| {
        let out = users.out();
        let path = out.display();
        let show =
            users.program("show", &format!("for a in \"$@\"; do printf '[%s]' \"$a\"; done >> {path}/arguments"));
        server.master =
            format!("show unix - n n - - pipe user=uucp-user argv={} -f $sender -- $recipient\n", show.display());
        let more = "transport_maps = inline:{ pipe.test=show: }\n";
        start(server, users, "", more);
        let refused = |server: &Server| {
            let mut session = Client::ready("127.0.0.1", server.port);
            session.command("MAIL FROM:<writer@mx.test>");
            session.command("RCPT TO:<-oQ/tmp@pipe.test>")
        };
        let reply = refused(server);
        assert!(reply.starts_with('5'), "{reply}");
        assert!(!out.join("arguments").exists());
        server.stop();
        // Who allows it gets it, in its place.
        start(server, users, "", &format!("{more}allow_min_user = yes\n"));
        send(server, "-oQ/tmp@pipe.test");
        server.logged(&["status=sent (delivered via show service)"]);
        assert_eq!(text(&out.join("arguments")), "[-f][writer@mx.test][--][-oQ/tmp@pipe.test]");
    });
}

#[test]
fn a_command_that_never_ends_or_talks_without_end() {
    hostile(|server, users| {
        let aliases = "sleeper: \"|echo going to sleep; sleep 600 & sleep 600\"\ntalker: \"|head -c 3000000 /dev/zero | tr '\\\\0' x; exit 1\"\n";
        start(server, users, aliases, "command_time_limit = 2s\n");
        send(server, "sleeper@mx.test");
        let line = server.logged(&["to=<sleeper@mx.test>", "status=bounced"]);
        assert!(line.contains("Command time limit exceeded: \"echo going to sleep;"), "{line}");
        std::thread::sleep(Duration::from_millis(200));
        let left = Command::new("pgrep").args(["-fc", "sleep 600"]).output().expect("pgrep runs");
        assert_eq!(String::from_utf8_lossy(&left.stdout).trim(), "0", "its process group is killed");
        send(server, "talker@mx.test");
        server.logged(&["to=<talker@mx.test>", "status=bounced", "xxxxxxxx"]);
    });
}
