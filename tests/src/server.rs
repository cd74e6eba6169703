//! Postfix or Waxwing as a test starts it: the same main.cf, master.cf and tables in a directory of its own.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    time::Duration,
};

use crate::{client::Client, compiled, namespace::Place, needs, waiting};

mod process;

pub use process::{descendants, is_gone};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Postfix,
    Waxwing,
}

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Self::Postfix => "postfix",
            Self::Waxwing => "waxwing",
        }
    }
}

/// What every test starts from. A line of the test's own replaces the one of the same name.
const BASE: &str = "\
compatibility_level = 3.6
myhostname = mx.test
mydomain = test
mydestination = $myhostname, localhost
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = all
alias_maps =
alias_database =
local_recipient_maps =
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_authorized_xforward_hosts = 127.0.0.1
smtpd_banner = $myhostname ESMTP
smtpd_peername_lookup = no
maillog_file_prefixes = /
smtpd_error_sleep_time = 0
smtpd_hard_error_limit = 1000
smtpd_soft_error_limit = 1000
smtpd_junk_command_limit = 10000
smtpd_client_connection_count_limit = 0
default_transport = discard
local_transport = discard
virtual_transport = discard
relay_transport = discard
biff = no
mail_owner = postfix
setgid_group = postdrop
";

const MASTER: &str = "\
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
tlsmgr unix - - n 1000? 1 tlsmgr
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
";

pub struct Server {
    pub kind: Kind,
    pub port: u16,
    /// Where clients connect to.
    pub listen: String,
    /// Everything of this server lies below.
    pub directory: PathBuf,
    /// Further lines of master.cf.
    pub master: String,
    /// Set for the process, such as LD_PRELOAD. Waxwing only.
    pub environment: Vec<(String, String)>,
    main: String,
    /// Parameters that main.cf does not have.
    unset: Vec<String>,
    tables: Vec<String>,
    process: Option<Child>,
}

/// Plays the test to Postfix, which proves the test, then to Waxwing. Says which of them failed, with its log. Postfix gets a
/// second try: now and then one of its own queue scans meets a delivery under way, and mail waits for the next scan.
pub fn both(place: &Place, test: impl Fn(&mut Server)) {
    let mut failures = Vec::new();
    for kind in [Kind::Postfix, Kind::Waxwing].into_iter().filter(|k| needs::asked_for(k.name())) {
        let mut failure = alone(place, kind, &test).err();
        if let (Kind::Postfix, Some(why)) = (kind, &failure) {
            needs::say(&format!("once more, after: {why}"));
            fs::remove_dir_all(place.directory(kind.name())).expect("its files go");
            failure = alone(place, kind, &test).err();
        }
        failures.extend(failure);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// The test on one of them; the error is what failed and the end of the log.
pub fn alone(place: &Place, kind: Kind, test: &dyn Fn(&mut Server)) -> Result<(), String> {
    let mut server = Server::new(place, kind);
    let outcome = catch_unwind(AssertUnwindSafe(|| test(&mut server)));
    let log = server.log();
    let end: Vec<&str> = log.lines().rev().take(30).collect();
    let end: Vec<&str> = end.into_iter().rev().collect();
    let printed = fs::read_to_string(server.directory.join("output")).unwrap_or_default();
    server.stop();
    let Err(panic) = outcome else { return Ok(()) };
    let text = panic.downcast_ref::<String>().cloned();
    let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| s.to_string())).unwrap_or_default();
    Err(format!(
        "=== {} failed: {text}\n--- its log ends:\n{}\n--- it printed:\n{printed}",
        kind.name(),
        end.join("\n")
    ))
}

/// The account both servers run as.
fn mail_owner() -> (u32, u32) {
    let owner = nix::unistd::User::from_name("postfix").ok().flatten().expect("user postfix, made by Debian's package");
    (owner.uid.as_raw(), owner.gid.as_raw())
}

impl Server {
    pub fn new(place: &Place, kind: Kind) -> Self {
        let directory = place.directory(kind.name());
        for name in ["conf", "spool", "data"] {
            place.directory(&format!("{}/{name}", kind.name()));
        }
        let port = if kind == Kind::Postfix { 2501 } else { 2502 };
        let server = Self {
            kind,
            port,
            listen: "127.0.0.1".into(),
            directory,
            master: String::new(),
            environment: Vec::new(),
            main: String::new(),
            unset: Vec::new(),
            tables: Vec::new(),
            process: None,
        };
        server.give("data");
        if kind == Kind::Waxwing {
            server.give("spool");
        }
        server
    }

