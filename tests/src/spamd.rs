//! Debian's spamd in a test: a rule of the test's own, nothing from the network, no database.

use std::{
    fs,
    net::TcpStream,
    os::unix::process::CommandExt,
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};

use crate::{namespace::Place, waiting};

/// Listens on 127.0.0.1:783, where spamc looks for it, until it is dropped.
pub struct Spamd {
    process: Child,
    directory: PathBuf,
}

impl Spamd {
    /// Mail with "buy now" in its text scores 20.
    pub fn serve(place: &Place) -> Self {
        let directory = place.directory("spamd");
        let write = |name: &str, text: &str| fs::write(directory.join(name), text).expect("written");
        write("init.pre", "loadplugin Mail::SpamAssassin::Plugin::Check\n");
        let rules = "required_score 5\nreport_safe 0\nallow_user_rules 0\nuse_bayes 0\nbody BUY_NOW /buy now/\n\
                     score BUY_NOW 20\ndescribe BUY_NOW An offer\nadd_header all Status _YESNO_, score=_SCORE_\n";
        write("local.cf", rules);
        let output = fs::File::create(directory.join("output")).expect("created");
        let mut command = Command::new("/usr/sbin/spamd");
        command.args(["-L", "-x", "-m", "1", "-i", "127.0.0.1", "-A", "127.0.0.1", "-u", "nobody", "-s", "stderr"]);
        command.arg(format!("--configpath={}", directory.display()));
        command.arg(format!("--siteconfigpath={}", directory.display())).process_group(0);
        command.stdin(Stdio::null()).stdout(output.try_clone().expect("a file")).stderr(output);
        let spamd = Self { process: command.spawn().expect("spamd runs"), directory };
        let ready = waiting::until_true(60, || TcpStream::connect("127.0.0.1:783").is_ok());
        assert!(ready, "spamd does not listen\n{}", spamd.log());
        spamd
    }

    /// What it printed.
    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.join("output")).unwrap_or_default()
    }
}

impl Drop for Spamd {
    fn drop(&mut self) {
        // Its children with it; already gone is as good.
        let _ = killpg(Pid::from_raw(self.process.id().cast_signed()), Signal::SIGKILL);
        let _ = self.process.wait();
    }
}
