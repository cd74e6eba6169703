//! waxwing quickstart: a server to try, made ready by itself: configuration, an example plugin, a Maildir.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, bail};
use nix::unistd::{Uid, User, getgid, getuid};

use super::Invocation;
use crate::{default_plugins::GREYLIST, server};

const USAGE: &str = "usage: waxwing quickstart [--directory DIR] [--port PORT]";

pub fn run(invocation: &Invocation) -> Result<u8> {
    let mut port = 2525;
    let mut directory = None;
    let mut words = invocation.words.iter();
    while let Some(word) = words.next() {
        match (word.as_str(), words.next()) {
            ("--port", Some(value)) => port = value.parse().with_context(|| format!("--port {value}"))?,
            ("--directory", Some(value)) => directory = Some(PathBuf::from(value)),
            _ => bail!(USAGE),
        }
    }
    let owner = Owner::choose()?;
    let directory = match directory {
        Some(directory) => directory,
        None => default_directory(&owner)?,
    };
    fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
    let directory = directory.canonicalize().with_context(|| directory.display().to_string())?;
    prepare(&directory, port, &owner)?;
    println!("{}", welcome(&directory, port));
    server::start_in_foreground(&directory.join("conf"), invocation.verbose)
}

/// Whose the server and the Maildir are: oneself, or as root the user nobody, because no mail server should be root.
struct Owner {
    name: String,
    uid: u32,
    gid: u32,
    root: bool,
}

impl Owner {
    fn choose() -> Result<Self> {
        if Uid::effective().is_root() {
            let nobody =
                User::from_name("nobody")?.context("started as root, but there is no user nobody to become")?;
            return Ok(Self { name: nobody.name, uid: nobody.uid.as_raw(), gid: nobody.gid.as_raw(), root: true });
        }
        let uid = getuid();
        let name = User::from_uid(uid)?.map_or_else(|| uid.to_string(), |user| user.name);
        Ok(Self { name, uid: uid.as_raw(), gid: getgid().as_raw(), root: false })
    }
}

/// ./quickstart, or below the temporary directory where the owner could not reach it.
fn default_directory(owner: &Owner) -> Result<PathBuf> {
    let here = std::env::current_dir().context("current directory")?;
    let reachable =
        !owner.root || here.ancestors().all(|dir| fs::metadata(dir).is_ok_and(|m| m.permissions().mode() & 0o001 != 0));
    Ok(if reachable { here.join("quickstart") } else { std::env::temp_dir().join("waxwing-quickstart") })
}

/// Writes what is missing. What somebody has edited stays.
fn prepare(directory: &Path, port: u16, owner: &Owner) -> Result<()> {
    let conf = directory.join("conf");
    fs::create_dir_all(conf.join("plugins")).with_context(|| conf.display().to_string())?;
    for name in ["spool", "data", "Maildir"] {
        let path = directory.join(name);
        fs::create_dir_all(&path).with_context(|| path.display().to_string())?;
        if owner.root {
            std::os::unix::fs::chown(&path, Some(owner.uid), Some(owner.gid))
                .with_context(|| path.display().to_string())?;
        }
    }
    write_new(&conf.join("main.cf"), main_cf(directory, owner).as_bytes())?;
    // The port is this call's, whatever an earlier one chose.
    fs::write(conf.join("master.cf"), master_cf(port)).context("master.cf")?;
    write_new(&conf.join("plugins.cf"), PLUGINS_CF.as_bytes())?;
    write_new(&conf.join("plugins/greylist.wasm"), GREYLIST)
}

fn write_new(path: &Path, text: &[u8]) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    fs::write(path, text).with_context(|| path.display().to_string())
}

fn main_cf(directory: &Path, owner: &Owner) -> String {
    let dir = directory.display();
    format!(
        "# A Waxwing to try. All of this is Postfix's main.cf(5); edit it and say: waxwing -c {dir}/conf reload\n\
         compatibility_level = 3.6\n\
         myhostname = waxwing.example\n\
         mydestination =\n\
         inet_interfaces = 127.0.0.1\n\
         inet_protocols = ipv4\n\
         mynetworks = 127.0.0.0/8\n\
         alias_maps =\n\
         queue_directory = {dir}/spool\n\
         data_directory = {dir}/data\n\
         mail_owner = {owner}\n\
         maillog_file = /dev/stdout\n\
         \n\
         # Mail for anybody at example.com goes into one Maildir.\n\
         virtual_mailbox_domains = example.com\n\
         virtual_mailbox_maps = static:Maildir/\n\
         virtual_mailbox_base = {dir}\n\
         virtual_minimum_uid = 1\n\
         virtual_uid_maps = static:{uid}\n\
         virtual_gid_maps = static:{gid}\n\
         \n\
         # greylist is a plugin: see plugins.cf beside this file. The others are plugins, too, and came with the server.\n\
         smtpd_recipient_restrictions =\n\
         \x20   reject_non_fqdn_recipient,\n\
         \x20   reject_unauth_destination,\n\
         \x20   greylist\n",
        owner = owner.name,
        uid = owner.uid,
        gid = owner.gid,
    )
}

fn master_cf(port: u16) -> String {
    format!(
        "# service type  private unpriv chroot wakeup maxproc command\n\
         127.0.0.1:{port} inet n - n - - smtpd\n\
         smtp      unix  - - n - - smtp\n\
         relay     unix  - - n - - smtp\n\
         virtual   unix  - n n - - virtual\n\
         error     unix  - - n - - error\n\
         retry     unix  - - n - - error\n\
         discard   unix  - - n - - discard\n"
    )
}

const PLUGINS_CF: &str = "\
# plugin   component (in plugins/ beside this file)
greylist   greylist.wasm
    -o grant=dns,store:greylist
    -o time_limit=2s
    -o mode=warn
# mode=warn only logs what the plugin would do. Change it to mode=enforce, save, and the next session is greylisted.
    -o greylist_delay=60s
";

fn welcome(directory: &Path, port: u16) -> String {
    let dir = directory.display();
    let program = std::env::current_exe().map_or_else(|_| "waxwing".to_string(), |p| p.display().to_string());
    format!(
        "Waxwing listens on 127.0.0.1:{port}. Send it the first mail from another terminal, one of:\n\
         \n\
         \x20 swaks --server 127.0.0.1:{port} --from me@example.org --to you@example.com\n\
         \x20 printf 'From: me@example.org\\nSubject: hello\\n\\nIt works.\\n' |\n\
         \x20   curl --silent smtp://127.0.0.1:{port} --mail-from me@example.org --mail-rcpt you@example.com -T -\n\
         \x20 printf 'Subject: hello\\n\\nIt works.\\n' | {program} sendmail -C {dir}/conf -f me@example.org you@example.com\n\
         \n\
         It lies in {dir}/Maildir/new, and the log below tells its story.\n\
         The plugin greylist only says what it would do. To enforce it, change mode=warn to mode=enforce in\n\
         \x20 {dir}/conf/plugins.cf\n\
         and send another mail: no restart is needed. Its source is examples/greylist; README.md there says how to change it.\n\
         The queue: {program} postqueue -c {dir}/conf -p      Stop: Ctrl-C\n"
    )
}