    pub fn is_postfix(&self) -> bool {
        self.kind == Kind::Postfix
    }

    /// A directory below this server's becomes the mail owner's.
    pub fn give(&self, name: &str) {
        let (uid, gid) = mail_owner();
        std::os::unix::fs::chown(self.directory.join(name), Some(uid), Some(gid)).expect("chown");
    }

    pub fn conf(&self) -> PathBuf {
        self.directory.join("conf")
    }

    pub fn queue_directory(&self) -> PathBuf {
        self.directory.join("spool")
    }

    /// The test's own lines of main.cf; a second call replaces the first. Written at once.
    pub fn main_cf(&mut self, lines: &str) -> &mut Self {
        self.main = lines.to_string();
        self.write();
        self
    }

    /// Leaves a line out that every other test starts from. To be called before [`Self::main_cf`].
    pub fn unset(&mut self, parameter: &str) {
        self.unset.push(parameter.into());
    }

    /// A file in the configuration directory; for hash: and btree: tables it is compiled for Postfix.
    pub fn table(&mut self, name: &str, text: &str) -> &mut Self {
        fs::write(self.conf().join(name), text).expect("write a table");
        if !self.tables.iter().any(|t| t == name) {
            self.tables.push(name.into());
        }
        if self.is_postfix() {
            self.compile(name);
        }
        self
    }

