//! Debian's database servers, each in a directory of the test, without durability and as the user it wants to be.

use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::Signal,
    unistd::{User, chown},
};
use waxwing_tests::{namespace::Place, needs, waiting};

/// A server that can be started and killed again and again.
pub struct Database {
    start: Box<dyn Fn() -> Command>,
    /// Succeeds once it answers.
    ready: Box<dyn Fn() -> bool>,
    child: Option<Child>,
    log: PathBuf,
    signal: Signal,
}

impl Database {
    fn new(log: &Path, start: impl Fn() -> Command + 'static, ready: impl Fn() -> bool + 'static) -> Self {
        let mut database = Self {
            start: Box::new(start),
            ready: Box::new(ready),
            child: None,
            log: log.to_path_buf(),
            signal: Signal::SIGKILL,
        };
        database.start();
        database
    }

    pub fn start(&mut self) {
        if self.child.is_some() {
            return;
        }
        let log = fs::File::options().create(true).append(true).open(&self.log).expect("a log");
        let mut command = (self.start)();
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a file")).stderr(log);
        self.child = Some(command.spawn().expect("a database server starts"));
        let ready = waiting::until_true(30, || (self.ready)());
        assert!(ready, "{command:?} does not answer\n{}", fs::read_to_string(&self.log).unwrap_or_default());
    }

    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // PostgreSQL's processes outlive their parent for as long as a connection is open; SIGQUIT ends them all at once.
            let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
            nix::sys::signal::kill(pid, self.signal).expect("kill");
            child.wait().expect("a child");
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.kill();
    }
}

fn run(mut command: Command) {
    let output = command.stdin(Stdio::null()).output().expect("a database command starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{command:?}: {}{}", text(&output.stdout), text(&output.stderr));
}

