//! postmulti(1): the instances of multi_instance_directories, listed (`-l`) or given to a command (`-x`). Making and
//! removing instances (`-e`) and wrapping postfix(1) (`-p`) is not in this release.

use std::{
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail};
use config::{
    Config,
    parameters::{
        DATA_DIRECTORY, MULTI_INSTANCE_DIRECTORIES, MULTI_INSTANCE_ENABLE, MULTI_INSTANCE_GROUP, MULTI_INSTANCE_NAME,
        QUEUE_DIRECTORY,
    },
};

use super::Invocation;
use crate::options::Options;

/// One mail system of this machine.
struct Instance {
    config: Config,
    /// The primary instance counts as enabled whatever multi_instance_enable says.
    primary: bool,
}

impl Instance {
    fn directory(&self) -> &Path {
        self.config.directory()
    }

    /// A value of the list: `-` where it is empty.
    fn shown(text: String) -> String {
        if text.is_empty() { "-".to_string() } else { text }
    }

    fn line(&self) -> String {
        let enabled = self.primary || self.config.get(&MULTI_INSTANCE_ENABLE);
        format!(
            "{:<15} {:<15} {:<9} {}",
            Self::shown(self.config.get(&MULTI_INSTANCE_NAME)),
            Self::shown(self.config.get(&MULTI_INSTANCE_GROUP)),
            if enabled { "y" } else { "n" },
            self.directory().display()
        )
    }

    /// `-i` takes a name, a directory, or `-` for the primary instance.
    fn is_called(&self, name: &str) -> bool {
        match name {
            "-" => self.primary,
            name if name.starts_with('/') => self.directory() == Path::new(name),
            name => self.config.get(&MULTI_INSTANCE_NAME) == name,
        }
    }

    fn environment(&self) -> Vec<(&'static str, String)> {
        let enabled = if self.config.get(&MULTI_INSTANCE_ENABLE) { "yes" } else { "no" };
        let directory = self.directory().display().to_string();
        let text = |name: &str| self.config.text(name).unwrap_or_default();
        vec![
            ("MAIL_CONFIG", directory.clone()),
            ("config_directory", directory),
            ("command_directory", text("command_directory")),
            ("daemon_directory", text("daemon_directory")),
            ("queue_directory", self.config.get(&QUEUE_DIRECTORY)),
            ("data_directory", self.config.get(&DATA_DIRECTORY)),
            ("multi_instance_name", self.config.get(&MULTI_INSTANCE_NAME)),
            ("multi_instance_group", self.config.get(&MULTI_INSTANCE_GROUP)),
            ("multi_instance_enable", enabled.to_string()),
        ]
    }
}

pub fn run(invocation: &Invocation) -> Result<u8> {
    let options = Options::parse("ag:i:lp:e:xRv", &invocation.words)?;
    if ['e', 'l', 'p', 'x'].iter().filter(|mode| options.has(**mode)).count() != 1 {
        bail!("Specify exactly one of '-e', '-l', '-p', '-x'");
    }
    if ['a', 'g', 'i'].iter().filter(|which| options.has(**which)).count() > 1 {
        bail!("Specify no more than one of '-a', '-g', '-i'");
    }
    if options.has('e') || options.has('p') {
        bail!("'-e' and '-p' are not supported in this release: edit multi_instance_directories, use postfix -c DIR");
    }
    if options.has('l') && !options.operands.is_empty() {
        bail!("Command not allowed with '-l'");
    }
    if options.has('x') && options.operands.is_empty() {
        bail!("Command required with '-p' or '-x' option");
    }
    let mut instances = instances(invocation)?;
    instances.retain(|instance| {
        options.value('i').is_none_or(|name| instance.is_called(name))
            && options.value('g').is_none_or(|group| instance.config.get(&MULTI_INSTANCE_GROUP) == group)
    });
    if options.has('R') {
        instances.reverse();
    }
    if options.has('x') {
        return in_each(&instances, &options.operands);
    }
    let mut out = std::io::stdout().lock();
    for instance in &instances {
        writeln!(out, "{}", instance.line())?;
    }
    Ok(0)
}

/// The primary instance, then those of its multi_instance_directories. Two may share neither queue nor data directory.
fn instances(invocation: &Invocation) -> Result<Vec<Instance>> {
    let primary = Instance { config: invocation.config(None)?, primary: true };
    let directories = primary.config.get(&MULTI_INSTANCE_DIRECTORIES);
    let mut all = vec![primary];
    for directory in directories.iter() {
        let directory = PathBuf::from(directory);
        let loaded = Config::load(&directory, crate::parameters::ROWS)
            .with_context(|| format!("multi_instance_directories: {}", directory.display()))?;
        let next = Instance { config: loaded.config, primary: false };
        for other in &all {
            for (name, parameter) in [("queue_directory", &QUEUE_DIRECTORY), ("data_directory", &DATA_DIRECTORY)] {
                let (ours, theirs) = (next.config.get(parameter), other.config.get(parameter));
                if ours == theirs {
                    let (next, other) = (next.directory().display(), other.directory().display());
                    bail!("instance {next}, {name}={ours} conflicts with instance {other}, {name}={theirs}");
                }
            }
        }
        all.push(next);
    }
    Ok(all)
}

/// `-x`: the command once for each, with the instance in its environment; the first failure ends it.
fn in_each(instances: &[Instance], command: &[String]) -> Result<u8> {
    for instance in instances {
        let status = Command::new(&command[0])
            .args(&command[1..])
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin:/usr/sbin:/sbin".into()))
            .envs(instance.environment())
            .status()
            .with_context(|| format!("execute {}", command[0]))?;
        if !status.success() {
            return Ok(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1));
        }
    }
    Ok(0)
}
