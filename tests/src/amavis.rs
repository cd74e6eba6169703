//! Debian's amavisd-new in a test: spam by a rule of the test's own, no virus scanners, no decoders.

use std::{
    fs,
    net::TcpStream,
    os::unix::{
        fs::{PermissionsExt, chown},
        process::CommandExt,
    },
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::{Pid, User},
};

use crate::{namespace::Place, waiting};

/// Listens on 127.0.0.1:10024 until it is dropped, and gives mail back to port 10025.
pub struct Amavis {
    process: Child,
    directory: PathBuf,
}

impl Amavis {
    /// `levels` are further lines of amavisd.conf; mail with "buy now" in its text scores 6.353.
    pub fn serve(place: &Place, levels: &str) -> Self {
        let directory = place.directory("amavis");
        let user = User::from_name("amavis").ok().flatten().expect("user amavis, made by Debian's package");
        for name in ["home", "work", "rules"] {
            let path = place.directory(&format!("amavis/{name}"));
            chown(&path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).expect("chown");
        }
        let write = |name: &str, text: &str| {
            let path = directory.join(name);
            fs::write(&path, text).expect("written");
            // It refuses a file that others may write to.
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("chmod");
        };
        write("rules/init.pre", "loadplugin Mail::SpamAssassin::Plugin::Check\n");
        write("rules/rules.cf", "body BUY_NOW /buy now/\nscore BUY_NOW 6.353\ndescribe BUY_NOW An offer\n");
        let path = directory.display();
        let conf = format!(
            "use strict;
$max_servers = 2; $daemon_user = 'amavis'; $daemon_group = 'amavis';
$mydomain = 'd.test'; $myhostname = 'filter.test'; @local_domains_maps = (['.d.test']);
$MYHOME = '{path}/home'; $TEMPBASE = '{path}/work'; $ENV{{TMPDIR}} = $TEMPBASE; $helpers_home = $MYHOME;
$lock_file = \"$MYHOME/lock\"; $pid_file = \"$MYHOME/pid\"; $db_home = $MYHOME; $enable_db = 0; $enable_zmq = 0;
$do_syslog = 0; $LOGFILE = '{path}/home/log'; $log_level = 1;
$inet_socket_port = 10024; $inet_socket_bind = '127.0.0.1'; @inet_acl = qw(127.0.0.1);
$forward_method = 'smtp:[127.0.0.1]:10025'; $notify_method = $forward_method;
@bypass_virus_checks_maps = (1); @bypass_banned_checks_maps = (1); @bypass_header_checks_maps = (1);
$bypass_decode_parts = 1; $enable_dkim_verification = 0; $enable_dkim_signing = 0;
$sa_local_tests_only = 1; $sa_configpath = '{path}/rules'; $sa_siteconfigpath = '{path}/rules';
$sa_dsn_cutoff_level = undef; $spam_quarantine_to = undef; $virus_admin = undef; $spam_admin = undef;
{levels}
1;
"
        );
        write("amavisd.conf", &conf);
        let output = fs::File::create(directory.join("output")).expect("created");
        let mut command = Command::new("/usr/sbin/amavisd");
        command.arg("-c").arg(directory.join("amavisd.conf")).arg("foreground").process_group(0);
        command.stdin(Stdio::null()).stdout(output.try_clone().expect("a file")).stderr(output);
        let amavis = Self { process: command.spawn().expect("amavisd runs"), directory };
        let ready = waiting::until_true(60, || TcpStream::connect("127.0.0.1:10024").is_ok());
        assert!(ready, "amavisd does not listen\n{}", amavis.log());
        amavis
    }

    /// Its log, or what it printed while it had none.
    pub fn log(&self) -> String {
        let read = |name: &str| fs::read(self.directory.join(name)).unwrap_or_default();
        String::from_utf8_lossy(&[read("output"), read("home/log")].concat()).into_owned()
    }
}

impl Drop for Amavis {
    fn drop(&mut self) {
        // Its children with it; already gone is as good.
        let _ = killpg(Pid::from_raw(self.process.id().cast_signed()), Signal::SIGKILL);
        let _ = self.process.wait();
    }
}
