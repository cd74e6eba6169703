//! A test body in network, mount, host name and process namespaces of its own: ports 25 and 53 are free, the resolver is
//! 127.0.0.1, and whatever the body leaves running dies with it.
//!
//! The test runs its own binary again under unshare(1), naming itself with --exact; the mark in the environment tells
//! the second run that it is inside, and of which run it is a part.

use std::{
    any::type_name,
    env, fs,
    path::{Path, PathBuf},
    process::{self, Command, Stdio},
};

use crate::needs::{self, Need};

const MARK: &str = "WAXWING_NAMESPACE";

/// Seconds after which a test is ended from outside. The longest takes a quarter of it on a busy machine.
const LONGEST: &str = "1200";

/// Runs as process 1 of the namespace and reaps what daemons leave behind, so it must not exec the test.
///
/// The longer queue of datagrams is for Postfix's postlogd(8): it logs to its own socket, and waits for itself for ever
/// when its own warnings of main.cf fill the ten places that the kernel gives it.
const SETUP: &str = r#"
mount --make-rprivate /
mount --bind "$1/resolv.conf" /etc/resolv.conf
mount --bind "$1/hosts" /etc/hosts
hostname mx.test
ip link set lo up
echo 4096 > /proc/sys/net/unix/max_dgram_qlen
for net in 10.0.0.1/8 192.0.2.1/24 198.51.100.1/24 203.0.113.1/24 12.34.56.1/24 4.3.2.1/24 5.4.3.2/24 11.22.33.1/24 123.123.123.123/24 10.7.0.99/32 10.8.0.99/32; do ip address add "$net" dev lo; done
shift
"$@"
exit $?
"#;

/// What a test body gets: a directory that every user may enter, removed afterwards.
pub struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::Builder::new().prefix("waxwing-").tempdir().expect("a temporary directory");
        make_open(directory.path());
        Self { directory }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A new directory in it.
    pub fn directory(&self, name: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(&path).expect("a directory");
        make_open(&path);
        path
    }

    /// Mounts an empty file system of so many KiB there, in this namespace only.
    pub fn small_disk(&self, at: &Path, kib: u64) {
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={kib}k,mode=755"), "tmpfs"])
            .arg(at)
            .status()
            .expect("mount runs");
        assert!(status.success(), "mount tmpfs at {}", at.display());
    }
}

fn make_open(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("chmod");
}

/// True in the second run.
pub fn is_inside() -> bool {
    env::var_os(MARK).is_some()
}

/// The run of the test binary, the same inside and outside.
pub fn run() -> String {
    env::var(MARK).unwrap_or_else(|_| process::id().to_string())
}

/// Runs `body` inside, or says why not. To be called from the test function with a closure written there: the
/// closure's type carries the name of the test.
pub fn inside<F: FnOnce(&Place)>(needs: &[Need], body: F) {
    inside_named(test_name::<F>(), needs, body);
}

/// The same for a test with this name.
pub fn inside_named(name: String, needs: &[Need], body: impl FnOnce(&Place)) {
    if is_inside() {
        let place = Place::new();
        let kept = env::var_os("WAXWING_KEEP").is_some();
        body(&place);
        if kept {
            needs::say(&format!("kept: {}", place.directory.keep().display()));
        }
        return;
    }
    if !needs::present(&name, needs) {
        return;
    }
    let outside = Place::new();
    fs::write(outside.path().join("resolv.conf"), "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        .expect("write");
    fs::write(outside.path().join("hosts"), "127.0.0.1 localhost mx.test\n").expect("write");
    let mut command = Command::new("timeout");
    command.args([
        "--signal=KILL",
        LONGEST,
        "unshare",
        "--mount",
        "--net",
        "--uts",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "bash",
        "-ec",
        SETUP,
        "bash",
    ]);
    command.arg(outside.path());
    command.arg(env::current_exe().expect("own path")).args(["--exact", &name, "--nocapture", "--test-threads=1"]);
    command.env(MARK, run()).env("RUST_BACKTRACE", "0").env_remove("MAIL_CONFIG").stdin(Stdio::null());
    if let Some(binary) = needs::waxwing_if_asked(needs) {
        command.env("WAXWING", binary);
    }
    let output = command.output().expect("timeout runs unshare");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{name}, inside its namespace:\n{text}");
    assert!(text.contains("1 passed"), "{name} did not run inside its namespace:\n{text}");
    for line in text.lines().filter(|l| l.starts_with("RESULT ") || l.starts_with("SKIPPED") || l.starts_with("kept: "))
    {
        needs::say(line);
    }
}

/// The test in which the type of a closure was written: `scenarios::s05::s05_1_inside::{{closure}}` without the crate and the closure.
pub fn test_name<F>() -> String {
    let name = type_name::<F>();
    let name = name.split("::{{closure}}").next().unwrap_or(name);
    name.split_once("::").map_or(name, |(_, rest)| rest).to_string()
}
