//! Dovecot as the server that checks passwords: only its auth service, with users in a file.

use std::{
    fs,
    net::TcpStream,
    path::Path,
    process::{Child, Command, Stdio},
};

use crate::{namespace::Place, waiting};

/// Runs until it is dropped.
pub struct Dovecot {
    process: Child,
}

/// Where it listens for `smtpd_sasl_path = inet:…`.
pub const AUTH_PORT: u16 = 12_345;

impl Dovecot {
    /// `users` are `name:password`. Listens on [`AUTH_PORT`], and on a socket of that path for the mail owner.
    pub fn serve(place: &Place, users: &[&str], socket: Option<&Path>) -> Self {
        let directory = place.directory("dovecot");
        let path = directory.display();
        let lines: String = users
            .iter()
            .map(|user| user.split_once(':').expect("name:password"))
            .map(|(name, password)| format!("{name}:{{PLAIN}}{password}::::::\n"))
            .collect();
        fs::write(directory.join("passwd"), lines).expect("write");
        let listener = socket.map_or_else(String::new, |socket| {
            format!(
                "  unix_listener {} {{\n    mode = 0660\n    user = postfix\n    group = postfix\n  }}\n",
                socket.display()
            )
        });
        // No penalty for wrong passwords: there are many of them here.
        let text = format!(
            "base_dir = {path}/run\nstate_dir = {path}/state\nlog_path = {path}/log\nprotocols =\nssl = no\n\
             disable_plaintext_auth = no\nauth_mechanisms = plain login cram-md5 anonymous\nauth_failure_delay = 0\n\
             passdb {{\n  driver = passwd-file\n  args = username_format=%u {path}/passwd\n}}\n\
             userdb {{\n  driver = static\n  args = uid=65534 gid=65534 home=/tmp\n}}\n\
             service anvil {{\n  unix_listener anvil-auth-penalty {{\n    mode = 0\n  }}\n}}\n\
             service auth {{\n{listener}  inet_listener {{\n    address = 127.0.0.1\n    port = {AUTH_PORT}\n  }}\n}}\n"
        );
        fs::write(directory.join("dovecot.conf"), text).expect("write");
        let mut command = Command::new("/usr/sbin/dovecot");
        command.arg("-F").arg("-c").arg(directory.join("dovecot.conf")).stdin(Stdio::null());
        let process = command.spawn().expect("dovecot runs");
        let up = waiting::until_true(20, || TcpStream::connect(("127.0.0.1", AUTH_PORT)).is_ok());
        assert!(up, "dovecot does not listen: {}", fs::read_to_string(directory.join("log")).unwrap_or_default());
        Self { process }
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        let pid = nix::unistd::Pid::from_raw(self.process.id() as i32);
        // Already gone is as good.
        let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM);
        let _ = self.process.wait();
    }
}