fn succeeds(mut command: Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A directory that belongs to a user.
fn directory_of(place: &Place, name: &str, user: &User) -> PathBuf {
    let path = place.directory(name);
    chown(&path, Some(user.uid), Some(user.gid)).expect("chown");
    path
}

fn user(name: &str) -> User {
    User::from_name(name).ok().flatten().unwrap_or_else(|| panic!("user {name}, made by Debian's package"))
}

/// PostgreSQL on 127.0.0.1:5432 and a socket in the directory it says. User `mail` has the password `secret`.
pub fn postgresql(place: &Place, sql: &str) -> (Database, PathBuf) {
    let bin = needs::postgresql().expect("present, as was asked");
    let owner = user("postgres");
    let (data, sockets) = (directory_of(place, "pgdata", &owner), directory_of(place, "pgsocket", &owner));
    let (uid, gid) = (owner.uid.as_raw(), owner.gid.as_raw());
    let mut initdb = Command::new(bin.join("initdb"));
    initdb.args([
        "--auth=trust",
        "--auth-host=scram-sha-256",
        "--no-sync",
        "--no-instructions",
        "--locale=C.UTF-8",
        "-E",
        "UTF8",
        "-U",
        "postgres",
        "-D",
    ]);
    run({
        initdb.arg(&data).current_dir("/").uid(uid).gid(gid);
        initdb
    });
    let (server, socket) = (bin.join("postgres"), sockets.clone());
    let start = move || {
        // A killed server leaves its lock behind.
        let _ = fs::remove_file(data.join("postmaster.pid"));
        let mut command = Command::new(&server);
        command.arg("-D").arg(&data).arg("-k").arg(&socket).args(["-h", "127.0.0.1", "-p", "5432", "-F"]);
        command.args(["-c", "shared_buffers=1MB", "-c", "max_connections=40"]);
        command.current_dir("/").uid(uid).gid(gid);
        command
    };
    let psql = {
        let (bin, sockets) = (bin.clone(), sockets.clone());
        move |database: &str, sql: &str| {
            let mut command = Command::new(bin.join("psql"));
            command.args(["-q", "-X", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-h"]).arg(&sockets);
            command.args(["-d", database, "-c", sql]);
            command
        }
    };
    let ready = {
        let psql = psql.clone();
        move || succeeds(psql("postgres", "SELECT 1"))
    };
    let mut database = Database::new(&place.path().join("pg.log"), start, ready);
    database.signal = Signal::SIGQUIT;
    run(psql("postgres", "CREATE ROLE mail LOGIN PASSWORD 'secret'"));
    run(psql("postgres", "CREATE DATABASE mail OWNER mail"));
    run(psql("mail", &format!("SET ROLE mail; {sql}")));
    (database, sockets)
}

/// MariaDB on 127.0.0.1:3306 and the socket it says. User `mail` has the password `secret`.
pub fn mariadb(place: &Place, sql: &str) -> (Database, PathBuf) {
    let owner = user("mysql");
    let data = directory_of(place, "mysqldata", &owner);
    let socket = directory_of(place, "mysqlsocket", &owner).join("sock");
    let mut install = Command::new("/usr/bin/mariadb-install-db");
    install.args(["--no-defaults", "--user=mysql", "--auth-root-authentication-method=normal", "--skip-test-db"]);
    install.args(["--skip-name-resolve", "--innodb-log-file-size=4M", "--innodb-flush-log-at-trx-commit=0"]);
    run({
        install.arg(format!("--datadir={}", data.display()));
        install
    });
    let path = socket.clone();
    let start = move || {
        let mut command = Command::new("/usr/sbin/mariadbd");
        command.args([
            "--no-defaults",
            "--user=mysql",
            "--bind-address=127.0.0.1",
            "--port=3306",
            "--skip-name-resolve",
        ]);
        command.args([
            "--innodb-log-file-size=4M",
            "--innodb-buffer-pool-size=8M",
            "--innodb-flush-log-at-trx-commit=0",
        ]);
        command.arg(format!("--datadir={}", data.display())).arg(format!("--socket={}", path.display()));
        command
    };
    let client = {
        let socket = socket.clone();
        move |sql: &str| {
            let mut command = Command::new("/usr/bin/mariadb");
            command.args(["--no-defaults", "--user=root", "--default-character-set=utf8mb4"]);
            command.arg(format!("--socket={}", socket.display())).args(["-e", sql]);
            command
        }
    };
    let ready = {
        let client = client.clone();
        move || succeeds(client("SELECT 1"))
    };
    let database = Database::new(&place.path().join("mysql.log"), start, ready);
    run(client(&format!(
        "CREATE DATABASE mail CHARACTER SET utf8mb4; USE mail; {sql};
         CREATE USER mail@localhost IDENTIFIED BY 'secret'; GRANT ALL ON mail.* TO mail@localhost;
         CREATE USER mail@'127.0.0.1' IDENTIFIED BY 'secret'; GRANT ALL ON mail.* TO mail@'127.0.0.1'"
    )));
    (database, socket)
}

/// slapd on ldap://127.0.0.1 and ldaps://127.0.0.1, with StartTLS; `cn=admin,dc=test` has the password `secret`.
pub fn slapd(place: &Place, ldif: &str) -> Database {
    let data = place.directory("slapd");
    let certificates = waxwing_tests::tls::certificates();
    let config = place.path().join("slapd.conf");
    let text = format!(
        "include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
include /etc/ldap/schema/misc.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {dir}/pid
TLSCertificateFile {certificates}/server.pem
TLSCertificateKeyFile {certificates}/server.key
database mdb
maxsize 10485760
dbnosync
suffix dc=test
rootdn cn=admin,dc=test
rootpw secret
directory {dir}
access to * by * read
",
        dir = data.display(),
        certificates = certificates.display(),
    );
    fs::write(&config, text).expect("slapd.conf");
    let start = {
        let config = config.clone();
        move || {
            let mut command = Command::new("/usr/sbin/slapd");
            command.arg("-f").arg(&config).args(["-h", "ldap://127.0.0.1/ ldaps://127.0.0.1/", "-d", "0"]);
            command
        }
    };
    let ready = || {
        let mut command = Command::new("/usr/bin/ldapsearch");
        command.args(["-x", "-H", "ldap://127.0.0.1/", "-s", "base", "-b", "", "1.1"]);
        succeeds(command)
    };
    let database = Database::new(&place.path().join("slapd.log"), start, ready);
    let file = place.path().join("entries.ldif");
    fs::write(&file, ldif).expect("ldif");
    let mut add = Command::new("/usr/bin/ldapadd");
    add.args(["-x", "-H", "ldap://127.0.0.1/", "-D", "cn=admin,dc=test", "-w", "secret", "-f"]).arg(&file);
    run(add);
    database
}

/// memcached on 127.0.0.1:11211.
pub fn memcached(place: &Place) -> Database {
    let start = || {
        let mut command = Command::new("/usr/bin/memcached");
        command.args(["-l", "127.0.0.1", "-p", "11211", "-u", "nobody", "-m", "8"]);
        command
    };
    let ready = || std::net::TcpStream::connect("127.0.0.1:11211").is_ok();
    Database::new(&place.path().join("memcached.log"), start, ready)
}
