//! The table of commands, and how a command line names one.

use std::path::PathBuf;

use anyhow::{Context, Result};
use config::Config;

mod explain;
mod plugin;
mod postcat;
mod postconf;
mod postfix;
mod postkick;
mod postlock;
pub mod postlog;
mod postmap;
mod postmulti;
mod postqueue;
mod postsuper;
mod quickstart;
mod sendmail;

pub use postfix::placed;
pub use postqueue::json_of;

/// Where main.cf lies when neither -c nor MAIL_CONFIG says.
pub const DEFAULT_CONFIG_DIRECTORY: &str = "/etc/waxwing";

/// One command.
pub struct Command {
    pub name: &'static str,
    pub run: fn(&Invocation) -> Result<u8>,
    pub summary: &'static str,
}

const fn command(name: &'static str, run: fn(&Invocation) -> Result<u8>, summary: &'static str) -> Command {
    Command { name, run, summary }
}

/// All commands. Those of postfix(1) need no `postfix` before them.
pub const COMMANDS: &[Command] = &[
    command("quickstart", quickstart::run, "a server on 127.0.0.1:2525 to try, made ready by itself"),
    command("start", postfix::start, "start the mail system in the background"),
    command("start-fg", postfix::start_fg, "start the mail system in the foreground"),
    command("stop", postfix::stop, "stop it; sessions under way get some seconds to end"),
    command("reload", postfix::reload, "read main.cf, master.cf, plugins.cf and all tables anew"),
    command("status", postfix::status, "say whether it runs"),
    command("check", postfix::check, "read the configuration, load the plugins, report what is wrong"),
    command("abort", postfix::abort, "stop it at once, without waiting for sessions"),
    command("set-permissions", postfix::set_permissions, "give queue and data directory to mail_owner"),
    command("upgrade-configuration", postfix::upgrade_configuration, "the same as check: there is nothing to upgrade"),
    command("parameters", postfix::parameters_page, "docs/parameters.md: every parameter, and whether it is obeyed"),
    command("flush", postfix::flush, "try to deliver all deferred mail now"),
    command("postfix", postfix::run, "postfix(1): start, stop, reload, abort, flush, check, status and so on"),
    command("postconf", postconf::run, "postconf(1): show parameters"),
    command("postmap", postmap::run, "postmap(1): make, change and ask lookup tables (-q, -s, -i, -d)"),
    command("postalias", postmap::postalias, "postalias(1): the same for aliases(5)"),
    command("postkick", postkick::run, "postkick(1): a request to a service: class service request"),
    command("postlock", postlock::run, "postlock(1): run a command while a mailbox is locked (-l)"),
    command("postlog", postlog::run, "postlog(1): write a line to the mail log (-p, -t)"),
    command("postmulti", postmulti::run, "postmulti(1): list the instances (-l), run a command for each (-x)"),
    command("postqueue", postqueue::run, "postqueue(1): list or flush the queue (-p, -j, -f)"),
    command("mailq", postqueue::mailq, "mailq(1): postqueue -p"),
    command("postcat", postcat::run, "postcat(1): show a queued message (-q ID)"),
    command("postsuper", postsuper::run, "postsuper(1): delete, hold, release, requeue (-d, -h, -H, -r)"),
    command("sendmail", sendmail::run, "sendmail(1): submit mail from a program (-t, -f, -i)"),
    command("newaliases", sendmail::newaliases, "newaliases(1): postalias for alias_database"),
    command("explain", explain::run, "what the restriction lists would say to a client, and why; nothing is sent"),
    command(
        "plugin",
        plugin::run,
        "plugin list: the plugins, their restrictions and grants; plugin docs: the manual page",
    ),
    command(crate::server::SERVE, postfix::serve, "started by start-fg as root: the server itself"),
    command(
        "install",
        postfix::install,
        "install DIRECTORY: links there, so that each command answers to its own name",
    ),
];

/// A parsed command line.
pub struct Invocation {
    /// How errors call the command, such as `postconf`.
    pub name: String,
    pub command: &'static Command,
    config_directory: PathBuf,
    pub verbose: bool,
    /// What follows the command word, -c DIR taken out.
    pub words: Vec<String>,
}

impl Invocation {
    /// `words` with the program's name first. The error is the usage text.
    pub fn parse(words: &[String]) -> Result<Self, String> {
        let called = words.first().map_or("waxwing", |w| w.rsplit('/').next().unwrap_or(w));
        let mut rest = words.get(1..).unwrap_or_default();
        let mut directory = std::env::var_os("MAIL_CONFIG").map_or(DEFAULT_CONFIG_DIRECTORY.into(), PathBuf::from);
        let mut verbose = false;
        let by_name = |name: &str| COMMANDS.iter().find(|c| c.name == name);
        if let Some(command) = by_name(called).filter(|_| called != "waxwing") {
            return Ok(Self {
                name: called.into(),
                command,
                config_directory: directory,
                verbose,
                words: rest.to_vec(),
            });
        }
        loop {
            match rest {
                [option, value, ..] if option == "-c" => {
                    directory = value.into();
                    rest = &rest[2..];
                }
                [option, ..] if option == "-v" => {
                    verbose = true;
                    rest = &rest[1..];
                }
                [option, ..] if option.starts_with("-c") && option.len() > 2 => {
                    directory = option[2..].into();
                    rest = &rest[1..];
                }
                [word] if word == "--help" || word == "-h" || word == "help" => {
                    println!("{}", usage());
                    std::process::exit(0);
                }
                [word] if word == "--version" || word == "-V" => {
                    println!("waxwing {}", env!("CARGO_PKG_VERSION"));
                    std::process::exit(0);
                }
                [word, words @ ..] => {
                    let Some(command) = by_name(word) else {
                        return Err(format!("waxwing: unknown command: {word}\n\n{}", usage()));
                    };
                    let name = command.name.to_string();
                    return Ok(Self { name, command, config_directory: directory, verbose, words: words.to_vec() });
                }
                [] => return Err(usage()),
            }
        }
    }

    /// The configuration directory, when `-c` may also stand behind the command word.
    pub fn directory(&self, given: Option<&str>) -> PathBuf {
        given.map_or_else(|| self.config_directory.clone(), PathBuf::from)
    }

    /// The same call under another command's name.
    pub fn named(&self, name: &str, words: Vec<String>) -> Result<Box<Self>> {
        let command = COMMANDS.iter().find(|c| c.name == name).with_context(|| format!("no command {name}"))?;
        Ok(Box::new(Self {
            name: name.to_string(),
            command,
            config_directory: self.config_directory.clone(),
            verbose: self.verbose,
            words,
        }))
    }

    /// Loads the configuration for a command; its warnings go to standard error.
    pub fn config(&self, given: Option<&str>) -> Result<Config> {
        let directory = self.directory(given);
        let loaded = Config::load(&directory, crate::parameters::ROWS)
            .with_context(|| format!("configuration directory {}", directory.display()))?;
        for warning in &loaded.warnings {
            eprintln!("{}: warning: {warning}", self.name);
        }
        Ok(loaded.config)
    }
}

fn usage() -> String {
    let mut text = String::from("usage: waxwing [-c config_dir] [-v] command [arguments]\n\ncommands:\n");
    for command in COMMANDS.iter().filter(|c| c.name != crate::server::SERVE) {
        text += &format!("  {:<21} {}\n", command.name, command.summary);
    }
    text
}
