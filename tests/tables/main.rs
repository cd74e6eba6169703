//! Lookup tables against the servers and files of Debian. For each table the same questions go to Debian's postmap and to
//! ours, and an SMTP session to both servers; then the database is killed, which must be a 451 and no "unknown user".
//!
//! Every database runs in the test's own namespace and directory, and ends with it.

mod commands;
mod databases;
mod directory;
mod files;
mod memcache;
mod small_servers;
mod sql;

use std::{
    fs,
    io::Write,
    path::Path,
    process::{Command, Output, Stdio},
    time::{Duration, SystemTime},
};

use waxwing_tests::{
    client::ask,
    namespace::Place,
    server::{self, Server},
};

/// What a command printed, and how it ended.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    pub status: Option<i32>,
    pub out: String,
    pub errors: Vec<String>,
}

/// Both programs of one name, on one configuration directory.
pub struct Both<'p> {
    pub directory: &'p Path,
}

impl<'p> Both<'p> {
    pub fn new(directory: &'p Path, main_cf: &str) -> Self {
        let text = format!("compatibility_level = 3.6\nmyhostname = mx.test\n{main_cf}");
        write(&directory.join("main.cf"), &text);
        write(&directory.join("master.cf"), "");
        Self { directory }
    }

    pub fn theirs(&self, name: &str, words: &[&str], input: &str) -> Said {
        let mut command = Command::new(format!("/usr/sbin/{name}"));
        std::os::unix::process::CommandExt::arg0(&mut command, name).arg("-c").arg(self.directory);
        said(command, self.directory, words, input)
    }

    pub fn ours(&self, name: &str, words: &[&str], input: &str) -> Said {
        let mut command = Command::new(server::binary());
        command.arg("-c").arg(self.directory).arg(name);
        said(command, self.directory, words, input)
    }

    /// The same call gives the same.
    pub fn same(&self, name: &str, words: &[&str], input: &str) -> Said {
        let (theirs, ours) = (self.theirs(name, words, input), self.ours(name, words, input));
        assert_eq!(ours, theirs, "{name} {words:?} (ours left, Postfix's right)");
        ours
    }

    /// All keys at once. What is found is the same; how many were found.
    pub fn same_answers(&self, title: &str, keys: &[&str]) -> usize {
        let input: String = keys.iter().map(|key| format!("{key}\n")).collect();
        let (theirs, ours) =
            (self.theirs("postmap", &["-q", "-", title], &input), self.ours("postmap", &["-q", "-", title], &input));
        assert_eq!(
            (&ours.out, ours.status),
            (&theirs.out, theirs.status),
            "{title}\nours {ours:?}\nPostfix's {theirs:?}"
        );
        ours.out.lines().count()
    }
}

fn said(mut command: Command, directory: &Path, words: &[&str], input: &str) -> Said {
    command.args(words).current_dir(directory).env_remove("MAIL_CONFIG");
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a command starts");
    // A command that needs no input may be gone.
    let _ = child.stdin.take().expect("piped").write_all(input.as_bytes());
    let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said { status: status.code(), out: text(&stdout), errors: text(&stderr).lines().map(str::to_string).collect() }
}

/// Postfix waits until a file that it reads is some seconds old; so this one is.
pub fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("a file");
    let file = fs::File::options().write(true).open(path).expect("just written");
    file.set_modified(SystemTime::now() - Duration::from_secs(60)).expect("a time");
}

/// A file of a table's parameters.
pub fn parameters(place: &Place, name: &str, text: &str) -> String {
    let path = place.path().join(name);
    write(&path, text);
    path.display().to_string()
}

const CLIENT: &str = "198.51.100.9";

/// A session with both servers: `accounts` is a virtual_alias_maps table in which `joe@virtual.test` is known and
/// `nobody@virtual.test` is not, `access` refuses `blocked@virtual.test` with the text `go away`. `kill` ends the database,
/// `start` makes it run again.
pub fn session(place: &Place, accounts: &str, access: &str, start: &mut dyn FnMut(), kill: &mut dyn FnMut()) {
    session_with(place, accounts, access, start, kill, true);
}

/// The same; without `postfix_too` only Waxwing meets the killed database.
pub fn session_with(
    place: &Place,
    accounts: &str,
    access: &str,
    start: &mut dyn FnMut(),
    kill: &mut dyn FnMut(),
    postfix_too: bool,
) {
    let main_cf = format!(
        "virtual_alias_domains = virtual.test
virtual_alias_maps = {accounts}
proxy_read_maps = {accounts} {access}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access {access}, permit_auth_destination, reject
smtpd_delay_reject = yes
local_recipient_maps =
"
    );
    // `server::both` wants a closure that does not change anything.
    let (start, kill) = (std::cell::RefCell::new(start), std::cell::RefCell::new(kill));
    server::both(place, |server: &mut Server| {
        (start.borrow_mut())();
        server.main_cf(&main_cf);
        server.start();
        let answer =
            |server: &Server, user: &str| ask(CLIENT, server.port, "a@sender.test", &format!("{user}@virtual.test"));
        assert_eq!(answer(server, "joe"), "250 2.1.5 Ok");
        let unknown =
            "550 5.1.1 <nobody@virtual.test>: Recipient address rejected: User unknown in virtual alias table";
        assert_eq!(answer(server, "nobody"), unknown);
        let refused = "554 5.7.1 <blocked@virtual.test>: Recipient address rejected: go away";
        assert_eq!(answer(server, "blocked"), refused);
        if server.is_postfix() && !postfix_too {
            return;
        }
        (kill.borrow_mut())();
        for user in ["joe", "nobody", "blocked"] {
            let reply = answer(server, user);
            assert!(reply.starts_with("451 4.3."), "{user}: {reply}");
        }
        server.logged(&["warning:", "lookup error"]);
    });
}