    fn compile(&self, name: &str) {
        for kind in ["hash", "btree"] {
            let whole = format!("{kind}:{}", self.conf().join(name).display());
            let short = format!("{kind}:$config_directory/{name}");
            let used = |text: &str| {
                text.match_indices(&short).any(|(at, found)| {
                    let next = text[at + found.len()..].chars().next();
                    next.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '-' && c != '_' && c != '.')
                })
            };
            if used(&self.main) || used(&self.master) {
                let aliases = name.starts_with("aliases");
                let program = if aliases { "postalias" } else { "postmap" };
                let done = Command::new(program).arg("-c").arg(self.conf()).arg(&whole).output().expect("postmap runs");
                assert!(done.status.success(), "{program} {whole}: {}", String::from_utf8_lossy(&done.stderr));
            }
        }
    }

    fn write(&mut self) {
        let set = |text: &str| -> Vec<String> {
            let lines = text.lines().filter(|l| !l.starts_with([' ', '\t', '#']));
            lines.filter_map(|l| l.split_once('=')).map(|(name, _)| name.trim().to_string()).collect()
        };
        let own: Vec<String> = set(&self.main).into_iter().chain(self.unset.clone()).collect();
        let mut base = BASE.to_string();
        let dir = self.directory.display();
        base += &format!("queue_directory = {dir}/spool\ndata_directory = {dir}/data\nmaillog_file = {dir}/mail.log\n");
        if self.main.contains("$certificates") || self.master.contains("$certificates") {
            base += &format!("certificates = {}\n", crate::tls::certificates().display());
        }
        if self.is_postfix() {
            base += "command_directory = /usr/sbin\ndaemon_directory = /usr/lib/postfix/sbin\n";
        }
        let kept = base.lines().filter(|l| !own.contains(&l.split('=').next().unwrap_or_default().trim().to_string()));
        let main: String = kept.map(|l| format!("{l}\n")).chain([self.main.clone()]).collect();
        let mut master = format!("{} inet n - n - - smtpd\n{MASTER}", self.port);
        if self.is_postfix() {
            master += "postlog unix-dgram n - n - 1 postlogd\n";
        }
        // Tables first: an smtpd that starts in between must find what its main.cf names. But postmap(1) needs one, too.
        if !self.conf().join("main.cf").exists() {
            fs::write(self.conf().join("main.cf"), &main).expect("write main.cf");
        }
        if self.is_postfix() {
            for name in self.tables.clone() {
                self.compile(&name);
            }
        }
        fs::write(self.conf().join("main.cf"), main).expect("write main.cf");
        fs::write(self.conf().join("master.cf"), master + &self.master).expect("write master.cf");
    }

    /// Starts it and waits until it listens. Panics with what it printed otherwise.
    pub fn start(&mut self) {
        if let Err(why) = self.try_start() {
            panic!("{} does not start: {why}", self.kind.name());
        }
    }

    /// The error is what it printed and logged.
    pub fn try_start(&mut self) -> Result<(), String> {
        self.write();
        let printed = self.directory.join("output");
        let output = fs::File::options().create(true).append(true).open(&printed).expect("open");
        let said = |server: &Self| format!("{}{}", fs::read_to_string(&printed).unwrap_or_default(), server.log());
        match self.kind {
            Kind::Postfix => {
                let mut command = Command::new("postfix");
                command.arg("-c").arg(self.conf()).arg("start").stdin(Stdio::null());
                command.stdout(output.try_clone().expect("a file")).stderr(output);
                if !command.status().expect("postfix runs").success() {
                    return Err(said(self));
                }
            }
            Kind::Waxwing => {
                compiled::lend(&self.directory.join("data"), mail_owner());
                let mut command = Command::new(binary());
                command.arg("-c").arg(self.conf()).arg("start-fg").stdin(Stdio::null());
                command.stdout(output.try_clone().expect("a file")).stderr(output).envs(self.environment.clone());
                self.process = Some(command.spawn().expect("waxwing runs"));
            }
        }
        let mut ended = None;
        waiting::until_true(60, || {
            ended = self.process.as_mut().and_then(|p| p.try_wait().ok().flatten());
            ended.is_some() || Client::between(&self.listen, &format!("{}:{}", self.listen, self.port)).is_ok()
        });
        if let Some(status) = ended {
            self.process = None;
            return Err(format!("ended with {status}\n{}", said(self)));
        }
        match Client::between(&self.listen, &format!("{}:{}", self.listen, self.port)) {
            Ok(mut client) => {
                // All ports are open when the first of them greets; some tests make it greet late or never.
                client.set_patience(Duration::from_secs(2));
                client.reply_line();
                if !self.is_postfix() {
                    compiled::collect(&self.directory.join("data"));
                }
                Ok(())
            }
            Err(why) => Err(format!("does not listen: {why}\n{}", said(self))),
        }
    }

    /// Asks the running server to read its files again. Does not wait for it to do so.
    pub fn reload(&mut self) -> Output {
        let output = match self.kind {
            Kind::Postfix => Command::new("postfix").arg("-c").arg(self.conf()).arg("reload").output(),
            Kind::Waxwing => Command::new(binary()).arg("-c").arg(self.conf()).arg("reload").output(),
        };
        output.expect("reload runs")
    }

    /// New lines for main.cf, a reload, and the wait until new sessions follow them: the banner says so.
    pub fn reconfigure(&mut self, lines: &str, number: usize) {
        let banner = if lines.contains("smtpd_banner") {
            String::new()
        } else {
            format!("smtpd_banner = $myhostname ESMTP setting{number}\n")
        };
        self.main_cf(&format!("{lines}\n{banner}"));
        let mark = format!("setting{number}");
        for attempt in 0..5 {
            if self.is_postfix() && (attempt > 0 || banner.is_empty()) {
                // Its reload sometimes leaves an old smtpd holding the port; it is not what is tested.
                self.stop();
                self.start();
            } else {
                let output = self.reload();
                assert!(output.status.success(), "{} reload: {}", self.kind.name(), self.said(&output));
            }
            if banner.is_empty() {
                std::thread::sleep(Duration::from_secs(1));
                return;
            }
            if waiting::until_true(6, || self.greets_with(&mark)) {
                return;
            }
        }
        panic!("{} does not follow its new main.cf:\n{lines}\n{}", self.kind.name(), self.log_end());
    }

    /// What a command printed, and the end of the log.
    fn said(&self, output: &Output) -> String {
        let log = self.log();
        let end: Vec<&str> = log.lines().rev().take(3).collect();
        format!("{}{}{end:#?}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
    }

    /// Postfix under load may leave a connection to a process that is about to end, hence the short patience.
    fn greets_with(&self, mark: &str) -> bool {
        let Ok(mut client) = Client::connect(self.port) else { return false };
        client.set_patience(Duration::from_secs(2));
        let greeting = client.reply();
        client.send(b"QUIT\r\n");
        // Or it greets nobody: then the setting is about that.
        greeting.ends_with(mark) || greeting.starts_with(['4', '5'])
    }

    /// Ends it in order.
    pub fn stop(&mut self) {
        match self.kind {
            Kind::Postfix => {
                // Not running is no error here.
                let _ = Command::new("postfix").arg("-c").arg(self.conf()).arg("stop").output();
            }
            Kind::Waxwing => {
                let Some(mut process) = self.process.take() else { return };
                let family = process::descendants(process.id());
                process::signal(process.id(), nix::sys::signal::Signal::SIGTERM);
                waiting::until_true(10, || !matches!(process.try_wait(), Ok(None)));
                // Whether it ends in time, with all its processes, is a test of its own (configuration/lifetime.rs).
                family.iter().for_each(|pid| process::signal(*pid, nix::sys::signal::Signal::SIGKILL));
                process.wait().expect("a child");
            }
        }
    }

    /// SIGKILL to the server and all its processes, at once.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("waxwing runs");
        let family = process::kill_family(process.id());
        process.wait().expect("a child");
        assert!(waiting::until_true(5, || family.iter().all(|pid| process::is_gone(*pid))), "SIGKILL does not kill");
    }

    /// True while the process that was started lives.
    pub fn lives(&mut self) -> bool {
        self.process.as_mut().is_some_and(|p| matches!(p.try_wait(), Ok(None)))
    }

    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("waxwing runs").id()
    }

    pub fn log(&self) -> String {
        fs::read(self.directory.join("mail.log")).map(|t| String::from_utf8_lossy(&t).into_owned()).unwrap_or_default()
    }

    /// The end of the log, for failure messages.
    pub fn log_end(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(25)..].join("\n")
    }

    /// The first log line with all the words, waited for. Panics with the log otherwise.
    pub fn logged(&self, words: &[&str]) -> String {
        let find = || self.log().lines().find(|l| words.iter().all(|w| l.contains(w))).map(str::to_string);
        waiting::until(30, find)
            .unwrap_or_else(|| panic!("{}: no log line with {words:?}\n{}", self.kind.name(), self.log_end()))
    }

    /// Runs an admin command by its Postfix name, such as `postqueue`, on this server's configuration.
    pub fn command(&self, name: &str, arguments: &[&str]) -> Output {
        let mut command = match self.kind {
            Kind::Postfix => Command::new(format!("/usr/sbin/{name}")),
            Kind::Waxwing => {
                let mut command = Command::new(binary());
                command.arg(name);
                command
            }
        };
        if name == "sendmail" {
            command.arg("-C").arg(self.conf());
        } else {
            command.arg("-c").arg(self.conf());
        }
        command.env("MAIL_CONFIG", self.conf()).args(arguments).stdin(Stdio::null());
        // To files, not pipes: a server started by the command may keep them open.
        let place = |what: &str| self.directory.join(format!("{name}.{what}"));
        let create = |what: &str| fs::File::create(place(what)).expect("create");
        let status = command.stdout(create("stdout")).stderr(create("stderr")).status().expect("an admin command runs");
        let read = |what: &str| fs::read(place(what)).expect("just written");
        Output { status, stdout: read("stdout"), stderr: read("stderr") }
    }

    /// postmulti(1), which takes its directory from the environment alone.
    pub fn multi(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(binary());
        command.arg("postmulti").args(arguments).env("MAIL_CONFIG", self.conf()).stdin(Stdio::null());
        command.output().expect("postmulti runs")
    }

    /// `postqueue -j`, one value a message.
    pub fn queue(&self) -> Vec<serde_json::Value> {
        let output = self.command("postqueue", &["-j"]);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let parse = |l: &str| serde_json::from_str(l).unwrap_or_else(|e| panic!("postqueue -j printed {l}: {e}"));
        text.lines().map(parse).collect()
    }

    pub fn wait_until_queue_empty(&self, seconds: u64) {
        let empty = waiting::until_true(seconds, || self.queue().is_empty());
        assert!(empty, "{}: still in the queue after {seconds} s: {:#?}", self.kind.name(), self.queue());
    }

    /// Tries all deferred mail now.
    pub fn flush(&self) {
        let output = self.command("postqueue", &["-f"]);
        assert!(output.status.success(), "postqueue -f: {}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(process) = self.process.as_mut() {
            process::kill_family(process.id());
            let _ = process.wait();
        }
    }
}

/// The binary under test, by its absolute path: tests run in other directories than the one `$WAXWING` was given in.
pub fn binary() -> PathBuf {
    needs::waxwing().clone().expect("needs::present checked it")
}
