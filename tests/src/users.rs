//! Users for tests of local delivery: an /etc/passwd and /etc/group of the test's own, mounted in its namespace only, with
//! homes below the server's directory.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Command,
};

use crate::server::Server;

/// Name and number, which is the group's too.
pub const USERS: &[(&str, u32)] =
    &[("joe", 5001), ("jane", 5002), ("writer", 5003), ("uucp-user", 5004), ("vmail", 150), ("you", 5005)];

/// Their files for one server.
pub struct Users {
    directory: PathBuf,
}

impl Users {
    /// Homes, a mail spool of group mail as Debian has it, and a directory that everybody may write to. Replaces those of
    /// the server before.
    pub fn of(server: &Server) -> Self {
        let users = Self { directory: server.directory.clone() };
        let read = |path: &str| fs::read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}"));
        let known = |line: &&str| !USERS.iter().any(|(name, _)| line.starts_with(&format!("{name}:")));
        let keep = |text: String| text.lines().filter(known).map(|line| format!("{line}\n")).collect::<String>();
        let (mut passwd, mut group) = (keep(read("/etc/passwd")), keep(read("/etc/group")));
        for (name, id) in USERS {
            let home = users.home(name);
            passwd += &format!("{name}:x:{id}:{id}::{}:/bin/sh\n", home.display());
            group += &format!("{name}:x:{id}:\n");
            fs::create_dir_all(&home).expect("a home");
            own(&home, *id);
            mode(&home, 0o755);
        }
        for (name, text) in [("passwd", passwd), ("group", group)] {
            let path = users.directory.join(name);
            fs::write(&path, text).expect("written");
            mode(&path, 0o644);
            let done = Command::new("mount").arg("--bind").arg(&path).arg(format!("/etc/{name}")).status();
            assert!(done.expect("mount runs").success(), "mount {name}");
        }
        fs::create_dir_all(users.spool()).expect("a spool");
        chown(users.spool(), Some(0), Some(8)).expect("chown");
        mode(&users.spool(), 0o2775);
        fs::create_dir_all(users.out()).expect("a directory");
        mode(&users.out(), 0o1777);
        users
    }

    pub fn home(&self, name: &str) -> PathBuf {
        self.directory.join("home").join(name)
    }

    /// mail_spool_directory.
    pub fn spool(&self) -> PathBuf {
        self.directory.join("mail")
    }

    /// Where everybody may write.
    pub fn out(&self) -> PathBuf {
        self.directory.join("out")
    }

    /// A file below the home that is the user's, with this mode.
    pub fn write(&self, user: &str, name: &str, text: &str, permissions: u32) -> PathBuf {
        let path = self.home(user).join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(&path, text).expect("written");
        own(&path, id_of(user));
        mode(&path, permissions);
        path
    }

    /// A program in the directory that everybody may write to.
    pub fn program(&self, name: &str, text: &str) -> PathBuf {
        let path = self.out().join(name);
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).expect("written");
        mode(&path, 0o755);
        path
    }

    /// The mailbox in the spool; empty when there is none.
    pub fn mailbox(&self, user: &str) -> String {
        text(&self.spool().join(user))
    }

    /// The lines for main.cf that have mail delivered here.
    pub fn main_cf(&self) -> String {
        format!(
            "local_transport = local\nmail_spool_directory = {}\nalias_maps = hash:$config_directory/aliases\n\
             alias_database = $alias_maps\nmail_name = Postfix\nminimal_backoff_time = 300s\n",
            self.spool().display()
        )
    }
}

pub fn id_of(user: &str) -> u32 {
    USERS.iter().find(|(name, _)| *name == user).expect("one of the test's users").1
}

pub fn own(path: &Path, id: u32) {
    chown(path, Some(id), Some(id)).expect("chown");
}

pub fn mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
}

/// The content of a file; empty when there is none.
pub fn text(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
