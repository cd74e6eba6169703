//! A server with a configuration of its own in every line, several of which may run at a time.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use nix::unistd::{User, chown};
use waxwing_tests::{
    client::Client,
    server::{Kind, Server, binary},
    waiting,
};

/// One configuration directory with queue and data directory.
pub struct Instance {
    kind: Kind,
    pub directory: PathBuf,
}

/// What both servers need to run in a test.
const MAIN: &str = "\
compatibility_level = 3.6
alias_maps =
alias_database =
biff = no
mail_owner = postfix
setgid_group = postdrop
maillog_file_prefixes = /
smtpd_peername_lookup = no
inet_protocols = ipv4
";

/// All but the services that listen on the network, and local delivery.
pub const MASTER: &str = "\
pickup unix n - n 1 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
";

impl Instance {
    /// Below the directory of a server that is not started itself.
    pub fn beside(server: &Server, name: &str, main: &str, master: &str) -> Self {
        let directory = server.directory.join(name);
        let instance = Self { kind: server.kind, directory };
        let owner = User::from_name("postfix").ok().flatten().expect("user postfix, made by Debian's package");
        for part in ["", "conf", "spool", "data"] {
            let path = instance.directory.join(part);
            fs::create_dir_all(&path).expect("a directory");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("chmod");
            if part == "data" || (part == "spool" && !server.is_postfix()) {
                chown(&path, Some(owner.uid), Some(owner.gid)).expect("chown");
            }
        }
        instance.write(main, master);
        instance
    }

    pub fn conf(&self) -> PathBuf {
        self.directory.join("conf")
    }

    pub fn write(&self, main: &str, master: &str) {
        let dir = self.directory.display();
        let mut text =
            format!("{MAIN}queue_directory = {dir}/spool\ndata_directory = {dir}/data\nmaillog_file = {dir}/log\n");
        let mut services = format!("{MASTER}{master}");
        if self.kind == Kind::Postfix {
            text += "command_directory = /usr/sbin\ndaemon_directory = /usr/lib/postfix/sbin\n";
            services += "postlog unix-dgram n - n - 1 postlogd\n";
        }
        fs::write(self.conf().join("main.cf"), text + main).expect("main.cf");
        fs::write(self.conf().join("master.cf"), services).expect("master.cf");
    }

    /// A command by its Postfix name, told of this configuration the way that command is.
    pub fn command(&self, name: &str, words: &[&str], input: &Path) -> Output {
        let mut command = match self.kind {
            Kind::Postfix => Command::new(format!("/usr/sbin/{name}")),
            Kind::Waxwing => {
                let mut command = Command::new(binary());
                command.arg(name);
                command
            }
        };
        command.arg(if name == "sendmail" { "-C" } else { "-c" }).arg(self.conf()).args(words);
        command.env_remove("MAIL_CONFIG").stdin(fs::File::open(input).expect("input"));
        // To files, not pipes: a server started by the command keeps them open.
        let place = |what: &str| self.directory.join(format!("{name}.{what}"));
        let create = |what: &str| Stdio::from(fs::File::create(place(what)).expect("create"));
        let status = command.stdout(create("out")).stderr(create("err")).status().expect("a command runs");
        let read = |what: &str| fs::read(place(what)).expect("just written");
        Output { status, stdout: read("out"), stderr: read("err") }
    }

    /// What a command says, which must succeed.
    pub fn says(&self, name: &str, words: &[&str]) -> String {
        let output = self.command(name, words, Path::new("/dev/null"));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{name} {words:?}: {}{}", text(&output.stderr), self.log());
        text(&output.stdout)
    }

    pub fn postfix(&self, word: &str) -> bool {
        self.command("postfix", &[word], Path::new("/dev/null")).status.success()
    }

    pub fn start(&self) {
        assert!(self.postfix("start"), "does not start\n{}", self.log());
        assert!(waiting::until_true(20, || self.postfix("status")), "does not run\n{}", self.log());
    }

    /// Submits a message; the error is what sendmail says.
    pub fn sendmail(&self, sender: Option<&str>, recipient: &str) {
        let message = self.directory.join("message");
        fs::write(&message, "Subject: mail\n\nbody\n").expect("a message");
        let words: Vec<&str> =
            sender.map_or(vec![], |sender| vec!["-f", sender]).into_iter().chain([recipient]).collect();
        let output = self.command("sendmail", &words, &message);
        assert!(output.status.success(), "sendmail: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// The queue as `mailq` prints it, once it has what is awaited.
    pub fn mailq_with(&self, words: &[&str]) -> String {
        let mut last = String::new();
        let found = waiting::until_true(30, || {
            last = self.says("postqueue", &["-p"]);
            words.iter().all(|word| last.contains(word))
        });
        assert!(found, "no {words:?} in\n{last}\n{}", self.log());
        last
    }

    /// The first line it says on a port, if it says one.
    pub fn greeting(address: &str) -> Option<String> {
        let mut client = Client::between("127.0.0.1", address).ok()?;
        let greeting = client.reply();
        client.send(b"QUIT\r\n");
        Some(greeting)
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.directory.join("log")).unwrap_or_default()
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.postfix("stop");
    }
}
